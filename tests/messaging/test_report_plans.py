"""What a report or a statistic reads must not grow with what others say: every step finds its rows by an index."""

import json
import re
from contextlib import contextmanager

import pytest
from django.db import connection

from accounts.actors import Actor
from groups import services as groups
from groups.services.reports import count_groups
from imsite.core.spans import spans_from
from messaging.services import reports, statistics
from messaging.services.reports import Window
from tests.said import ms, said

pytestmark = pytest.mark.django_db

GROWING = {"messaging_message", "messaging_participant", "accounts_session"}
WINDOW = Window(ms("2026-03-10 00:00:00"), ms("2026-03-11 00:00:00"))
SPANS = spans_from("DAY", "2026-03-01", 30, "Asia/Shanghai")


@pytest.fixture
def club(application, alice, bob):
    club = groups.create_group("Club", owner=alice, members=[bob], by=Actor.server(application))
    for to in (bob, club, alice):
        said(alice, to)
        said(bob, to)
    return club


@pytest.fixture(autouse=True)
def others(bob):
    """On PostgreSQL, which goes by numbers: what 400 pairs of others said in 4 months, 50 messages each."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for statement in OTHERS:
            cursor.execute(statement, {"like": bob.pk})


OTHERS = (
    """
    INSERT INTO accounts_user (application_id, username, password, nickname, avatar, gender, signature, region, address,
        extras, is_admin, disabled, muted_all, created_at, updated_at)
    SELECT application_id, 'other' || n, '', '', '', 0, '', '', '', '{}'::jsonb, false, false, false, created_at, updated_at
    FROM accounts_user, generate_series(1, 800) n WHERE id = %(like)s
    """,
    """
    INSERT INTO messaging_conversation (application_id, kind, key, last_seq, count_no, op_seq, member_seq, mute_all, last_at_ms,
        created_at)
    SELECT application_id, 'single', id || ':' || id + 1, 50, 50, 0, 0, false, 0, now()
    FROM accounts_user WHERE username LIKE 'other%%' AND substr(username, 6)::int %% 2 = 1
    """,
    """
    INSERT INTO messaging_participant (conversation_id, user_id, active, moderates, join_seq, clear_seq, delivered_seq,
        read_seq, read_no, own_after_read, silenced_until_ms, shield, shield_seq, shield_no, shields, notify, since_event_id,
        extras)
    SELECT c.id, split_part(c.key, ':', place)::bigint, true, false, 0, 0, 0, 0, 0, 0, 0, false, 0, 0, '[]', 0, 0, '{}'
    FROM messaging_conversation c, generate_series(1, 2) place WHERE c.last_seq = 50
    """,
    """
    INSERT INTO messaging_message (application_id, conversation_id, seq, count_no, sender_id, client_id, fingerprint, from_type,
        type, content, no_offline, no_notification, custom_notification, created_ms, state, version, need_receipt,
        receipt_base, receipt_read)
    SELECT c.application_id, c.id, n, n, split_part(c.key, ':', 1)::bigint, 'c' || n, '', 'user', 'text', '{}', false, false,
        '', 1767225600000 + n * 200000000::bigint + c.id, 'kept', 0, false, 0, 0
    FROM messaging_conversation c, generate_series(1, 50) n WHERE c.last_seq = 50
    """,
    "ANALYZE",
)


@contextmanager
def statements():
    """Every statement that the block executes, with its parameters."""
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen


def scans(seen):
    """Steps in which a growing table is read without an index that says where to begin."""
    find = postgresql_scans if connection.vendor == "postgresql" else sqlite_scans
    return [f"{step}: {sql[:2000]}" for sql, params in seen for step in find(sql, params)]


def sqlite_scans(sql, params):
    aliases = dict(re.findall(r"(?:FROM|JOIN)\s+\"?(\w+)\"?\s+([a-z]\w*)\b", sql))
    names = GROWING | {aliases[table] for table in GROWING & {*aliases}}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
        steps = [row[3] for row in cursor.fetchall()]
    return [step for step in steps if re.match(rf"SCAN ({'|'.join(names)})\b", step)]


def postgresql_scans(sql, params):
    return [
        f"{node['Node Type']} on {node['Relation Name']}"
        for node in postgresql_plan(sql, params)
        # Of sessions it reads the users' own one by one, or all where most are the application's: as it thinks best.
        if node.get("Relation Name") in GROWING - {"accounts_session"} and not is_searched(node)
    ]


def postgresql_plan(sql, params):
    """The steps. A small table is read whole, as it should be: asked for is what would be done with a large one."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        (answer,) = cursor.fetchone()
        cursor.execute("SET LOCAL enable_seqscan = on")
    plan = json.loads(answer) if isinstance(answer, str) else answer
    return [*nodes(plan[0]["Plan"])]


def nodes(node):
    yield node
    for inner in node.get("Plans", []):
        yield from nodes(inner)


def is_searched(node):
    """Whether the first column of an index says where the rows are: no index of these begins with a time."""
    return re.search(r"\b(application_|conversation_|sender_|user_)?id\b", conditions(node)) is not None


def conditions(node):
    """By what a step searches; a bitmap's conditions stand in the steps below."""
    return " ".join(inner.get("Index Cond", "") for inner in nodes(node))


@pytest.mark.parametrize("of", ["application", "user", "group"])
def test_a_report_reads_no_table_from_end_to_end(application, alice, club, of):
    source = {
        "application": lambda: reports.of_application(application),
        "user": lambda: reports.of_user(alice),
        "group": lambda: reports.of_conversation(club.pk),
    }[of]()
    with statements() as seen:
        page = reports.first_page(source, WINDOW, 1)
        assert page.next is not None
        assert len(reports.next_page(source, page.next).messages) == 1
        assert reports.numbered_page(source, Window(), 1, 1).messages
        assert reports.numbered_page(source, WINDOW, 0, 1).messages
    assert len(seen) >= 8
    assert scans(seen) == []


def test_a_window_is_found_by_its_time(application, alice, club):
    """Not by reading all that was ever said in the group, or by the user."""
    with statements() as seen:
        for source in (reports.of_application(application), reports.of_user(alice), reports.of_conversation(club.pk)):
            reports.first_page(source, WINDOW, 1)
    timed = [(sql, params) for sql, params in seen if "messaging_message" in sql and '"id" IN' not in sql]
    assert len(timed) >= 10
    assert [sql for sql, params in timed if not is_timed(sql, params)] == []


def is_timed(sql, params):
    """Every step on messages searches by created_ms, beside what it searches by first."""
    if connection.vendor == "postgresql":
        found = [node for node in postgresql_plan(sql, params) if node.get("Relation Name") == "messaging_message"]
        return bool(found) and all("created_ms" in conditions(node) for node in found)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
        steps = [row[3] for row in cursor.fetchall() if "messaging_message" in row[3]]
    return bool(steps) and all("created_ms>" in step for step in steps)


def test_a_statistic_reads_no_table_from_end_to_end(application, alice, club):
    with statements() as seen:
        statistics.count_users(application, SPANS)
        statistics.count_messages(application, SPANS)
        count_groups(application, SPANS)
    assert len(seen) == 8
    assert scans(seen) == []


def test_a_scan_is_found(alice):
    with statements() as seen, connection.cursor() as cursor:
        cursor.execute("SELECT m.id FROM messaging_message m WHERE m.created_ms > 3")
        cursor.execute("SELECT id FROM messaging_participant WHERE read_seq > 3")
    assert len(scans(seen)) == 2
