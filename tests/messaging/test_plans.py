"""What a send costs must not grow with the tables: every statement of the writer finds its rows by an index."""

import re

import pytest
from django.db import connection

from accounts.actors import Actor
from groups.services import create_group
from messaging.repeats import first_result
from messaging.sends import RequestKey
from messaging.services import delivered, sync
from messaging.services.sending import Draft, prepare
from messaging.targets import resolve
from messaging.writer import write

pytestmark = pytest.mark.sqlite_only  # reads the planner's words

GROWING = (
    "messaging_message|messaging_participant|messaging_conversation|accounts_user|accounts_block|accounts_friendship"
)


class Statements:
    """Every statement that the connection executes, with its first parameters."""

    def __init__(self):
        self.seen: dict[str, list] = {}

    def __call__(self, execute, sql, params, many, context):
        self.seen.setdefault(sql, list(params[0] if many else params or []))
        return execute(sql, params, many, context)

    def scans(self) -> list[str]:
        """Steps in which a table that grows is read from end to end."""
        found = []
        for sql, params in self.seen.items():
            if not re.match(r"\s*(SELECT|WITH|UPDATE|INSERT|DELETE)", sql):
                continue
            # By its name or by a short alias; "asked" and "v" are the lists that the statement brings along.
            aliases = re.findall(rf"(?:FROM|JOIN)\s+(?:{GROWING})\s+([a-z])\b", sql)
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
                steps = [row[3] for row in cursor.fetchall()]
            names = "|".join([GROWING, *aliases])
            found += [f"{step}: {sql}" for step in steps if re.match(rf"SCAN ({names})\b", step)]
        return found


def batch(alice, bob, carol):
    club = create_group("Club", owner=alice, members=[bob], by=Actor.of(alice))
    sends = []
    for sender, kind, target_id in (
        (alice, "single", "bobby"),
        (carol, "single", "bobby"),
        (alice, "group", str(club.pk)),
        (bob, "group", str(club.pk)),
    ):
        by = Actor.of(sender)
        target = resolve(sender.application, kind, target_id, by=by, sender=sender)
        sends.append(prepare(target, Draft(type="text", body={"text": "hi"}, need_receipt=True), by=by))
    return sends


def test_a_batch_of_sends_reads_no_table_from_end_to_end(alice, bob, carol):
    sends = batch(alice, bob, carol)
    statements = Statements()
    with connection.execute_wrapper(statements):
        results = write(sends)
    assert [result.seq for result in results] == [1, 1, 1, 2]
    assert statements.scans() == []


def test_keys_are_looked_up_by_their_index(alice, bob):
    by = Actor.server(alice.application)
    target = resolve(alice.application, "single", "bobby", by=by, sender=alice)
    draft = Draft(type="text", body={"text": "hi"})
    sends = [
        prepare(target, draft, by=by, sender=alice, request=RequestKey(f"order-{number}", "")) for number in range(20)
    ]
    statements = Statements()
    with connection.execute_wrapper(statements):
        write(sends)
        assert first_result(alice.application_id, RequestKey("order-3", "")).repeated
    assert statements.scans() == []
    asked = [sql for sql in statements.seen if "request_key = asked.name" in sql]
    assert len(asked) == 2  # of the batch, of one
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + sql, statements.seen[sql])
            assert any("message_request_key_once" in row[3] for row in cursor.fetchall())


def test_moving_the_delivered_cursors_reads_no_table_from_end_to_end(alice, bob, carol):
    results = write(batch(alice, bob, carol))
    for result in results:
        delivered.note(alice.pk, result.conversation_id, result.seq)
        delivered.note(bob.pk, result.conversation_id, result.seq)
    statements = Statements()
    with connection.execute_wrapper(statements):
        delivered.flush()
    assert len(statements.seen) >= 2
    assert statements.scans() == []


def test_a_scan_is_found(alice):
    statements = Statements()
    with connection.execute_wrapper(statements), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM messaging_message WHERE (sender_id, client_id) IN (VALUES (1, 'a'), (2, 'b'))")
        cursor.execute("SELECT p.id FROM messaging_participant p WHERE p.read_seq > 3")
    assert len(statements.scans()) == 2


def test_catching_up_reads_no_table_from_end_to_end(alice, bob, carol):
    write(batch(alice, bob, carol))
    statements = Statements()
    with connection.execute_wrapper(statements):
        assert len(sync.missed_messages(bob)) == 3
        assert len(sync.history(bob)) == 3
    together = [sql for sql in statements.seen if sql.count('"seq" > ') == 3]
    assert len(together) == 1  # three conversations in one statement, the same for both
    assert statements.scans() == []
