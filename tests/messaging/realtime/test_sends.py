"""Sending by socket: every kind of message, every kind of target, and everything that is refused."""

import copy

import orjson
import pytest

from accounts import services as accounts
from accounts.models import Block
from chatrooms import services as rooms
from groups import services as groups
from imsite.realtime import dispatch
from messaging import shapes, writer
from messaging.models import FOREVER_MS, Conversation, Message, Participant
from tests.cast import register
from tests.door import Socket
from tests.messaging.conftest import say

pytestmark = pytest.mark.django_db(transaction=True)

BODIES = {
    "text": {"text": "hi", "extras": {"k": "v", "n": [1, None, {"deep": True}]}},
    "image": {"media_id": "qiniu/image/j/F39A", "media_crc32": 1338734977, "width": 720, "height": 1280},
    "file": {
        "media_id": "qiniu/file/j/1BB3",
        "media_crc32": 4294967295,
        "fsize": 176512,
        "fname": "a.dmp",
        "hash": "Ft",
    },
    "voice": {"media_id": "qiniu/voice/j/1BB3", "media_crc32": 1, "duration": 3, "fsize": 176},
    "location": {"latitude": 31.2, "longitude": 121, "scale": 1, "label": "上海"},
    "custom": {"anything": None, "rid": 5, "text": 7, "list": [{}]},
    "video": {"media_id": "qiniu/file/j/1BB3", "thumb_media_id": "x"},
}


@pytest.fixture
def alices(alice):
    return Socket(alice)


@pytest.fixture
def lobby(dave, server):
    """A chat room with nobody in it but its owner."""
    return rooms.create_room("Lobby", owner=dave, by=server)


def content(body=None, message_type="text", **more):
    return {
        "version": 1, "target_type": "single", "from_platform": "web", "target_id": "bobby", "from_id": "alice",
        "create_time": 1795232441641, "msg_type": message_type, "msg_body": body or {"text": "hi"}, **more,
    }  # fmt: skip


def to_user(name="bobby", body=None, message_type="text", **more):
    return {
        "content": content(body, message_type),
        "target_id": name,
        "no_offline": False,
        "no_notification": False,
        **more,
    }


def to_group(group, **more):
    return {"content": content(), "target_gid": str(group.pk), "no_offline": False, "no_notification": False, **more}


def stored_content():
    return orjson.loads(Message.objects.latest("pk").content)


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Conversation, Participant, Message)]


# Kinds of messages


@pytest.mark.parametrize("message_type", BODIES)
def test_every_kind_of_message_arrives_as_it_was(alices, bob, message_type, pushes):
    answer = alices.ask("s_across_single_text", to_user(body=BODIES[message_type], message_type=message_type))
    assert answer["code"] == 0
    (message,) = pushes.messages
    assert message["content"]["msg_body"] == BODIES[message_type]
    assert message["content"]["msg_type"] == message_type
    assert Message.objects.get().type == message_type


def test_a_message_to_a_user(alices, alice, bob, pushes):
    outcome = alices.request("s_across_single_text", to_user(need_receipt=True, target_name="Bob"))
    assert outcome.name == "s_single_text"  # the one event whose answer has another name
    row = Message.objects.get()
    answer = outcome.reply
    assert answer == {
        "code": 0, "message": "success", "msg_id": row.pk, "ctime_ms": row.created_ms, "seq": 1,
        "conversation_id": row.conversation_id, "key": bob.pk, "unread_count": 1, "rid": answer["rid"],
    }  # fmt: skip
    ((topics, name, data),) = pushes.delivered
    assert set(topics) == {f"user:{alice.pk}", f"user:{bob.pk}"}
    assert name == "msg_sync"
    (message,) = data["messages"]
    appkey = alice.application.appkey
    assert message == {
        "msg_id": row.pk, "msg_type": 3, "msg_level": 0, "from_uid": alice.pk, "from_gid": 0, "from_appkey": appkey,
        "from_username": "alice", "ctime_ms": row.created_ms, "need_receipt": True, "seq": 1,
        "conversation_id": row.conversation_id, "state": "kept",
        "content": {
            **content(), "target_name": "Bob", "target_appkey": appkey, "from_appkey": appkey, "from_type": "user",
            "from_name": "", "sui_mtime": int(alice.updated_at.timestamp()),
        },
    }  # fmt: skip
    assert pushes[0][4].skip == alices.session.sid
    assert "rid" not in data


