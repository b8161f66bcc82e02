"""receipt_report, msg_unread_list, receipt_change, sync_receipt, and event 201 as sockets get them."""

import itertools

import pytest

from accounts import services
from accounts.models import Device
from chatrooms import services as rooms
from groups import services as groups
from imsite.realtime import dispatch
from messaging.models import Message, Receipt
from messaging.realtime.sync import keep_cursors
from messaging.services import receipt_changes, retracting
from messaging.services.sync import NOTHING_YET
from tests.cast import register
from tests.door import Socket
from tests.live import Live
from tests.messaging.conftest import announce, say
from tests.messaging.realtime.test_sync import check
from tests.messaging.test_live import Shop
from tests.together import together
from tests.wire_client import BlockingClient

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"code": 0, "message": "success"}


def asked(sender, to, count=1, **more):
    """`sender` says so much and asks for receipts; the ids."""
    return [say(sender, to, need_receipt=True, **more).message_id for _ in range(count)]


def report(socket, to, ids, **more):
    """The answer to a report of a conversation with a user (by name) or in a group."""
    named = {"type": 3, "username": to} if isinstance(to, str) else {"type": 4, "gid": to.pk}
    return socket.ask("receipt_report", {"sessions": [{**named, "msg_ids": ids, **more}]})


def totals():
    return {row.pk: (row.receipt_base, row.receipt_read) for row in Message.objects.filter(need_receipt=True)}


def told(pushes, name):
    receipt_changes.flush()
    return [(topics, data) for topics, pushed, data in pushes.delivered if pushed == name]


# Reporting


def test_a_message_of_a_pair(alice, bob, pushes):
    first, second = asked(alice, bob, 2)
    bobs, appkey = Socket(bob), alice.application.appkey
    pushes.clear()
    assert report(bobs, "alice", [first, str(second)], appkey=appkey) == {**OK, "appkey": appkey, "username": "alice"}
    assert totals() == {first: (1, 1), second: (1, 1)}
    (told_once,) = told(pushes, "receipt_change")
    times = dict(Receipt.objects.values_list("message_id", "created_ms"))
    msgs = [{"msg_id": one, "unread_count": 0, "mtime": times[one]} for one in (first, second)]
    expected = {"type": 3, "appkey": appkey, "username": "bobby", "receipt_msgs": msgs}
    assert told_once == ((f"user:{alice.pk}",), expected)


def test_the_readers_other_sessions_are_told(alice, bob, pushes):
    (message,) = asked(alice, bob)
    bobs, appkey = Socket(bob), alice.application.appkey
    pushes.clear()
    report(bobs, "alice", [message])
    ((topics, event),) = told(pushes, "event_notification")
    assert topics == (f"user:{bob.pk}",)
    assert pushes[0][4].skip == bobs.session.sid
    assert pushes[0][4].event_id == 0  # not kept
    assert event == {
        "event_id": event["event_id"], "event_type": 201, "extra": 0, "ctime": event["ctime_ms"] // 1000,
        "ctime_ms": event["ctime_ms"], "from_username": "bobby", "from_appkey": appkey, "from_uid": bob.pk,
        "from_nickname": "", "description": {"type": 3, "appkey": appkey, "username": "alice"}, "msg_ids": [message],
        "conversation_id": Message.objects.get().conversation_id,
    }  # fmt: skip


def test_messages_of_a_group(club, alice, bob, carol, server, pushes):
    groups.change_members(club, add=[carol], by=server)
    (message,) = asked(alice, club)
    (other,) = asked(bob, club)
    pushes.clear()
    assert report(Socket(carol), club, [message, other]) == {**OK, "gid": club.pk}
    assert report(Socket(bob), club, [message]) == {**OK, "gid": club.pk}
    assert totals() == {message: (2, 2), other: (2, 1)}
    found = dict(told(pushes, "receipt_change"))
    assert [data["gid"] for data in found.values()] == [club.pk] * 2
    assert {data["type"] for data in found.values()} == {4}
    counts = {topics: [one["unread_count"] for one in data["receipt_msgs"]] for topics, data in found.items()}
    assert counts == {(f"user:{alice.pk}",): [0], (f"user:{bob.pk}",): [1]}
    events = [data for _, data in told(pushes, "event_notification")]
    assert [event["description"] for event in events] == [{"type": 4, "gid": club.pk}] * 2


