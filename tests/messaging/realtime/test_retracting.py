"""msg_retract, and event 55 as sockets get it."""

import pytest

from chatrooms import services as rooms
from messaging.models import Message
from tests.door import Socket
from tests.messaging.conftest import say, stored

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_of_a_pair(alice, bob, pushes):
    sent = say(alice, bob)
    alices = Socket(alice)
    pushes.clear()
    assert alices.ask("msg_retract", {"msg_id": sent.message_id}) == {"code": 0, "message": "success"}
    ((topics, name, event),) = pushes.delivered
    assert name == "event_notification"
    assert {f"user:{alice.pk}", f"user:{bob.pk}"} <= set(topics)
    assert pushes[0][4].skip == alices.session.sid
    assert pushes[0][4].event_id == event["event_id"]
    appkey = alice.application.appkey
    assert event == {
        "event_id": event["event_id"], "event_type": 55, "extra": 0, "ctime": event["ctime_ms"] // 1000,
        "ctime_ms": event["ctime_ms"], "from_username": "alice", "from_appkey": appkey, "from_uid": alice.pk,
        "from_nickname": "", "msg_ids": [sent.message_id], "msgid_list": [sent.message_id], "from_gid": 0,
        "to_usernames": [{"username": "bobby", "appkey": appkey, "nickname": "", "avatar": "", "memo_name": ""}],
        "conversation_id": sent.conversation_id,
    }  # fmt: skip


def test_a_message_of_a_group(club, bob, pushes):
    sent = say(bob, club)
    pushes.clear()
    assert Socket(bob).ask("msg_retract", {"msg_id": str(sent.message_id)})["code"] == 0
    ((topics, _, event),) = pushes.delivered
    assert topics == (f"conversation:{club.pk}",)
    assert (event["gid"], event["from_gid"], event["group_name"], event["media_id"]) == (club.pk, club.pk, "Club", "")
    assert (event["msg_ids"], event["to_usernames"]) == ([sent.message_id], [])


def test_a_message_of_a_room(alice, bob, server, pushes):
    lobby = rooms.create_room("Lobby", owner=alice, members=[bob], by=server)
    bobs = Socket(bob)
    content = {"msg_type": "text", "msg_body": {"text": "hi"}}
    sent = bobs.ask("send_room_msg", {"target_gid": lobby.pk, "content": content})
    pushes.clear()
    assert bobs.ask("msg_retract", {"msg_id": sent["msg_id"]})["code"] == 0
    ((topics, _, event),) = pushes.delivered
    assert topics == (f"room:{lobby.pk}",)
    assert (event["event_type"], event["from_gid"], event["msg_ids"]) == (55, lobby.pk, [sent["msg_id"]])


def test_what_may_not_be_taken_back(club, alice, bob, eve, application):
    sent = stored(say(alice, club))

    def code(user, msg_id=sent.pk):
        return Socket(user).ask("msg_retract", {"msg_id": msg_id})["code"]

    assert code(bob) == 881402
    assert code(eve) == 881403  # of another application
    assert code(alice, 987654321) == 881403
    Message.objects.update(created_ms=sent.created_ms - 181_000)
    assert code(alice) == 881401
    Message.objects.update(created_ms=sent.created_ms)
    assert code(alice) == 0
    assert code(alice) == 881404


@pytest.mark.parametrize(
    "data", [{}, {"msg_id": None}, {"msg_id": "x"}, {"msg_id": []}, {"msg_id": True}, {"msg_id": -1}]
)
def test_a_message_is_named_by_its_id(alice, data):
    assert Socket(alice).ask("msg_retract", data)["code"] in (880002, 880003, 880004)


def test_a_retransmission_is_answered_as_the_first(alice, bob):
    sent = say(alice, bob)
    alices = Socket(alice)
    request = {"msg_id": sent.message_id, "rid": 5}
    from imsite.realtime import dispatch

    first = dispatch.handle(alices.session, "msg_retract", request).reply
    assert first["code"] == 0
    assert dispatch.handle(alices.session, "msg_retract", request).reply == first
