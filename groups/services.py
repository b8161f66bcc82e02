"""The operations on groups. Each keeps Membership and messaging's Participant in step, and tells everyone concerned.

Rows are locked in one order: users by id, the group, its conversation.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.actors import Actor
from accounts.errors import NoSuchUser
from accounts.models import Application, User
from groups import rules
from groups.errors import AlreadyMember, Invalid, NobodyLeft, NoMembersNamed, NoSuchMember, NotGroupManager, NotMember
from groups.events import (
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    GroupInfoChanged,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
)
from groups.models import Group, GroupQuerySet, Membership
from imsite.core import bus, clock
from imsite.core.events import Audience, publish
from messaging.models import Conversation
from messaging.services import participants

Role = Membership.Role


@transaction.atomic
def create_group(
    name: str,
    *,
    owner: User,
    members: Sequence[User] = (),
    desc: str = "",
    avatar: str = "",
    type: int = Group.Type.PRIVATE,
    by: Actor,
) -> Group:
    """Make a group of its owner and the other members (who may include the owner), and tell them.

    GroupFull (899012), TooManyGroups (899015), NameTooLong, DescTooLong (899003).
    """
    application = by.application
    rules.require_info(name=name, desc=desc, avatar=avatar)
    users = lock_users([owner, *members], application)
    rules.require_capacity(len(users), application.limits.group_capacity)
    rules.require_fewer_groups(users, application)

    conversation = Conversation.objects.create(application=application, kind=Conversation.Kind.GROUP)
    owner = next(user for user in users if user.pk == owner.pk)
    group = Group.objects.create(
        conversation=conversation,
        application=application,
        owner=owner,
        type=type,
        name=name,
        desc=desc,
        avatar=avatar,
        capacity=application.limits.group_capacity,
    )
    _enter(group, [owner, *(user for user in users if user != owner)], owner=owner)
    _tell(group, GroupCreated.of(group, [owner], by=by.user), users)
    return group


@transaction.atomic
def update_info(
    group: Group, *, name: str | None = None, desc: str | None = None, avatar: str | None = None, by: Actor
) -> None:
    """Change what is given and tell the members. Any member may.

    NotMember (880205), NameTooLong (880404), DescTooLong (880405), Invalid (899003) where nothing is given.
    """
    group = lock_group(group, by)
    rules.require_member(group, by)
    changes: dict[str, str] = {
        field: value for field, value in (("name", name), ("desc", desc), ("avatar", avatar)) if value is not None
    }
    if not changes:
        raise Invalid("name what is to change")
    rules.require_info(**changes)

    for field, value in changes.items():
        setattr(group, field, value)
    group.info_seq += 1
    group.save(update_fields=[*changes, "info_seq", "updated_at"])
    _forget_title()
    _tell(group, GroupInfoChanged.of(group, [by.user] if by.user else [], by=by.user))


@transaction.atomic
def change_members(group: Group, *, add: Sequence[User] = (), remove: Sequence[User] = (), by: Actor) -> None:
    """Add and remove members in one step and tell everyone who was or is in the group.

    All or nothing: NoMembersNamed (899003), AlreadyMember (899011), NoSuchMember (899014), GroupFull (899012) beyond the
    group's capacity, TooManyGroups (899015); for users NotMember (880205), MayNotAdd (880604), MayNotRemove (880704),
    ProtectedMember (880705). A removed owner is succeeded by another member; a group without members is dissolved.
    """
    if not add and not remove:
        raise NoMembersNamed
    add = lock_users(add, by.application)
    group = lock_group(group, by)
    roles = dict(group.memberships.values_list("user_id", "role"))
    remove = living_users(remove, by.application)
    if add:
        rules.require_may_add(group, roles, by)
    if already := [user.username for user in add if user.pk in roles]:
        raise AlreadyMember(f"in the group already: {', '.join(already[:5])}")
    if strangers := [user.username for user in remove if user.pk not in roles]:
        raise NoSuchMember(f"not in the group: {', '.join(strangers[:5])}")
    if remove:
        rules.require_may_remove(roles, remove, by)
    rules.require_capacity(len(roles) + len(add) - len(remove), group.capacity)
    rules.require_fewer_groups(add, by.application)

    _enter(group, add)
    Membership.objects.filter(group=group, user__in=remove).delete()
    new_owner = _succeed(group)
    if add:
        _tell(group, MembersAdded.of(group, add, by=by.user), add)
    if remove:
        event_id = _tell(group, MembersRemoved.of(group, remove, by=by.user, new_owner=new_owner), remove)
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
    new_owner = _succeed(group)
    event_id = _tell(group, MemberLeft.of(group, [user], by=user, new_owner=new_owner), [user])
    participants.leave(group.conversation, [user], until_event_id=event_id)


@transaction.atomic
def dissolve(group: Group, *, by: Actor) -> None:
    """End the group and tell its members. The memberships stay, so that it can be restored. NotGroupManager (880614)."""
    group = lock_group(group, by)
    rules.require_owner(group, by)
    members = [membership.user for membership in group.members()]
    _end(group)
    event_id = _tell(group, GroupDissolved.of(group, members, by=None), members)
    participants.leave(group.conversation, members, until_event_id=event_id)


@transaction.atomic
def restore(group: Group, *, by: Actor) -> None:
    """Take back a dissolution: those who were members then are in the group again, see its history, and are told.

    The application's alone. NobodyLeft where the last member had left; nothing happens to a group that exists.
    """
    if not by.is_privileged:
        raise NotGroupManager
    group = _lock(by.application.groups.all(), group)
    if group.dissolved_at is None:
        return
    memberships = group.members()
    if not memberships:
        raise NobodyLeft
    group.dissolved_at = None
    group.save(update_fields=["dissolved_at", "updated_at"])
    owner = next(membership.user for membership in memberships if membership.role == Role.OWNER)
    members = [membership.user for membership in memberships]
    managers = [membership.user for membership in memberships if membership.role in rules.MANAGERS]
    participants.readmit(group.conversation, members, moderates=managers)
    _forget_title()
    _tell(group, GroupCreated.of(group, [owner], by=None), members)


@transaction.atomic
def leave_all_groups(user: User, *, by: Actor) -> None:
    """The account is about to go: leave every group, the dissolved ones too, where a successor is found in silence."""
    system = Actor.system(by.application)
    for group in Group.objects.joined_by(user).select_related("application").order_by("pk"):
        if group.dissolved_at is None:
            leave_group(group, user, by=system)
        else:
            group.memberships.filter(user=user).delete()
            _succeed(group)


def lock_users(users: Sequence[User], application: Application) -> list[User]:
    """The living users of the application among `users`, each once, in the order given, locked until the transaction ends.

    So none of them is deleted, and none comes into too many groups, meanwhile. NoSuchUser (899002) where one is not there.
    """
    locked = application.users.of(application).select_for_update(no_key=True).filter(pk__in={user.pk for user in users})
    return _in_order(users, {user.pk: user for user in locked.order_by("pk")})


def living_users(users: Sequence[User], application: Application) -> list[User]:
    """As `lock_users`, without the lock."""
    found = application.users.of(application).filter(pk__in={user.pk for user in users}) if users else ()
    return _in_order(users, {user.pk: user for user in found})


def _in_order(users: Sequence[User], found: dict[int, User]) -> list[User]:
    if missing := [user.username for user in users if user.pk not in found]:
        raise NoSuchUser(f"no such user: {', '.join(missing[:5])}")
    return [found[pk] for pk in dict.fromkeys(user.pk for user in users)]


def lock_group(group: Group, by: Actor) -> Group:
    """The group as it is now, locked until the transaction ends. NoSuchGroup (899006) where it is another application's, or gone."""
    return _lock(by.application.groups.of(by.application), group)


