"""Sockets: groups. Source: Web SDK, Group; event_notification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.errors import CrossApplication, NoSuchApplication, NoSuchUser
from accounts.events import NoDisturbChange
from accounts.models import User
from accounts.rules import users_across
from accounts.serializers import notification
from groups import rules, services
from groups.errors import DescTooLong, NameTooLong, NoSuchGroup, TooManyGroups
from groups.events import (
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    GroupInfoChanged,
    KeepersAdded,
    KeepersRemoved,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    MembersSilenced,
    OwnerChanged,
    OwnGroupNoDisturbChanged,
    OwnGroupSetting,
    OwnShieldsChanged,
    ShieldsChanged,
    SilenceLifted,
)
from groups.models import Group, wire_group
from groups.serializers import WireGroupId, WireGroupInfo, WireMembers, WireNewGroup, wire_member
from imsite.core import clock
from imsite.realtime.dispatch import on, pushed
from imsite.realtime.session import Session

Data = dict[str, Any]

CREATED, LEFT, ADDED, REMOVED, INFO_CHANGED = 8, 9, 10, 11, 12  # event types
SILENCE, KEEPERS, OWNER = 65, 80, 82
SHIELDS, OWN_NO_DISTURB, OWN_SHIELDS = 39, 102, 103
ON, OFF = 1, 2  # `extra` of SILENCE, KEEPERS, OWN_SHIELDS
DISSOLVED = 69  # `extra` of a LEFT that is the group's end


# A user of an application that is out of reach is one that does not exist.
NO_USER = {NoSuchApplication: NoSuchUser.sdk_code, CrossApplication: NoSuchUser.sdk_code}


def find(session: Session, gid: int) -> Group:
    """The group, of the session's application or one that the user is in; NoSuchGroup (880204)."""
    return Group.objects.known_to(session.actor.user).find(gid)


def named(session: Session, members: Sequence[Data]) -> list[User]:
    """The users that `member_usernames` names, also of the owner's other applications; NoSuchUser (882002)."""
    pairs = [(member["appkey"] or session.appkey, member["username"]) for member in members]
    users = users_across(session.application, pairs)
    return [users[pair] for pair in pairs]


# Requests


@on("get_groups_list")
def get_groups_list(session: Session, data: Data) -> Data:
    """Answer: `group_list`, the groups that the user is in. Source: Web SDK, Group, getGroups."""
    user = session.actor.user
    groups = Group.objects.known_to(user).joined_by(user).order_by("pk")
    return {"group_list": [wire_group(group) for group in groups]}


@on("get_group_info", WireGroupId, codes={NoSuchGroup: 882002})
def get_group_info(session: Session, data: Data) -> Data:
    """Answer: `group_info`. Source: Web SDK, Group, getGroupInfo."""
    return {"group_info": wire_group(find(session, data["gid"]))}


@on("get_group_members", WireGroupId, codes={NoSuchGroup: 882002})
def get_group_members(session: Session, data: Data) -> Data:
    """Answer: `member_list`; that of a private group is for its members. Source: Web SDK, Group, getGroupMembers."""
    group = find(session, data["gid"])
    if group.type == Group.Type.PRIVATE:
        rules.require_member(group, session.actor)
    return {"member_list": [wire_member(membership) for membership in group.members()]}


@on("create_group", WireNewGroup)
def create_group(session: Session, data: Data) -> Data:
    """Answer: `gid`, `group_name`, `group_description`, `ctime` in seconds. Source: Web SDK, Group, createGroup."""
    group = services.create_group(
        data["group_name"],
        owner=session.actor.user,
        desc=data["group_description"],
        avatar=data["media_id"],
        type=Group.Type.PUBLIC if data["is_limit"] else Group.Type.PRIVATE,
        by=session.actor,
    )
    return {
        "gid": group.pk,
        "group_name": group.name,
        "group_description": group.desc,
        "ctime": clock.to_s(group.created_at),
    }


@on("update_group_info", WireGroupInfo, codes={NameTooLong: 880803, DescTooLong: 880804})
def update_group_info(session: Session, data: Data) -> None:
    """Answer: code 0 alone. Source: Web SDK, Group, updateGroupInfo."""
    services.update_info(
        find(session, data["gid"]),
        name=data.get("group_name"),
        desc=data.get("group_description"),
        avatar=data.get("media_id"),
        by=session.actor,
    )


