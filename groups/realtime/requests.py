"""Sockets: groups and their members. Source: Web SDK, Group."""

from __future__ import annotations

from accounts.models import Application
from accounts.rules import other_application
from groups import rules, services
from groups.errors import DescTooLong, NameTooLong, NoSuchGroup, TooManyGroups
from groups.models import Group, wire_group
from groups.realtime.common import NO_USER, Data, find, named
from groups.serializers import (
    WireGroupId,
    WireGroupInfo,
    WireMembers,
    WireNewGroup,
    WirePublicGroups,
    wire_member,
)
from imsite.core import clock
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session

PUBLIC_PAGE = 100  # groups in one answer of the public list


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
    """Answer: code 0 alone. Of a public group's plain member it only asks the owner and the keepers.

    Source: Web SDK, Group, addGroupMembers.
    """
    services.invite(find(session, data["gid"]), named(session, data["member_usernames"]), by=session.actor)


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


@on("dissolve_group", WireGroupId)
def dissolve_group(session: Session, data: Data) -> None:
    """Answer: code 0 alone. Source: Web SDK, Group, dissolveGroup."""
    services.dissolve(find(session, data["gid"]), by=session.actor)


@on("public_group_list", WirePublicGroups, codes=NO_USER, remember=False)
def public_group_list(session: Session, data: Data) -> Data:
    """Answer: `result` with total, start, count and at most 100 groups, oldest first. Source: Web SDK, Group, getAppkeyPublicGroups."""
    application: Application = other_application(session.application, data["appkey"] or session.appkey)
    groups = Group.objects.of(application).filter(type=Group.Type.PUBLIC).select_related("application").order_by("pk")
    start = data["start"]
    page = [wire_group(group) for group in groups[start : start + PUBLIC_PAGE]]
    return {"result": {"total": groups.count(), "start": start, "count": len(page), "groups": page}}