def _lock(groups: GroupQuerySet, group: Group) -> Group:
    return groups.select_for_update(of=("self",), no_key=True).select_related("conversation").find(group.pk)


def _enter(group: Group, users: Sequence[User], *, owner: User | None = None) -> None:
    Membership.objects.bulk_create(
        Membership(group=group, user=user, role=Role.OWNER if user == owner else Role.MEMBER) for user in users
    )
    participants.join(group.conversation, users, moderates=[owner] if owner else [])


def _succeed(group: Group) -> User | None:
    """Find a group whose owner has gone another one, and return who it is: a keeper before a member, then whoever was there first.

    A group that nobody is left in is dissolved.
    """
    if group.memberships.filter(role=Role.OWNER).exists():
        return None
    heir = group.memberships.select_related("user").order_by("-role", "pk").first()
    if heir is None:
        _end(group)
        return None
    heir.role = Role.OWNER
    heir.save(update_fields=["role"])
    heir.user.application = group.application
    group.owner = heir.user
    group.save(update_fields=["owner", "updated_at"])
    participants.set_moderators(group.conversation, [heir.user], moderates=True)
    return heir.user


def _end(group: Group) -> None:
    if group.dissolved_at is None:
        group.dissolved_at = clock.now()
        group.save(update_fields=["dissolved_at", "updated_at"])
        _forget_title()


def _forget_title() -> None:
    """What sends remember of groups is out of date."""
    transaction.on_commit(lambda: bus.announce("targets", None))


def _tell(group: Group, event: GroupEvent, users: Sequence[User] = ()) -> int:
    """Tell the members, and `users` by name: those who come may not be listed yet, those who go not any more."""
    audience = Audience(conversation=group.pk, users=[user.pk for user in users], version=group.conversation.member_seq)
    return publish(event, to=audience, keep=True)
