"""Groups on the wires, and the shapes of requests about them. REST API, groups; Web SDK, objects and groups."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.serializers import user_json, wire_user
from groups.models import Group, Membership
from groups.rules import AVATAR_LENGTH, DESC_BYTES, NAME_BYTES
from imsite.core import clock
from imsite.rest.fields import FlagField, IdField, ListOf, NumberField, TextField

NAMES_MOST = 5_000  # usernames in one list: more than any group takes, so that GroupFull tells of it and not the shape
TEXT_BYTES = 8_192  # of a text whose own limit the rules tell, with a code of its own


# Out


def group_json(group: Group) -> dict[str, Any]:
    """A group as the REST API shows it; its owner loaded. The vendor writes `MaxMemberCount`."""
    zone = group.application.time_zone
    return {
        "gid": group.pk,
        "name": group.name,
        "desc": group.desc,
        "appkey": group.application.appkey,
        "avatar": group.avatar,
        "flag": group.type,
        "owner_username": group.owner.username,
        "MaxMemberCount": group.capacity,
        "ctime": clock.to_text(group.created_at, zone),
        "mtime": clock.to_text(group.updated_at, zone),
    }


def member_json(membership: Membership) -> dict[str, Any]:
    """A member as the REST API shows one: the user, and `flag` 1 for the owner, 0 for the others, 2 for a keeper."""
    return {**user_json(membership.user), "flag": membership.role}


def wire_member(membership: Membership) -> dict[str, Any]:
    """A member as sockets get one; `mtime` in milliseconds here, as the SDK makes a Date of it."""
    silenced_until = membership.silenced_until
    return {
        **wire_user(membership.user),
        "mtime": clock.to_ms(membership.user.updated_at),
        "flag": membership.role,
        "keep_silence": silenced_until is not None and silenced_until > clock.now(),
    }


# In, REST


class Name(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_bytes=128, **kwargs)


class GroupType(NumberField):
    """1 private, 2 public; 0 is what one client sends for the default."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=2, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        return super().to_internal_value(data) or int(Group.Type.PRIVATE)


class NewGroup(serializers.Serializer):
    owner_username = Name()
    name = TextField(min_bytes=1, max_bytes=NAME_BYTES)
    members_username = ListOf(child=Name(), max_length=NAMES_MOST, default=list)
    desc = TextField(max_bytes=DESC_BYTES, default="")
    avatar = TextField(max_bytes=AVATAR_LENGTH, default="")
    flag = GroupType(default=int(Group.Type.PRIVATE))


class GroupInfo(serializers.Serializer):
    name = TextField(min_bytes=1, max_bytes=NAME_BYTES, required=False)
    desc = TextField(max_bytes=DESC_BYTES, required=False)
    avatar = TextField(max_bytes=AVATAR_LENGTH, required=False)


class MemberChange(serializers.Serializer):
    add = ListOf(child=Name(), max_length=NAMES_MOST, default=list)
    remove = ListOf(child=Name(), max_length=NAMES_MOST, default=list)


# In, sockets


class WireGroupId(serializers.Serializer):
    gid = IdField()


class WireNewGroup(serializers.Serializer):
    """`is_limit` true makes a public group. A group may go without a name: clients show its members' names then."""

    group_name = TextField(max_bytes=TEXT_BYTES)
    group_description = TextField(max_bytes=TEXT_BYTES, default="")
    is_limit = FlagField(default=False)
    media_id = TextField(max_bytes=AVATAR_LENGTH, default="")


class WireGroupInfo(serializers.Serializer):
    gid = IdField()
    group_name = TextField(max_bytes=TEXT_BYTES, required=False)
    group_description = TextField(max_bytes=TEXT_BYTES, required=False)
    media_id = TextField(max_bytes=AVATAR_LENGTH, required=False)


class WireMember(serializers.Serializer):
    username = Name()
    appkey = Name(default="")


class WireMembers(serializers.Serializer):
    gid = IdField()
    member_usernames = ListOf(child=WireMember(), max_length=NAMES_MOST)
