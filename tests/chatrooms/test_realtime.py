"""Requests about chat rooms by socket."""

import orjson
import pytest

from chatrooms import services
from chatrooms.models import ChatRoom
from imsite.realtime import dispatch
from messaging.models import Conversation, Message
from tests.door import Socket


@pytest.fixture
def bobs(bob):
    return Socket(bob)


def inside(room):
    return set(room.memberships.values_list("user__username", flat=True))


def shown(room, application, members):
    return {
        "id": room.pk,
        "name": room.name,
        "description": room.description,
        "appkey": application.appkey,
        "total_member_count": members,
        "max_member_count": 10_000,
        "ctime": int(room.created_at.timestamp()),
    }


def say(room, sender, *texts, state=Message.State.KEPT):
    """Messages in the room, as the writer stores them."""
    conversation = Conversation.objects.get(pk=room.pk)
    for text in texts:
        conversation.last_seq += 1
        Message.objects.create(
            application_id=sender.application_id,
            conversation=conversation,
            seq=conversation.last_seq,
            sender=sender,
            client_id=f"{room.pk}:{conversation.last_seq}",
            type="text",
            content=orjson.dumps({"msg_type": "text", "msg_body": {"text": text}}).decode(),
            created_ms=conversation.last_seq,
            state=state,
        )
    conversation.save()


def frames(answer):
    """The frames of an answer: its own, then the pushes behind it."""
    return [orjson.loads(frame[2:]) for frame in (answer.frame, *answer.behind)]


# Reading


def test_room_list(bobs, application, lobby, bob, server):
    hall = services.create_room("Hall", owner=bob, members=[lobby.owner], by=server)
    rooms = [shown(lobby, application, 1), shown(hall, application, 2)]
    assert bobs.ask("room_list") == {
        "code": 0,
        "message": "success",
        "result": {"total": 2, "start": 0, "count": 2, "rooms": rooms},
    }
    page = bobs.ask("room_list", {"start": "1", "appkey": application.appkey})["result"]
    assert page == {"total": 2, "start": 1, "count": 1, "rooms": rooms[1:]}
    assert bobs.ask("room_list", {"start": 2})["result"]["rooms"] == []


def test_room_list_of_nothing(bobs):
    assert bobs.ask("room_list", {"start": 0})["result"] == {"total": 0, "start": 0, "count": 0, "rooms": []}


def test_room_list_refuses(bobs, eve, lobby, other_application):
    assert bobs.ask("room_list", {"start": -1})["code"] == 880003
    assert bobs.ask("room_list", {"start": "first"})["code"] == 880004
    assert bobs.ask("room_list", {"appkey": other_application.appkey})["code"] == 880203
    assert Socket(eve).ask("room_list")["result"]["total"] == 0
    assert Socket(eve).ask("room_list", {"appkey": lobby.application.appkey})["code"] == 880203


def test_own_rooms(bobs, application, alice, lobby):
    assert bobs.ask("room_list_self")["chat_rooms"] == []
    assert Socket(alice).ask("room_list_self") == {
        "code": 0,
        "message": "success",
        "chat_rooms": [shown(lobby, application, 1)],
    }


def test_room_info(bobs, application, lobby):
    for room_id in (lobby.pk, str(lobby.pk)):
        assert bobs.ask("room_info", {"id": room_id})["info"] == shown(lobby, application, 1)
    assert bobs.ask("room_info")["code"] == 880002  # as the SDK asks for a room that it does not know


@pytest.mark.parametrize("name", ["room_info", "join_room", "exit_room"])
def test_no_such_room_here(bobs, eve, lobby, name):
    for room_id in (lobby.pk + 1, 0, "77"):
        assert bobs.ask(name, {"id": room_id})["code"] == 881503
    assert Socket(eve).ask(name, {"id": lobby.pk})["code"] == 881503
    assert bobs.ask(name)["code"] == 880002
    assert bobs.ask(name, {"id": [1]})["code"] == 880004
    assert bobs.ask(name, {"id": -1})["code"] == 880003
    assert inside(lobby) == {"alice"}


# Coming and going


