"""Groups on the wires, and the shapes of requests about them. REST API, groups; Web SDK, objects and groups."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Application
from accounts.serializers import Appkey, user_across_json, user_json, wire_user
from groups.models import Group, Membership
from groups.rules import AVATAR_LENGTH, DESC_BYTES, NAME_BYTES
from imsite.core import clock
from imsite.rest.fields import FlagField, IdField, ListOf, NumberField, TextField

NAMES_MOST = 5_000  # usernames in one list: more than any group takes, so that GroupFull tells of it and not the shape
ACROSS_MOST = 500  # entries of the other lists
TEXT_BYTES = 8_192  # of a text whose own limit the rules tell, with a code of its own


# Out


def group_json(group: Group, *, to: Application | None = None) -> dict[str, Any]:
    """A group as the REST API shows it; its owner loaded. The vendor writes `MaxMemberCount`.

    Times are those of the application that asks (`to`), where that is another one than the group's.
    """
    zone = (to or group.application).time_zone
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


def group_across_json(group: Group, to: Application) -> dict[str, Any]:
    """The same in the list across applications, where the vendor writes `max_member_count`: there both."""
    return {**group_json(group, to=to), "max_member_count": group.capacity}


def member_across_json(membership: Membership, to: Application) -> dict[str, Any]:
    """A member in the list across applications: with the `appkey` of the user."""
    return {**user_across_json(membership.user, to), "flag": membership.role}


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


class MemberChangeAcross(serializers.Serializer):
    """Users of one application, of several in one request."""

    appkey = Appkey()
    add = ListOf(child=Name(), max_length=NAMES_MOST, default=list)
    remove = ListOf(child=Name(), max_length=NAMES_MOST, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["add"] and not attrs["remove"]:
            raise serializers.ValidationError("name at least one user to add or remove")
        return attrs


class Silencing(serializers.Serializer):
    status = FlagField()


class NewOwner(serializers.Serializer):
    """`appkey` where the member is of another application; one client writes it `appKey`."""

    username = Name()
    appkey = Appkey(required=False)
    appKey = Appkey(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"username": attrs["username"], "appkey": attrs.get("appkey") or attrs.get("appKey", "")}


class NameList(serializers.Serializer):
    add = ListOf(child=Name(), max_length=ACROSS_MOST, default=list)
    remove = ListOf(child=Name(), max_length=ACROSS_MOST, default=list)


class GroupList(serializers.Serializer):
    add = ListOf(child=IdField(), max_length=ACROSS_MOST, default=list)
    remove = ListOf(child=IdField(), max_length=ACROSS_MOST, default=list)


def nothing() -> dict[str, Any]:
    return {"add": [], "remove": []}


class NoDisturbParts(serializers.Serializer):
    single = NameList(default=nothing)
    group = GroupList(default=nothing)


class NoDisturb(NoDisturbParts):
    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "global": NumberField(min_value=0, max_value=1, required=False)}


class NoDisturbAcross(NoDisturbParts):
    appkey = Appkey()


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


class WireTarget(serializers.Serializer):
    gid = IdField()
    target_username = Name()
    target_appkey = Name(default="")


class WireSilence(WireTarget):
    keep_silence = FlagField()


class WirePublicGroups(serializers.Serializer):
    start = IdField(default=0)
    appkey = Name(default="")


class WireJoin(serializers.Serializer):
    gid = IdField()
    reason = TextField(max_bytes=TEXT_BYTES, default="")


class WireJoinAnswer(WireTarget):
    event_id = IdField()
    result = NumberField(min_value=-(2**31), max_value=2**31)
    reason = TextField(max_bytes=TEXT_BYTES, default="")
