"""Coming into a public group: who asks, and what the owner and the keepers say."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.actors import Actor
from accounts.models import User
from accounts.rules import require_within_reach
from accounts.services import lock_users
from groups import rules
from groups.errors import AlreadyInGroup, AlreadyMember, GroupNotPublic, NoMembersNamed, RequestNotOpen
from groups.events import JoinRefused, JoinRefusedElsewhere, JoinRequested, MembersAdmitted
from groups.models import Group, JoinRequest, Membership
from groups.services.common import lock_group, tell
from groups.services.members import change_members, enter
from imsite.core import clock, ids
from imsite.core.events import Audience, publish, publish_each

Role = Membership.Role
State = JoinRequest.State


@transaction.atomic
def ask_to_join(group: Group, *, reason: str = "", by: Actor) -> None:
    """Ask the owner and the keepers of a public group to be let in (event 56). Who has asked already waits on.

    AlreadyInGroup (880610), GroupNotPublic (880611).
    """
    assert by.user is not None, "a user asks for themself"
    (user,) = lock_users([by.user])
    group = lock_group(group, by)
    if group.memberships.filter(user=user).exists():
        raise AlreadyInGroup
    if group.type != Group.Type.PUBLIC:
        raise GroupNotPublic
    _ask(group, [user], inviter=None, reason=reason)


@transaction.atomic
def invite(group: Group, users: Sequence[User], *, by: Actor) -> None:
    """Add members where `by` may; of a public group's plain member ask the owner and the keepers for each (event 56).

    As `change_members`. For whom somebody has asked already, nobody is asked again.
    """
    if not users:
        raise NoMembersNamed
    users = lock_users(users)
    group = lock_group(group, by)
    roles = dict(group.memberships.values_list("user_id", "role"))
    if not by.is_user or group.type != Group.Type.PUBLIC or roles.get(by.user_id) != Role.MEMBER:
        change_members(group, add=users, by=by)
        return
    require_within_reach(users, by)
    if already := [user.username for user in users if user.pk in roles]:
        raise AlreadyMember(f"in the group already: {', '.join(already[:5])}")
    rules.require_capacity(len(roles) + len(users), group.capacity)
    _ask(group, users, inviter=by.user)


@transaction.atomic
def accept_request(group: Group, event_id: int, user: User, *, by: Actor) -> None:
    """Let the user in who asked, or was invited, in event 56 of this id; everyone is told (event 10).

    NotGroupManager (880614), RequestNotOpen (880612), GroupFull (880608), TooManyGroups.
    """
    (user,) = lock_users([user])
    group = lock_group(group, by)
    rules.require_manager(group, by)
    _open_request(group, event_id, user)
    rules.require_capacity(group.memberships.count() + 1, group.capacity)
    rules.require_fewer_groups([user])
    enter(group, [user])
    tell(group, MembersAdmitted.of(group, [user], by=by.user), [user])


@transaction.atomic
def refuse_request(group: Group, event_id: int, user: User, *, reason: str = "", by: Actor) -> None:
    """Do not let the user in. Who asked is told (event 57), and so are the others who could have answered (event 58).

    NotGroupManager (880614), RequestNotOpen (880612).
    """
    (user,) = lock_users([user])
    group = lock_group(group, by)
    rules.require_manager(group, by)
    request = _open_request(group, event_id, user)
    request.state, request.handler, request.handled_at = State.REFUSED, by.user, clock.now()
    request.save(update_fields=["state", "handler", "handled_at"])
    asker = request.inviter_id or user.pk
    refused = JoinRefused.because(group, user, reason, by=by.user)
    publish(refused, to=Audience(users=[asker]), keep=True)
    if others := [one for one in _approvers(group) if one not in (by.user_id, asker)]:
        elsewhere = JoinRefusedElsewhere.because(group, user, reason, by=by.user, request_id=event_id)
        publish(elsewhere, to=Audience(users=others), keep=True)


def _ask(group: Group, users: Sequence[User], *, inviter: User | None, reason: str = "") -> None:
    waiting = set(
        group.join_requests.filter(applicant__in=users, state=State.OPEN).values_list("applicant_id", flat=True)
    )
    # One id for all who may answer: each of them has a stored event of their own.
    asked = {ids.live_event_id(): user for user in users if user.pk not in waiting}
    JoinRequest.objects.bulk_create(
        JoinRequest(event_id=event_id, group=group, applicant=user, inviter=inviter, reason=reason)
        for event_id, user in asked.items()
    )
    events = [
        JoinRequested.to(group, user, request_id=event_id, inviter=inviter, reason=reason)
        for event_id, user in asked.items()
    ]
    publish_each(events, to=Audience(users=_approvers(group)))


def _approvers(group: Group) -> list[int]:
    managers = group.memberships.filter(role__in=rules.MANAGERS)
    return list(managers.order_by("user_id").values_list("user_id", flat=True))


def _open_request(group: Group, event_id: int, user: User) -> JoinRequest:
    """Locked with its group."""
    request = group.join_requests.filter(event_id=event_id, applicant=user, state=State.OPEN).first()
    if request is None:
        raise RequestNotOpen
    return request
