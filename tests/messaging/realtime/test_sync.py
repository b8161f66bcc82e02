"""Catching up by socket: keys, pushes behind the answer, acknowledgements; nothing comes twice."""

import pytest

from accounts.actors import Actor
from accounts.models import Device
from groups import services as groups
from imsite.core.models import StoredEvent
from imsite.realtime import dispatch
from imsite.realtime.session import SEEN_MOST
from messaging.models import Message, Participant
from messaging.realtime.sync import keep_cursors, lenient
from messaging.services import delivered, reading
from tests.door import Socket
from tests.messaging.conftest import announce, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bobs(bob):
    """bob's connection, with a device of its class, as the login leaves it."""
    Device.objects.create(user=bob, device_class="web")
    return Socket(bob)


def check(socket, key=0, sync_type=0, **more):
    """A sync_check: the answer, and what is pushed behind it by name."""
    data = {"sync_key": key, "sync_type": sync_type, "sync_event_key": 0, "msg_receipt_key": 0, **more}
    outcome = socket.request("sync_check", data)
    names = [name for name, _ in outcome.pushes]
    assert len(names) == len(set(names))
    return outcome.reply, dict(outcome.pushes)


def ids(pushes):
    """Message ids of a sync_conversation, conversation by conversation."""
    return [[message["msg_id"] for message in one["msgs"]] for one in pushes["sync_conversation"]["messages"]]


def seqs(pushes):
    return [[message["seq"] for message in one["msgs"]] for one in pushes["sync_conversation"]["messages"]]


def catch_up(socket, sync_type=0):
    """A first check whose pushes are acknowledged."""
    reply, pushes = check(socket, sync_type=sync_type)
    for name, data in pushes.items():
        socket.ask(f"{name}_ack", {"sync_key": data["sync_key"]})
    return reply, pushes


# The answer


def test_nothing_to_bring_is_an_answer_alone_and_never_key_0(bobs):
    reply, pushes = check(bobs)
    assert reply.pop("rid")
    assert reply == {
        "code": 0, "message": "success", "sync_key": 1, "sync_type": 0, "sync_event_key": 0, "msg_receipt_key": 0,
    }  # fmt: skip
    assert pushes == {}


def test_roaming_with_nothing_to_bring_says_so(bobs):
    reply, pushes = check(bobs, sync_type=1)
    assert (reply["sync_key"], reply["sync_type"]) == (1, 1)
    assert pushes == {"sync_conversation": {"sync_key": 1, "messages": []}}


@pytest.mark.parametrize(
    "value", ["undefined", "null", "", "-1", "1.5", -1, 1.5, None, True, [], {}, 2**53, "1" * 30, "٣"]
)
def test_a_key_that_cannot_be_read_is_0(bobs, value):
    assert lenient(value) == 0
    reply, _ = check(bobs, key=value, sync_type=value, sync_event_key=value, msg_receipt_key=value)
    assert (reply["code"], reply["sync_key"], reply["sync_type"]) == (0, 1, 0)


def test_keys_are_read_from_numbers_and_texts(bobs):
    assert lenient("46") == lenient(46) == 46
    reply, pushes = check(bobs, key="46", sync_type="1", msg_receipt_key="7")
    assert (reply["sync_key"], reply["sync_type"], reply["msg_receipt_key"]) == (46, 0, 0)  # the server's own position
    assert pushes == {}


def test_every_member_may_be_missing(bobs):
    assert bobs.ask("sync_check")["sync_key"] == 1


# Messages


def test_a_conversation_comes_whole_with_its_peer(bobs, alice, bob):
    first, second = say(alice, bob, "one"), say(alice, bob, "two", need_receipt=True)
    reply, pushes = check(bobs)
    assert reply["sync_key"] == pushes["sync_conversation"]["sync_key"] == second.message_id
    (one,) = pushes["sync_conversation"]["messages"]
    messages = one.pop("msgs")
    assert one == {
        "msg_type": 3, "unsync_count": 2, "receipt_msgs": [], "from_appkey": alice.application.appkey,
        "from_username": "alice", "key": alice.pk,
    }  # fmt: skip
    assert [message["msg_id"] for message in messages] == [first.message_id, second.message_id]
    assert messages[1]["content"]["msg_body"] == {"text": "two"}
    assert (messages[1]["need_receipt"], messages[1]["from_gid"], messages[1]["seq"]) == (True, 0, 2)


