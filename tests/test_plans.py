"""What people and backends do all day must not cost more as the tables grow.

Every statement of the real operations, of all threads, is watched on filled tables of one busy application. SQLite counts
what it does (steps of its virtual machine), which shows a whole table that is read as well as all rows of an application;
PostgreSQL is asked for its plan.
"""

import itertools
import threading

import pytest
from django.db import connection, transaction
from django.db.backends.signals import connection_created

from accounts import services
from accounts.actors import Actor
from accounts.models import Block, Device, Friendship, Mute, Session, User
from chatrooms import services as rooms
from chatrooms.models import ChatRoom, RoomMembership
from groups import services as groups
from groups.models import Group, Membership
from imsite.core import clock
from imsite.core.events import Event
from imsite.core.models import StoredEvent
from messaging.models import Conversation, Hidden, Media, Message, Participant, Receipt, pair_key
from messaging.sends import Sent
from messaging.services import delivered
from messaging.services.sending import Draft, prepare
from messaging.targets import resolve
from messaging.writer import write
from tests.cast import PASSWORD_MD5
from tests.door import Rest, Socket

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 3_000  # in every table that grows
STEPS_MOST = 4_000  # of SQLite for one statement: to read ROWS rows takes more, whatever is done with them
TICK = 50  # steps
PLANNED_MOST = ROWS // 4  # rows that PostgreSQL expects of one step of a plan

SENDERS = 60

TEXT = {"version": 1, "msg_type": "text", "msg_body": {"text": "hello"}}


