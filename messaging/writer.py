"""The group commit: one thread a process that takes what is waiting and commits it together.

Under load many messages share one fsync; alone, a send waits for nobody. Every send has its own checks and its own result, and
one that breaks the batch fails alone: the others are run again without it. Nothing is answered or told before the commit.
Hand-written SQL, because this is the hot path (see bench/); tests compare its rows with what the ORM reads.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import traceback
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from imsite.core import clock
from imsite.core.errors import Busy, ImError
from messaging.errors import NoSuchTarget
from messaging.repeats import known, repeated
from messaging.sends import Identity, NotStored, Result, Send, Sent
from messaging.targets import kind_of, values

logger = logging.getLogger(__name__)

BATCH_MOST = 512  # messages in one commit
QUEUE_MOST = 20_000  # beyond it a send is refused: waiting would outlast every client's patience


UNREACHABLE = (OperationalError, InterfaceError)

COLUMNS: dict[str, str] = {  # of messaging_message, with the type PostgreSQL needs to see in an array
    "id": "bigint",
    "application_id": "bigint",
    "conversation_id": "bigint",
    "seq": "bigint",
    "count_no": "bigint",
    "sender_id": "bigint",
    "client_id": "text",
    "fingerprint": "text",
    "request_key": "text",
    "from_type": "text",
    "type": "text",
    "content": "text",
    "no_offline": "boolean",
    "no_notification": "boolean",
    "custom_notification": "text",
    "created_ms": "bigint",
    "state": "text",
    "version": "integer",
    "need_receipt": "boolean",
    "receipt_base": "integer",
    "receipt_read": "integer",
}
INSERT = f"INSERT INTO messaging_message ({', '.join(COLUMNS)}) "
INSERT_SQLITE = INSERT + f"VALUES ({', '.join(['%s'] * len(COLUMNS))})"
INSERT_POSTGRESQL = INSERT + f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in COLUMNS.values())})"  # noqa: S608  (constants)


class Writer:
    """The queue and its thread, started with the first send."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Send | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self.commits = 0  # since the start; messages / commits is how well the group commit groups
        self.messages = 0

    def submit(self, send: Send) -> Future[Sent]:
        """Queue `send`; its future is done after the commit. Busy (899030) when too many wait already."""
        if self._queue.qsize() >= QUEUE_MOST:
            raise Busy
        self._queue.put(send)
        if self._thread is None or not self._thread.is_alive() or self._pid != os.getpid():
            self._start()
        return send.future

    def stop(self) -> None:
        """Commit what waits, close the connection, end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and thread.is_alive() and self._pid == os.getpid():
            self._queue.put(None)
            thread.join(30)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive() or self._pid != os.getpid():
                self._pid = os.getpid()
                self._thread = threading.Thread(target=self._run, name="imsite-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            while (first := self._queue.get()) is not None:
                batch, ended = self._take(first)
                self._commit(batch)
                if ended:
                    return
        finally:
            connection.close()

    def _take(self, first: Send) -> tuple[list[Send], bool]:
        """What waits, up to a batch; and whether the end of the thread was asked for."""
        batch = [first]
        while len(batch) < BATCH_MOST:
            try:
                send = self._queue.get_nowait()
            except Empty:
                break
            if send is None:
                return batch, True
            batch.append(send)
        return batch, False

    def _commit(self, batch: list[Send]) -> None:
        try:
            results = _commit_twice(batch)
        except UNREACHABLE:
            logger.exception("%d messages could not be stored", len(batch))
            results = [Busy() for _ in batch]
        except Exception as error:
            if len(batch) > 1:  # each by itself, so that one bad send takes none along
                for send in batch:
                    self._commit([send])
                return
            # Without the error's own text: databases quote the row that they refuse.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("a message could not be stored: %s\n%s", type(error).__name__, where)
            results = [NotStored()]
        else:
            self.commits += 1
            self.messages += len(batch)
        for send, result in zip(batch, results, strict=True):
            _finish(send, result)


def _commit_twice(batch: list[Send]) -> list[Result]:
    """Commit; once more where the connection has died since the last time, or another process was in the way."""
    try:
        return commit(batch)
    except UNREACHABLE:
        connection.close()
        return commit(batch)


def _finish(send: Send, result: Result) -> None:
    """Tell the receivers and answer the sender, in one go."""
    try:
        if send.on_commit and isinstance(result, Sent) and not result.repeated:
            send.on_commit(send, result)
    except Exception:
        # The message is stored: those away and those who sync get it, whatever went wrong with the push.
        logger.exception("a stored message could not be pushed")
    if not send.future.set_running_or_notify_cancel():
        return
    if isinstance(result, Sent):
        send.future.set_result(result)
    else:
        send.future.set_exception(result)


def commit(batch: Sequence[Send]) -> list[Result]:
    """Store the batch in one transaction; a result for each, in their order. Raises when the whole batch was rolled back."""
    try:
        with transaction.atomic():
            return write(batch)
    except IntegrityError:
        # Another process stored the same client id or key in another conversation meanwhile: now it is known.
        with transaction.atomic():
            return write(batch)


def write(batch: Sequence[Send]) -> list[Result]:
    """The same within a transaction of the caller's."""
    results: dict[Send, Result] = {}
    first_of: dict[Identity, Send] = {}
    # First of all: what is known and who may speak is read when nobody else can change it any more.
    _lock({send.target.conversation_id for send in batch})
    before = known(batch)
    again: list[Send] = []
    for send in batch:
        if send.identity in before:
            results[send] = repeated(send, *before[send.identity])
        elif send.identity in first_of:
            again.append(send)
        else:
            first_of[send.identity] = send
    fresh = list(first_of.values())
    results |= _refusals(fresh)
    results |= _insert([send for send in fresh if send not in results])
    for send in again:  # of a send of this same batch
        first = first_of[send.identity]
        outcome = results[first]
        if isinstance(outcome, Sent):
            results[send] = repeated(send, first.fingerprint, outcome)
    if unsent := [send for send in again if send not in results]:  # nothing was sent under their names yet
        results |= zip(unsent, write(unsent), strict=True)
    return [results[send] for send in batch]


