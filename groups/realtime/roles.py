"""Sockets: silence, keepers, owner. Source: Web SDK, Group."""

from __future__ import annotations

from groups import services
from groups.errors import NoSuchMember, NotMember, ProtectedMember
from groups.realtime.common import NO_USER, Data, find, named, target
from groups.serializers import WireMembers, WireSilence, WireTarget
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session

CODES = {**NO_USER, NoSuchMember: NotMember.sdk_code, ProtectedMember: 880614}


@on("group_mem_silence", WireSilence, codes=CODES)
def group_mem_silence(session: Session, data: Data) -> None:
    """Forbid a member to speak (`keep_silence` true) or allow it. Answer: code 0 alone.

    880205, 880614, 882002. Source: Web SDK, Group, addGroupMemSilence and delGroupMemSilence.
    """
    change = services.silence_members if data["keep_silence"] else services.unsilence_members
    change(find(session, data["gid"]), [target(session, data)], by=session.actor)


@on("add_group_keeper", WireMembers, codes=CODES)
def add_group_keeper(session: Session, data: Data) -> None:
    """Answer: code 0 alone. 880205, 880602, 880608, 880614, 882002. Source: Web SDK, Group, addGroupKeeper."""
    services.add_keepers(find(session, data["gid"]), named(session, data["member_usernames"]), by=session.actor)


@on("del_group_keeper", WireMembers, codes=CODES)
def del_group_keeper(session: Session, data: Data) -> None:
    """Answer: code 0 alone. 880205, 880602, 880614, 882002. Source: Web SDK, Group, delGroupKeeper."""
    services.remove_keepers(find(session, data["gid"]), named(session, data["member_usernames"]), by=session.actor)


@on("change_group_admin", WireTarget, codes=CODES)
def change_group_admin(session: Session, data: Data) -> None:
    """Make a member the owner. Answer: code 0 alone. 880205, 880614, 882002. Source: Web SDK, Group, changeGroupAdmin."""
    services.transfer_group(find(session, data["gid"]), target(session, data), by=session.actor)
