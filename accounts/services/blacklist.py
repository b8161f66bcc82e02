"""Who may not send to whom. Source: REST API, blacklist; Web SDK, blacklist.

A send reads the rows in its own transaction, so that a block counts from its commit on.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts import rules
from accounts.actors import Actor
from accounts.errors import AdminNotBlockable, AlreadyBlocked, BadValue, NotBlocked
from accounts.events import BlacklistChange, BlacklistChanged, OwnBlacklistChanged
from accounts.models import Block, User
from accounts.services.locks import lock_users
from imsite.core.events import Audience, publish


@transaction.atomic
def block(user: User, targets: Sequence[User], *, by: Actor) -> None:
    """Let `targets` not send to the user any more; the other direction stays as it is.

    All or nothing: AlreadyBlocked (899017), AdminNotBlockable (899018), BadValue (899003) for the user themself,
    CrossApplication (899020). The user is told (event 38), or the user's other sessions where the user did it (event 101).
    """
    user, targets = _lock(user, targets, by)
    if user in targets:
        raise BadValue("nobody can block themself")
    if admins := [target.username for target in targets if target.is_admin]:
        raise AdminNotBlockable(f"admins cannot be blocked: {', '.join(admins[:5])}")
    blocked = set(user.blocks.values_list("target_id", flat=True))
    if already := [target.username for target in targets if target.pk in blocked]:
        raise AlreadyBlocked(f"in the blacklist already: {', '.join(already[:5])}")
    Block.objects.bulk_create(Block(owner=user, target=target) for target in targets)
    _tell(user, BlacklistChange.ADDED, targets, by)


@transaction.atomic
def unblock(user: User, targets: Sequence[User], *, by: Actor) -> None:
    """Let `targets` send to the user again. All or nothing: NotBlocked (899019); told as `block` is."""
    user, targets = _lock(user, targets, by)
    rows = user.blocks.filter(target__in=targets)
    blocked = set(rows.values_list("target_id", flat=True))
    if missing := [target.username for target in targets if target.pk not in blocked]:
        raise NotBlocked(f"not in the blacklist: {', '.join(missing[:5])}")
    rows.delete()
    _tell(user, BlacklistChange.REMOVED, targets, by)


def _lock(user: User, targets: Sequence[User], by: Actor) -> tuple[User, list[User]]:
    """All of them as they are now, the targets each once."""
    rules.require_acts_for(user, by)
    found = {one.pk: one for one in lock_users([user, *targets])}
    targets = [found[pk] for pk in dict.fromkeys(target.pk for target in targets)]
    rules.require_within_reach(targets, by)
    return found[user.pk], targets


def _tell(user: User, change: BlacklistChange, targets: Sequence[User], by: Actor) -> None:
    if by.is_user:
        publish(OwnBlacklistChanged.to(user, change, targets), to=Audience(users=[user.pk], skip=by.sid))
    else:
        publish(BlacklistChanged.of(user), to=Audience(users=[user.pk]), keep=True)
