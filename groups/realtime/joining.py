"""Sockets: coming into public groups. Source: Web SDK, Group, joinGroup and addGroupMemberResp."""

from __future__ import annotations

from groups import services
from groups.errors import NotGroupManager, NotMember
from groups.realtime.common import NO_USER, Data, find, target
from groups.serializers import WireJoin, WireJoinAnswer
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session

AGREED = 0  # `result` of an answer; any other one refuses


@on("apply_join_group", WireJoin)
def apply_join_group(session: Session, data: Data) -> None:
    """Ask to be let into a public group. Answer: code 0 alone. 880204, 880610, 880611. Source: Web SDK, Group, joinGroup."""
    services.ask_to_join(find(session, data["gid"]), reason=data["reason"], by=session.actor)


@on("admin_add_group_member", WireJoinAnswer, codes={**NO_USER, NotMember: NotGroupManager.sdk_code})
def admin_add_group_member(session: Session, data: Data) -> None:
    """Answer event 56: `result` 0 lets the user in. Answer: code 0 alone.

    880608, 880612, 880614, 882002. Source: Web SDK, Group, addGroupMemberResp.
    """
    group, user = find(session, data["gid"]), target(session, data)
    if data["result"] == AGREED:
        services.accept_request(group, data["event_id"], user, by=session.actor)
    else:
        services.refuse_request(group, data["event_id"], user, reason=data["reason"], by=session.actor)
