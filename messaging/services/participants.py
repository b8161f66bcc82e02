"""Who is in a conversation: the rows that sending, sync and unread counts go by. Groups' services keep them for groups."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from django.db import transaction
from django.db.models import F, Max

from accounts.models import User
from imsite.core import bus
from imsite.core.events import Audience
from imsite.core.models import StoredEvent
from messaging.models import Conversation, Participant, Span

SPANS_MOST = 50  # lifted shields that one place remembers; what came under older ones may be brought after all


@transaction.atomic
def join(conversation: Conversation, users: Sequence[User], *, moderates: Sequence[User] = ()) -> None:
    """Let users into a group's conversation, anew or again: they see what comes after, and the event that tells of them.

    Called before the joining event is published. Who comes back starts over: nothing unread, earlier messages not shown.
    """
    if not users:
        return
    locked = lock(conversation)
    conversation.member_seq = locked.member_seq
    newest_event = StoredEvent.objects.aggregate(newest=Max("id"))["newest"] or 0
    moderators = {user.pk for user in moderates}
    Participant.objects.bulk_create(
        [
            Participant(
                conversation=conversation,
                user=user,
                active=True,
                moderates=user.pk in moderators,
                join_seq=locked.last_seq,
                leave_seq=None,
                delivered_seq=locked.last_seq,
                read_seq=locked.last_seq,
                read_no=locked.count_no,
                own_after_read=0,
                silenced_until_ms=0,
                shield=False,
                shields=[],
                notify=Participant.Notify.ALL,
                since_event_id=newest_event + 1,
                until_event_id=None,
            )
            for user in users
        ],
        update_conflicts=True,
        unique_fields=["conversation", "user"],
        update_fields=[
            "active", "moderates", "join_seq", "leave_seq", "delivered_seq", "read_seq", "read_no", "own_after_read",
            "silenced_until_ms", "shield", "shields", "notify", "since_event_id", "until_event_id",
        ],
    )  # fmt: skip
    _tell_hub(locked, users, bus.join)


@transaction.atomic
def leave(conversation: Conversation, users: Sequence[User], *, until_event_id: int) -> None:
    """Take users out of a group's conversation. Called after the leaving event was published: it is the last they hear."""
    if not users:
        return
    locked = lock(conversation)
    conversation.member_seq = locked.member_seq
    Participant.objects.filter(conversation=conversation, user__in=users, active=True).update(
        active=False, moderates=False, leave_seq=locked.last_seq, until_event_id=until_event_id
    )
    _tell_hub(locked, users, bus.leave)


@transaction.atomic
def readmit(conversation: Conversation, users: Sequence[User], *, moderates: Sequence[User] = ()) -> None:
    """Take back that these users left, as if they never had: they see what they saw, and their marks stand where they stood.

    For a group that is restored. Nothing was said in it meanwhile, so there is nothing to be kept from anyone.
    """
    locked = lock(conversation)
    rows = Participant.objects.filter(conversation=conversation, user__in=users)
    rows.update(active=True, leave_seq=None, until_event_id=None)
    rows.filter(user__in=moderates).update(moderates=True)
    shielded = set(rows.filter(shield=True).values_list("user_id", flat=True))
    _tell_hub(locked, [user for user in users if user.pk not in shielded], bus.join)


@transaction.atomic
def set_moderators(conversation: Conversation, users: Sequence[User], *, moderates: bool) -> None:
    """Note who may speak while all others are muted: a group's owner and keepers."""
    _hold(conversation)
    Participant.objects.filter(conversation=conversation, user__in=users).update(moderates=moderates)


@transaction.atomic
def silence(conversation: Conversation, users: Sequence[User], *, until_ms: int) -> None:
    """Note until when these may not speak: 0 for those who may, FOREVER_MS until that is taken back."""
    _hold(conversation)
    Participant.objects.filter(conversation=conversation, user__in=users).update(silenced_until_ms=until_ms)


@transaction.atomic
def set_notify(conversation_ids: Collection[int], user: User, notify: Participant.Notify) -> None:
    """How loudly the user wants to hear of these conversations. Nothing changes in what is brought."""
    Participant.objects.filter(conversation__in=conversation_ids, user=user).update(notify=notify)


@transaction.atomic
def shield(conversation: Conversation, user: User) -> None:
    """What is said from here on is not brought to the user, neither pushed nor by sync, and never unread.

    What came before still is. Pages of history show everything.
    """
    locked = lock(conversation)
    conversation.member_seq = locked.member_seq
    Participant.objects.filter(conversation=conversation, user=user).update(
        shield=True, shield_seq=locked.last_seq, shield_no=locked.count_no
    )
    _tell_hub(locked, [user], bus.leave)


@transaction.atomic
def unshield(conversation: Conversation, user: User) -> None:
    """What is said from here on is brought to the user again; what was said under the shield is not."""
    locked = lock(conversation)
    conversation.member_seq = locked.member_seq
    place = Participant.objects.select_for_update().get(conversation=conversation, user=user)
    spans = [Span(*span) for span in place.shields]
    if locked.last_seq > place.shield_seq:
        spans.append(Span(place.shield_seq, place.shield_no, locked.last_seq, locked.count_no))
    place.shields = spans[-SPANS_MOST:]
    place.shield = False
    place.save(update_fields=["shield", "shields"])
    _tell_hub(locked, [user], bus.join)


def _hold(conversation: Conversation) -> None:
    # The conversation before its participants, as everyone locks them: else a send and this would wait for each other.
    Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)


def lock(conversation: Conversation) -> Conversation:
    """The conversation's row, locked until the transaction ends, with its membership version moved on by one.

    The update comes first: it takes the row's lock on every database, so what is read next is the newest.
    """
    Conversation.objects.filter(pk=conversation.pk).update(member_seq=F("member_seq") + 1)
    return Conversation.objects.get(pk=conversation.pk)


def audience(conversation: Conversation, *, users: Sequence[int] = (), skip: str | None = None) -> Audience:
    """Who is told of what happens in a group: those in it, and `users` by id.

    A shield is against messages: those who have one do not listen to the conversation, and are named.
    """
    shielded = Participant.objects.filter(conversation=conversation, active=True, shield=True)
    named = {*users, *shielded.values_list("user_id", flat=True)}
    return Audience(conversation=conversation.pk, users=sorted(named), skip=skip, version=conversation.member_seq)


def _tell_hub(
    locked: Conversation, users: Sequence[User], tell: Callable[[str, Sequence[int], int | None], None]
) -> None:
    user_ids = [user.pk for user in users]

    def announce() -> None:
        tell(locked.topic, user_ids, locked.member_seq)

    transaction.on_commit(announce)


def topics_of(user: User) -> dict[str, int | None]:
    """What a session of this user listens to: its groups' conversations, each with the version of its membership."""
    rows = Participant.objects.filter(
        user=user, active=True, shield=False, conversation__kind=Conversation.Kind.GROUP
    ).values_list("conversation_id", "conversation__member_seq")
    return {f"conversation:{conversation_id}": version for conversation_id, version in rows}


def listeners(topic: str) -> tuple[int, list[int]]:
    """The version of a conversation's membership, and who listens to it: for a hub that lost track."""
    conversation_id = int(topic.partition(":")[2])
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if conversation is None:
        return 0, []
    rows = Participant.objects.filter(conversation=conversation, active=True, shield=False)
    return conversation.member_seq, list(rows.values_list("user_id", flat=True))
