"""Who owns a group, who helps to keep it, and who may speak there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.models import User
from groups import rules
from groups.errors import NoMembersNamed, NoSuchMember, ProtectedMember
from groups.events import KeepersAdded, KeepersRemoved, MembersSilenced, OwnerChanged, SilenceLifted
from groups.models import Group, Membership
from groups.services.common import lock_group, tell
from imsite.core import clock
from messaging.models import FOREVER_MS
from messaging.services import participants

Role = Membership.Role
FOREVER = clock.from_ms(FOREVER_MS)


@transaction.atomic
def transfer_group(group: Group, new_owner: User, *, by: Actor) -> None:
    """Make a member the owner; the old owner becomes a plain member, and everyone is told (event 82).

    NotGroupManager (880614) for users who do not own the group, NoSuchMember (899014). Nothing happens to who owns it already.
    """
    group = lock_group(group, by)
    rules.require_owner(group, by)
    wanted = group.memberships.filter(Q(role=Role.OWNER) | Q(user=new_owner)).select_related("user__application")
    places = {membership.user_id: membership for membership in wanted}
    heir = places.get(new_owner.pk)
    if heir is None:
        raise NoSuchMember(f"not in the group: {new_owner.username}")
    if heir.role == Role.OWNER:
        return
    old = places[group.owner_id]
    _set_role([old], Role.MEMBER)  # first: a group has one owner at any time
    _set_role([heir], Role.OWNER)
    group.owner = heir.user
    group.save(update_fields=["owner", "updated_at"])
    participants.set_moderators(group.conversation, [old.user], moderates=False)
    participants.set_moderators(group.conversation, [heir.user], moderates=True)
    tell(group, OwnerChanged.of(group, [heir.user], by=old.user))


@transaction.atomic
def add_keepers(group: Group, users: Sequence[User], *, by: Actor) -> None:
    """Let members help the owner; everyone is told (event 80). Who is a keeper already stays one.

    NoMembersNamed (880602), NotGroupManager (880614) for users who do not own the group, NoSuchMember (899014),
    ProtectedMember for the owner, TooManyKeepers (880608) beyond 15.
    """
    group, members = _named(group, users, by)
    rules.require_owner(group, by)
    if any(membership.role == Role.OWNER for membership in members):
        raise ProtectedMember("the owner is no keeper")
    new = [membership for membership in members if membership.role != Role.KEEPER]
    rules.require_keepers(group.memberships.filter(role=Role.KEEPER).count() + len(new))
    if new:
        _set_role(new, Role.KEEPER)
        keepers = [membership.user for membership in new]
        participants.set_moderators(group.conversation, keepers, moderates=True)
        tell(group, KeepersAdded.of(group, keepers, by=by.user))


@transaction.atomic
def remove_keepers(group: Group, users: Sequence[User], *, by: Actor) -> None:
    """Make keepers plain members again; everyone is told (event 80). Nothing happens to who is no keeper.

    NoMembersNamed (880602), NotGroupManager (880614) for users who do not own the group, NoSuchMember (899014).
    """
    group, members = _named(group, users, by)
    rules.require_owner(group, by)
    if old := [membership for membership in members if membership.role == Role.KEEPER]:
        _set_role(old, Role.MEMBER)
        keepers = [membership.user for membership in old]
        participants.set_moderators(group.conversation, keepers, moderates=False)
        tell(group, KeepersRemoved.of(group, keepers, by=by.user))


@transaction.atomic
def silence_members(group: Group, users: Sequence[User], *, until: datetime = FOREVER, by: Actor) -> None:
    """Forbid members to speak; everyone is told (event 65). Who is silenced until then already stays so.

    NoMembersNamed (899003), NoSuchMember (899014); for users NotMember (880205), NotGroupManager (880614) where they are
    neither owner nor keeper, ProtectedMember (880705) for the owner, and for keepers unless the owner does it.
    """
    group, members = _named(group, users, by)
    rules.require_may_silence(_roles(group, members, by), [membership.user for membership in members], by)
    if new := [membership for membership in members if membership.silenced_until != until]:
        _silence(group, new, until)
        tell(group, MembersSilenced.of(group, [membership.user for membership in new], by=by.user))


@transaction.atomic
def unsilence_members(group: Group, users: Sequence[User], *, by: Actor) -> None:
    """Allow members to speak again; everyone is told (event 65). Who was not silenced is left out.

    As for silencing; a manager may take it back for themself too.
    """
    group, members = _named(group, users, by)
    others = [membership.user for membership in members if membership.user_id != by.user_id]
    rules.require_may_silence(_roles(group, members, by), others, by)
    if old := [membership for membership in members if membership.silenced_until is not None]:
        _silence(group, old, None)
        tell(group, SilenceLifted.of(group, [membership.user for membership in old], by=by.user))


def _named(group: Group, users: Sequence[User], by: Actor) -> tuple[Group, list[Membership]]:
    """The group, locked, and the places of these users in it, each once, in the order named."""
    if not users:
        raise NoMembersNamed
    group = lock_group(group, by)
    rows = group.memberships.filter(user__in=users).select_related("user__application")
    places = {membership.user_id: membership for membership in rows}
    rules.require_member(group, by)
    rules.require_all_in({user_id: membership.role for user_id, membership in places.items()}, users)
    return group, [places[pk] for pk in dict.fromkeys(user.pk for user in users)]


def _roles(group: Group, members: Sequence[Membership], by: Actor) -> dict[int, int]:
    """Of these members, and of who acts."""
    own = rules.role_of(group, by) if by.is_user else None
    acting = {} if own is None else {by.user_id: own}
    return {membership.user_id: membership.role for membership in members} | acting


def _set_role(members: Sequence[Membership], role: Role) -> None:
    Membership.objects.filter(pk__in=[membership.pk for membership in members]).update(role=role)


def _silence(group: Group, members: Sequence[Membership], until: datetime | None) -> None:
    Membership.objects.filter(pk__in=[membership.pk for membership in members]).update(silenced_until=until)
    users = [membership.user for membership in members]
    participants.silence(group.conversation, users, until_ms=clock.to_ms(until) if until else 0)
