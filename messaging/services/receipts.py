"""Who has read the messages that asked for receipts. Each message holds its totals; a row a reader says who and when."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from accounts.actors import Actor
from accounts.models import User
from imsite.core import clock
from imsite.core.events import Audience, publish
from imsite.core.models import StoredEvent
from messaging.errors import NoSuchMessage
from messaging.events import ReceiptsSent
from messaging.models import Conversation, Message, Participant, Receipt
from messaging.services import reading, receipt_changes

RECEIPT_LOCK = 0x1C_0000_0000  # the range of advisory locks that is ours; the sender's id is added


@transaction.atomic
def report(place: Participant, message_ids: Collection[int], *, by: Actor) -> list[int]:
    """Note that the user of `place` has read these messages; the ids of those that counted.

    What counts: messages of others in this conversation that asked for receipts, are not retracted, and could be seen by
    the user; each once. Other ids change nothing. Their senders are told soon (receipt_change), the user's other sessions
    at once (event 201).
    """
    rows = _countable(place, message_ids)
    if not rows:
        return []
    _lock(rows.values())
    user_id = place.user_id
    before = set(Receipt.objects.filter(user_id=user_id, message_id__in=rows).values_list("message_id", flat=True))
    fresh = sorted(rows.keys() - before)
    if not fresh:
        return []
    now_ms = clock.now_ms()
    Receipt.objects.bulk_create(Receipt(message_id=one, user_id=user_id, created_ms=now_ms) for one in fresh)
    own = Receipt.objects.filter(user_id=user_id, message_id=OuterRef("pk"))
    Message.objects.filter(pk__in=fresh).update(
        receipt_read=F("receipt_read") + 1, receipt_key=Subquery(own.values("pk")[:1])
    )
    transaction.on_commit(lambda: receipt_changes.note(fresh))
    _tell_others(place, fresh, by)
    return fresh


def _countable(place: Participant, message_ids: Collection[int]) -> dict[int, int]:
    """Which of these messages the user of `place` may count as a reader of, and who sent them."""
    asked = Message.objects.filter(pk__in=message_ids, need_receipt=True, state=Message.State.KEPT)
    asked = asked.exclude(sender_id=place.user_id)
    found = dict(asked.visible_to(place).values_list("pk", "sender_id"))
    if len(found) == len(message_ids):
        return found
    # What was not kept for those away has no place in the order, and is asked for by itself.
    passing = asked.filter(conversation_id=place.conversation_id, seq=None)
    if place.conversation.kind == Conversation.Kind.GROUP:
        passing = passing.filter(created_ms__gte=_joined_ms(place)) if place.active else passing.none()
    return found | dict(passing.values_list("pk", "sender_id"))


def _joined_ms(place: Participant) -> int:
    """When the user joined, by the event that told of it; 0 where that is not kept any more."""
    told = StoredEvent.objects.filter(pk__gte=place.since_event_id).order_by("pk")
    return told.values_list("created_ms", flat=True).first() or 0


def _lock(sender_ids: Iterable[int]) -> None:
    """Until the transaction ends no other one counts receipts of these senders.

    So totals are right, and the keys of a sender's changes come in the order of commits: a cursor leaves none out. SQLite
    has one writer.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for sender_id in sorted({*sender_ids}):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RECEIPT_LOCK + sender_id])


def _tell_others(place: Participant, message_ids: list[int], by: Actor) -> None:
    user = by.user
    assert user is not None, "receipts are a user's own"
    conversation = place.conversation
    publish(
        ReceiptsSent(
            application_id=user.application_id,
            user_id=user.pk,
            username=user.username,
            appkey=by.application.appkey,
            nickname=user.nickname,
            conversation=reading.named(conversation, reading.peers_of(user, [conversation]).get(conversation.pk)),
            conversation_id=conversation.pk,
            message_ids=message_ids,
        ),
        to=Audience(users=[user.pk], skip=by.sid),
    )


def readers(message_id: int, *, by: Actor) -> tuple[list[User], list[User]]:
    """Who has not read a message of the acting user, and who has; with their applications.

    NoSuchMessage (880008) for another's message, one that did not ask for receipts, and one that was retracted.
    """
    own = Message.objects.filter(sender=by.user, need_receipt=True, state=Message.State.KEPT)
    message = own.select_related("conversation").filter(pk=message_id).first()
    if message is None:
        raise NoSuchMessage
    receipts = Receipt.objects.filter(message=message)
    users = User.objects.select_related("application")
    read = list(users.filter(receipts__message=message).order_by("receipts__pk"))
    meant = _meant(message).exclude(user_id=message.sender_id).exclude(user_id__in=receipts.values("user_id"))
    unread = list(users.filter(pk__in=meant.values("user_id")).order_by("pk"))
    return unread, read


def _meant(message: Message) -> QuerySet[Participant]:
    """The places of those whom the message was for. Who left and came back is somebody new."""
    places = Participant.objects.filter(conversation_id=message.conversation_id)
    if message.conversation.kind == Conversation.Kind.SINGLE:
        return places
    if message.seq is None:
        return places.filter(active=True)
    return places.filter(Q(active=True) | Q(leave_seq__gte=message.seq), join_seq__lt=message.seq)
