"""Users on the wires, and the shapes of requests about them. Source: REST API, users; Web SDK, objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from rest_framework import serializers

from accounts import rules
from accounts.models import Device, User
from imsite.core import clock
from imsite.core.events import Event
from imsite.rest.fields import BirthdayField, ExtrasField, FlagField, NumberField, TextField

# To clients


def user_json(user: User) -> dict[str, Any]:
    """The REST API's user object: profile members that are not set have no key; the password never has one."""
    zone = user.application.time_zone
    profile = {
        "nickname": user.nickname,
        "avatar": user.avatar,
        "birthday": f"{user.birthday} 00:00:00" if user.birthday else "",
        "signature": user.signature,
        "region": user.region,
        "address": user.address,
        "extras": user.extras,
    }
    return {
        "username": user.username,
        **{name: value for name, value in profile.items() if value},
        "gender": user.gender,
        "ctime": clock.to_text(user.created_at, zone),
        "mtime": clock.to_text(user.updated_at, zone),
    }


def wire_user(user: User) -> dict[str, Any]:
    """The Web SDK's user object: every member is there, "" when not set; `mtime` in seconds."""
    return {
        "uid": user.pk,
        "username": user.username,
        "appkey": user.application.appkey,
        "nickname": user.nickname,
        "avatar": user.avatar,
        "birthday": user.birthday.isoformat() if user.birthday else "",
        "gender": user.gender,
        "signature": user.signature,
        "region": user.region,
        "address": user.address,
        "mtime": clock.to_s(user.updated_at),
        "extras": user.extras,
    }


def device_json(device: Device, online: bool) -> dict[str, Any]:
    """One of the `devices` of a user's state; `platform` a Android, i iOS, j JS, w Windows."""
    return {"login": device.logged_in, "online": online, "platform": device.platform}


def notification(event: Event, event_type: int, *, extra: int = 0, **members: Any) -> tuple[str, dict[str, Any]]:
    """An `event_notification` as `@pushed` returns it, with the members that every one has.

    Without `from_...` members nobody in particular acted, as for changes over REST.
    Source: Web SDK, event_notification.
    """
    return "event_notification", {
        "event_id": event.id,
        "event_type": event_type,
        "extra": extra,
        "ctime": event.at_ms // 1000,
        "ctime_ms": event.at_ms,
        "from_username": "",
        "from_appkey": "",
        "from_uid": 0,
        "from_nickname": "",
        **members,
    }


# From clients


class Username(TextField):
    """The name of somebody who is registered; one that nobody can have is nobody's, and no fault of shape."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_bytes=rules.USERNAME_BYTES[1], **kwargs)


class ProfileShape(serializers.Serializer[Any]):
    """The members of a profile, each optional."""

    nickname = TextField(max_bytes=rules.NICKNAME_BYTES, one_line=True, required=False)
    avatar = TextField(max_bytes=rules.AVATAR_BYTES, required=False)
    birthday = BirthdayField(required=False)
    signature = TextField(max_bytes=rules.TEXT_BYTES, required=False)
    gender = NumberField(min_value=min(rules.GENDERS), max_value=max(rules.GENDERS), required=False)
    region = TextField(max_bytes=rules.TEXT_BYTES, required=False)
    address = TextField(max_bytes=rules.TEXT_BYTES, required=False)
    extras = ExtrasField(max_bytes=rules.EXTRAS_BYTES, required=False)


class RestProfile(ProfileShape):
    """A profile as server clients send it: one of them writes gender and extras as text, empty where there is none."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name not in ("gender", "extras") or value != ""}
            if isinstance(data.get("extras"), str):
                data["extras"] = _read_extras(data["extras"])
        return dict(super().to_internal_value(data))


class Registration(RestProfile):
    """One user of POST /v1/users or POST /v1/admins; the alphabet of the name is a rule."""

    username = TextField(max_bytes=rules.USERNAME_BYTES[1], min_bytes=rules.USERNAME_BYTES[0])
    password = TextField(max_bytes=rules.PASSWORD_BYTES[1], min_bytes=rules.PASSWORD_BYTES[0])


class NewPassword(serializers.Serializer[Any]):
    new_password = TextField(max_bytes=rules.PASSWORD_BYTES[1], min_bytes=rules.PASSWORD_BYTES[0])


class Disabling(serializers.Serializer[Any]):
    disable = FlagField()


def echo(item: dict[str, Any], profile: dict[str, Any]) -> dict[str, Any]:
    """The answer to one registered item: its name and the profile members that it gave."""
    given: Sequence[str] = [name for name in rules.PROFILE_FIELDS if name in profile]
    shown = {name: item[name] if name == "birthday" else profile[name] for name in given}
    return {"username": profile["username"], **shown}


def _read_extras(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text  # the field refuses it
