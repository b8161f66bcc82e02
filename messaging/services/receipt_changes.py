"""Telling senders that their messages were read. Members of a group read at once, so what changes is gathered for a moment
and told together: a packet for each sender and conversation, whatever the number of readers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Sequence

from django.db import DatabaseError, connection
from django.db.models import QuerySet

from accounts.models import User
from imsite.core import bus
from messaging.events import ReceiptsChanged
from messaging.models import Conversation, Message, Receipt
from messaging.services import reading

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
TOLD_MOST = 400  # messages read together

_lock = threading.Lock()
_changed: set[int] = set()  # message ids
_timer: threading.Timer | None = None


def note(message_ids: Collection[int]) -> None:
    """The totals of these messages have changed: their senders are told within a moment, where anyone can hear it."""
    global _timer
    if not bus.is_open():
        return
    with _lock:
        _changed.update(message_ids)
        if _timer is None:
            _timer = threading.Timer(GATHER_SECONDS, _flush_on_time)
            _timer.daemon = True
            _timer.start()


def flush() -> None:
    """Tell what was gathered."""
    with _lock:
        message_ids = sorted(_changed)
        _changed.clear()
    for start in range(0, len(message_ids), TOLD_MOST):
        portion = message_ids[start : start + TOLD_MOST]
        for event in changes(read_by_others().filter(pk__in=portion).order_by("receipt_key")):
            keys = tuple(event.keys)
            bus.deliver(bus.Delivery((f"user:{event.user_id}",), bus.encode(event), receipt_keys=keys))


def read_by_others() -> QuerySet[Message]:
    """Messages that somebody has sent a receipt for, as `changes` wants them."""
    return Message.objects.filter(receipt_key__isnull=False, state=Message.State.KEPT).select_related("conversation")


def changes(messages: Iterable[Message]) -> list[ReceiptsChanged]:
    """How these stand, by sender and conversation, in the order of the first of each. Two queries."""
    rows = list(messages)
    others = _others(rows)
    rows = [row for row in rows if row.conversation.kind != Conversation.Kind.SINGLE or row.pk in others]
    now = totals(rows)
    found: dict[tuple[int, int], list[Message]] = {}
    for row in rows:
        found.setdefault((row.sender_id, row.conversation_id), []).append(row)
    return [
        ReceiptsChanged(
            application_id=theirs[0].application_id,
            user_id=sender_id,
            conversation=reading.named(theirs[0].conversation, others.get(theirs[0].pk)),
            totals=tuple(now[row.pk] for row in theirs),
            keys=tuple(row.receipt_key or 0 for row in theirs),
        )
        for (sender_id, _), theirs in found.items()
    ]


def totals(messages: Iterable[Message]) -> dict[int, dict[str, int]]:
    """By message id what `receipt_msgs` has of it: how many have not read it, and when that changed. One query."""
    rows = list(messages)
    keys = {row.receipt_key for row in rows if row.receipt_key}
    times = dict(Receipt.objects.filter(pk__in=keys).values_list("pk", "created_ms")) if keys else {}
    return {
        row.pk: {
            "msg_id": row.pk,
            "unread_count": max(0, row.receipt_base - row.receipt_read),
            "mtime": times.get(row.receipt_key or 0, row.created_ms),
        }
        for row in rows
    }


def _others(messages: Sequence[Message]) -> dict[int, User]:
    """Of messages in pairs, by message id, to whom they were said."""
    ids: dict[int, int] = {}
    for row in messages:
        if row.conversation.kind == Conversation.Kind.SINGLE and row.conversation.key:
            first, second = map(int, row.conversation.key.split(":"))
            ids[row.pk] = second if first == row.sender_id else first
    users = User.objects.select_related("application").in_bulk(set(ids.values()))
    return {message_id: users[user_id] for message_id, user_id in ids.items() if user_id in users}


def _flush_on_time() -> None:
    global _timer
    with _lock:
        _timer = None
    try:
        flush()
    except DatabaseError as error:
        # Totals are told at the next sync.
        logger.error("receipts cannot be told: %s", type(error).__name__)
    finally:
        connection.close()


def forget() -> None:
    """Drop what is in memory: for tests that start over."""
    global _timer
    with _lock:
        _changed.clear()
        if _timer is not None:
            _timer.cancel()
            _timer = None