def test_each_reader_counts_once(alice, bob, pushes):
    (message,) = asked(alice, bob)
    pushes.clear()
    for socket in (Socket(bob), Socket(bob)):
        assert report(socket, "alice", [message, message])["code"] == 0
    assert totals() == {message: (1, 1)}
    assert len(told(pushes, "receipt_change")) == len(told(pushes, "event_notification")) == 1


def test_a_repeated_request_is_answered_from_memory(alice, bob, pushes):
    (message,) = asked(alice, bob)
    socket = Socket(bob)
    data = {"sessions": [{"type": 3, "username": "alice", "msg_ids": [message]}], "rid": 9}
    replies = [dispatch.handle(socket.session, "receipt_report", data).reply for _ in range(2)]
    assert replies[0] == replies[1]
    assert totals() == {message: (1, 1)}


def test_what_does_not_count(club, alice, bob, carol, server, pushes):
    plain = say(alice, bob).message_id
    of_another_pair = asked(alice, carol)[0]
    own = asked(bob, alice)[0]
    of_the_group = asked(alice, club)[0]
    back = asked(alice, bob)[0]
    retracting.retract(Message.objects.get(pk=back), by=server, sender=alice)
    pushes.clear()
    assert report(Socket(bob), "alice", [plain, of_another_pair, own, of_the_group, back, 999_999])["code"] == 0
    assert not Receipt.objects.exists()
    assert told(pushes, "receipt_change") == told(pushes, "event_notification") == []


def test_only_who_could_see_it(club, alice, bob, carol, server):
    before = asked(alice, club)[0]
    passing = asked(alice, club, no_offline=True)[0]
    groups.change_members(club, add=[carol], by=server)
    assert report(Socket(carol), club, [before, passing])["code"] == 0
    assert report(Socket(bob), club, [passing])["code"] == 0
    groups.change_members(club, remove=[bob], by=server)
    after = asked(alice, club)[0]
    assert report(Socket(bob), club, [before, after])["code"] == 0  # what was said before is still theirs
    assert totals() == {before: (1, 1), passing: (1, 1), after: (1, 0)}


def test_what_is_not_kept_can_be_read_as_well(alice, bob):
    (message,) = asked(alice, bob, no_offline=True)
    assert report(Socket(bob), "alice", [message])["code"] == 0
    assert totals() == {message: (1, 1)}


def test_conversations_that_are_not_there(club, alice, bob, carol, eve, dave):
    ids = asked(alice, club) + asked(alice, bob)
    for socket, to, more in [
        (Socket(bob), "nobody", {}), (Socket(bob), "a\0", {}), (Socket(bob), "alice", {"appkey": "\0"}),
        (Socket(bob), "eve22", {}), (Socket(bob), "eve22", {"appkey": eve.application.appkey}),
        (Socket(eve), "alice", {"appkey": alice.application.appkey}), (Socket(bob), "alice", {"appkey": "x"}),
    ]:  # fmt: skip
        assert report(socket, to, ids, **more)["code"] == 882002, to
    assert report(Socket(dave), club, ids)["code"] == 880204
    assert report(Socket(eve), club, ids)["code"] == 880204
    assert report(Socket(carol), "bobby", ids)["code"] == 0  # the two have never met
    assert not Receipt.objects.exists()


def test_one_conversation_that_is_not_there_stops_all(alice, bob):
    (message,) = asked(alice, bob)
    sessions = [{"type": 3, "username": "alice", "msg_ids": [message]}, {"type": 4, "gid": 999, "msg_ids": [1]}]
    assert Socket(bob).ask("receipt_report", {"sessions": sessions})["code"] == 880204
    assert totals() == {message: (1, 0)}
    sessions[1] = {"type": 3, "username": "carol", "msg_ids": []}
    assert Socket(bob).ask("receipt_report", {"sessions": sessions})["username"] == "alice"
    assert totals() == {message: (1, 1)}


ONE = {"type": 3, "username": "alice", "msg_ids": [1]}


