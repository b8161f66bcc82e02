"""A group as a whole: it is made, changed, ended, restored."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.actors import Actor
from accounts.models import User
from accounts.rules import require_within_reach
from accounts.services import lock_users
from groups import rules
from groups.errors import Invalid, NobodyLeft, NotGroupManager
from groups.events import GroupCreated, GroupDissolved, GroupInfoChanged
from groups.models import Group, Membership
from groups.services.common import forget_title, lock_among, lock_group, tell
from groups.services.members import end, enter
from messaging.models import Conversation
from messaging.services import participants
from messaging.services.conversations import begin_conversation

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
    gid: int | None = None,
    by: Actor,
) -> Group:
    """Make a group of its owner and the other members (who may include the owner), and tell them.

    `gid` is the one that it brings from another system, and keeps if it is free here.
    GroupFull (899012), TooManyGroups (899015), NameTooLong, DescTooLong (899003), CrossApplication (899020) for users of
    another owner's application.
    """
    application = by.application
    rules.require_info(name=name, desc=desc, avatar=avatar)
    users = lock_users([owner, *members])
    require_within_reach(users, by)
    rules.require_capacity(len(users), application.limits.group_capacity)
    rules.require_fewer_groups(users)

    conversation = begin_conversation(application, Conversation.Kind.GROUP, wanted_id=gid)
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
    enter(group, [owner, *(user for user in users if user != owner)], owner=owner)
    tell(group, GroupCreated.of(group, [owner], by=by.user), users)
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
    forget_title()
    tell(group, GroupInfoChanged.of(group, [by.user] if by.user else [], by=by.user))


@transaction.atomic
def dissolve(group: Group, *, by: Actor) -> None:
    """End the group and tell its members. The memberships stay, so that it can be restored. NotGroupManager (880614)."""
    group = lock_group(group, by)
    rules.require_owner(group, by)
    members = [membership.user for membership in group.members()]
    end(group)
    event_id = tell(group, GroupDissolved.to(group, members), members)
    participants.leave(group.conversation, members, until_event_id=event_id)


@transaction.atomic
def restore(group: Group, *, by: Actor) -> None:
    """Take back a dissolution: those who were members then are in the group again, see its history, and are told.

    The application's alone. NobodyLeft where the last member had left; nothing happens to a group that exists.
    """
    if not by.is_privileged:
        raise NotGroupManager
    group = lock_among(by.application.groups.all(), group)
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
    forget_title()
    tell(group, GroupCreated.of(group, [owner], by=None), members)
