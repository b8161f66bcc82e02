"""Who is in whose friend list. Source: REST API, friends; Web SDK, friends.

A friendship is two rows, one in the list of each. Users are locked first, by id, so that two who change the same pair do
it one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import rules
from accounts.actors import Actor
from accounts.errors import AlreadyFriends, BadValue, NoInvitation, NotAFriend
from accounts.events import (
    FriendChange,
    FriendInvited,
    FriendRemoved,
    FriendsChanged,
    InvitationAnswered,
    OwnFriendsChanged,
)
from accounts.models import FriendRequest, Friendship, User, briefs
from accounts.services.locks import lock_users
from imsite.core import clock
from imsite.core.events import Audience, publish


@dataclass(frozen=True, slots=True)
class Note:
    """What a user notes about a friend; None leaves that part as it is."""

    friend: User
    note_name: str | None = None
    others: str | None = None


@transaction.atomic
def add_friends(user: User, friends: Sequence[User], *, by: Actor) -> None:
    """Make the user and each of `friends` friends of each other without asking them: the application's server decides.

    All or nothing: AlreadyFriends (899070), BadValue (899003) for the user themself, CrossApplication (899020). What they
    had asked each other counts as accepted. All of them are told (event 7).
    """
    rules.require_privileged(by)
    user, friends = _lock(user, friends, by)
    _require_strangers(user, friends)
    _befriend(user, friends, Friendship.Source.REST)
    publish(FriendsChanged(application_id=user.application_id), to=_everyone(user, friends), keep=True)


@transaction.atomic
def remove_friends(user: User, friends: Sequence[User], *, by: Actor) -> None:
    """End these friendships for both sides, and forget what was noted.

    The server may name whoever is no friend, in vain; for users that is NotAFriend (881303). Over REST all concerned are
    told (event 7); else the removed are (event 6), and the user's other sessions (event 100).
    """
    user, friends = _lock(user, friends, by)
    known = _friend_ids(user)
    if by.is_user and any(friend.pk not in known for friend in friends):
        raise NotAFriend
    friends = [friend for friend in friends if friend.pk in known]
    if not friends:
        return
    _pairs(Friendship.objects.all(), "owner", "friend", user, friends).delete()
    if by.is_user:
        publish(FriendRemoved.of(user), to=Audience(users=[friend.pk for friend in friends]), keep=True)
        _tell_own_sessions(user, OwnFriendsChanged.to(user, FriendChange.REMOVED, friends), by)
    else:
        publish(FriendsChanged(application_id=user.application_id), to=_everyone(user, friends), keep=True)


@transaction.atomic
def note_friends(user: User, notes: Sequence[Note], *, by: Actor) -> None:
    """Change what the user notes about friends: at most 64 bytes on one line, and 250 bytes. The friends do not see it.

    All or nothing: NotAFriend (899071, 881303), BadNote (899003, 881304). Of two notes on one friend the later one counts.
    The user is told (event 7), or the user's other sessions where the user did it (event 100).
    """
    for note in notes:
        rules.require_note(note.note_name or "", note.others or "")
    rules.require_acts_for(user, by)
    user = lock_users([user])[0]
    listed = user.friendships.filter(friend__in=[note.friend for note in notes]).select_related("friend__application")
    rows = {row.friend_id: row for row in listed}
    if strangers := [note.friend.username for note in notes if note.friend.pk not in rows]:
        raise NotAFriend(f"no friend: {', '.join(strangers[:5])}")
    for note in notes:
        row = rows[note.friend.pk]
        row.note_name = row.note_name if note.note_name is None else note.note_name
        row.others = row.others if note.others is None else note.others
        row.updated_at = clock.now()
    Friendship.objects.bulk_update(rows.values(), ["note_name", "others", "updated_at"])
    if not by.is_user:
        publish(FriendsChanged(application_id=user.application_id), to=Audience(users=[user.pk]), keep=True)
        return
    for row in rows.values():
        change = OwnFriendsChanged.to(
            user, FriendChange.NOTED, [row.friend], note_name=row.note_name, others=row.others
        )
        _tell_own_sessions(user, change, by)


@transaction.atomic
def invite_friend(user: User, other: User, *, why: str, by: Actor) -> None:
    """Ask another user to be friends; asked again, the newer reason counts. They are told (event 5, extra 1).

    AlreadyFriends (881302), BadValue for oneself, CrossApplication.
    """
    user, (other,) = _lock(user, [other], by)
    _require_strangers(user, [other])
    FriendRequest.objects.update_or_create(
        sender=user, receiver=other, state=FriendRequest.State.OPEN, defaults={"why": why}
    )
    publish(FriendInvited.of(user, why=why, users=briefs([other])), to=Audience(users=[other.pk]), keep=True)


def accept_friend(user: User, other: User, *, why: str, by: Actor) -> None:
    """Say yes to an invitation: both are friends now. NoInvitation (881305)."""
    _answer(user, other, accepted=True, why=why, by=by)


def decline_friend(user: User, other: User, *, why: str, by: Actor) -> None:
    """Say no to an invitation; it may be repeated. NoInvitation (881305)."""
    _answer(user, other, accepted=False, why=why, by=by)


@transaction.atomic
def _answer(user: User, other: User, *, accepted: bool, why: str, by: Actor) -> None:
    """Told to the one who had asked (event 5, extra 2); a yes also to the other sessions of the one who answers (100)."""
    user, (other,) = _lock(user, [other], by)
    state = FriendRequest.State.ACCEPTED if accepted else FriendRequest.State.DECLINED
    asked = FriendRequest.objects.filter(sender=other, receiver=user, state=FriendRequest.State.OPEN)
    if not asked.update(state=state, answered_at=clock.now()):
        raise NoInvitation
    if accepted:
        _befriend(user, [other], Friendship.Source.REQUEST)
        _tell_own_sessions(user, OwnFriendsChanged.to(user, FriendChange.ADDED, [other]), by)
    answer = InvitationAnswered.of(user, accepted=accepted, why=why, users=briefs([other]))
    publish(answer, to=Audience(users=[other.pk]), keep=True)


def _lock(user: User, others: Sequence[User], by: Actor) -> tuple[User, list[User]]:
    """All of them as they are now, the others each once."""
    rules.require_acts_for(user, by)
    if any(other.pk == user.pk for other in others):
        raise BadValue("nobody is a friend of themself")
    user, *others = lock_users([user, *others])
    rules.require_within_reach(others, by)
    return user, others


def _require_strangers(user: User, others: Sequence[User]) -> None:
    known = _friend_ids(user)
    if already := [other.username for other in others if other.pk in known]:
        raise AlreadyFriends(f"friends already: {', '.join(already[:5])}")


def _friend_ids(user: User) -> set[int]:
    return set(user.friendships.values_list("friend_id", flat=True))


def _befriend(user: User, friends: Sequence[User], source: Friendship.Source) -> None:
    """Both directions; what the two had asked each other is settled."""
    pairs = [pair for friend in friends for pair in ((user, friend), (friend, user))]
    Friendship.objects.bulk_create(
        [Friendship(owner=owner, friend=friend, source=source) for owner, friend in pairs], ignore_conflicts=True
    )
    open_requests = FriendRequest.objects.filter(state=FriendRequest.State.OPEN)
    _pairs(open_requests, "sender", "receiver", user, friends).update(
        state=FriendRequest.State.ACCEPTED, answered_at=clock.now()
    )


def _pairs(rows: QuerySet, one: str, other: str, user: User, users: Sequence[User]) -> QuerySet:
    """The rows between the user and each of the others, in both directions."""
    forth = Q(**{one: user, f"{other}__in": users})
    back = Q(**{other: user, f"{one}__in": users})
    return rows.filter(forth | back)


def _everyone(user: User, others: Sequence[User]) -> Audience:
    return Audience(users=[user.pk, *(other.pk for other in others)])


def _tell_own_sessions(user: User, change: OwnFriendsChanged, by: Actor) -> None:
    publish(change, to=Audience(users=[user.pk], skip=by.sid))