@pytest.mark.parametrize(
    ("sessions", "code"),
    [
        (None, 880002), ([], 880003), ({}, 880004), ("x", 880004), ([1], 880004), ([ONE, None], 880004),
        ([{**ONE, "msg_ids": None}], 880002), ([{**ONE, "msg_ids": 1}], 880004), ([{**ONE, "msg_ids": [None]}], 880002),
        ([{**ONE, "msg_ids": [1.5]}], 880004), ([{**ONE, "msg_ids": [True]}], 880004), ([{**ONE, "msg_ids": [-1]}], 880003),
        ([{**ONE, "msg_ids": [2**53]}], 880003), ([{**ONE, "type": 5}], 880003), ([{**ONE, "username": None}], 880002),
        ([{**ONE, "username": []}], 880004), ([{"type": 4, "msg_ids": [1]}], 880002),
        ([{**ONE, "msg_ids": [*range(1, 1002)]}], 880003), ([ONE] * 1001, 880003), ([{**ONE, "msg_ids": ["x"]}], 880004),
    ],
)  # fmt: skip
def test_what_is_missing_or_of_another_type(alice, bob, sessions, code):
    assert Socket(bob).ask("receipt_report", {"sessions": sessions})["code"] == code


def test_a_thousand_at_once(alice, bob):
    (message,) = asked(alice, bob)
    assert report(Socket(bob), "alice", [*range(message, message + 1000)])["code"] == 0
    assert totals() == {message: (1, 1)}


def test_a_report_costs_the_same_however_many_there_are(alice, bob, django_assert_max_num_queries):
    few, many = asked(alice, bob, 2), asked(alice, bob, 20)
    socket = Socket(bob)
    with django_assert_max_num_queries(18):
        report(socket, "alice", few)
    with django_assert_max_num_queries(18):
        report(socket, "alice", many)
    assert Receipt.objects.count() == 22


def test_telling_costs_the_same_however_many_there_are(club, alice, bob, django_assert_num_queries, pushes):
    ids = [one for to in (club, bob, club) for one in asked(alice, to, 5)]
    report(Socket(bob), club, ids)
    report(Socket(bob), "alice", ids)
    with django_assert_num_queries(3):
        receipt_changes.flush()
    assert len(told(pushes, "receipt_change")) == 2


def test_users_of_two_applications(alice, application, pushes):
    sister = services.create_application("Blog", owner=application.owner.name, by=None)[0]
    frank = register(sister, "frank")["frank"]
    (message,) = asked(alice, frank)
    pushes.clear()
    answer = report(Socket(frank), "alice", [message], appkey=application.appkey)
    assert answer == {**OK, "appkey": application.appkey, "username": "alice"}
    ((topics, data),) = told(pushes, "receipt_change")
    assert (topics, data["appkey"], data["username"]) == ((f"user:{alice.pk}",), sister.appkey, "frank")


def test_many_readers_at_once_are_all_counted(application, club, alice, bob, server, pushes):
    readers = list(register(application, *[f"user{number}" for number in range(8)]).values())
    groups.change_members(club, add=readers, by=server)
    ids = [one for sender in (alice, bob, alice) for one in asked(sender, club, 3)]
    sockets = [Socket(reader) for reader in readers for _ in range(2)]  # each twice
    orders = itertools.cycle([ids, ids[::-1], ids[3:] + ids[:3]])
    calls = [lambda one=one: report(one[0], club, one[1]) for one in zip(sockets, orders, strict=False)]
    assert [answer["code"] for answer in together(*calls)] == [0] * len(calls)
    assert totals() == dict.fromkeys(ids, (9, 8))
    assert Receipt.objects.count() == 8 * len(ids)
    for message in Message.objects.filter(need_receipt=True):
        assert message.receipt_key == message.receipts.latest("pk").pk
    last = {
        one["msg_id"]: one["unread_count"] for _, data in told(pushes, "receipt_change") for one in data["receipt_msgs"]
    }
    assert last == dict.fromkeys(ids, 1)


# Who is counted


def test_an_admin_outside_the_group_is_not_counted(club, alice, carol, server):
    services.grant_admin(carol, by=server)
    assert announce(carol, club, need_receipt=True).receipt_base == 2


# Who has read it


def names(users):
    return [user["username"] for user in users]


def lists(socket, message):
    answer = socket.ask("msg_unread_list", {"msg_id": message})
    assert answer["code"] == 0, answer
    return names(answer["msg_unread_list"]["unread_list"]), names(answer["msg_unread_list"]["read_list"])


