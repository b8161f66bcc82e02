"""What every operation on groups begins and ends with: the locks, and the telling."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.actors import Actor
from accounts.models import User
from groups.events import GroupEvent
from groups.models import Group, GroupQuerySet
from imsite.core import bus
from imsite.core.events import publish
from messaging.services import participants


def lock_group(group: Group, by: Actor) -> Group:
    """The group as it is now, its application loaded, locked until the transaction ends.

    A user reaches the groups of all applications of one owner, the others those of their application: NoSuchGroup (899006)
    otherwise, and where it is gone.
    """
    within = Group.objects.of_owner(by.application) if by.is_user else Group.objects.of(by.application)
    return lock_among(within, group)


def lock_among(groups: GroupQuerySet, group: Group) -> Group:
    """The group where it is one of these, locked; NoSuchGroup (899006)."""
    return locking(groups).find(group.pk)


def locking(groups: GroupQuerySet) -> GroupQuerySet:
    """These groups, locked when they are read, with their conversations.

    Once an event is stored nothing more may be waited for: all events of an owner wait for that one's commit.
    """
    locked = groups.select_for_update(of=("self", "conversation"), no_key=True)
    return locked.select_related("conversation", "application")


def tell(group: Group, event: GroupEvent, users: Sequence[User] = ()) -> int:
    """Tell the members, and `users` by name: those who come may not be listed yet, those who go not any more."""
    audience = participants.audience(group.conversation, users=[user.pk for user in users])
    return publish(event, to=audience, keep=True)


def forget_title() -> None:
    """What sends remember of groups is out of date."""
    transaction.on_commit(lambda: bus.announce("targets", None))
