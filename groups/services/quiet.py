"""How groups reach a user: shields against their messages, and do-not-disturb."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts import services as accounts
from accounts.actors import Actor
from accounts.events import NoDisturbChanged
from accounts.models import User
from accounts.rules import require_acts_for
from groups.errors import (
    AlreadyQuietGroup,
    AlreadyShielded,
    Invalid,
    NoSuchGroupToQuiet,
    NoSuchGroupToShield,
    NotMemberToQuiet,
    NotMemberToShield,
    NotQuietGroup,
    NotShielded,
)
from groups.events import OwnGroupNoDisturbChanged, OwnGroupSetting, OwnShieldsChanged, ShieldsChanged
from groups.models import Group, wire_group
from groups.services.common import locking
from imsite.core.events import Audience, publish
from messaging.models import Participant
from messaging.services import participants

Notify = Participant.Notify


@transaction.atomic
def change_shields(user: User, *, add: Sequence[Group] = (), remove: Sequence[Group] = (), by: Actor) -> None:
    """Keep the messages of groups away from the user, or let them come again. What groups tell of themselves still comes.

    What was said before the shield is still brought and unread; what is said under it never is, but history shows it.
    All or nothing: Invalid (899003) where no group is named, NoSuchGroupToShield (899051), NotMemberToShield (899046),
    AlreadyShielded (899052), NotShielded (899053). The user is told (event 39), or the user's other sessions where the
    user did it (event 103).
    """
    require_acts_for(user, by)
    if not add and not remove:
        raise Invalid("name at least one group")
    (user,) = accounts.lock_users([user])
    # Locked, so that what groups tell of themselves knows who has a shield.
    rows = Group.objects.select_for_update(of=("self",), no_key=True).select_related("conversation", "application")
    groups = {group.pk: group for group in rows.living(add, remove).order_by("pk")}
    places = _places(user, groups)
    new, old = _once(add), _once(remove)
    for group in (*new, *old):
        if group.pk not in groups:
            raise NoSuchGroupToShield(f"no such group: {group.pk}")
        if group.pk not in places:
            raise NotMemberToShield(f"not in the group: {group.pk}")
    if already := [group.pk for group in new if places[group.pk].shield]:
        raise AlreadyShielded(f"shielded already: {already[0]}")
    if open_ones := [group.pk for group in old if not places[group.pk].shield]:
        raise NotShielded(f"not shielded: {open_ones[0]}")

    shielded = {group.pk for group in new}
    for gid in sorted(places):
        change = participants.shield if gid in shielded else participants.unshield
        change(groups[gid].conversation, user)
    if by.is_user:
        _tell_others(OwnShieldsChanged, user, new, old, by)
    else:
        publish(ShieldsChanged(application_id=user.application_id), to=Audience(users=[user.pk]), keep=True)


@transaction.atomic
def change_no_disturb(
    user: User,
    *,
    add: Sequence[User] = (),
    remove: Sequence[User] = (),
    add_groups: Sequence[Group] = (),
    remove_groups: Sequence[Group] = (),
    everyone: bool | None = None,
    by: Actor,
) -> None:
    """By whom the user is not to be disturbed: users, groups, anyone. Nothing changes in what is brought.

    All or nothing: the refusals of accounts' operation for users, NoSuchGroupToQuiet (899045), NotMemberToQuiet (899046),
    AlreadyQuietGroup (899047), NotQuietGroup (899049). The user is told once (event 37), or the user's other sessions where
    the user did it (events 102).
    """
    # The user tells of their own doing in parts; the server's is one change.
    accounts.change_no_disturb(user, add=add, remove=remove, everyone=everyone, by=by, tell=by.is_user)
    _change_groups(user, add_groups, remove_groups)
    if by.is_user:
        _tell_others(OwnGroupNoDisturbChanged, user, _once(add_groups), _once(remove_groups), by)
    elif add or remove or add_groups or remove_groups or everyone is not None:
        publish(NoDisturbChanged.of(user), to=Audience(users=[user.pk]), keep=True)


def _change_groups(user: User, add: Sequence[Group], remove: Sequence[Group]) -> None:
    if not add and not remove:
        return
    # Locked as who leaves locks them: their event is stored before their place is written, and ours after it.
    living = {group.pk: group for group in locking(Group.objects.living(add, remove)).order_by("pk")}
    places = _places(user, living)
    for group in (*add, *remove):
        if group.pk not in living:
            raise NoSuchGroupToQuiet(f"no such group: {group.pk}")
        if group.pk not in places:
            raise NotMemberToQuiet(f"not in the group: {group.pk}")
    if already := [group.pk for group in add if places[group.pk].notify == Notify.NONE]:
        raise AlreadyQuietGroup(f"do not disturb is set already: {already[0]}")
    if missing := [group.pk for group in remove if places[group.pk].notify != Notify.NONE]:
        raise NotQuietGroup(f"do not disturb is not set: {missing[0]}")
    participants.set_notify([group.pk for group in add], user, Notify.NONE)
    participants.set_notify([group.pk for group in remove], user, Notify.ALL)


def _places(user: User, groups: dict[int, Group]) -> dict[int, Participant]:
    """The user's places in those of these groups that the user is in."""
    rows = Participant.objects.filter(conversation_id__in=groups, user=user, active=True)
    return {place.conversation_id: place for place in rows}


def _once(groups: Sequence[Group]) -> list[Group]:
    return list({group.pk: group for group in groups}.values())


def _tell_others(
    event: type[OwnGroupSetting], user: User, on: Sequence[Group], off: Sequence[Group], by: Actor
) -> None:
    own = Audience(users=[user.pk], skip=by.sid)
    for groups, is_on in ((on, True), (off, False)):
        if groups:
            publish(event.to(user, [wire_group(group) for group in groups], on=is_on), to=own)
