"""POST /v1/messages: codes and limits, repetition, other tenants."""

import json
from concurrent.futures import Future

import orjson
import pytest

from accounts import services as accounts
from accounts.actors import Actor
from chatrooms import services as rooms
from groups import services as groups
from messaging import writer
from messaging.api import messages
from messaging.models import Conversation, Message, Participant
from tests.cast import PASSWORD_MD5, register
from tests.door import Rest, refusal

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/v1/messages"


@pytest.fixture
def admin(application, server):
    return accounts.register_admin(
        application, {"username": "admin", "password": PASSWORD_MD5, "nickname": "Boss"}, by=server
    )


@pytest.fixture
def rest(application, admin):
    return Rest(application)


@pytest.fixture
def lobby(alice, server):
    return rooms.create_room("Lobby", owner=alice, by=server)


def message(**more):
    return {
        "version": 1, "target_type": "single", "target_id": "bobby", "from_type": "admin", "from_id": "admin",
        "msg_type": "text", "msg_body": {"text": "hi"}, **more,
    }  # fmt: skip


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Conversation, Participant, Message)]


def refused(rest, body, **headers):
    """Status and code; nothing was written."""
    before = rows()
    answer = refusal(send(rest, body, **headers))
    assert rows() == before
    return answer


def send(rest, body, path=PATH, **headers):
    data = body if isinstance(body, bytes | str) else orjson.dumps(body)
    return rest.client.post(path, data, content_type="application/json", headers=rest.headers | headers)


BODIES = {
    "text": {"text": "hi", "extras": {"k": "v"}},
    "image": {"media_id": "x", "media_crc32": 4294967295, "width": 1, "height": 2, "format": "jpg", "fsize": 3},
    "voice": {"media_id": "x", "media_crc32": 1, "duration": 2, "fsize": 3, "hash": "h"},
    "file": {"media_id": "x", "media_crc32": 1, "fsize": 3, "fname": "a.pdf"},
    "location": {"latitude": 1.5, "longitude": 2, "scale": 3, "label": "here"},
    "custom": {"anything": [1, None, {}], "null": None},
}


@pytest.mark.parametrize("path", [PATH, PATH + "/", "/v1//messages//"])
def test_a_message_to_a_user(rest, admin, bob, pushes, path):
    response = send(rest, message(), path)
    row = Message.objects.get()
    assert (response.status_code, response.json()) == (201, {"msg_id": row.pk, "msg_ctime": row.created_ms})
    (pushed,) = pushes.messages
    assert (pushed["msg_id"], pushed["from_username"], pushed["msg_type"]) == (row.pk, "admin", 3)
    content = pushed["content"]
    assert (content["from_type"], content["from_id"], content["from_name"]) == ("admin", "admin", "Boss")
    assert (content["target_type"], content["target_id"], content["msg_body"]) == ("single", "bobby", {"text": "hi"})
    assert content["target_appkey"] == content["from_appkey"] == admin.application.appkey
    assert (content["version"], content["from_platform"]) == (1, "api")
    assert content["create_time"] <= row.created_ms
    assert row.from_type == "admin"
    assert pushes[0][4].skip is None  # the admin's own sessions see it


def test_a_message_to_a_group_and_to_a_room_that_the_admin_is_not_in(rest, club, lobby, pushes):
    assert send(rest, message(target_type="group", target_id=str(club.pk))).status_code == 201
    assert send(rest, message(target_type="chatroom", target_id=lobby.pk)).status_code == 201
    group, room = pushes.delivered[-2:]
    assert (group[0], group[1]) == ((f"conversation:{club.pk}",), "msg_sync")
    assert (room[0], room[1]) == ((f"room:{lobby.pk}",), "room_msg_sync")
    assert not Participant.objects.filter(user__username="admin").exists()


@pytest.mark.parametrize("message_type", BODIES)
def test_every_kind_of_message_travels_unchanged(rest, bob, message_type, pushes):
    assert send(rest, message(msg_type=message_type, msg_body=BODIES[message_type])).status_code == 201
    assert pushes.messages[0]["content"]["msg_body"] == BODIES[message_type]


def test_what_may_be_named(rest, bob, application, pushes):
    body = message(
        target_appkey=application.appkey, from_name="The shop", target_name="Bob", no_offline=True, no_notification=True,
        notification={"title": "t", "alert": "a"}, unknown={"ignored": 1},
    )  # fmt: skip
    assert send(rest, body).status_code == 201
    (pushed,) = pushes.messages
    assert (pushed["content"]["from_name"], pushed["content"]["target_name"]) == ("The shop", "Bob")
    assert pushed["custom_notification"] == {"title": "t", "alert": "a"}
    row = Message.objects.get()
    assert (row.seq, row.no_offline, row.no_notification) == (None, True, True)
    assert "unknown" not in row.content