def foresee(send: Send) -> ImError | NotStored | None:
    """Why this send would be refused if it were written now; None where it would not."""
    before = known([send])
    if before:
        result = repeated(send, *before[send.identity])
        return None if isinstance(result, Sent) else result
    return kind_of(send.target.kind).refusals([send]).get(send)


def _refusals(sends: list[Send]) -> dict[Send, Result]:
    refused: dict[Send, Result] = {}
    by_kind = sorted(sends, key=lambda send: send.target.kind)
    for kind, group in groupby(by_kind, key=lambda send: send.target.kind):
        refused |= kind_of(kind).refusals(list(group))
    return refused


def _insert(sends: list[Send]) -> dict[Send, Result]:
    """Give the sends their places in their conversations and store them."""
    if not sends:
        return {}
    counted: dict[int, int] = {}
    for send in sends:
        counted.setdefault(send.target.conversation_id, 0)
        counted[send.target.conversation_id] += not send.no_offline
    with connection.cursor() as cursor:
        ids = _message_ids(cursor, len(sends))
        created_ms = clock.now_ms()
        last_ids = {
            send.target.conversation_id: message_id
            for send, message_id in zip(sends, ids, strict=True)
            if not send.no_offline
        }
        places = _advance(cursor, counted, last_ids, created_ms)
        bases = _receipt_bases(cursor, sends)
        results: dict[Send, Result] = {}
        rows: list[tuple[Any, ...]] = []
        cursors: dict[tuple[int, int], tuple[int, int]] = {}
        sent_for: dict[tuple[int, int], int] = {}
        for send, message_id in zip(sends, ids, strict=True):
            conversation_id = send.target.conversation_id
            place = places.get(conversation_id)
            if place is None:
                results[send] = NoSuchTarget("the conversation is gone")
                continue
            seq, count_no = (None, None) if send.no_offline else place.next()
            base = bases.get((conversation_id, send.sender.pk), 0) if send.need_receipt else 0
            rows.append(_row(send, message_id, seq, count_no, created_ms, base))
            results[send] = Sent(message_id, conversation_id, seq or 0, created_ms, base, place.member_seq)
            if seq is not None and count_no is not None and send.has_cursors:
                who = (conversation_id, send.sender.pk)
                if send.moves_cursor:
                    cursors[who] = (seq, count_no)
                    sent_for.pop(who, None)
                else:
                    sent_for[who] = sent_for.get(who, 0) + 1
        if rows:
            _store(cursor, rows)
        _move_cursors(cursor, cursors, sent_for)
    return results


@dataclass(slots=True)
class _Place:
    """Where a conversation stands before its messages of this batch."""

    seq: int
    count_no: int
    member_seq: int

    def next(self) -> tuple[int, int]:
        self.seq += 1
        self.count_no += 1
        return self.seq, self.count_no


