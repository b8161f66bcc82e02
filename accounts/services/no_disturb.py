"""By whom a user is not to be disturbed; nothing changes in delivery. Source: REST API, do not disturb; Web SDK, no_disturb.

That of groups is a part of messaging's Participant, which the groups' services change.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts import rules
from accounts.actors import Actor
from accounts.errors import AlreadyMuted, AlreadyQuiet, NotMuted, NotQuiet
from accounts.events import NoDisturbChange, NoDisturbChanged, OwnNoDisturbChanged
from accounts.models import Mute, User
from accounts.services.locks import lock_users
from imsite.core.events import Audience, publish


@transaction.atomic
def change_no_disturb(
    user: User,
    *,
    add: Sequence[User] = (),
    remove: Sequence[User] = (),
    everyone: bool | None = None,
    by: Actor,
    tell: bool = True,
) -> None:
    """Let the user not be disturbed by those of `add`, or by anyone (`everyone`), and again by those of `remove`.

    All or nothing: AlreadyMuted (899043), NotMuted (899044), AlreadyQuiet (899048), NotQuiet (899050), CrossApplication
    (899020). Told to the user (event 37), or to the user's other sessions where the user did it (event 102); without
    `tell` the caller does that, whose operation changes more at once.
    """
    rules.require_acts_for(user, by)
    user, *others = lock_users([user, *add, *remove])
    found = {other.pk: other for other in (user, *others)}
    add, remove = ([found[pk] for pk in dict.fromkeys(one.pk for one in named)] for named in (add, remove))
    rules.require_within_reach(others, by)
    muted = set(user.mutes.values_list("target_id", flat=True))
    if already := [target.username for target in add if target.pk in muted]:
        raise AlreadyMuted(f"do not disturb is set already: {', '.join(already[:5])}")
    if missing := [target.username for target in remove if target.pk not in muted]:
        raise NotMuted(f"do not disturb is not set: {', '.join(missing[:5])}")
    if everyone is not None and everyone == user.muted_all:
        raise AlreadyQuiet if everyone else NotQuiet

    Mute.objects.bulk_create(Mute(owner=user, target=target) for target in add)
    user.mutes.filter(target__in=remove).delete()
    if everyone is not None:
        User.objects.filter(pk=user.pk).update(muted_all=everyone)
    if tell:
        _tell(user, add, remove, everyone, by)


def _tell(user: User, add: Sequence[User], remove: Sequence[User], everyone: bool | None, by: Actor) -> None:
    if not add and not remove and everyone is None:
        return
    if not by.is_user:
        publish(NoDisturbChanged.of(user), to=Audience(users=[user.pk]), keep=True)
        return
    own = Audience(users=[user.pk], skip=by.sid)
    if add:
        publish(OwnNoDisturbChanged.to(user, NoDisturbChange.USER_ON, add), to=own)
    if remove:
        publish(OwnNoDisturbChanged.to(user, NoDisturbChange.USER_OFF, remove), to=own)
    if everyone is not None:
        change = NoDisturbChange.ALL_ON if everyone else NoDisturbChange.ALL_OFF
        publish(OwnNoDisturbChanged.to(user, change), to=own)