def test_a_message_to_a_group(alices, alice, club, pushes):
    answer = alices.ask("send_group_msg", to_group(club, need_receipt=True))
    row = Message.objects.get()
    assert answer == {
        "code": 0, "message": "success", "msg_id": row.pk, "ctime_ms": row.created_ms, "target_gid": club.pk,
        "key": club.pk, "unread_count": 1, "seq": 1, "conversation_id": club.pk,
    }  # fmt: skip
    ((topics, _, data),) = pushes.delivered
    assert topics == (f"conversation:{club.pk}",)
    (message,) = data["messages"]
    assert (message["msg_type"], message["from_gid"], message["from_username"]) == (4, club.pk, "alice")
    assert message["content"]["target_type"] == "group"
    assert message["content"]["target_id"] == str(club.pk)
    assert message["content"]["target_name"] == "Club"
    assert "at_list" not in message["content"]


def test_a_message_to_a_room(alices, alice, lobby, pushes, server):
    rooms.change_members(lobby, add=[alice], by=server)
    pushes.clear()
    answer = alices.ask("send_room_msg", to_group(lobby))
    row = Message.objects.get()
    assert answer == {
        "code": 0, "message": "success", "msg_id": row.pk, "ctime_ms": row.created_ms, "room_id": lobby.pk,
        "seq": 1, "conversation_id": lobby.pk,
    }  # fmt: skip
    ((topics, name, data),) = pushes.delivered
    assert (topics, name) == ((f"room:{lobby.pk}",), "room_msg_sync")
    assert (data["room_id"], data["msg_id"], data["from_uid"]) == (lobby.pk, row.pk, alice.pk)
    assert data["content"]["target_type"] == "chatroom"
    assert not Participant.objects.exists()


def test_ids_may_be_numbers_or_texts(alices, club, application):
    register(application, "12345")
    assert alices.ask("send_group_msg", to_group(club, target_gid=club.pk))["target_gid"] == club.pk
    assert alices.ask("s_across_single_text", to_user(12345))["code"] == 0


def test_what_asks_for_no_receipt_gets_no_number(alices, club):
    assert "unread_count" not in alices.ask("send_group_msg", to_group(club))


def test_a_notification_of_ones_own_travels_along(alices, bob, pushes):
    notification = {"enabled": True, "title": "標題", "alert": "", "at_prefix": None}
    alices.ask("s_across_single_text", to_user(custom_notification=notification))
    assert pushes.messages[0]["custom_notification"] == notification


# What the client may not decide


def test_the_sender_is_the_sessions_whatever_the_client_says(alices, alice, bob, pushes):
    forged = {
        "from_id": "bobby", "from_appkey": "x" * 24, "from_type": "admin", "from_name": "The bank", "sui_mtime": 1,
        "target_id": "carol", "target_appkey": "y" * 24, "target_type": "group", "at_list": [{"username": "dave1"}],
    }  # fmt: skip
    body = to_user(from_id="bobby", from_uid=1, from_username="bobby", msg_id=7, ctime_ms=1)
    body["content"] |= forged | {"unknown": {"kept": 1}}
    alices.ask("s_across_single_text", body)
    (message,) = pushes.messages
    assert (message["from_username"], message["from_uid"]) == ("alice", alice.pk)
    assert message["msg_id"] == Message.objects.get().pk
    filled = message["content"]
    assert (filled["from_id"], filled["from_type"], filled["from_name"]) == ("alice", "user", "")
    assert filled["from_appkey"] == filled["target_appkey"] == alice.application.appkey
    assert (filled["target_id"], filled["target_type"]) == ("bobby", "single")
    assert filled["sui_mtime"] == int(alice.updated_at.timestamp())
    assert "at_list" not in filled
    assert filled["unknown"] == {"kept": 1}