class Meter:
    """with Meter() as meter: ...; meter.steps: the most that a statement took, by its text"""

    def __init__(self):
        self.steps: dict[str, int] = {}
        self.asked: dict[str, tuple] = {}
        self._now: dict[int, list] = {}  # by thread: statement and steps

    def __enter__(self):
        connection.ensure_connection()
        connection_created.connect(self._opened)
        self._watch(connection)
        return self

    def __exit__(self, *problem):
        connection_created.disconnect(self._opened)
        connection.execute_wrappers.remove(self)
        if connection.vendor == "sqlite":
            connection.connection.set_progress_handler(None, 0)

    def clear(self):
        self.steps.clear()
        self.asked.clear()

    def __call__(self, execute, sql, params, many, context):
        if sql not in self.asked:
            self.asked[sql] = tuple(params[0] if many else params or ())
        self._now[threading.get_ident()] = now = [sql, 0, len(params) if many else 1]
        try:
            return execute(sql, params, many, context)
        finally:
            self._note(now)

    def _opened(self, connection, **kwargs):
        self._watch(connection)

    def _watch(self, connection):
        connection.execute_wrappers.append(self)
        if connection.vendor == "sqlite":
            connection.connection.set_progress_handler(self._tick, TICK)

    def _tick(self):
        # Rows are fetched behind the statement's execution: that is its work too.
        if now := self._now.get(threading.get_ident()):
            now[1] += TICK
            self._note(now)
        return 0

    def _note(self, now):
        sql, steps, times = now
        self.steps[sql] = max(self.steps.get(sql, 0), steps // times)


def planned(sql, params):
    """What PostgreSQL would read in one step: (rows, description), the worst first."""
    with transaction.atomic(), connection.cursor() as cursor:
        # These tables are small enough to be read whole; the question is whether larger ones would have to be.
        for way in ("seqscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("SET LOCAL work_mem = '64kB'")  # and no list of such a table in memory
        cursor.execute("SET LOCAL hash_mem_multiplier = 1")
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        plan = cursor.fetchone()[0][0]["Plan"]
    found = []

    def walk(node, limit):
        kind = node["Node Type"]
        if table := node.get("Relation Name"):
            rows = SIZES.get(table, 0) if kind == "Seq Scan" else min(limit, node["Plan Rows"])
            found.append((rows, f"{kind} on {table}"))
        for inner in node.get("Plans", ()):
            # What is under a limit ends with it, unless everything must be there first.
            walk(inner, {"Limit": node["Plan Rows"], "Sort": ROWS, "Aggregate": ROWS, "Hash": ROWS}.get(kind, limit))

    walk(plan, ROWS)
    return sorted(found, reverse=True)


SIZES: dict[str, int] = {}


def fill(application):
    """One application with ROWS of everything, none of it the cast's."""
    now = clock.now()
    users = User.objects.bulk_create(
        User(application=application, username=f"user{number:05}", password="x", updated_at=now)
        for number in range(ROWS)
    )
    pairs = list(zip(users, [*users[1:], users[0]], strict=True))
    threads = Conversation.objects.bulk_create(
        Conversation(application=application, kind="single", key=pair_key(a.pk, b.pk), last_seq=2, count_no=2)
        for a, b in pairs
    )
    Participant.objects.bulk_create(
        Participant(conversation=thread, user=user)
        for thread, pair in zip(threads, pairs, strict=True)
        for user in pair
    )
    messages = Message.objects.bulk_create(
        Message(application=application, conversation=thread, seq=seq, count_no=seq, sender=pair[seq - 1], type="text",
                client_id=f"own:{seq}:{number}", fingerprint="", content="{}", created_ms=clock.now_ms() - number)
        for number, (thread, pair) in enumerate(zip(threads, pairs, strict=True)) for seq in (1, 2)
    )  # fmt: skip
    Hidden.objects.bulk_create(Hidden(user=message.sender, message=message) for message in messages[::2])
    receipts = Receipt.objects.bulk_create(
        Receipt(message=message, user=pair[0], created_ms=message.created_ms)
        for message, pair in zip(messages[1::2], pairs, strict=True)
    )
    for receipt in receipts:
        receipt.message.need_receipt, receipt.message.receipt_key = True, receipt.pk
    Message.objects.bulk_update(messages[1::2], ["need_receipt", "receipt_key"], batch_size=500)
    Friendship.objects.bulk_create(Friendship(owner=a, friend=b) for a, b in pairs)
    Block.objects.bulk_create(Block(owner=b, target=a) for a, b in pairs)
    Mute.objects.bulk_create(Mute(owner=b, target=a) for a, b in pairs)
    Device.objects.bulk_create(Device(user=user, device_class="web") for user in users)
    Session.objects.bulk_create(
        Session(user=user, sid=f"sid{user.pk}", device_class="web", platform="j", login_at=now, seen_at=now,
                ended_at=now if number > SENDERS else None)
        for number, user in enumerate(users)
    )  # fmt: skip
    StoredEvent.objects.bulk_create(
        StoredEvent(application_id=application.pk, audience_kind=kind, audience_id=whose, kind=next(iter(Event.kinds)),
                    payload="{}", created_ms=clock.now_ms())
        for user, thread in zip(users, threads, strict=True) for kind, whose in ((1, user.pk), (2, thread.pk))
    )  # fmt: skip
    Media.objects.bulk_create(
        Media(application=application, media_id=f"qiniu/file/j/{number}", kind="file", sha256="0", crc32=0, size=1)
        for number in range(ROWS)
    )
    _fill_circles(application, users)


def _fill_circles(application, users):
    kinds = [kind for _ in range(ROWS // 4) for kind in ("group", "room")]
    threads = Conversation.objects.bulk_create(Conversation(application=application, kind=kind) for kind in kinds)
    circles, halls = threads[::2], threads[1::2]
    members = [users[start : start + 4] for start in range(0, ROWS, 4)]
    Group.objects.bulk_create(
        Group(conversation=thread, application=application, owner=four[0], name="g")
        for thread, four in zip(circles, members, strict=True)
    )
    Membership.objects.bulk_create(
        Membership(group_id=thread.pk, user=user, role=1 if user is four[0] else 0)
        for thread, four in zip(circles, members, strict=True)
        for user in four
    )
    Participant.objects.bulk_create(
        Participant(conversation=thread, user=user)
        for thread, four in zip(circles, members, strict=True)
        for user in four
    )
    ChatRoom.objects.bulk_create(
        ChatRoom(conversation=thread, application=application, owner=four[0], name="r")
        for thread, four in zip(halls, members, strict=True)
    )
    RoomMembership.objects.bulk_create(
        RoomMembership(room_id=thread.pk, user=user)
        for thread, four in zip(halls, members, strict=True)
        for user in four
    )


# PostgreSQL analyses its tables by itself.
@pytest.fixture(params=["never analysed", "analysed"] if connection.vendor == "sqlite" else ["analysed"])
def filled(request, application, alice, bob, carol):
    fill(application)
    if request.param == "analysed":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    SIZES.update({model._meta.db_table: model.objects.count() for model in (User, Message, Conversation, Participant)})
    for model in (
        Receipt,
        Block,
        Friendship,
        Mute,
        Device,
        Session,
        StoredEvent,
        Hidden,
        Media,
        Group,
        Membership,
        ChatRoom,
    ):
        SIZES[model._meta.db_table] = model.objects.count()
    SIZES[RoomMembership._meta.db_table] = RoomMembership.objects.count()
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # else the tests behind this one would run with these statistics
            cursor.execute("DROP TABLE IF EXISTS sqlite_stat1")
            cursor.execute("DROP TABLE IF EXISTS sqlite_stat4")
            cursor.execute("ANALYZE sqlite_schema")


@pytest.fixture
def club(application, alice, bob):
    return groups.create_group("Club", owner=alice, members=[bob], by=Actor.of(alice))


@pytest.fixture
def hall(application, alice):
    return rooms.create_room("Hall", owner=alice, by=Actor.server(application))


def talk(application, alice, bob, club, hall):
    """What people do with a client."""
    one, other = Socket(alice), Socket(bob)
    for name, data in (
        ("s_across_single_text", {"target_id": "bobby", "target_name": "", "content": TEXT}),
        ("s_across_single_text", {"target_id": "bobby", "target_name": "", "content": TEXT, "need_receipt": True}),
        ("s_across_single_text", {"target_id": "carol", "target_name": "", "content": TEXT}),
        ("send_group_msg", {"target_gid": club.pk, "target_name": "", "content": TEXT}),
        ("send_room_msg", {"target_gid": hall.pk, "target_name": "", "content": TEXT}),
        ("trans_msg_group", {"gid": club.pk, "cmd": "go"}),
        ("get_conversations", {}),
        ("list_conversations", {}),
        ("get_messages", {"type": 3, "username": "bobby"}),
        ("get_messages", {"type": 4, "gid": club.pk, "before": 2}),
        ("get_groups_list", {}),
        ("get_group_info", {"gid": club.pk}),
        ("get_group_members", {"gid": club.pk}),
        ("room_info", {"target_rid": hall.pk, "id": hall.pk}),
        ("room_list_self", {}),
        ("get_across_user_info", {"username": "bobby"}),
        ("update_user_inf", {"nickname": "Al"}),
        ("exit_room", {"target_rid": hall.pk, "id": hall.pk}),
    ):
        yield name, lambda name=name, data=data: one.ask(name, data)
    for roaming in (0, 1):
        check = {"sync_key": 0, "sync_type": roaming, "sync_event_key": 0, "msg_receipt_key": 0}
        yield "sync_check", lambda check=check: Socket(bob).ask("sync_check", check)
    yield "join_room", lambda: other.ask("join_room", {"target_rid": hall.pk, "id": hall.pk})
    newest = Message.objects.order_by("-pk").first()
    yield "msg_recv_v2", lambda: other.ask("msg_recv_v2", {"msg_id": newest.pk if newest else 1})
    asks = Message.objects.filter(need_receipt=True).order_by("pk").values_list("pk", flat=True)
    ids = {"msg_ids": list(asks[:5]) or [1]}
    yield "receipt_report", lambda: other.ask("receipt_report", {"sessions": [{"type": 3, "username": "alice", **ids}]})
    yield "msg_unread_list", lambda: one.ask("msg_unread_list", {"msg_id": asks.last() or 1})
    yield (
        "sync_receipt",
        lambda: Socket(alice).ask(
            "sync_check", {"sync_key": 1, "sync_type": 0, "sync_event_key": 0, "msg_receipt_key": 0}
        ),
    )
    yield "mark_read", lambda: other.ask("mark_read", {"type": 3, "username": "alice", "seq": 1})
    yield "acknowledgements", lambda: (forget_places(), delivered.acknowledge(bob.pk, first_of(bob)), delivered.flush())
    yield "login", lambda: sign_in_and_out(application)
    yield "beat", lambda: services.touch_sessions([Session.objects.latest("pk").pk])


def forget_places():
    delivered._places.clear()


def first_of(user):
    return Message.objects.filter(conversation__participants__user=user).earliest("pk").pk


def sign_in_and_out(application):
    found = services.log_in(
        application, "alice", PASSWORD_MD5, sid="sid", device_class="web", platform="j", address="192.0.2.1"
    )
    found.topics()
    services.require_live(found.login_id)
    services.end_session(found.login_id, Session.Ended.LOST)
    return {"code": 0}


def serve(application, alice, bob, club, hall):
    """What a backend does."""
    rest = Rest(application)
    User.objects.filter(pk=alice.pk).update(is_admin=True)
    message = {"version": 1, "from_type": "admin", "from_id": "alice", "msg_type": "text", "msg_body": {"text": "hi"}}
    people = [{"username": f"fresh{number}", "password": "secret"} for number in range(20)]
    for method, path, body in (
        ("post", "/v1/users", people),
        ("get", "/v1/users/alice", None),
        ("put", "/v1/users/alice", {"nickname": "Ally"}),
        ("get", "/v1/users/alice/userstat", None),
        ("post", "/v1/users/userstat", ["alice", "bobby"]),
        ("post", "/v1/messages", {**message, "target_type": "single", "target_id": "bobby"}),
        ("post", "/v1/messages", {**message, "target_type": "group", "target_id": str(club.pk)}),
        ("post", "/v1/messages", {**message, "target_type": "chatroom", "target_id": str(hall.pk)}),
        ("get", "/v1/users/alice/groups", None),
        ("get", "/v1/users/alice/chatroom", None),
        ("get", f"/v1/groups/{club.pk}", None),
        ("get", f"/v1/groups/{club.pk}/members", None),
        ("post", f"/v1/groups/{club.pk}/members", {"add": ["carol"]}),
        ("post", f"/v1/groups/{club.pk}/members", {"remove": ["carol"]}),
        ("post", "/v1/users/alice/friends", ["bobby"]),
        ("get", "/v1/users/alice/friends", None),
        ("put", "/v1/users/alice/blacklist", ["carol"]),
        ("get", "/v1/users/alice/blacklist", None),
        ("delete", "/v1/users/alice/blacklist", ["carol"]),
        ("put", "/v1/users/alice/password", {"new_password": "another"}),
        ("delete", "/v1/users/fresh1", None),
    ):
        yield f"{method} {path}", lambda method=method, path=path, body=body: answered(rest, method, path, body)


def crowd(application, alice, bob, club, hall):
    """What many people do at the same moment: the writer takes it together."""
    some = list(User.objects.of(application).filter(username__startswith="user").order_by("pk")[:SENDERS])
    names = {user.pk: user.username for user in some}
    for user in some:
        user.application = application
    circles = Group.objects.filter(memberships__user__in=some).in_bulk()
    halls = ChatRoom.objects.filter(memberships__user__in=some).in_bulk()
    places = {
        "single": [(other, names[user.pk]) for user, other in itertools.pairwise(some)],
        "group": [(user, str(gid)) for user, gid in _first(some, Membership, "group_id") if gid in circles],
        "chatroom": [(user, str(rid)) for user, rid in _first(some, RoomMembership, "room_id") if rid in halls],
    }
    for kind, pairs in places.items():
        sends = [_prepared(user, kind, target_id) for user, target_id in pairs]
        assert len(sends) > SENDERS // 2
        yield f"{len(sends)} sends, {kind}", lambda sends=sends: stored(write_in_one(sends))

    def flush():
        for user in some:
            for place in Participant.objects.filter(user=user):
                delivered.note(user.pk, place.conversation_id, 1)
        delivered.flush()

    yield "acknowledgements", flush
    yield "beat", lambda: services.touch_sessions(list(Session.objects.values_list("pk", flat=True)[:SENDERS]))
    yield "lost sessions", services.close_lost_sessions


def _first(users, link, column):
    by_pk = {user.pk: user for user in users}
    return [
        (by_pk[user_id], place) for user_id, place in link.objects.filter(user__in=users).values_list("user_id", column)
    ]


def _prepared(user, kind, target_id):
    by = Actor.of(user)
    target = resolve(user.application, kind, target_id, by=by, sender=user)
    return prepare(target, Draft(type="text", body={"text": "hello"}, need_receipt=True), by=by)


def write_in_one(sends):
    with transaction.atomic():
        return write(sends)


def stored(results):
    refused = [result for result in results if not isinstance(result, Sent)]
    return {"code": 0 if not refused else str(refused[0])}


def answered(rest, method, path, body):
    response = rest.get(path) if method == "get" else getattr(rest, method)(path, body)
    return {"code": 0 if response.status_code < 300 else response.content.decode()}


def test_nothing_that_is_done_all_day_reads_a_whole_table(filled, application, alice, bob, carol, club, hall):
    too_much, failed = [], []
    with Meter() as meter:
        for who in (talk, serve, crowd):
            for name, operation in who(application, alice, bob, club, hall):
                meter.clear()
                answer = operation()
                if isinstance(answer, dict) and answer.get("code"):
                    failed.append(f"{name}: {answer}")
                too_much += [f"{name}: {cost}: {sql}" for sql, cost in costs(meter).items()]
        meter.clear()
        assert not Message.objects.filter(content="nothing like it").exists()
        assert Message.objects.filter(pk=1).count() <= 1
        assert len(costs(meter)) == 1  # what is too much is noticed
    assert not failed, "\n".join(failed)
    assert not too_much, "\n\n".join(too_much)


def costs(meter):
    """The statements that took more than they may."""
    if connection.vendor == "sqlite":
        return {sql: steps for sql, steps in meter.steps.items() if steps > STEPS_MOST}
    found = {}
    for sql, params in [*meter.asked.items()]:
        if sql.lstrip().split(None, 1)[0].upper() in ("SELECT", "WITH", "UPDATE", "INSERT", "DELETE"):
            worst = planned(sql, params)
            if worst and worst[0][0] > PLANNED_MOST:
                found[sql] = worst[0][1]
    return found