def _lock(conversation_ids: Collection[int]) -> None:
    """Lock the rows in the order of their ids, so that two writers never wait for each other. SQLite has one writer."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM messaging_conversation WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
                [list(conversation_ids)],
            )


def _message_ids(cursor: Any, count: int) -> list[int]:
    """Ids for `count` messages, taken under the conversations' locks: within a conversation they rise with seq."""
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('messaging_message', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [row[0] for row in cursor.fetchall()]
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messaging_message'")
    row = cursor.fetchone()
    last = row[0] if row else 0
    return list(range(last + 1, last + count + 1))


def _advance(cursor: Any, counted: dict[int, int], last_ids: dict[int, int], created_ms: int) -> dict[int, _Place]:
    """Move every conversation on by its number of counted messages; where each stood before."""
    moved = [(conversation_id, count, last_ids.get(conversation_id)) for conversation_id, count in counted.items()]
    if connection.vendor == "postgresql":
        cursor.execute(
            "UPDATE messaging_conversation c SET last_seq = c.last_seq + v.count, count_no = c.count_no + v.count,"
            " last_message_id = COALESCE(v.last_id, c.last_message_id),"
            " last_at_ms = CASE WHEN v.count > 0 THEN %s ELSE c.last_at_ms END"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(id, count, last_id) WHERE c.id = v.id"
            " RETURNING c.id, c.last_seq - v.count, c.count_no - v.count, c.member_seq",
            [created_ms, *(list(column) for column in zip(*moved, strict=True))],
        )
        return {row[0]: _Place(*row[1:]) for row in cursor.fetchall()}
    # Read first: the transaction holds the one write lock, and an UPDATE that returns cannot be executed for many at once.
    cursor.execute(
        "SELECT id, last_seq, count_no, member_seq FROM messaging_conversation"  # noqa: S608  (placeholders)
        f" WHERE id IN ({', '.join(['%s'] * len(counted))})",
        list(counted),
    )
    places = {row[0]: _Place(*row[1:]) for row in cursor.fetchall()}
    cursor.executemany(
        "UPDATE messaging_conversation SET last_seq = last_seq + %s, count_no = count_no + %s,"
        " last_message_id = COALESCE(%s, last_message_id), last_at_ms = CASE WHEN %s > 0 THEN %s ELSE last_at_ms END"
        " WHERE id = %s",
        [(count, count, last_id, count, created_ms, conversation_id) for conversation_id, count, last_id in moved],
    )
    return places


def _receipt_bases(cursor: Any, sends: list[Send]) -> dict[tuple[int, int], int]:
    """How many are in the conversations whose messages ask for receipts, besides who sends: by conversation and sender."""
    asking = [send for send in sends if send.need_receipt and send.has_cursors]
    if not asking:
        return {}
    conversations = sorted({send.target.conversation_id for send in asking})
    cursor.execute(
        "SELECT conversation_id, COUNT(*) FROM messaging_participant"  # noqa: S608  (integers alone)
        f" WHERE active AND conversation_id IN ({', '.join(str(int(one)) for one in conversations)})"
        " GROUP BY conversation_id"
    )
    counts = dict(cursor.fetchall())
    outside = _outside(cursor, [send for send in asking if send.privileged])
    pairs = {(send.target.conversation_id, send.sender.pk) for send in asking}
    return {pair: max(0, counts.get(pair[0], 0) - (pair not in outside)) for pair in pairs}


def _outside(cursor: Any, sends: list[Send]) -> set[tuple[int, int]]:
    """Conversation and sender of those sends whose sender is not in it: only the application's own may be such."""
    pairs = {(send.target.conversation_id, send.sender.pk) for send in sends}
    if not pairs:
        return pairs
    listed, parameters = values(pairs)
    cursor.execute(
        f"WITH asked (conversation, speaker) AS (VALUES {listed})"  # noqa: S608  (placeholders)
        " SELECT conversation, speaker FROM asked"
        " JOIN messaging_participant p ON p.conversation_id = conversation AND p.user_id = speaker AND p.active",
        parameters,
    )
    return pairs - set(cursor.fetchall())


def _row(
    send: Send, message_id: int, seq: int | None, count_no: int | None, created_ms: int, base: int
) -> tuple[Any, ...]:
    """The values of COLUMNS."""
    return (
        message_id,
        send.sender.application_id,
        send.target.conversation_id,
        seq,
        count_no,
        send.sender.pk,
        send.client_id,
        send.fingerprint,
        send.request_key,
        send.from_type,
        send.type,
        send.content,
        send.no_offline,
        send.no_notification,
        send.custom_notification,
        created_ms,
        "kept",
        0,
        send.need_receipt,
        base,
        0,
    )


def _store(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(INSERT_POSTGRESQL, [list(column) for column in zip(*rows, strict=True)])
    else:
        cursor.executemany(INSERT_SQLITE, rows)


def _move_cursors(
    cursor: Any, read_up_to: dict[tuple[int, int], tuple[int, int]], own_after: dict[tuple[int, int], int]
) -> None:
    """Who sends from a socket has read up to that message; what is sent in somebody's name over REST is their own, unread or not."""
    if read_up_to:
        cursor.executemany(
            "UPDATE messaging_participant SET read_seq = %s, read_no = %s, own_after_read = 0"
            " WHERE conversation_id = %s AND user_id = %s",
            [(seq, count_no, *who) for who, (seq, count_no) in sorted(read_up_to.items())],
        )
    if own_after:
        cursor.executemany(
            "UPDATE messaging_participant SET own_after_read = own_after_read + %s"
            " WHERE conversation_id = %s AND user_id = %s AND NOT shield",  # what comes under one is not unread anyway
            [(count, *who) for who, count in sorted(own_after.items())],
        )


writer = Writer()
atexit.register(writer.stop)