def test_null_means_absent(rest, bob):
    nulls = dict.fromkeys(
        ("target_appkey", "from_name", "target_name", "no_offline", "no_notification", "notification")
    )
    assert send(rest, message(**nulls, msg_body={"text": "hi", "extras": None})).status_code == 201


def test_what_clients_send_oddly_is_understood(rest, club, application, bob):
    register(application, "12345")
    assert send(rest, message(version="1", no_offline="false", notification={})).status_code == 201
    assert send(rest, message(target_id=12345)).status_code == 201
    assert send(rest, message(target_type="group", target_id=club.pk)).status_code == 201
    assert (
        send(rest, json.dumps(message(msg_body={"text": "你好 🌍"}), indent=2).replace("\n", "\r\n")).status_code == 201
    )
    assert orjson.loads(Message.objects.latest("pk").content)["msg_body"] == {"text": "你好 🌍"}
    assert send(rest, message(msg_body={"text": "hi", "extras": []})).status_code == 201


# Refusals


@pytest.mark.parametrize(
    "name", ["version", "target_type", "target_id", "from_type", "from_id", "msg_type", "msg_body"]
)
def test_every_required_member_is_asked_for(rest, bob, name):
    body = message()
    del body[name]
    assert refused(rest, body) == refused(rest, {**body, name: None}) == (400, 899003)


WRONG = {
    "version": [0, 2, "x", True, 1.5, [], {}],
    "target_type": ["user", "Single", "", 1, True, [], {}],
    "target_id": [True, 1.5, [], {}, "x" * 129],
    "from_type": ["user", "Admin", "", 1, [], {}],
    "from_id": [True, 1.5, [], {}, "x" * 129],
    "msg_type": ["texts", "", 1, True, [], {}],
    "msg_body": ["hi", 1, True, [], [{"text": "hi"}], {}, {"text": 1}, {"text": ["hi"]}, {"text": "hi", "extras": "x"}],
    "target_appkey": [1, True, [], {}],
    "from_name": [1, True, [], {}, "x" * 251],
    "target_name": [1, True, [], {}, "x" * 251],
    "no_offline": ["x", 2, [], {}],
    "no_notification": ["x", 2, [], {}],
    "notification": ["x", 1, True, [], {"title": 1}, {"alert": []}, {"alert": "x" * 251}],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_member_of_the_wrong_type_is_refused(rest, bob, name):
    for value in WRONG[name]:
        assert refused(rest, message(**{name: value})) == (400, 899003), value


@pytest.mark.parametrize("message_type", ["image", "voice", "file", "location"])
def test_every_member_that_a_body_needs_is_asked_for(rest, bob, message_type):
    whole = BODIES[message_type]
    for name in whole.keys() - {"hash"}:
        body = {key: value for key, value in whole.items() if key != name}
        for broken in (body, {**body, name: None}, {**body, name: []}, {**body, name: True}):
            assert refused(rest, message(msg_type=message_type, msg_body=broken)) == (400, 899003), broken


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"[]", b"[{}]", b'"text"', b"1", b"null", b"{} {}", b"\xff\xfe{}", b'{"version": 1, "from_id": "\xff"}',
        b'{"version": NaN}', b"version=1&target_type=single",
    ],
)  # fmt: skip
def test_what_is_no_object_in_json_is_refused(rest, body):
    assert refused(rest, body) == (400, 899003)


def test_broken_utf8_in_a_text_is_refused(rest, bob):
    whole = orjson.dumps(message(msg_body={"text": "MARK"}))
    for broken in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\\ud800", b"\\udc00"):
        assert refused(rest, whole.replace(b"MARK", broken)) == (400, 899003)


def test_what_no_database_stores_is_refused(rest, bob):
    for more in (
        {"msg_body": {"text": "a\0b"}}, {"msg_body": {"text": "a", "extras": {"\0": 1}}}, {"from_name": "\0"},
        {"target_name": "\0"}, {"notification": {"title": "\0"}}, {"msg_type": "custom", "msg_body": {"x": [["\0"]]}},
    ):  # fmt: skip
        assert refused(rest, message(**more)) == (400, 899003), more
    assert refused(rest, message(target_id="a\0b"))[1] in (899002, 899003)


@pytest.mark.parametrize("levels", [101, 300, 900, 1500])
def test_what_is_nested_too_deeply_is_refused(rest, bob, levels):
    deep = b"[" * levels + b"]" * levels
    whole = orjson.dumps(message(msg_type="custom", msg_body={"deep": "MARK"}))
    assert refused(rest, whole.replace(b'"MARK"', deep)) == (400, 899003)
    assert refused(rest, whole.replace(b'"version"', b'"odd":' + deep + b',"version"'))[0] in (400, 201)