def test_the_lists_of_a_pair(alice, bob):
    (message,) = asked(alice, bob)
    alices = Socket(alice)
    assert lists(alices, str(message)) == (["bobby"], [])
    report(Socket(bob), "alice", [message])
    brief = {"username": "bobby", "appkey": bob.application.appkey, "nickname": "", "avatar": "", "memo_name": ""}
    answer = alices.ask("msg_unread_list", {"msg_id": message})
    assert answer == {**OK, "msg_unread_list": {"unread_list": [], "read_list": [brief]}}


def test_the_lists_of_a_group(club, alice, bob, carol, dave, server):
    groups.change_members(club, add=[carol], by=server)
    message = asked(alice, club)[0]
    passing = asked(alice, club, no_offline=True)[0]
    groups.change_members(club, add=[dave], remove=[carol], by=server)
    alices = Socket(alice)
    assert lists(alices, message) == (["bobby", "carol"], [])
    report(Socket(carol), club, [message])
    assert lists(alices, message) == (["bobby"], ["carol"])
    report(Socket(bob), club, [message])
    assert lists(alices, message) == ([], ["carol", "bobby"])
    assert "carol" not in lists(alices, passing)[0]


def test_the_lists_of_a_large_group(club, alice, application, server, django_assert_max_num_queries):
    many = register(application, *[f"user{number}" for number in range(30)])
    groups.change_members(club, add=list(many.values()), by=server)
    message = asked(alice, club)[0]
    for name in ("user3", "user1"):
        report(Socket(many[name]), club, [message])
    alices = Socket(alice)
    with django_assert_max_num_queries(5):
        unread, read = lists(alices, message)
    assert (len(unread), read) == (29, ["user3", "user1"])


def test_messages_without_such_lists(club, alice, bob, eve, server):
    plain = say(alice, bob).message_id
    lobby = rooms.create_room("Lobby", owner=alice, by=server)
    ask = asked(alice, club)[0]
    back = asked(alice, bob)[0]
    Socket(alice).ask("msg_retract", {"msg_id": back})
    for user, message in [
        (alice, plain),
        (alice, back),
        (alice, 999_999),
        (bob, ask),
        (eve, ask),
        (alice, lobby.pk + 10**6),
    ]:
        assert Socket(user).ask("msg_unread_list", {"msg_id": message})["code"] == 880008
    for wrong, code in [(None, 880002), ([], 880004), (True, 880004), (-1, 880003), ("x", 880004)]:
        assert Socket(alice).ask("msg_unread_list", {"msg_id": wrong})["code"] == code


# Catching up


@pytest.fixture
def alices(alice):
    Device.objects.create(user=alice, device_class="web")
    return Socket(alice)


def cursor(user, device_class="web"):
    return Device.objects.get(user=user, device_class=device_class).delivered_receipt_id


def test_who_was_away_is_told_at_the_next_check(alices, alice, bob, club):
    ids, in_group = asked(alice, bob, 2), asked(alice, club)
    report(Socket(bob), "alice", ids)
    report(Socket(bob), club, in_group)
    keys = list(Message.objects.order_by("receipt_key").values_list("receipt_key", flat=True))
    reply, pushes = check(alices)
    assert reply["msg_receipt_key"] == keys[0] - 1
    data = pushes["sync_receipt"]
    assert data["sync_key"] == keys[-1]
    pair, group = data["receipts"]
    assert (pair["type"], pair["username"], group["type"], group["gid"]) == (3, "bobby", 4, club.pk)
    assert [one["msg_id"] for one in pair["receipt_msgs"]] == ids
    assert [one["unread_count"] for one in group["receipt_msgs"]] == [0]
    assert "sync_receipt" not in check(alices, key=reply["sync_key"])[1]  # on its way already
    assert alices.ask("sync_receipt_ack", {"sync_key": data["sync_key"]}) == OK
    assert cursor(alice) == keys[-1]
    reply, pushes = check(Socket(alice))
    assert "sync_receipt" not in pushes
    assert reply["msg_receipt_key"] == keys[-1]


def test_what_was_not_acknowledged_comes_again_at_the_next_login(alices, alice, bob):
    ids = asked(alice, bob)
    report(Socket(bob), "alice", ids)
    assert check(alices)[1]["sync_receipt"] == check(Socket(alice))[1]["sync_receipt"]
    for key in ("x", 0, 1.5, None, -1):
        assert alices.ask("sync_receipt_ack", {"sync_key": key}) == OK
    assert cursor(alice) == NOTHING_YET


