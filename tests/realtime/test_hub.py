import asyncio
import threading
import time

import pytest

from imsite.core.bus import Delivery
from imsite.realtime import hub as hubs
from imsite.realtime.connection import Connection
from imsite.realtime.hub import Hub, set_loader
from imsite.realtime.session import Session, on_end
from imsite.realtime.transports import ready_frame
from tests.realtime.conftest import person

PATIENCE_S = 10


async def until(ready):
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


class Writer:
    """A socket that keeps what it was given."""

    is_ready = False

    def __init__(self):
        self.frames = []
        self.writes = 0
        self.unsent = 0
        self.code = None
        self.aborted = False

    def write(self, frames):
        self.frames.extend(frames)
        self.writes += 1

    def unsent_bytes(self):
        return self.unsent

    def close(self, code):
        self.code = code

    def abort(self):
        self.aborted = True

    def pause_reading(self):
        pass

    resume_reading = pause_reading


class ReadyWriter(Writer):
    is_ready = True


@pytest.fixture
async def hub():
    made = Hub(asyncio.get_running_loop())
    yield made
    made.stop()


@pytest.fixture
def members(monkeypatch):
    """What the loader of "conversation" reads: {topic: (version, user ids)}; its calls; an error to raise; a gate."""

    class Members(dict):
        calls: list
        error = None
        gate = threading.Event()

        def load(self, topic):
            self.calls.append(topic)
            assert self.gate.wait(PATIENCE_S)
            if self.error:
                raise self.error
            return self[topic]

    members = Members()
    members.calls = []
    members.gate = threading.Event()
    members.gate.set()
    monkeypatch.setattr(hubs, "_loaders", {})
    set_loader("conversation", members.load)
    return members


def connect(hub, user_id=0, topics=None, *, device_class="web", sid=None, writer=Writer):
    """A connection; with a user, one that has logged in with these topics."""
    connect.count += 1
    session = Session(sid or f"sid{connect.count}")
    session.device_class = device_class
    connection = Connection(session, writer(), hub)
    hub.add(connection)
    if user_id:
        session.actor = person(user_id)
        hub.enter(connection, user_id)
        hub.subscribe(connection, topics or {})
        connection.release()
    return connection


connect.count = 0


def push(topics, text="x", **options):
    return Delivery((topics,) if isinstance(topics, str) else tuple(topics), text.encode(), **options)


async def frames(*connections):
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return ["".join(connection.writer.frames) for connection in connections]


# Who gets it


async def test_a_delivery_reaches_every_socket_of_its_topics(hub):
    alice, alice_too, bob, carol = connect(hub, 1, {"room:1": None}), connect(hub, 1), connect(hub, 2), connect(hub, 3)
    nobody = connect(hub)
    hub.deliver(push("user:1", "a"))
    hub.deliver(push("room:1", "b"))
    hub.deliver(push(["user:2", "user:9"], "c"))
    assert await frames(alice, alice_too, bob, carol, nobody) == ["ab", "a", "c", "", ""]


async def test_a_delivery_comes_once_however_many_topics_match(hub):
    alice = connect(hub, 1, {"room:1": None, "room:2": None})
    hub.deliver(push(["room:1", "user:1", "room:2"], "a"))
    assert await frames(alice) == ["a"]


async def test_the_skipped_session_and_other_device_classes_get_nothing(hub):
    web, phone, pc = (connect(hub, 1, device_class=name) for name in ("web", "mobile", "pc"))
    hub.deliver(push("user:1", "a", skip=web.session.sid))
    hub.deliver(push("user:1", "b", device_class="mobile"))
    hub.deliver(push("user:1", "c", device_class="web", skip=web.session.sid))
    assert await frames(web, phone, pc) == ["", "ab", "a"]


