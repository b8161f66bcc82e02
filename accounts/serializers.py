"""Users on the wires, and the shapes of requests about them. Source: REST API, users; Web SDK, objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from rest_framework import serializers

from accounts import rules
from accounts.models import USERNAME_PATTERN, Application, Device, Friendship, User
from imsite.core import clock
from imsite.core.events import Event
from imsite.rest.fields import BirthdayField, ExtrasField, FlagField, ListOf, NumberField, TextField

# To clients


def user_json(user: User, *, to: Application | None = None) -> dict[str, Any]:
    """The REST API's user object: profile members that are not set have no key; the password never has one.

    Times are those of the application that asks (`to`), where that is another one than the user's.
    """
    zone = (to or user.application).time_zone
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


def user_across_json(user: User, to: Application) -> dict[str, Any]:
    """A user in the lists that hold those of several applications."""
    return {**user_json(user, to=to), "appkey": user.application.appkey}


def friend_json(friendship: Friendship, to: Application) -> dict[str, Any]:
    """One of a user's friends, and what the user notes about them; "" where nothing is noted."""
    notes = {"note_name": friendship.note_name, "others": friendship.others}
    return {**user_across_json(friendship.friend, to), **notes}


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


class NewUsername(TextField):
    """A name to be registered; its alphabet is a rule, which the service asks."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_bytes=rules.USERNAME_BYTES[0], max_bytes=rules.USERNAME_BYTES[1], **kwargs)

    def described_as(self) -> dict[str, Any]:
        return {**super().described_as(), "pattern": USERNAME_PATTERN}


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
    """One user of POST /v1/users or POST /v1/admins."""

    username = NewUsername()
    password = TextField(max_bytes=rules.PASSWORD_BYTES[1], min_bytes=rules.PASSWORD_BYTES[0])


class NewPassword(serializers.Serializer[Any]):
    new_password = TextField(max_bytes=rules.PASSWORD_BYTES[1], min_bytes=rules.PASSWORD_BYTES[0])


class FriendNote(serializers.Serializer[Any]):
    """What a user notes about one friend; what is not named stays."""

    username = Username()
    note_name = TextField(max_bytes=rules.NOTE_NAME_BYTES, one_line=True, required=False)
    others = TextField(max_bytes=rules.OTHERS_BYTES, required=False)


class Appkey(TextField):
    """The key of an application of the same owner; blanks around it count for nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_bytes=1, max_bytes=rules.APPKEY_BYTES, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).strip()


class FriendNoteAcross(FriendNote):
    appkey = Appkey()


class FriendsAcross(serializers.Serializer[Any]):
    """Users of one application."""

    appkey = Appkey()
    users = ListOf(child=Username(), min_length=1, max_length=rules.RELATIONS_MAX)


class NamesAcross(serializers.Serializer[Any]):
    """Users of one application, of several in one request."""

    appkey = Appkey()
    usernames = ListOf(child=Username(), min_length=1, max_length=rules.RELATIONS_MAX)


class Switching(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=[(0, "off"), (1, "on")])


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