def test_a_new_nickname_is_the_next_messages_name(alices, alice, bob, server, pushes):
    alices.ask("s_across_single_text", to_user())
    accounts.update_profile(alice, {"nickname": "Alicia"}, by=server)
    alices.ask("s_across_single_text", to_user())
    names = [message["content"]["from_name"] for message in pushes.messages]
    assert names == ["", "Alicia"]


def test_those_who_are_mentioned_get_their_appkey(alices, club, application):
    users = [
        {"username": "bobby"},
        {"username": "carol", "appkey": "other", "nickname": "C"},
        {"username": "x", "appkey": None},
    ]
    alices.ask("send_group_msg", to_group(club, users=users))
    assert stored_content()["at_list"] == [
        {"username": "bobby", "appkey": application.appkey},
        {"username": "carol", "appkey": "other", "nickname": "C"},
        {"username": "x", "appkey": application.appkey},
    ]
    alices.ask("send_group_msg", to_group(club, users=[]))
    assert stored_content()["at_list"] == []  # everybody


# Repetition


def test_a_retransmission_answers_the_first_result(alices, bob, pushes):
    data = {**to_user(), "rid": 4711}
    first = dispatch.handle(alices.session, "s_across_single_text", copy.deepcopy(data))
    again = dispatch.handle(Socket(alices.session.actor.user).session, "s_across_single_text", copy.deepcopy(data))
    assert first.reply == again.reply
    assert Message.objects.count() == 1
    assert len(pushes.messages) == 1


def test_the_same_rid_with_another_body_is_another_message(alices, bob):
    data = {**to_user(), "rid": 4711}
    dispatch.handle(alices.session, "s_across_single_text", data).wait()
    later = copy.deepcopy(data)
    later["content"]["create_time"] += 1
    assert dispatch.handle(alices.session, "s_across_single_text", later).reply["seq"] == 2


def test_the_same_rid_of_two_users_are_two_messages(alices, alice, bob):
    data = {**to_user(), "rid": 4711}
    dispatch.handle(alices.session, "s_across_single_text", copy.deepcopy(data)).wait()
    data["target_id"] = "alice"
    assert dispatch.handle(Socket(bob).session, "s_across_single_text", data).reply["seq"] == 2


def test_a_client_id_makes_a_send_repeatable_for_good(alices, alice, bob, club):
    first = alices.ask("s_across_single_text", to_user(client_id="own-1"))
    later = to_user(client_id="own-1")
    later["content"]["create_time"] += 5
    assert Socket(alice).ask("s_across_single_text", later) == first
    other = to_user(client_id="own-1")
    other["content"]["msg_body"] = {"text": "other"}
    assert alices.ask("s_across_single_text", other)["code"] == 880003
    assert alices.ask("send_group_msg", to_group(club, client_id="own-1"))["code"] == 880003
    assert Message.objects.count() == 1


# Refusals


def refused(socket, name, data):
    """The code; nothing was written."""
    before = rows()
    answer = socket.ask(name, data)
    assert set(answer) == {"code", "message"}
    assert answer["message"]
    assert rows() == before
    return answer["code"]


def test_targets_that_do_not_exist(alices, club, lobby, server):
    gone = groups.create_group("Gone", owner=club.owner, by=server)
    groups.dissolve(gone, by=server)
    assert refused(alices, "s_across_single_text", to_user("nobody")) == 880203
    assert refused(alices, "s_across_single_text", to_user("a\0b")) in (880003, 880203)
    assert refused(alices, "s_across_single_text", to_user("")) == 880203
    for gid in (123456789, gone.pk, lobby.pk, 0, 2**53 - 1):
        assert refused(alices, "send_group_msg", to_group(club, target_gid=gid)) == 880204
        if gid != lobby.pk:
            assert refused(alices, "send_room_msg", to_group(club, target_gid=gid)) == 881503


def test_who_may_not_speak(alices, alice, bob, club, dave, lobby):
    assert refused(Socket(dave), "send_group_msg", to_group(club)) == 880205
    Participant.objects.filter(user=bob).update(silenced_until_ms=FOREVER_MS)
    assert refused(Socket(bob), "send_group_msg", to_group(club)) == 880212
    Block.objects.create(owner=bob, target=alice)
    assert refused(alices, "s_across_single_text", to_user()) == 880207
    assert refused(alices, "send_room_msg", to_group(lobby)) == 881501


