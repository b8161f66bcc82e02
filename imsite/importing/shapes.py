"""From what a source wrote to what the services take; Invalid (899003) with the first fault where it cannot be."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rest_framework import serializers

from accounts import rules as accounts
from accounts.passwords import md5_hex
from accounts.rules import NOTE_NAME_BYTES, OTHERS_BYTES
from accounts.serializers import RestProfile
from chatrooms import rules as rooms
from groups import rules as groups
from imsite.core import clock
from imsite.core.errors import Invalid
from imsite.rest.errors import first_fault
from imsite.rest.fields import FlagField, IdField, NumberField, TextField

NAME_BYTES = accounts.USERNAME_BYTES[1]
WORD_BYTES = 255  # what a word may have is a rule
FLAGS = (0, 1, 2)


class TimeField(serializers.Field[datetime, Any, str, Any]):
    """`yyyy-MM-dd HH:mm:ss` in the time zone of the application, as the REST API prints times."""

    default_error_messages = {"invalid": "takes a time, yyyy-MM-dd HH:mm:ss"}

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return datetime.strptime(data, clock.WIRE_FORMAT).replace(tzinfo=ZoneInfo(self.context["zone"]))
        except (TypeError, ValueError):
            self.fail("invalid")


class Name(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_bytes=1, max_bytes=NAME_BYTES, **kwargs)


class MovedUser(RestProfile):
    username = Name()
    password = TextField(min_bytes=accounts.PASSWORD_BYTES[0], max_bytes=accounts.PASSWORD_BYTES[1], required=False)
    password_md5 = TextField(max_bytes=64, required=False)
    is_admin = FlagField(default=False)
    disabled = FlagField(default=False)
    ctime = TimeField(required=False)
    mtime = TimeField(required=False)


class MovedFriend(serializers.Serializer[Any]):
    username = Name()
    appkey = TextField(max_bytes=64, default="")
    note_name = TextField(max_bytes=NOTE_NAME_BYTES, one_line=True, default="")
    others = TextField(max_bytes=OTHERS_BYTES, default="")


class MovedMember(serializers.Serializer[Any]):
    username = Name()
    appkey = TextField(max_bytes=64, default="")
    flag = NumberField(min_value=min(FLAGS), max_value=max(FLAGS), default=0)
    silence = FlagField(default=False)


class MovedGroup(serializers.Serializer[Any]):
    gid = IdField()
    name = TextField(min_bytes=1, max_bytes=groups.NAME_BYTES)
    owner_username = Name()
    desc = TextField(max_bytes=groups.DESC_BYTES, default="")
    avatar = TextField(max_bytes=groups.AVATAR_LENGTH, default="")
    flag = NumberField(min_value=min(FLAGS), max_value=max(FLAGS), default=0)


class MovedRoom(serializers.Serializer[Any]):
    id = IdField()
    name = TextField(min_bytes=1, max_bytes=rooms.NAME_BYTES)
    owner_username = Name()
    description = TextField(max_bytes=rooms.DESCRIPTION_BYTES, default="")


class MovedWord(serializers.Serializer[Any]):
    name = TextField(min_bytes=1, max_bytes=WORD_BYTES)


def shaped(shape: type[serializers.Serializer[Any]], values: Any, **context: Any) -> dict[str, Any]:
    """The values of an entry, checked against a shape."""
    if isinstance(values, dict):
        values = {name: value for name, value in values.items() if value is not None}
    serializer = shape(data=values, context=context)
    if not serializer.is_valid():
        raise Invalid(first_fault(serializer.errors))
    return dict(serializer.validated_data)


def profile_of(values: dict[str, Any], zone: str) -> dict[str, Any]:
    """A profile as `import_users` takes it; `password` is the md5, or None where the source has none."""
    found = shaped(MovedUser, values, zone=zone)
    plain, md5 = found.pop("password", None), found.pop("password_md5", None)
    if md5 is not None:
        found["password"] = accounts.require_md5(md5)
    else:
        found["password"] = md5_hex(plain) if plain is not None else None
    for theirs, ours in (("ctime", "created_at"), ("mtime", "updated_at")):
        if theirs in found:
            found[ours] = found.pop(theirs)
    return found


def items_of(values: dict[str, Any], member: str) -> list[dict[str, Any]]:
    """The objects in a list of an entry; a name stands for an object that has no more than it."""
    items = values.get(member)
    if items is None:
        return []
    if not isinstance(items, list):
        raise Invalid(f"{member} must be an array")
    return [item if isinstance(item, dict) else {"username": item} for item in items]