def test_a_group_comes_with_its_gid_and_receipts_of_ones_own(bobs, club, alice, bob):
    own = say(bob, club, "own", need_receipt=True)
    say(alice, club)
    _, pushes = check(bobs, sync_type=1)
    (one,) = pushes["sync_conversation"]["messages"]
    assert (one["msg_type"], one["from_gid"], one["key"], one["unsync_count"]) == (4, club.pk, club.pk, 1)
    assert one["receipt_msgs"] == [{"msg_id": own.message_id, "unread_count": 1, "mtime": own.created_ms}]
    assert "from_username" not in one


def test_all_conversations_come_in_one_packet(bobs, club, alice, bob, carol):
    say(alice, club)
    say(alice, bob)
    say(carol, bob)
    _, pushes = check(bobs)
    assert [one["key"] for one in pushes["sync_conversation"]["messages"]] == [club.pk, alice.pk, carol.pk]


def test_what_is_acknowledged_does_not_come_again(bobs, alice, bob):
    say(alice, bob)
    _, pushes = catch_up(bobs)
    assert seqs(pushes) == [[1]]
    assert check(Socket(bob))[1] == {}
    say(alice, bob)
    assert seqs(check(Socket(bob))[1]) == [[2]]


def test_what_is_not_acknowledged_comes_again_on_the_next_connection(bobs, alice, bob):
    say(alice, bob)
    assert seqs(check(bobs)[1]) == [[1]]
    assert check(bobs, key=1)[1] == {}  # but not on this one
    assert check(bobs)[1] == {}
    assert seqs(check(Socket(bob))[1]) == [[1]]


def test_an_acknowledgement_counts_for_the_key_that_it_names(bobs, alice, bob):
    first = say(alice, bob)
    check(bobs)
    second = say(alice, bob)
    check(bobs, key=first.message_id)
    bobs.ask("sync_conversation_ack", {"sync_key": 123456789})
    assert seqs(check(Socket(bob))[1]) == [[1, 2]]
    bobs.ask("sync_conversation_ack", {"sync_key": str(first.message_id)})
    assert seqs(check(Socket(bob))[1]) == [[2]]
    bobs.ask("sync_conversation_ack", {"sync_key": second.message_id})
    bobs.ask("sync_conversation_ack", {"sync_key": second.message_id})
    assert check(Socket(bob))[1] == {}


def test_acknowledged_pushes_do_not_come(bobs, alice, bob):
    sent = [say(alice, bob, str(number)) for number in range(3)]
    bobs.ask("msg_recv_v2", {"msg_id": sent[1].message_id, "msg_type": 3, "from_uid": alice.pk, "from_gid": 0})
    assert seqs(check(Socket(bob))[1]) == [[1, 3]]


@pytest.mark.parametrize(
    "data", [{}, {"msg_id": "x"}, {"msg_id": -1}, {"msg_id": 1.5}, {"msg_id": {}}, {"msg_id": True}]
)
def test_an_acknowledgement_of_nothing_is_refused(bobs, data):
    assert bobs.ask("msg_recv_v2", data)["code"] in (880002, 880003, 880004)


def test_roaming_brings_ones_own_and_what_other_devices_have(bobs, alice, bob):
    sent = [say(alice, bob), say(bob, alice), say(alice, bob)]
    for one in sent:
        delivered.acknowledge(bob.pk, one.message_id)
    assert check(Socket(bob))[1] == {}
    _, pushes = check(Socket(bob), sync_type=1)
    assert seqs(pushes) == [[1, 2, 3]]
    assert pushes["sync_conversation"]["messages"][0]["unsync_count"] == 1


def test_roaming_is_for_the_first_check_of_a_login(bobs, alice, bob):
    catch_up(bobs, sync_type=1)
    say(bob, alice, sid=bobs.session.sid)
    received = say(alice, bob)
    bobs.ask("msg_recv_v2", {"msg_id": received.message_id})
    lost = say(alice, bob)
    reply, pushes = check(bobs, sync_type=1)
    assert reply["sync_type"] == 0
    assert ids(pushes) == [[lost.message_id]]