def test_other_applications_are_out_of_reach(alices, eve, club, lobby, alice):
    eves = Socket(eve)
    key, other = alice.application.appkey, eve.application.appkey
    assert refused(alices, "s_across_single_text", to_user("eve22")) == 880203
    assert refused(alices, "s_across_single_text", to_user("eve22", appkey=other)) == 880203
    assert refused(alices, "s_across_single_text", to_user("eve22", appkey="z" * 24)) == 880203
    assert refused(eves, "send_group_msg", to_group(club)) == 880204
    assert refused(eves, "send_group_msg", to_group(club, appkey=key)) == 880204
    assert refused(eves, "send_room_msg", to_group(lobby)) == 881503
    assert refused(eves, "send_room_msg", to_group(lobby, appkey=key)) == 881503


def sized(most, filler="x"):
    """A send whose content takes exactly `most` bytes as compact JSON."""
    data = to_user(body={"text": ""})
    missing = most - len(orjson.dumps(data["content"]))
    whole, rest = divmod(missing, len(filler.encode()))
    data["content"]["msg_body"]["text"] = filler * whole + "x" * rest
    assert len(orjson.dumps(data["content"])) == most
    return data


@pytest.mark.parametrize("filler", ["x", "你", "🌍", "é"])
def test_a_content_has_at_most_7168_bytes(alices, bob, lobby, alice, server, filler):
    assert refused(alices, "s_across_single_text", sized(7169, filler)) == 880206
    assert alices.ask("s_across_single_text", sized(7168, filler))["code"] == 0
    too_long = {**sized(7169, filler), "target_gid": lobby.pk}
    rooms.change_members(lobby, add=[alice], by=server)
    assert refused(alices, "send_room_msg", too_long) == 881504


def test_the_limit_is_a_setting(alices, bob, settings):
    settings.SOCKET_CONTENT_BYTES = 300
    assert refused(alices, "s_across_single_text", sized(301)) == 880206
    assert alices.ask("s_across_single_text", sized(300))["code"] == 0


def test_what_stands_beside_the_content_is_bounded_too(alices, club):
    many = [{"username": f"user{number:04}"} for number in range(400)]
    assert refused(alices, "send_group_msg", to_group(club, users=many)) == 880206
    assert refused(alices, "send_group_msg", to_group(club, custom_notification={"alert": "x" * 7168})) == 880206
    assert alices.ask("send_group_msg", to_group(club, users=many[:200]))["code"] == 0


WRONG = {
    "text": [1, 1.5, True, [], {}],
    "whole": ["x", 1.5, True, [], {}, -1],
    "flag": ["true", 1, 0, [], {}],
    "object": ["x", 1, True, []],
}
FIELDS = {  # of a send to a group: path, kind, what is answered where it is missing
    "content": ("object", 880002),
    "content.msg_type": ("type", 880003),
    "content.msg_body": ("object", 880004),
    "content.msg_body.text": ("text", 880002),
    "content.msg_body.extras": ("extras", None),
    "target_gid": ("whole", 880002),
    "target_name": ("name", None),
    "need_receipt": ("flag", None),
    "no_offline": ("flag", None),
    "no_notification": ("flag", None),
    "custom_notification": ("object", None),
    "users": ("mentions", None),
    "appkey": ("name", None),
    "client_id": ("id", None),
}
WRONG |= {
    "type": [1, True, [], {}, "", "texts", "\0"],
    "extras": ["x", "", 0, 1, True, False, [1]],
    "name": [1.5, True, [], {}],
    "mentions": [
        "x",
        1,
        True,
        {},
        ["bobby"],
        [1],
        [None],
        [{}],
        [{"username": 5}],
        [{"username": "bobby", "appkey": 5}],
    ],
    "id": [1, True, [], {}, "", "x" * 65, "é" * 33, "a\0b"],
}