def test_what_came_live_is_not_told_again(alices, alice, bob):
    first, second, third = asked(alice, bob, 3)
    report(Socket(bob), "alice", [first])
    report(Socket(bob), "alice", [second])
    keys = dict(Message.objects.filter(receipt_key__gt=0).values_list("pk", "receipt_key"))
    alices.session.memory["live_receipts"] = {keys[second]}  # as the hub notes it
    _, pushes = check(alices)
    assert [one["msg_id"] for one in pushes["sync_receipt"]["receipts"][0]["receipt_msgs"]] == [first]
    assert cursor(alice) == NOTHING_YET
    alices.ask("sync_receipt_ack", {"sync_key": pushes["sync_receipt"]["sync_key"]})
    assert cursor(alice) == keys[second]
    assert alices.session.memory["live_receipts"] == set()
    report(Socket(bob), "alice", [third])
    alices.session.memory["live_receipts"] = {Message.objects.get(pk=third).receipt_key}
    keep_cursors(alices.session, alices.session.actor)
    assert cursor(alice) == Message.objects.get(pk=third).receipt_key


def test_each_class_of_devices_has_its_own_cursor(alices, alice, bob):
    report(Socket(bob), "alice", asked(alice, bob))
    Device.objects.create(user=alice, device_class="pc")
    Device.objects.update(delivered_receipt_id=Receipt.objects.get().pk)
    report(Socket(bob), "alice", asked(alice, bob))
    pc = Socket(alice)
    pc.session.device_class = "pc"
    for socket in (alices, pc):
        _, pushes = check(socket)
        socket.ask("sync_receipt_ack", {"sync_key": pushes["sync_receipt"]["sync_key"]})
    assert cursor(alice) == cursor(alice, "pc") > 0


def test_what_comes_while_a_device_is_away_is_not_old_to_it(alices, alice, bob):
    Device.objects.create(user=alice, device_class="mobile")
    phone = Socket(alice)
    phone.session.device_class = "mobile"
    for socket in (alices, phone):
        assert "sync_receipt" not in check(socket)[1]  # both have all that there is: nothing
    report(Socket(bob), "alice", asked(alice, bob))
    for socket in (phone, Socket(alice)):
        _, pushes = check(socket, key=1)
        assert socket.ask("sync_receipt_ack", {"sync_key": pushes["sync_receipt"]["sync_key"]}) == OK
    assert cursor(alice) == cursor(alice, "mobile") > 0


def test_a_device_that_is_new_is_told_nothing_old(alices, alice, bob):
    report(Socket(bob), "alice", asked(alice, bob))
    _, pushes = check(alices)
    alices.ask("sync_receipt_ack", {"sync_key": pushes["sync_receipt"]["sync_key"]})
    Device.objects.create(user=alice, device_class="mobile")
    phone = Socket(alice)
    phone.session.device_class = "mobile"
    assert "sync_receipt" not in check(phone)[1]


def test_many_come_in_several_packets(alices, alice, bob, monkeypatch):
    monkeypatch.setattr("messaging.services.sync.RECEIPTS_MOST", 2)
    ids = asked(alice, bob, 5)
    report(Socket(bob), "alice", ids)
    _, pushes = check(alices)
    found = []
    while push := pushes.get("sync_receipt"):
        found += [one["msg_id"] for entry in push["receipts"] for one in entry["receipt_msgs"]]
        pushes = dict(alices.request("sync_receipt_ack", {"sync_key": push["sync_key"]}).pushes)
    assert sorted(found) == ids
    assert len(found) == 5


def test_a_message_counts_with_its_newest_change_alone(alices, alice, club, bob, carol, server):
    groups.change_members(club, add=[carol], by=server)
    ids = asked(alice, club)
    for reader in (bob, carol):
        report(Socket(reader), club, ids)
    (entry,) = check(alices)[1]["sync_receipt"]["receipts"]
    assert [(one["msg_id"], one["unread_count"]) for one in entry["receipt_msgs"]] == [(ids[0], 0)]


