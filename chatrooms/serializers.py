"""Chat rooms on the wires, and the shapes of requests about them. REST API, chat rooms; Web SDK, objects and chat rooms."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Application
from chatrooms.models import ChatRoom, RoomMembership
from chatrooms.rules import DESCRIPTION_BYTES, LIST_MOST, NAME_BYTES
from imsite.core import clock
from imsite.rest.fields import FlagField, IdField, ListOf, NumberField, TextField

BATCH_MOST = 500  # room ids in one request


# To clients


def room_json(room: ChatRoom) -> dict[str, Any]:
    """A room as the REST API shows it; with `member_count`, and its owner loaded."""
    return {
        "id": room.pk,
        "owner_username": room.owner.username,
        "appkey": room.application.appkey,
        "name": room.name,
        "description": room.description,
        "max_member_count": room.capacity,
        "total_member_count": room.member_count,
        "ctime": clock.to_text(room.created_at, room.application.time_zone),
    }


def wire_room(room: ChatRoom) -> dict[str, Any]:
    """A room as sockets get it; with `member_count`; time in seconds."""
    return {
        "id": room.pk,
        "name": room.name,
        "description": room.description,
        "appkey": room.application.appkey,
        "total_member_count": room.member_count,
        "max_member_count": room.capacity,
        "ctime": clock.to_s(room.created_at),
    }


def member_json(membership: RoomMembership, application: Application) -> dict[str, Any]:
    """A member as the REST API shows one: `flag` 1 may not speak, `room_ctime` when they came in.

    One of another application than the room's has its `appkey` too: the same name may be here twice.
    """
    user, zone = membership.user, application.time_zone
    elsewhere = {"appkey": user.application.appkey} if user.application_id != application.pk else {}
    return {
        "username": user.username,
        **elsewhere,
        "flag": int(membership.banned),
        "room_ctime": clock.to_text(membership.joined_at, zone),
        "ctime": clock.to_text(user.created_at, zone),
        "mtime": clock.to_text(user.updated_at, zone),
    }


# From clients


class Name(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_bytes=128, **kwargs)


class NewRoom(serializers.Serializer[Any]):
    owner_username = Name()
    name = TextField(min_bytes=1, max_bytes=NAME_BYTES)
    description = TextField(max_bytes=DESCRIPTION_BYTES, default="")
    members_username = ListOf(child=Name(), max_length=LIST_MOST, default=list)


class RoomInfo(serializers.Serializer[Any]):
    owner_username = Name(required=False)
    name = TextField(min_bytes=1, max_bytes=NAME_BYTES, required=False)
    description = TextField(max_bytes=DESCRIPTION_BYTES, required=False)


class RoomIds(ListOf):
    """An array of 1 to 500 ids of rooms."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=IdField(), min_length=1, max_length=BATCH_MOST, **kwargs)


class RoomBanning(serializers.Serializer[Any]):
    """The query of a ban: `status` 1 forbids to speak, 0 allows it; `appkey` (ours) of a member of another application."""

    status = FlagField()
    appkey = Name(default="")


class MembersAcross(serializers.Serializer[Any]):
    """Who of one application comes in and who goes."""

    appkey = Name()
    add = ListOf(child=Name(), max_length=LIST_MOST, default=list)
    remove = ListOf(child=Name(), max_length=LIST_MOST, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["add"] and not attrs["remove"]:
            raise serializers.ValidationError("takes add, remove, or both")
        return attrs


class WireRoomId(serializers.Serializer[Any]):
    id = IdField()


class WirePage(serializers.Serializer[Any]):
    start = NumberField(min_value=0, max_value=2**53 - 1, default=0)
    appkey = Name(default="")
