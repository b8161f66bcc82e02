"""How far messages have reached each user's devices. Acknowledgements come one a message and receiver, so they are gathered
in memory and written together; what a crash loses is offered again at the next sync.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import orjson
from django.db import DatabaseError, connection, transaction

from messaging.models import Message, Span

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
SEQS_MOST = 1_000  # acknowledged ahead of a gap, of one user in one conversation
REMEMBERED_MOST = 100_000

Key = tuple[int, int]  # user, conversation
Place = tuple[int, str]  # delivered_seq, shields as JSON text

_lock = threading.Lock()
_flush_lock = threading.Lock()
_acknowledged: dict[Key, set[int]] = {}
_dirty: set[Key] = set()
_places: OrderedDict[int, tuple[int, int]] = OrderedDict()  # message id: conversation, seq
_timer: threading.Timer | None = None


def remember(message_id: int, conversation_id: int, seq: int) -> None:
    """Note where a message stands: acknowledgements name it by id alone."""
    with _lock:
        _places[message_id] = (conversation_id, seq)
        if len(_places) > REMEMBERED_MOST:
            _places.popitem(last=False)


def acknowledge(user_id: int, message_id: int) -> None:
    """A device of this user has received this message. Ids that mean nothing to the user change nothing."""
    with _lock:
        place = _places.get(message_id)
    if place is None:
        rows = Message.objects.filter(pk=message_id, seq__isnull=False, conversation__participants__user_id=user_id)
        row = rows.values_list("conversation_id", "seq").first()
        place = (row[0], row[1] or 0) if row else None
    if place is not None:
        note(user_id, *place)


def note(user_id: int, conversation_id: int, seq: int) -> None:
    """This user has the message at `seq`; the cursor moves within a second, over what is contiguous."""
    with _lock:
        seqs = _acknowledged.setdefault((user_id, conversation_id), set())
        if len(seqs) < SEQS_MOST:
            seqs.add(seq)
        _dirty.add((user_id, conversation_id))
        _wake()


def _again(keys: Iterable[Key]) -> None:
    """Have these cursors written at the next time."""
    with _lock:
        _dirty.update(keys)
        _wake()


def _wake() -> None:
    """Have what is dirty written within a second. Called under the lock."""
    global _timer
    if _timer is None:
        _timer = threading.Timer(FLUSH_SECONDS, _flush_on_time)
        _timer.daemon = True
        _timer.start()


def held(user_id: int) -> dict[int, set[int]]:
    """What this user acknowledged beyond the contiguous part, by conversation."""
    with _lock:
        return {conversation_id: set(seqs) for (one, conversation_id), seqs in _acknowledged.items() if one == user_id}


def flush(user_id: int | None = None) -> None:
    """Write what was gathered, of all users or of one."""
    with _flush_lock:
        with _lock:
            keys = sorted(key for key in _dirty if user_id in (None, key[0]))
            _dirty.difference_update(keys)
            gathered = {key: set(_acknowledged.get(key, ())) for key in keys}
        if not gathered:
            return
        late: set[Key] = set(keys)
        try:
            late = _write(gathered)
        finally:
            if late:
                _again(late)


def _write(gathered: dict[Key, set[int]]) -> set[Key]:
    """Move the cursors over what is contiguous; the keys that somebody else held locked, which are left for later."""
    reached: dict[Key, int] = {}
    late: set[Key] = set()
    with transaction.atomic(), connection.cursor() as cursor:
        for keys in _portions(gathered):
            before = _read(cursor, keys)
            if connection.vendor == "postgresql":
                # Nothing is waited for, so no other transaction's order of locks matters.
                locked = _read(cursor, keys, " FOR NO KEY UPDATE OF p SKIP LOCKED")
                late |= before.keys() - locked.keys()
                before = locked
            now = {key: _contiguous(*place, gathered[key]) for key, place in before.items()}
            cursor.executemany(
                "UPDATE messaging_participant SET delivered_seq = %s WHERE user_id = %s AND conversation_id = %s",
                [(seq, *key) for key, seq in now.items() if seq > before[key][0]],
            )
            reached |= now
    with _lock:
        for key in gathered.keys() - late:
            # What came meanwhile stays; who is in no such conversation has nothing to keep.
            ahead = {seq for seq in _acknowledged.get(key, ()) if seq > reached.get(key, 2**63)}
            if ahead:
                _acknowledged[key] = ahead
            else:
                _acknowledged.pop(key, None)
    return late


def _read(cursor: Any, keys: list[Key], lock: str = "") -> dict[Key, Place]:
    """The cursors as they stand, and the lifted shields; without those that are in no such conversation."""
    listed = ",".join(f"({user_id},{conversation_id})" for user_id, conversation_id in keys)
    cursor.execute(
        f"WITH asked (reader, conversation) AS (VALUES {listed})"  # noqa: S608  (integers alone)
        " SELECT p.user_id, p.conversation_id, p.delivered_seq, p.shields FROM asked"
        f" JOIN messaging_participant p ON p.user_id = reader AND p.conversation_id = conversation{lock}"
    )
    return {(user_id, conversation_id): (seq, shields) for user_id, conversation_id, seq, shields in cursor.fetchall()}


def _contiguous(seq: int, shields: str, acknowledged: set[int]) -> int:
    """How far the user has everything: over what was acknowledged, and what a shield kept away."""
    spans = [] if shields == "[]" else [Span(*span) for span in orjson.loads(shields)]
    while True:
        if seq + 1 in acknowledged:
            seq += 1
        elif end := next((span.to_seq for span in spans if span.holds(seq + 1)), None):
            seq = end
        else:
            return seq


def _portions(gathered: dict[Key, set[int]], size: int = 400) -> Iterable[list[Key]]:
    keys = sorted(gathered)
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _flush_on_time() -> None:
    global _timer
    with _lock:
        _timer = None
    try:
        flush()
    except DatabaseError as error:
        logger.error("acknowledgements cannot be written yet: %s", type(error).__name__)
    finally:
        connection.close()


def forget() -> None:
    """Drop what is in memory: for tests that start over."""
    global _timer
    with _lock:
        _acknowledged.clear()
        _dirty.clear()
        _places.clear()
        if _timer is not None:
            _timer.cancel()
            _timer = None


@atexit.register
def _flush_at_exit() -> None:
    with _lock:
        if _timer is not None:
            _timer.cancel()
    if _dirty:
        _flush_on_time()
