"""Who comes into a group, and who goes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.models import User
from accounts.rules import require_within_reach
from accounts.services import lock_users
from groups import rules
from groups.errors import AlreadyMember, NoMembersNamed, NotGroupManager, NotMember
from groups.events import MemberLeft, MembersAdded, MembersRemoved
from groups.models import Group, JoinRequest, Membership
from groups.services.common import forget_title, lock_group, locking, tell
from imsite.core import clock
from messaging.services import participants

Role = Membership.Role


@transaction.atomic
def change_members(group: Group, *, add: Sequence[User] = (), remove: Sequence[User] = (), by: Actor) -> None:
    """Add and remove members in one step and tell everyone who was or is in the group.

    The users may be of any application of the group's owner. All or nothing: NoMembersNamed (899003), AlreadyMember
    (899011), NoSuchMember (899014), GroupFull (899012) beyond the group's capacity, TooManyGroups (899015),
    CrossApplication (899020) for users of another owner; for users NotMember (880205), MayNotAdd (880604), MayNotRemove
    (880704), ProtectedMember (880705). A removed owner is succeeded by another member; a group without members is dissolved.
    """
    if not add and not remove:
        raise NoMembersNamed
    found = {user.pk: user for user in lock_users([*add, *remove])}
    add, remove = ([found[pk] for pk in dict.fromkeys(user.pk for user in named)] for named in (add, remove))
    require_within_reach(found.values(), by)
    group = lock_group(group, by)
    roles = dict(group.memberships.values_list("user_id", "role"))
    if add:
        rules.require_may_add(group, roles, by)
    if already := [user.username for user in add if user.pk in roles]:
        raise AlreadyMember(f"in the group already: {', '.join(already[:5])}")
    rules.require_all_in(roles, remove)
    if remove:
        rules.require_may_remove(roles, remove, by)
    rules.require_capacity(len(roles) + len(add) - len(remove), group.capacity)
    rules.require_fewer_groups(add)

    enter(group, add)
    Membership.objects.filter(group=group, user__in=remove).delete()
    new_owner = succeed(group)
    if add:
        tell(group, MembersAdded.of(group, add, by=by.user), add)
    if remove:
        event_id = tell(group, MembersRemoved.of(group, remove, by=by.user, new_owner=new_owner), remove)
        participants.leave(group.conversation, remove, until_event_id=event_id)


@transaction.atomic
def leave_group(group: Group, user: User, *, by: Actor) -> None:
    """Take a user out of the group at their own wish, or because the account goes; everyone is told.

    NotMember (880205). An owner is succeeded by another member; a group without members is dissolved.
    """
    if by.is_user and by.user_id != user.pk:
        raise NotGroupManager("users leave for themselves")
    group = lock_group(group, by)
    if not Membership.objects.filter(group=group, user=user).delete()[0]:
        raise NotMember
    new_owner = succeed(group)
    event_id = tell(group, MemberLeft.of(group, [user], by=user, new_owner=new_owner), [user])
    participants.leave(group.conversation, [user], until_event_id=event_id)


def lock_all_groups(users: Sequence[User]) -> None:
    """These accounts are about to go: lock every group that one of them is in, before the first is left."""
    ids = Membership.objects.filter(user__in=users).values("group_id")
    list(locking(Group.objects.filter(pk__in=ids)).order_by("pk"))


@transaction.atomic
def leave_all_groups(user: User, *, by: Actor) -> None:
    """The account is about to go: leave every group, those of other applications and the dissolved ones too, where a
    successor is found in silence.
    """
    for group in Group.objects.joined_by(user).select_related("application").order_by("pk"):
        if group.dissolved_at is None:
            leave_group(group, user, by=Actor.system(group.application))
        else:
            group.memberships.filter(user=user).delete()
            succeed(group)
    _close_requests(JoinRequest.objects.filter(applicant=user), JoinRequest.State.REFUSED)


def enter(group: Group, users: Sequence[User], *, owner: User | None = None) -> None:
    """The users' rows. They are told of it afterwards, by the caller."""
    Membership.objects.bulk_create(
        Membership(group=group, user=user, role=Role.OWNER if user == owner else Role.MEMBER) for user in users
    )
    participants.join(group.conversation, users, moderates=[owner] if owner else [])
    _close_requests(JoinRequest.objects.filter(group=group, applicant__in=users), JoinRequest.State.ACCEPTED)


def _close_requests(requests: QuerySet[JoinRequest], state: JoinRequest.State) -> None:
    requests.filter(state=JoinRequest.State.OPEN).update(state=state, handled_at=clock.now())


def succeed(group: Group) -> User | None:
    """Find a group whose owner has gone another one, and return who it is: a keeper before a member, then whoever was there first.

    A group that nobody is left in is dissolved.
    """
    if group.memberships.filter(role=Role.OWNER).exists():
        return None
    heir = group.memberships.select_related("user__application").order_by("-role", "pk").first()
    if heir is None:
        end(group)
        return None
    heir.role = Role.OWNER
    heir.save(update_fields=["role"])
    group.owner = heir.user
    group.save(update_fields=["owner", "updated_at"])
    participants.set_moderators(group.conversation, [heir.user], moderates=True)
    return heir.user


def end(group: Group) -> None:
    """The group is dissolved. Its members are told of it by the caller."""
    if group.dissolved_at is None:
        group.dissolved_at = clock.now()
        group.save(update_fields=["dissolved_at", "updated_at"])
        forget_title()