async def test_frames_are_written_once_a_tick_in_order_and_each_in_the_form_of_its_socket(hub):
    text, ready = connect(hub, 1), connect(hub, 1, writer=ReadyWriter)
    for number in range(5):
        hub.deliver(push("user:1", f"{number}é"))
    text.say(b"answer")
    ready.say(b"answer")
    await asyncio.sleep(0)
    expected = ["0é", "1é", "2é", "3é", "4é", "answer"]
    assert text.writer.frames == expected
    assert ready.writer.frames == [ready_frame(frame.encode()) for frame in expected]
    assert text.writer.writes == ready.writer.writes == 1


async def test_the_frame_of_a_delivery_is_made_once_for_all_sockets(hub):
    connections = [connect(hub, user_id, {"room:1": None}, writer=ReadyWriter) for user_id in range(1, 4)]
    hub.deliver(push("room:1", "text"))
    await asyncio.sleep(0)
    assert len({id(connection.writer.frames[0]) for connection in connections}) == 1


async def test_the_session_knows_the_stored_events_that_were_pushed_to_it(hub):
    alice, bob = connect(hub, 1), connect(hub, 2)
    for event_id in (0, 5, 3):
        hub.deliver(push("user:1", "a", event_id=event_id))
    assert alice.session.memory == {"live_events": {3, 5}}
    assert bob.session.memory == {}


async def test_the_session_knows_the_receipt_changes_that_were_pushed_to_it(hub):
    alice, phone = connect(hub, 1), connect(hub, 1)
    for keys in ((), (7, 5), [8]):  # from another process a list
        hub.deliver(push("user:1", "a", receipt_keys=keys, skip=phone.session.sid))
    assert alice.session.memory == {"live_receipts": {5, 7, 8}}
    assert phone.session.memory == {}


async def test_who_left_gets_nothing_and_leaves_nothing_behind(hub):
    alice, bob = connect(hub, 1, {"room:1": None}), connect(hub, 2, {"room:1": None})
    hub.remove(alice)
    hub.deliver(push(["user:1", "room:1"], "a"))
    assert await frames(alice, bob) == ["", "a"]
    hub.remove(bob)
    assert (hub.topics, hub.users, hub.sockets) == ({}, {}, set())


async def test_a_session_that_logs_in_again_belongs_to_the_new_user_alone(hub):
    connection = connect(hub, 1, {"room:1": None})
    hub.exit(connection)
    hub.enter(connection, 2)
    hub.subscribe(connection, {})
    connection.release()
    hub.deliver(push(["user:1", "room:1"], "a"))
    hub.deliver(push("user:2", "b"))
    assert await frames(connection) == ["b"]


async def test_the_counts_are_right(hub):
    connect(hub, 1, {"room:1": None})
    connect(hub, 1)
    connect(hub)
    counted = hub.count()
    assert (counted["sockets"], counted["sessions"], counted["users"], counted["topics"]) == (3, 2, 1, 2)


# Login


async def test_pushes_during_a_login_come_behind_its_answer(hub):
    alice = connect(hub)
    hub.enter(alice, 1)
    hub.deliver(push("user:1", "a"))
    hub.subscribe(alice, {"room:1": None})
    hub.deliver(push("room:1", "b"))
    alice.say(b"answer ")
    alice.release()
    hub.deliver(push("user:1", "c"))
    assert await frames(alice) == ["answer abc"]


async def test_joins_and_leaves_during_a_login_win_over_the_list_it_read(hub):
    alice, bob = connect(hub), connect(hub, 2, {"conversation:2": 1})
    hub.enter(alice, 1)
    hub.join("conversation:1", [1], 5)
    hub.leave("conversation:2", [1], 2)
    hub.leave("conversation:3", [1], 1)
    hub.join("conversation:3", [1], 2)
    hub.subscribe(alice, {"conversation:2": 1, "conversation:4": 1})
    alice.release()
    for number in (1, 2, 3, 4):
        hub.deliver(push(f"conversation:{number}", str(number)))
    assert await frames(alice, bob) == ["134", "2"]


