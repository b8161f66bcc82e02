"""The conversation of two users, and who may write in it."""

from __future__ import annotations

from dataclasses import replace

from django.db import connection, transaction

from accounts.actors import Actor
from accounts.models import Application, User
from imsite.core.cache import ShortCache
from imsite.core.errors import ImError
from messaging.errors import Blocked, NoSuchTarget, NotFriends
from messaging.models import Conversation, Participant, pair_key
from messaging.sends import Send
from messaging.targets import Target, TargetKind, values
from messaging.writer import foresee

_pairs: ShortCache[tuple[int, int], int] = ShortCache(seconds=3600, most=100_000)  # a pair's conversation never changes


def open_pair(first: User, second: User) -> Conversation:
    """The conversation of two users (or of one with themself), made with both participants when they first meet.

    Between two applications it belongs to that of the lower user id.
    """
    with transaction.atomic():
        conversation, made = Conversation.objects.get_or_create(
            application_id=_home(first, second),
            kind=Conversation.Kind.SINGLE,
            key=pair_key(first.pk, second.pk),
        )
        if made:
            Participant.objects.bulk_create(
                Participant(conversation=conversation, user_id=user_id) for user_id in {first.pk, second.pk}
            )
    return conversation


def pair_id(first: User, second: User) -> int:
    """The id of the pair's conversation, remembered in this process; 0 where they have never met."""

    def load() -> int:
        pairs = Conversation.objects.filter(kind=Conversation.Kind.SINGLE, key=pair_key(first.pk, second.pk))
        found = pairs.filter(application_id=_home(first, second)).values_list("pk", flat=True).first()
        if found is None:
            raise _NotBegun
        return found

    try:
        if connection.in_atomic_block:  # what it finds may be rolled back
            return load()
        return _pairs.get((min(first.pk, second.pk), max(first.pk, second.pk)), load)
    except _NotBegun:
        return 0


class _NotBegun(Exception):
    """Two users have no conversation: nothing to remember."""


def _home(first: User, second: User) -> int:
    """The application that a pair's conversation belongs to."""
    return min(first, second, key=lambda user: user.pk).application_id


class SingleTargets(TargetKind):
    """One user. Their blacklist, and friendship where the application asks for it, decide who may write."""

    def find(self, application: Application, target_id: str, *, by: Actor, sender: User) -> Target:
        peer = User.objects.of(application).filter(username=target_id).first() if "\0" not in target_id else None
        if peer is None:
            raise NoSuchTarget(f"no such user: {target_id[:128]}")
        peer.application = application
        return Target(
            kind="single",
            application_id=application.pk,
            appkey=application.appkey,
            conversation_id=pair_id(sender, peer),
            target_id=peer.username,
            peer=peer,
        )

    def begin(self, send: Send) -> Target:
        assert send.target.peer is not None
        if refusal := foresee(send):
            raise refusal
        return replace(send.target, conversation_id=open_pair(send.sender, send.target.peer).pk)

    def refusals(self, sends: list[Send]) -> dict[Send, ImError]:
        pairs = {(send.target.peer.pk, send.sender.pk): send for send in sends if send.target.peer}
        listed, parameters = values(pairs)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT u.id, v.sender_id, u.deleted_at IS NOT NULL,
                    EXISTS (SELECT 1 FROM accounts_block b WHERE b.owner_id = u.id AND b.target_id = v.sender_id),
                    EXISTS (SELECT 1 FROM accounts_friendship f WHERE f.owner_id = u.id AND f.friend_id = v.sender_id)
                FROM (SELECT column1 AS user_id, column2 AS sender_id FROM (VALUES {listed}) AS listed) v
                JOIN accounts_user u ON u.id = v.user_id
                """,  # noqa: S608  (placeholders)
                parameters,
            )
            facts = {(user_id, sender_id): rest for user_id, sender_id, *rest in cursor.fetchall()}
        refused: dict[Send, ImError] = {}
        for send in sends:
            assert send.target.peer is not None
            gone, blocked, friends = facts.get((send.target.peer.pk, send.sender.pk), (True, False, False))
            if gone:
                refused[send] = NoSuchTarget(f"no such user: {send.target.target_id}")
            elif blocked and not send.privileged:
                refused[send] = Blocked()
            elif send.friends_only and not friends and not send.privileged:
                refused[send] = NotFriends()
        return refused