def put(data, path, value):
    *way, last = path.split(".")
    for name in way:
        data = data[name]
    data[last] = value


@pytest.mark.parametrize("path", FIELDS)
def test_a_member_of_the_wrong_type_is_refused(alices, club, path):
    for value in WRONG[FIELDS[path][0]]:
        data = to_group(club)
        data["content"]["msg_body"]["extras"] = {}
        put(data, path, value)
        assert refused(alices, "send_group_msg", data) in (880003, 880004), value


@pytest.mark.parametrize("path", [path for path in FIELDS if FIELDS[path][1]])
def test_a_member_that_is_missing_is_refused(alices, club, path):
    data = to_group(club)
    put(data, path, None)
    assert refused(alices, "send_group_msg", data) == FIELDS[path][1]


@pytest.mark.parametrize("path", [path for path in FIELDS if not FIELDS[path][1]])
def test_a_member_that_may_be_missing_may_be_null(alices, club, path):
    data = to_group(club)
    put(data, path, None)
    assert alices.ask("send_group_msg", data)["code"] == 0


@pytest.mark.parametrize("message_type", [kind for kind in BODIES if kind != "custom"])
def test_every_member_that_a_body_needs_is_asked_for(alices, bob, message_type):
    for name in shapes.BODIES[message_type]:
        for value, code in ((None, 880002), ([], 880004), (True, 880004), ({}, 880004)):
            body = {**BODIES[message_type], name: value}
            assert refused(alices, "s_across_single_text", to_user(body=body, message_type=message_type)) == code
        body = {key: value for key, value in BODIES[message_type].items() if key != name}
        assert refused(alices, "s_across_single_text", to_user(body=body, message_type=message_type)) == 880002


def test_what_no_database_stores_is_refused(alices, bob, club):
    for put_nul in (
        lambda data: data["content"]["msg_body"].update(text="a\0b"),
        lambda data: data["content"]["msg_body"].update(extras={"a\0b": 1}),
        lambda data: data["content"]["msg_body"].update(extras={"list": [["\0"]]}),
        lambda data: data["content"].update(unknown="\0"),
        lambda data: data.update(target_name="\0"),
        lambda data: data.update(custom_notification={"alert": "\0"}),
        lambda data: data.update(users=[{"username": "\0"}]),
    ):
        data = to_user()
        put_nul(data)
        assert refused(alices, "s_across_single_text", data) == 880003


def nested(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [98, 200, 600, 900])
def test_what_is_nested_too_deeply_is_refused(alices, bob, levels):
    data = to_user(body={"deep": nested(levels)}, message_type="custom")
    assert refused(alices, "s_across_single_text", data) == 880003
    data = to_user(beside=nested(levels + 2))
    assert refused(alices, "s_across_single_text", data) == 880003


def test_some_nesting_is_fine(alices, bob):
    assert alices.ask("s_across_single_text", to_user(body={"deep": nested(50)}, message_type="custom"))["code"] == 0


def test_numbers_of_any_size_travel(alices, bob, pushes):
    body = {"big": 2**63, "more": 2**64 - 1, "less": -(2**63), "small": 1e-300}
    assert alices.ask("s_across_single_text", to_user(body=body, message_type="custom"))["code"] == 0
    assert pushes.messages[0]["content"]["msg_body"] == body


def test_a_busy_writer_is_an_answer(alices, bob, monkeypatch):
    say(alices.session.actor.user, bob)
    monkeypatch.setattr(writer, "QUEUE_MOST", 0)
    assert refused(alices, "s_across_single_text", to_user()) == 882005


def test_who_was_disabled_or_deleted_says_no_more(alices, alice, bob, server):
    """A request that was under way when the session was ended."""
    assert alices.ask("s_across_single_text", to_user())["code"] == 0
    accounts.disable_user(alice, by=server)
    assert alices.ask("s_across_single_text", to_user())["code"] == 880111
    accounts.enable_user(alice, by=server)
    assert alices.ask("s_across_single_text", to_user())["code"] == 0
    accounts.delete_user(alice, by=server)
    assert alices.ask("s_across_single_text", to_user())["code"] == 880111
    assert Message.objects.count() == 2