@on("add_across_group_member", WireMembers, codes={TooManyGroups: 880609, **NO_USER})
def add_members(session: Session, data: Data) -> None:
    """Answer: code 0 alone. Source: Web SDK, Group, addGroupMembers."""
    group = find(session, data["gid"])
    services.change_members(group, add=named(session, data["member_usernames"]), by=session.actor)


@on("del_across_group_member", WireMembers, codes=NO_USER)
def remove_members(session: Session, data: Data) -> None:
    """Answer: code 0 alone. Source: Web SDK, Group, delGroupMembers."""
    group = find(session, data["gid"])
    services.change_members(group, remove=named(session, data["member_usernames"]), by=session.actor)


@on("exit_group", WireGroupId)
def exit_group(session: Session, data: Data) -> Data:
    """Answer: `gid`, `group_name`. Source: Web SDK, Group, exitGroup."""
    group = find(session, data["gid"])
    services.leave_group(group, session.actor.user, by=session.actor)
    return {"gid": group.pk, "group_name": group.name}


# Pushes


def rendered(event: GroupEvent, event_type: int, *, extra: int = 0) -> tuple[str, Data]:
    """What all events of groups carry."""
    members = {
        "gid": event.gid,
        "from_gid": event.gid,
        "group_name": event.group_name,
        "media_id": event.group_avatar,
        "from_username": event.from_username,
        "from_appkey": event.from_appkey,
        "from_uid": event.from_uid,
        "from_nickname": event.from_nickname,
        "to_usernames": list(event.users),
    }
    if event.new_owner:
        members["new_owner"] = event.new_owner
    return notification(event, event_type, extra=extra, **members)


@pushed(GroupCreated)
def group_created(event: GroupCreated) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 8."""
    return rendered(event, CREATED)


@pushed(MemberLeft)
def member_left(event: MemberLeft) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 9."""
    return rendered(event, LEFT)


@pushed(GroupDissolved)
def group_dissolved(event: GroupDissolved) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 9 with extra 69."""
    return rendered(event, LEFT, extra=DISSOLVED)


@pushed(MembersAdded)
def members_added(event: MembersAdded) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 10."""
    return rendered(event, ADDED)


@pushed(MembersRemoved)
def members_removed(event: MembersRemoved) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 11."""
    return rendered(event, REMOVED)


@pushed(GroupInfoChanged)
def group_info_changed(event: GroupInfoChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 12."""
    return rendered(event, INFO_CHANGED)


@pushed(MembersSilenced)
def members_silenced(event: MembersSilenced) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 65 with extra 1."""
    return rendered(event, SILENCE, extra=ON)


@pushed(SilenceLifted)
def silence_lifted(event: SilenceLifted) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 65 with extra 2."""
    return rendered(event, SILENCE, extra=OFF)


@pushed(KeepersAdded)
def keepers_added(event: KeepersAdded) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 80 with extra 1."""
    return rendered(event, KEEPERS, extra=ON)


@pushed(KeepersRemoved)
def keepers_removed(event: KeepersRemoved) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 80 with extra 2."""
    return rendered(event, KEEPERS, extra=OFF)


@pushed(OwnerChanged)
def owner_changed(event: OwnerChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 82."""
    return rendered(event, OWNER)


@pushed(ShieldsChanged)
def shields_changed(event: ShieldsChanged) -> tuple[str, Data]:
    """It tells no details: clients read their shields again. Source: Web SDK, event_notification, type 39."""
    return notification(event, SHIELDS)


@pushed(OwnShieldsChanged)
def own_shields_changed(event: OwnShieldsChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 103."""
    return _own(event, OWN_SHIELDS, ON if event.on else OFF)


@pushed(OwnGroupNoDisturbChanged)
def own_no_disturb_changed(event: OwnGroupNoDisturbChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 102 with extra 33 or 34."""
    return _own(event, OWN_NO_DISTURB, NoDisturbChange.GROUP_ON if event.on else NoDisturbChange.GROUP_OFF)


def _own(event: OwnGroupSetting, event_type: int, extra: int) -> tuple[str, Data]:
    own = {"from_username": event.username, "from_appkey": event.appkey, "from_uid": event.user_id}
    return notification(event, event_type, extra=int(extra), to_groups=list(event.groups), **own)