async def test_a_list_older_than_what_the_hub_knows_is_not_trusted(hub, members):
    bob = connect(hub, 2, {"conversation:1": 7})
    alice = connect(hub)
    hub.enter(alice, 1)
    members["conversation:1"] = (7, [2])
    hub.subscribe(alice, {"conversation:1": 6})
    alice.release()
    hub.deliver(push("conversation:1", "a"))
    await until(lambda: bob.writer.frames)
    assert await frames(alice, bob) == ["", "a"]


async def test_what_is_late_for_a_login_changes_nothing(hub, members):
    alice = connect(hub, 1, {"conversation:1": 5})
    hub.join("conversation:1", [1], 5)
    hub.join("conversation:1", [9], 4)
    assert not members.calls
    assert hub.topics["conversation:1"].version == 5
    hub.deliver(push("conversation:1", "a"))
    assert await frames(alice) == ["a"]


async def test_a_late_join_of_another_member_is_looked_up(hub, members):
    """alice's login read version 5, which bob made; the news of bob comes after it."""
    bob = connect(hub, 2)
    alice = connect(hub, 1, {"conversation:1": 5})
    members["conversation:1"] = (5, [1, 2])
    hub.join("conversation:1", [2], 5)
    hub.deliver(push("conversation:1", "a"))
    await until(lambda: alice.writer.frames and bob.writer.frames)
    assert await frames(alice, bob) == ["a", "a"]


# Versions


async def test_changes_that_follow_each_other_apply(hub, members):
    alice, bob = connect(hub, 1, {"conversation:1": 1}), connect(hub, 2)
    hub.join("conversation:1", [2, 77], 2)
    hub.deliver(push("conversation:1", "a", version=("conversation:1", 2)))
    hub.leave("conversation:1", [1], 3)
    hub.deliver(push("conversation:1", "b", version=("conversation:1", 3)))
    assert await frames(alice, bob) == ["a", "ab"]
    assert members.calls == []


async def test_a_removed_member_gets_nothing_although_the_news_was_lost(hub, members):
    alice, bob = connect(hub, 1, {"conversation:1": 4}), connect(hub, 2, {"conversation:1": 4})
    members["conversation:1"] = (5, [1])
    hub.deliver(push("conversation:1", "before", version=("conversation:1", 4)))
    hub.deliver(push("conversation:1", " after", version=("conversation:1", 5)))
    hub.deliver(push("conversation:1", " then", version=("conversation:1", 5)))
    await until(lambda: "then" in "".join(alice.writer.frames))
    assert await frames(alice, bob) == ["before after then", "before"]
    assert members.calls == ["conversation:1"]


async def test_deliveries_wait_in_order_while_members_are_read_and_other_topics_do_not(hub, members):
    alice = connect(hub, 1, {"conversation:1": 4, "conversation:2": 1})
    members.gate.clear()
    members["conversation:1"] = (6, [1])
    for number in range(3):
        hub.deliver(push("conversation:1", str(number), version=("conversation:1", 6)))
    hub.deliver(push("conversation:2", "other "))
    assert await frames(alice) == ["other "]
    members.gate.set()
    await until(lambda: len(alice.writer.frames) == 4)
    assert await frames(alice) == ["other 012"]


async def test_a_jump_of_the_version_has_the_members_read(hub, members):
    alice, bob = connect(hub, 1, {"conversation:1": 4}), connect(hub, 2, {"conversation:1": 4})
    carol = connect(hub, 3)
    members["conversation:1"] = (6, [1, 3])
    hub.join("conversation:1", [3], 6)
    hub.deliver(push("conversation:1", "a"))
    await until(lambda: carol.writer.frames)
    assert await frames(alice, bob, carol) == ["a", "", "a"]


async def test_changes_while_members_are_read_apply_to_what_was_read(hub, members):
    alice, bob, carol = (connect(hub, user_id, {"conversation:1": 4}) for user_id in (1, 2, 3))
    members.gate.clear()
    members["conversation:1"] = (6, [1, 2])
    hub.deliver(push("conversation:1", "a", version=("conversation:1", 6)))
    hub.leave("conversation:1", [3], 5)  # known to what was read
    hub.leave("conversation:1", [2], 7)
    hub.deliver(push("conversation:1", "b", version=("conversation:1", 7)))
    members["conversation:1"] = (6, [1, 2])
    members.gate.set()
    await until(lambda: len(members.calls) >= 2 or alice.writer.frames)
    members["conversation:1"] = (7, [1])
    await until(lambda: len(alice.writer.frames) == 2)
    assert (await frames(alice, carol)) == ["ab", ""]
    assert "b" not in "".join(bob.writer.frames)