def test_a_repetition_on_another_connection_is_done_again(bob, lobby):
    """The room was left with the first connection; an answer from memory would leave its user outside, believing to be in."""
    data = {"id": lobby.pk, "rid": 2_000_000_000}
    first = Socket(bob)
    for _ in range(2):
        assert dispatch.handle(first.session, "join_room", data).reply["code"] == 0
    services.leave_when_gone(bob)
    assert dispatch.handle(Socket(bob).session, "join_room", data).reply["code"] == 0
    assert inside(lobby) == {"alice", "bobby"}


def test_enter_and_leave(bobs, lobby):
    done = {"code": 0, "message": "success", "id": lobby.pk}
    assert bobs.ask("join_room", {"id": str(lobby.pk)}) == done
    assert inside(lobby) == {"alice", "bobby"}
    assert bobs.ask("join_room", {"id": lobby.pk})["code"] == 881507
    assert bobs.ask("exit_room", {"id": lobby.pk}) == done
    assert bobs.ask("exit_room", {"id": lobby.pk})["code"] == 881501
    assert inside(lobby) == {"alice"}


def test_a_full_room(bobs, lobby):
    ChatRoom.objects.filter(pk=lobby.pk).update(capacity=1)
    assert bobs.ask("join_room", {"id": lobby.pk})["code"] == 881508
    assert inside(lobby) == {"alice"}


def test_who_enters_is_shown_the_last_fifty(bobs, alice, lobby):
    say(lobby, alice, *[str(number) for number in range(60)])
    say(lobby, alice, "taken back", state=Message.State.RETRACTED)
    answer = bobs.request("join_room", {"id": lobby.pk}).wait()
    (name, reply), (pushed, history) = frames(answer)
    assert (name, reply["code"], reply["id"]) == ("join_room", 0, lobby.pk)
    assert pushed == "room_msg_sync_his"
    assert "rid" not in history
    assert history["room_id"] == lobby.pk
    (entry,) = history["messages"]
    assert entry["room_id"] == lobby.pk
    assert [message["content"]["msg_body"]["text"] for message in entry["msgs"]] == [str(n) for n in range(10, 60)]
    first = entry["msgs"][0]
    assert (first["room_id"], first["from_uid"], first["ctime_ms"]) == (lobby.pk, alice.pk, 11)
    assert first["msg_id"] == Message.objects.get(seq=11).pk


def test_a_silent_room_shows_nothing(bobs, lobby):
    answer = bobs.request("join_room", {"id": lobby.pk}).wait()
    assert [name for name, _ in frames(answer)] == ["join_room"]


def test_history_costs_the_same_however_many_speak(bobs, application, cast, lobby, django_assert_max_num_queries):
    for name in ("alice", "bobby", "carol", "dave1"):
        say(lobby, cast[name], *["hi"] * 12)
    with django_assert_max_num_queries(14):
        answer = bobs.request("join_room", {"id": lobby.pk}).wait()
    assert len(frames(answer)[1][1]["messages"][0]["msgs"]) == 48


# Members of other applications of the same owner


def test_a_user_of_a_sister_application(application, sister, twin, lobby, server):
    twins = Socket(twin)
    assert twins.ask("room_list")["result"]["total"] == 0
    there = {"code": 0, "message": "success", "id": lobby.pk}
    assert twins.ask("room_list", {"appkey": application.appkey})["result"]["rooms"] == [shown(lobby, application, 1)]
    assert twins.ask("room_list", {"appkey": "x" * 24})["code"] == 880203
    assert twins.ask("join_room", {"id": lobby.pk}) == there
    assert twins.ask("room_list_self")["chat_rooms"] == [shown(lobby, application, 2)]
    assert twins.ask("room_info", {"id": lobby.pk})["info"] == shown(lobby, application, 2)
    assert twins.ask("exit_room", {"id": lobby.pk}) == there
    assert inside(lobby) == {"alice"}


def test_rooms_cost_the_same_however_many(alice, server, lobby, django_assert_max_num_queries):
    for number in range(20):
        services.create_room(f"r{number}", owner=alice, by=server)
    alices = Socket(alice)
    with django_assert_max_num_queries(4):
        assert alices.ask("room_list")["result"]["count"] == 21
    with django_assert_max_num_queries(3):
        assert len(alices.ask("room_list_self")["chat_rooms"]) == 21