def body_of(size, filler):
    """A msg_body of exactly `size` bytes as compact JSON in UTF-8."""
    room = size - len(b'{"text":""}')
    whole, rest = divmod(room, len(filler.encode()))
    body = {"text": filler * whole + "x" * rest}
    assert len(orjson.dumps(body)) == size
    return body


@pytest.mark.parametrize("filler", ["x", "é", "你", "🌍"])
def test_a_body_has_at_most_4096_bytes_however_it_is_written(rest, bob, filler):
    fits, too_long = body_of(4096, filler), body_of(4097, filler)
    for written in (
        orjson.dumps,
        lambda value: json.dumps(value, indent=8),
        lambda value: json.dumps(value, ensure_ascii=True),
    ):
        assert send(rest, written(message(msg_body=fits))).status_code == 201
        assert refused(rest, written(message(msg_body=too_long))) == (400, 899003)


def test_targets_and_senders_that_do_not_exist(rest, alice, bob, club, server):
    gone = groups.create_group("Gone", owner=alice, by=server)
    groups.dissolve(gone, by=server)
    assert refused(rest, message(target_id="nobody")) == (403, 899002)
    assert refused(rest, message(from_id="nobody")) == (403, 899002)
    assert refused(rest, message(from_id="alice")) == (403, 899016)  # no admin
    for gid in ("123456789", str(gone.pk), "0", str(2**60)):
        assert refused(rest, message(target_type="group", target_id=gid)) == (403, 899006)
        assert refused(rest, message(target_type="chatroom", target_id=gid)) == (403, 899081)
    for gid in ("x", "-1", "1.5", "", " "):
        assert refused(rest, message(target_type="group", target_id=gid)) == (400, 899003)
    accounts.delete_user(bob, by=server)
    assert refused(rest, message()) == (403, 899002)


def test_other_tenants_are_out_of_reach(rest, eve, club, lobby, other_application, bob):
    theirs = Rest(other_application)
    their_admin = accounts.register_admin(
        other_application, {"username": "admin", "password": PASSWORD_MD5}, by=Actor.server(other_application)
    )
    assert their_admin.is_admin
    assert refused(rest, message(target_id="eve22")) == (403, 899002)
    assert refused(rest, message(target_id="eve22", target_appkey=other_application.appkey)) == (403, 899020)
    assert refused(rest, message(target_id="eve22", target_appkey="z" * 24)) == (400, 899009)
    assert refused(theirs, message()) == (403, 899002)
    for kind, target, code in (("group", club, 899006), ("chatroom", lobby, 899081)):
        assert refused(theirs, message(target_type=kind, target_id=str(target.pk))) == (403, code)
        answer = refused(
            theirs, message(target_type=kind, target_id=str(target.pk), target_appkey=club.application.appkey)
        )
        assert answer == (403, 899020)


def test_without_credentials_nothing_is_looked_at(rest, bob):
    before = rows()
    for headers, code in (
        ({}, 899007),
        ({"Authorization": "Basic x"}, 899008),
        ({"Authorization": "Bearer x"}, 899008),
    ):
        response = rest.client.post(PATH, b"{", content_type="application/json", headers=headers)
        assert refusal(response) == (401, code)
    assert rows() == before


def test_other_methods_are_refused(rest):
    assert rest.put(PATH, message()).status_code == 405
    assert rest.delete(PATH, message()).status_code == 405


# Repetition


def test_a_key_makes_a_request_repeatable(rest, bob, pushes):
    first = send(rest, message(), **{"Idempotency-Key": "order-7"})
    again = send(rest, message(), **{"Idempotency-Key": "order-7"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert refused(rest, message(msg_body={"text": "other"}), **{"Idempotency-Key": "order-7"}) == (400, 899003)
    assert refused(rest, message(target_id="admin"), **{"Idempotency-Key": "order-7"}) == (400, 899003)
    assert send(rest, message(), **{"Idempotency-Key": "order-8"}).json() != first.json()
    assert len(pushes.messages) == 2


def test_without_a_key_every_request_is_a_message(rest, bob):
    assert send(rest, message()).json() != send(rest, message()).json()


def test_a_key_has_1_to_92_bytes(rest, bob):
    assert send(rest, message(), **{"Idempotency-Key": "k" * 92}).status_code == 201
    for key in ("k" * 93, "", "é" * 47):
        assert refused(rest, message(), **{"Idempotency-Key": key}) == (400, 899003)


# The server's own trouble


def test_a_busy_writer_is_said(rest, bob, monkeypatch):
    assert send(rest, message()).status_code == 201
    monkeypatch.setattr(writer, "QUEUE_MOST", 0)
    assert refused(rest, message()) == (503, 899030)


def test_a_writer_that_does_not_answer_in_time_is_busy(rest, bob, monkeypatch):
    assert send(rest, message()).status_code == 201
    monkeypatch.setattr(messages, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(messages.sending, "send", lambda *args, **kwargs: Future())
    assert refused(rest, message()) == (503, 899030)