def test_a_retracted_message_is_not_told_of(alices, alice, bob):
    ids = asked(alice, bob)
    report(Socket(bob), "alice", ids)
    alices.ask("msg_retract", {"msg_id": ids[0]})
    assert "sync_receipt" not in check(alices)[1]


def test_history_says_how_its_messages_stand(alices, alice, bob):
    first, second = asked(alice, bob, 2)
    say(alice, bob)
    asked(bob, alice)
    report(Socket(bob), "alice", [first])
    (entry,) = check(alices, sync_type=1)[1]["sync_conversation"]["messages"]
    read_ms = Receipt.objects.get().created_ms
    sent_ms = Message.objects.get(pk=second).created_ms
    assert entry["receipt_msgs"] == [
        {"msg_id": first, "unread_count": 0, "mtime": read_ms},
        {"msg_id": second, "unread_count": 1, "mtime": sent_ms},
    ]


# Over sockets


@pytest.mark.sqlite_only
def test_over_sockets(tmp_path):
    with Live(tmp_path / "data") as server:
        shop = Shop(server)
        alice, bobby = shop.connect("alice"), shop.connect("bobby")
        phone = BlockingClient.connect(server.url, platform="a")
        phone.sign_in(shop.appkey, shop.secret, "bobby", "secret")
        try:
            first = alice.send_text("bobby", "hi", need_receipt=True)
            assert first["unread_count"] == 1
            message = bobby.next_push("msg_sync")["messages"][0]
            assert message["need_receipt"] is True
            named = {"type": 3, "username": "alice", "appkey": shop.appkey}
            named_back = {"type": 3, "appkey": shop.appkey, "username": "alice"}
            bobby.request("receipt_report", {"sessions": [{**named, "msg_ids": [first["msg_id"]]}]})
            change = alice.next_push("receipt_change")
            assert (change["username"], change["receipt_msgs"][0]["unread_count"]) == ("bobby", 0)
            event = phone.next_push("event_notification")
            assert (event["event_type"], event["msg_ids"], event["description"]) == (201, [first["msg_id"]], named_back)
            bobby.ping()
            assert bobby.take_push("event_notification") is None
            bobby.request("update_conversation", {**named, "extras": {"k": 1}})
            assert phone.next_push("conversation_change")["extras"] == {"k": 1}
            found = alice.request("msg_unread_list", {"msg_id": first["msg_id"]})["msg_unread_list"]
            assert ([one["username"] for one in found["read_list"]], found["unread_list"]) == (["bobby"], [])

            second = alice.send_text("bobby", "you there?", need_receipt=True)
            bobby.next_push("msg_sync")
            alice.close()
            bobby.request("receipt_report", {"sessions": [{**named, "msg_ids": [second["msg_id"]]}]})
            alice = shop.connect("alice")
            (entry,) = alice.next_push("sync_receipt")["receipts"]
            assert [one["msg_id"] for one in entry["receipt_msgs"]] == [second["msg_id"]]  # the first came live
        finally:
            for client in (alice, bobby, phone):
                client.close()


def test_between_two_processes(tmp_path, postgresql_url, redis_url):
    shared = {"IM_DATABASE_URL": postgresql_url, "IM_REDIS_URL": redis_url, "IM_SECRET_KEY": "for this test alone"}
    with Live(tmp_path / "data", **shared) as one, Live(tmp_path / "data", **shared) as other:
        shop = Shop(one)
        alice = shop.connect("alice")
        bobby = BlockingClient.connect(other.url)
        bobby.sign_in(shop.appkey, shop.secret, "bobby", "secret")
        try:
            sent = alice.send_text("bobby", "hi", need_receipt=True)["msg_id"]
            bobby.next_push("msg_sync")
            bobby.request("receipt_report", {"sessions": [{"type": 3, "username": "alice", "msg_ids": [sent]}]})
            (total,) = alice.next_push("receipt_change")["receipt_msgs"]
            assert (total["msg_id"], total["unread_count"]) == (sent, 0)
            assert alice.sync(1)["msg_receipt_key"] > 0  # the process of the sender knows what came live
            assert alice.take_push("sync_receipt") is None
            alice.request("trans_msg_single", {"target_username": "bobby", "cmd": "go"})
            assert bobby.next_push("trans_msg_rec")["cmd"] == "go"
        finally:
            alice.close()
            bobby.close()
