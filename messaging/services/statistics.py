"""How many said how much, hour by hour, day by day, month by month. Source: REST API, statistics.

Every number takes a fixed count of queries, however many spans are asked for. Numbers at the end of a span go by when users
were made and deleted; who was deleted counts until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet

from accounts.models import Application, User
from imsite.core.spans import Span, number_of
from messaging.models import Conversation, Message

KINDS = (Conversation.Kind.SINGLE, Conversation.Kind.GROUP)
TYPES = ("text", "image", "voice")  # all others are counted as one

# By hand, because nothing in the ORM joins spans. Users first and their sessions by index, spans last; for messages the
# spans first, each with its stretch of the index by application and time. CROSS JOIN is what makes SQLite keep that order.
ACTIVE = """
WITH span (no, since, until, since_ms, until_ms) AS (VALUES {spans})
SELECT no, COUNT(*) FROM (
    SELECT span.no, s.user_id
    FROM accounts_user u CROSS JOIN accounts_session s CROSS JOIN span
    WHERE u.application_id = %s AND s.user_id = u.id AND s.login_at < span.until AND s.seen_at >= span.since
    UNION
    SELECT span.no, m.sender_id
    FROM span CROSS JOIN messaging_message m
    WHERE m.application_id = %s AND m.created_ms >= span.since_ms AND m.created_ms < span.until_ms
) active GROUP BY no
"""


@dataclass(frozen=True, slots=True)
class Existing:
    """Of things that come and go: how many came in each span, and how many there were at its end."""

    new: list[int]
    total: list[int]


@dataclass(frozen=True, slots=True)
class UserCounts:
    existing: Existing
    active: list[int]  # were connected, or something was sent in their name
    senders: list[int]


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """Messages sent, by conversation kind (single, group): of each span, and by type (text, image, voice, other)."""

    by_span: dict[str, list[int]]
    by_type: dict[str, Counter[str]] = field(default_factory=dict)


def count_users(application: Application, spans: Sequence[Span]) -> UserCounts:
    """The application's users in each span. 4 queries."""
    if not spans:
        return UserCounts(Existing([], []), [], [])
    users = User.objects.filter(application=application)
    senders = _sent(application, spans).values("no").annotate(number=Count("sender", distinct=True))
    return UserCounts(
        existing=count_existing(users, spans, gone="deleted_at"),
        active=_listed(_active(application, spans), spans),
        senders=_listed(dict(senders.values_list("no", "number")), spans),
    )


def count_messages(application: Application, spans: Sequence[Span]) -> MessageCounts:
    """What the application's users sent in each span, retracted messages too; those to chat rooms not. 1 query."""
    counts = MessageCounts({kind: [0] * len(spans) for kind in KINDS}, {kind: Counter() for kind in KINDS})
    if not spans:
        return counts
    sent = _sent(application, spans).filter(conversation__kind__in=KINDS)
    for no, kind, message_type, number in (
        sent.values("no", "conversation__kind", "type")
        .annotate(number=Count("pk"))
        .values_list("no", "conversation__kind", "type", "number")
    ):
        counts.by_span[kind][no] += number
        counts.by_type[kind][message_type if message_type in TYPES else "other"] += number
    return counts


def count_existing(rows: QuerySet[Any], spans: Sequence[Span], *, gone: str) -> Existing:
    """Of rows with a `created_at`, and a time in the column `gone` from when they are no more. 2 queries."""
    edges = edges_of(spans)
    came, went = (_by_span(rows, column, edges) for column in ("created_at", gone))
    changes = [came.get(no, 0) - went.get(no, 0) for no in range(-1, len(spans))]
    return Existing(new=_listed(came, spans), total=list(accumulate(changes))[1:])


def edges_of(spans: Sequence[Span]) -> list[datetime]:
    """Where the spans begin, and where the last one ends."""
    return [*(span.since for span in spans), spans[-1].until]


def _by_span(rows: QuerySet[Any], column: str, edges: Sequence[datetime]) -> dict[int, int]:
    """How many rows have their time in each span; -1: before the first."""
    numbered = rows.order_by().filter(**{f"{column}__lt": edges[-1]}).annotate(no=number_of(column, edges))
    return dict(numbered.values("no").annotate(number=Count("pk")).values_list("no", "number"))


def _sent(application: Application, spans: Sequence[Span]) -> QuerySet[Any]:
    """The messages of the application's users in these spans, each with the number of its span as `no`."""
    edges = [*(span.since_ms for span in spans), spans[-1].until_ms]
    sent = Message.objects.filter(application=application).between(edges[0], edges[-1])
    return sent.annotate(no=number_of("created_ms", edges))


def _active(application: Application, spans: Sequence[Span]) -> dict[int, int]:
    to_column = connection.ops.adapt_datetimefield_value
    rows = [(no, to_column(s.since), to_column(s.until), s.since_ms, s.until_ms) for no, s in enumerate(spans)]
    statement = ACTIVE.format(spans=", ".join(["(%s, %s, %s, %s, %s)"] * len(rows)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(value for row in rows for value in row), application.pk, application.pk])
        return dict(cursor.fetchall())


def _listed(numbers: dict[int, int], spans: Sequence[Span]) -> list[int]:
    return [numbers.get(no, 0) for no in range(len(spans))]
