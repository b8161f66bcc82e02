"""Sockets: shields against groups, do-not-disturb of groups, and the list of all that is not to disturb.

Source: Web SDK, no_disturb; group shield.
"""

from __future__ import annotations

from accounts.models import User
from accounts.serializers import wire_user
from groups import services
from groups.errors import NoSuchGroupToQuiet, NoSuchGroupToShield
from groups.models import Group, wire_group
from groups.realtime.common import Data
from groups.serializers import WireGroupId
from imsite.core.errors import ImError
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session
from messaging.models import Participant


@on("add_msg_shield_group", WireGroupId)
def add_shield(session: Session, data: Data) -> None:
    """Answer: code 0 alone. 881201, 881202, 881203. Source: Web SDK, Group shield, addGroupShield."""
    services.change_shields(session.actor.user, add=_named(session, data, NoSuchGroupToShield), by=session.actor)


@on("del_msg_shield_group", WireGroupId)
def remove_shield(session: Session, data: Data) -> None:
    """Answer: code 0 alone. 881201, 881202, 881204. Source: Web SDK, Group shield, delGroupShield."""
    services.change_shields(session.actor.user, remove=_named(session, data, NoSuchGroupToShield), by=session.actor)


@on("list_shield_group", remember=False)
def list_shields(session: Session, data: Data) -> Data:
    """Answer: `groups`. Source: Web SDK, Group shield, groupShieldList."""
    return {"groups": [wire_group(group) for group in Group.objects.placed(session.actor.user, shield=True)]}


@on("add_msg_no_disturb_group", WireGroupId)
def add_no_disturb(session: Session, data: Data) -> None:
    """Answer: code 0 alone. 881103, 881104, 881105. Source: Web SDK, No disturb, addGroupNoDisturb."""
    groups = _named(session, data, NoSuchGroupToQuiet)
    services.change_no_disturb(session.actor.user, add_groups=groups, by=session.actor)


@on("delete_msg_no_disturb_group", WireGroupId)
def remove_no_disturb(session: Session, data: Data) -> None:
    """Answer: code 0 alone. 881103, 881104, 881106. Source: Web SDK, No disturb, delGroupNoDisturb."""
    groups = _named(session, data, NoSuchGroupToQuiet)
    services.change_no_disturb(session.actor.user, remove_groups=groups, by=session.actor)


@on("no_disturb", remember=False)
def no_disturb(session: Session, data: Data) -> Data:
    """Answer: `no_disturb` with global (0 or 1), users and groups. Source: Web SDK, No disturb, getNoDisturb."""
    user = User.objects.get(pk=session.user_id)
    users = User.objects.filter(muted_by__owner=user).select_related("application").order_by("muted_by__pk")
    groups = Group.objects.placed(session.actor.user, notify=Participant.Notify.NONE)
    return {
        "no_disturb": {
            "global": int(user.muted_all),
            "users": [wire_user(muted) for muted in users],
            "groups": [wire_group(group) for group in groups],
        }
    }


def _named(session: Session, data: Data, missing: type[ImError]) -> list[Group]:
    return Group.objects.known_to(session.actor.user).listed([data["gid"]], missing=missing)