def test_later_checks_bring_what_a_push_failed_to_bring(bobs, alice, bob):
    catch_up(bobs)
    lost = say(alice, bob)
    reply, pushes = check(bobs, key=1, sync_type=1)
    assert (reply["sync_key"], reply["sync_type"]) == (lost.message_id, 0)
    assert ids(pushes) == [[lost.message_id]]


# Once: by push or by sync


def pushed(socket, result):
    """As the hub does it: whether the push of a message is written to this session."""
    return socket.session.takes_push(result.message_id)


def test_what_was_pushed_is_not_offered(bobs, alice, bob):
    before, during = say(alice, bob), say(alice, bob)
    assert pushed(bobs, during)  # committed when the session was in the hub already
    _, pushes = check(bobs)
    assert ids(pushes) == [[before.message_id]]
    assert pushes["sync_conversation"]["messages"][0]["unsync_count"] == 1
    assert check(bobs, key=before.message_id)[1] == {}


def test_what_was_offered_is_not_pushed(bobs, alice, bob):
    sent = say(alice, bob)  # committed, its push still under way
    assert ids(check(bobs)[1]) == [[sent.message_id]]
    assert not pushed(bobs, sent)
    assert pushed(bobs, say(alice, bob))


def test_what_was_pushed_counts_no_more_as_unread_of_the_list(bobs, alice, bob):
    say(bob, alice)
    unread, live, own = say(alice, bob), say(alice, bob), announce(bob, alice)
    for one in (live, own):
        pushed(bobs, one)
    _, pushes = check(bobs, sync_type=1)
    (one,) = pushes["sync_conversation"]["messages"]
    assert [message["seq"] for message in one["msgs"]] == [1, 2]
    assert one["unsync_count"] == 1
    assert unread.seq == 2


def test_old_messages_are_offered_without_being_remembered(bobs, alice, bob):
    sent = [say(alice, bob, str(number)) for number in range(3)]
    Message.objects.update(created_ms=1)
    _, pushes = check(bobs)
    assert ids(pushes) == [[one.message_id for one in sent]]
    assert bobs.session.seen == {}
    assert check(bobs, key=sent[-1].message_id)[1] == {}


def test_acknowledged_pushes_are_forgotten_once_the_client_has_caught_up(bobs, alice, bob):
    early = say(alice, bob)
    pushed(bobs, early)
    bobs.ask("msg_recv_v2", {"msg_id": early.message_id})
    assert check(bobs, sync_type=1)[1]["sync_conversation"]["messages"] == []  # although it is history
    late = say(alice, bob)
    pushed(bobs, late)
    bobs.ask("msg_recv_v2", {"msg_id": late.message_id})
    assert late.message_id not in bobs.session.seen
    assert check(bobs, key=1)[1] == {}


def test_a_client_that_acknowledges_nothing_does_not_fill_the_memory(bobs):
    for number in range(1, 3 * SEEN_MOST):
        assert bobs.session.takes_push(number)
    assert len(bobs.session.seen) <= SEEN_MOST


def test_a_new_login_on_a_connection_begins_anew(bobs, alice, bob, carol):
    """Else an acknowledgement for one user would count for another."""
    sent = say(alice, bob)
    check(bobs)
    bobs.session.log_out()
    bobs.session.log_in(Actor.of(carol), {})
    assert (bobs.session.memory, bobs.session.seen, bobs.session.synced) == ({}, {}, False)
    bobs.ask("sync_conversation_ack", {"sync_key": sent.message_id})
    assert seqs(check(Socket(bob))[1]) == [[1]]


# Events


def events(pushes):
    return [event["event_type"] for event in pushes["sync_event"]["events"]]


def test_missed_events_come_behind_the_messages_and_once(bobs, club, alice, bob, server):
    say(alice, club)
    groups.update_info(club, name="Circle", by=server)
    reply, pushes = check(bobs)
    assert list(pushes) == ["sync_conversation", "sync_event"]
    assert events(pushes) == [8, 12]
    first, second = StoredEvent.objects.order_by("pk").values_list("pk", flat=True)
    assert reply["sync_event_key"] == first - 1
    assert pushes["sync_event"]["sync_key"] == second
    assert "sync_event" not in check(bobs, key=1)[1]
    assert events(check(Socket(bob))[1]) == [8, 12]
    bobs.ask("sync_event_ack", {"sync_key": second})
    assert "sync_event" not in check(Socket(bob))[1]
    assert check(bobs, key=1)[0]["sync_event_key"] == second


