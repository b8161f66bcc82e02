"""What was sent before: a client that repeats a send gets the first result, for as long as the message is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import connection

from messaging.errors import ClientIdReused, RequestKeyReused
from messaging.sends import Identity, RequestKey, Result, Send, Sent

# The columns that an identity stands in, by whose name it is.
COLUMNS = {"sender": ("sender_id", "client_id"), "application": ("application_id", "request_key")}

Known = dict[Identity, tuple[str, Sent]]  # fingerprint and result


def known(sends: Iterable[Send]) -> Known:
    """What was sent before under the names of these sends. One query for each scope that they have."""
    wanted: dict[str, set[tuple[int, str]]] = {}
    for scope, owner, name in {send.identity for send in sends}:
        wanted.setdefault(scope, set()).add((owner, name))
    found: Known = {}
    for scope, pairs in wanted.items():
        found |= _stored(scope, list(pairs))
    return found


def _stored(scope: str, pairs: Sequence[tuple[int, str]]) -> Known:
    owner, name = COLUMNS[scope]
    with connection.cursor() as cursor:
        cursor.execute(
            # Joined, because SQLite reads the whole table for a list of pairs behind IN.
            f"WITH asked (owner, name) AS (VALUES {', '.join(['(%s, %s)'] * len(pairs))})"  # noqa: S608  (constants)
            f" SELECT {owner}, {name}, fingerprint, id, conversation_id, seq, created_ms, receipt_base"
            f" FROM asked JOIN messaging_message ON {owner} = asked.owner AND {name} = asked.name",
            [value for pair in pairs for value in pair],
        )
        return {
            (scope, owner_id, name): (fingerprint, Sent(message_id, conversation_id, seq or 0, created_ms, base))
            for owner_id, name, fingerprint, message_id, conversation_id, seq, created_ms, base in cursor.fetchall()
        }


def repeated(send: Send, fingerprint: str, first: Sent) -> Result:
    """The first result where this send asks for the same, else the refusal: ClientIdReused, RequestKeyReused."""
    if fingerprint != send.fingerprint:
        return ClientIdReused() if send.request_key is None else RequestKeyReused()
    return replace(first, member_seq=0, repeated=True)


def first_result(application_id: int, request: RequestKey) -> Sent | None:
    """What became of this request when it came before, if it did; RequestKeyReused (409) where another one had its key."""
    entry = _stored("application", [(application_id, request.key)]).get(("application", application_id, request.key))
    if entry is None:
        return None
    fingerprint, first = entry
    if fingerprint != request.fingerprint:
        raise RequestKeyReused
    return replace(first, repeated=True)