async def test_what_is_newer_than_the_store_for_long_is_given_up(hub, members, caplog):
    alice = connect(hub, 1, {"conversation:1": 4})
    members["conversation:1"] = (4, [1])
    hub.deliver(push("conversation:1", "a", version=("conversation:1", 9)))
    await until(lambda: hub.dropped_held)
    hub.deliver(push("conversation:1", "b", version=("conversation:1", 4)))
    assert await frames(alice) == ["b"]
    assert len(members.calls) == hubs.LOAD_ATTEMPTS
    assert "ahead" in caplog.text


async def test_a_loader_that_fails_is_tried_again(hub, members, monkeypatch, caplog):
    monkeypatch.setattr(hubs, "RELOAD_AGAIN_S", 0.01)
    alice = connect(hub, 1, {"conversation:1": 4})
    members["conversation:1"] = (5, [1])
    members.error = OSError("database gone")
    hub.deliver(push("conversation:1", "a", version=("conversation:1", 5)))
    await until(lambda: len(members.calls) >= 2)
    assert await frames(alice) == [""]
    members.error = None
    await until(lambda: alice.writer.frames)
    assert "database gone" in caplog.text


async def test_too_many_waiting_deliveries_are_dropped_from_the_front(hub, members, monkeypatch):
    monkeypatch.setattr(hubs, "HELD_MAX", 2)
    alice = connect(hub, 1, {"conversation:1": 4})
    members.gate.clear()
    members["conversation:1"] = (5, [1])
    for number in range(4):
        hub.deliver(push("conversation:1", str(number), version=("conversation:1", 5)))
    members.gate.set()
    await until(lambda: alice.writer.frames)
    assert await frames(alice) == ["23"]
    assert hub.dropped_held == 2


async def test_a_waiting_delivery_reaches_its_other_topics_when_the_topic_is_gone(hub, members):
    alice, bob = connect(hub, 1, {"conversation:1": 4}), connect(hub, 2)
    members.gate.clear()
    members["conversation:1"] = (5, [])
    hub.deliver(push(["conversation:1", "user:2"], "a", version=("conversation:1", 5)))
    assert await frames(bob) == [""]
    hub.remove(alice)
    assert await frames(alice, bob) == ["", "a"]
    members.gate.set()


async def test_an_older_delivery_is_still_delivered(hub, members):
    alice = connect(hub, 1, {"conversation:1": 4})
    hub.deliver(push("conversation:1", "a", version=("conversation:1", 3)))
    assert await frames(alice) == ["a"]
    assert members.calls == []


async def test_without_a_loader_a_missed_change_is_told_to_the_log(hub, members, caplog):
    alice = connect(hub, 1, {"room:1": 1})
    hub.deliver(push("room:1", "a", version=("room:1", 3)))
    assert await frames(alice) == ["a"]
    assert "no loader" in caplog.text


async def test_topics_without_a_version_just_change(hub):
    alice, bob = connect(hub, 1), connect(hub, 2)
    hub.join("room:1", [1, 2])
    hub.deliver(push("room:1", "a"))
    hub.leave("room:1", [2])
    hub.leave("room:7", [2])
    hub.deliver(push("room:1", "b"))
    assert await frames(alice, bob) == ["ab", "a"]


async def test_a_join_nobody_here_is_concerned_by_leaves_no_trace(hub):
    hub.join("room:1", [1, 2], 3)
    assert hub.topics == {}


# Ends