def test_events_that_were_pushed_are_not_offered(bobs, club, alice, bob, server):
    catch_up(bobs)
    groups.update_info(club, name="Circle", by=server)
    groups.update_info(club, name="Ring", by=server)
    _, second, third = StoredEvent.objects.order_by("pk").values_list("pk", flat=True)
    assert bobs.session.takes_push(-third)
    bobs.session.memory["live_events"].add(third)
    _, pushes = check(bobs, key=1)
    assert [event["event_id"] for event in pushes["sync_event"]["events"]] == [second]
    assert not bobs.session.takes_push(-second)
    bobs.ask("sync_event_ack", {"sync_key": second})
    assert Device.objects.get(user=bob).delivered_event_id == third
    assert bobs.session.memory["live_events"] == set()


def test_events_offered_in_two_turns_are_acknowledged_by_either(bobs, club, bob, server):
    _, first = check(bobs)
    groups.update_info(club, name="Circle", by=server)
    _, second = check(bobs, key=1)
    bobs.ask("sync_event_ack", {"sync_key": first["sync_event"]["sync_key"]})
    bobs.ask("sync_event_ack", {"sync_key": second["sync_event"]["sync_key"]})
    assert check(Socket(bob))[1] == {}


def test_the_end_of_a_session_keeps_what_it_received(bobs, club, alice, bob, server):
    catch_up(bobs)
    groups.update_info(club, name="Circle", by=server)
    live = StoredEvent.objects.latest("pk").pk
    bobs.session.memory["live_events"].add(live)
    sent = say(alice, club)
    bobs.ask("msg_recv_v2", {"msg_id": sent.message_id})
    keep_cursors(bobs.session, bobs.session.actor)
    assert Device.objects.get(user=bob).delivered_event_id == live
    assert Participant.objects.get(user=bob).delivered_seq == 1


# The rest of the flow


def test_receipts_are_acknowledged(bobs):
    assert bobs.ask("sync_receipt_ack", {"sync_key": 7}) == {"code": 0, "message": "success"}


def test_a_repeated_check_is_answered_without_its_pushes(bobs, alice, bob):
    say(alice, bob)
    data = {"sync_key": 0, "sync_type": 0, "rid": 4711}
    first = dispatch.handle(bobs.session, "sync_check", data)
    again = dispatch.handle(bobs.session, "sync_check", data)
    assert first.reply == again.reply
    assert [len(first.pushes), len(again.pushes)] == [1, 0]


def test_a_read_mark_goes_to_the_other_sessions(bobs, alice, bob, pushes):
    say(alice, bob)
    pushes.clear()
    place = reading.find_place_with(bob, alice)
    reading.mark_read(place, by=bobs.session.actor)
    ((_, topics, name, data, delivery),) = pushes
    assert (topics, name, delivery.skip) == ((f"user:{bob.pk}",), "event_notification", bobs.session.sid)
    assert data["event_type"] == 200
    assert data["description"] == {"type": 3, "appkey": alice.application.appkey, "username": "alice"}
    assert (data["extra"], data["from_username"], data["read_seq"], data["unread_count"]) == (0, "bobby", 1, 0)
    assert data["ctime"] == data["ctime_ms"] // 1000


def test_what_does_not_fit_into_a_packet_follows_its_acknowledgement(bobs, alice, bob, settings):
    settings.SYNC_MESSAGES = 2
    for number in range(5):
        say(alice, bob, str(number))
    _, pushes = check(bobs)
    came = seqs(pushes)
    while "sync_conversation" in pushes:
        key = pushes["sync_conversation"]["sync_key"]
        pushes = dict(bobs.request("sync_conversation_ack", {"sync_key": key}).pushes)
        if pushes:
            came += seqs(pushes)
    assert came == [[1, 2], [3, 4], [5]]
    assert Participant.objects.get(user=bob).delivered_seq == 5