async def test_a_delivery_may_end_the_sessions_it_reaches(hub, monkeypatch):
    monkeypatch.setattr(hubs, "LEAVE_S", 0.01)
    ended = []
    monkeypatch.setattr("imsite.realtime.session._end_hooks", [])
    on_end(lambda session, actor: ended.append((session.sid, actor.user.pk)))
    old, new, phone = connect(hub, 1, {"room:1": None}), connect(hub, 1), connect(hub, 1, device_class="mobile")
    hub.deliver(push("user:1", "kicked", device_class="web", skip=new.session.sid, ends=True))
    hub.deliver(push(["user:1", "room:1"], " more"))
    assert await frames(old, new, phone) == ["kicked", " more", " more"]
    assert not old.session.logged_in
    assert new.session.logged_in
    await until(lambda: old.writer.code is not None and ended)
    assert ended == [(old.session.sid, 1)]
    assert new.writer.code is None


async def test_a_client_that_logs_in_again_after_the_end_is_not_closed(hub, monkeypatch):
    monkeypatch.setattr(hubs, "LEAVE_S", 0.01)
    monkeypatch.setattr("imsite.realtime.session._end_hooks", [])
    closed = []
    monkeypatch.setattr(Hub, "_close_unless_back", lambda self, one: closed.append(one.session.logged_in))
    alice = connect(hub, 1)
    hub.deliver(push("user:1", "kicked", ends=True))
    alice.session.actor = person(2)
    await until(lambda: closed)
    assert closed == [True]
    monkeypatch.undo()
    hub._close_unless_back(alice)
    assert alice.writer.code is None


async def test_a_session_may_be_ended_while_it_logs_in(hub, monkeypatch):
    monkeypatch.setattr("imsite.realtime.session._end_hooks", [])
    alice = connect(hub)
    alice.session.actor = person(1)
    hub.enter(alice, 1)
    hub.deliver(push("user:1", "kicked", ends=True))
    hub.subscribe(alice, {"room:1": None})
    alice.say(b"answer ")
    alice.release()
    assert await frames(alice) == ["answer kicked"]
    assert not alice.session.logged_in
    assert hub.topics == {}


# Slow and silent peers


async def test_a_peer_that_does_not_read_is_cut_and_costs_the_others_nothing(hub):
    slow, quick = connect(hub, 1, {"room:1": None}), connect(hub, 2, {"room:1": None})
    slow.writer.unsent = hub.buffer_bytes + 1
    hub.deliver(push("room:1", "a"))
    await asyncio.sleep(0)
    hub.deliver(push("room:1", "b"))
    assert await frames(slow, quick) == ["a", "ab"]
    assert slow.writer.aborted
    assert hub.dropped_slow == 1
    assert "user:1" not in hub.topics


async def test_one_long_answer_cuts_nobody_more_than_it_does(hub):
    reader = connect(hub, 1, {"room:1": None})
    reader.say(b"x" * (hub.buffer_bytes + 1))
    reader.writer.unsent = 2 * hub.buffer_bytes
    await asyncio.sleep(0)
    hub.deliver(push("room:1", "a"))
    await asyncio.sleep(0)
    assert not reader.writer.aborted
    reader.writer.unsent += 2
    hub.deliver(push("room:1", "b"))
    await asyncio.sleep(0)
    assert reader.writer.aborted


async def test_a_long_answer_that_was_read_allows_nothing_more(hub):
    reader = connect(hub, 1, {"room:1": None})
    reader.say(b"x" * (hub.buffer_bytes + 1))
    await asyncio.sleep(0)
    reader.writer.unsent = hub.buffer_bytes + 1
    hub.deliver(push("room:1", "a"))
    await asyncio.sleep(0)
    assert reader.writer.aborted


async def test_a_peer_that_says_nothing_for_too_long_is_cut(hub):
    silent, paused, alive = connect(hub, 1), connect(hub, 2), connect(hub)
    for connection in (silent, paused):
        connection.seen_at -= hub.silence_s + 1
    paused.paused = True
    hub._sweep()
    assert (silent.writer.aborted, paused.writer.aborted, alive.writer.aborted) == (True, False, False)
    assert hub.dropped_silent == 1
