"""POST /v1/messages: codes and limits, repetition, other tenants."""

import json
from concurrent.futures import Future

import orjson
import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Block, Friendship
from chatrooms import services as rooms
from groups import services as groups
from messaging import writer
from messaging.api import messages
from messaging.models import FOREVER_MS, Conversation, Message, Participant
from messaging.services import words
from tests import isolation
from tests.cast import PASSWORD_MD5, register
from tests.door import Rest, refusal
from tests.together import together

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
        notification={"title": "t", "alert": "中" * 1024}, unknown={"ignored": 1},
    )  # fmt: skip
    assert send(rest, body).status_code == 201
    (pushed,) = pushes.messages
    assert (pushed["content"]["from_name"], pushed["content"]["target_name"]) == ("The shop", "Bob")
    assert pushed["custom_notification"] == {"title": "t", "alert": "中" * 1024}
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
    "from_type": ["users", "Admin", "", 1, [], {}],
    "from_id": [True, 1.5, [], {}, "x" * 129],
    "msg_type": ["texts", "", 1, True, [], {}],
    "msg_body": ["hi", 1, True, [], [{"text": "hi"}], {}, {"text": 1}, {"text": ["hi"]}, {"text": "hi", "extras": "x"}],
    "target_appkey": [1, True, [], {}],
    "from_name": [1, True, [], {}, "x" * 251],
    "target_name": [1, True, [], {}, "x" * 251],
    "no_offline": ["x", 2, [], {}],
    "no_notification": ["x", 2, [], {}],
    "notification": ["x", 1, True, [], {"title": 1}, {"alert": []}, {"alert": "中" * 1024 + "x"}],
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


def test_a_body_that_is_far_too_large_is_refused(rest, bob):
    """As it is read, and before anything in it is looked at."""
    huge = b"x" * 4 * 1024 * 1024
    assert refused(rest, orjson.dumps(message(msg_body={"text": "MARK"})).replace(b"MARK", huge)) == (400, 899003)
    assert refused(rest, huge) == (400, 899003)


@pytest.mark.parametrize("number", ["1e400", "-0", "123456789012345678901234567890", "1E5"])
def test_numbers_beside_what_json_counts_exactly(rest, bob, number):
    """They travel, or are refused; none is our own fault."""
    for body in (b'{"text": "hi", "extras": {"n": %s}}' % number.encode(),):
        whole = orjson.dumps(message(msg_body="MARK")).replace(b'"MARK"', body)
        assert send(rest, whole).status_code in (201, 400)
    whole = orjson.dumps(message(version="MARK")).replace(b'"MARK"', number.encode())
    assert refused(rest, whole) == (400, 899003)
    whole = orjson.dumps(message(target_type="group", target_id="MARK")).replace(b'"MARK"', number.encode())
    assert refused(rest, whole)[0] in (400, 403)


def test_a_member_that_is_named_twice_counts_as_the_last(rest, bob):
    whole = orjson.dumps(message()).replace(b'"target_id"', b'"target_id":"nobody","target_id"')
    assert send(rest, whole).status_code == 201


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


# In the name of any user


def as_user(sender, **more):
    return message(**{"from_type": "user", "from_id": sender.username} | more)


def test_any_user_may_be_sent_for(rest, alice, bob, pushes):
    assert send(rest, as_user(alice)).status_code == 201
    (pushed,) = pushes.messages
    content = pushed["content"]
    assert (content["from_type"], content["from_id"], content["from_platform"]) == ("user", "alice", "api")
    row = Message.objects.get()
    assert (row.from_type, row.sender) == ("user", alice)
    mine = Participant.objects.get(user=alice)
    assert (mine.read_seq, mine.own_after_read) == (0, 1)  # said, though nothing was read
    assert send(rest, as_user(bob, target_id="alice", from_id="admin")).status_code == 201


def silence(club, bob):
    Participant.objects.filter(conversation_id=club.pk, user=bob).update(silenced_until_ms=FOREVER_MS)


def mute_all(club, bob):
    Conversation.objects.filter(pk=club.pk).update(mute_all=True)


@pytest.mark.parametrize("hush", [silence, mute_all])
def test_who_may_not_speak_is_not_sent_for(rest, club, bob, admin, hush):
    to_club = {"target_type": "group", "target_id": str(club.pk)}
    hush(club, bob)
    assert refused(rest, as_user(bob, **to_club)) == (403, 899016)
    assert send(rest, message(**to_club)).status_code == 201


def test_who_is_outside_is_not_sent_for(rest, club, lobby, dave):
    for kind, target, code in (("group", club, 899014), ("chatroom", lobby, 899082)):
        to = {"target_type": kind, "target_id": str(target.pk)}
        assert refused(rest, as_user(dave, **to)) == (403, code)
        assert send(rest, message(**to)).status_code == 201


def test_who_is_banned_in_a_room_is_not_sent_for(rest, lobby, alice, server):
    to = {"target_type": "chatroom", "target_id": str(lobby.pk)}
    assert send(rest, as_user(alice, **to)).status_code == 201
    rooms.ban_member(lobby, alice, by=server)
    assert refused(rest, as_user(alice, **to)) == (403, 899016)
    assert send(rest, message(**to)).status_code == 201
    rooms.lift_ban(lobby, alice, by=server)
    assert send(rest, as_user(alice, **to)).status_code == 201


def test_who_is_blocked_is_not_sent_for(rest, alice, bob, admin):
    Block.objects.create(owner=bob, target=alice)
    Block.objects.create(owner=bob, target=admin)
    assert refused(rest, as_user(alice)) == (403, 899016)
    assert send(rest, as_user(bob, target_id="alice")).status_code == 201  # the other direction
    assert send(rest, message()).status_code == 201


def test_where_only_friends_write_to_each_other_users_do_not_write_to_strangers(rest, application, alice, bob, carol):
    Friendship.objects.create(owner=bob, friend=carol)
    accounts.change_application(application, {"settings": {"friends_only": True}}, by=None)
    assert refused(rest, as_user(alice)) == (403, 899016)
    assert send(rest, as_user(carol)).status_code == 201
    assert send(rest, message()).status_code == 201


def test_friends_only_of_the_receivers_application_counts_as_well(rest, application, alice):
    sister = sister_of(application)
    register(sister, "zoe22")
    to = {"target_id": "zoe22", "target_appkey": sister.appkey}
    assert send(rest, as_user(alice, **to)).status_code == 201
    accounts.change_application(sister, {"settings": {"friends_only": True}}, by=None)
    isolation.forget()  # other processes hear of it within 5 s
    assert refused(rest, as_user(alice, **to)) == (403, 899016)
    assert send(rest, message(**to)).status_code == 201


def test_sensitive_words_are_for_users_and_not_for_admins(rest, application, alice, bob, server):
    words.add_words(application, ["darn"], by=server)
    body = {"msg_body": {"text": "oh darn"}}
    assert refused(rest, as_user(alice, **body)) == (403, 899016)
    assert send(rest, message(**body)).status_code == 201


def test_who_is_disabled_is_not_sent_for_but_may_be_sent_to(rest, alice, bob, admin, server):
    assert send(rest, as_user(alice)).status_code == 201
    accounts.disable_user(alice, by=server)
    assert refused(rest, as_user(alice)) == (403, 899016)
    assert send(rest, as_user(bob, target_id="alice")).status_code == 201
    accounts.enable_user(alice, by=server)
    assert send(rest, as_user(alice)).status_code == 201
    accounts.disable_user(admin, by=server)
    assert send(rest, message()).status_code == 201  # the application's own word, not that of who signs in as admin


@pytest.mark.parametrize("from_type", ["admin", "user"])
def test_who_is_deleted_sends_no_more(rest, bob, admin, server, from_type):
    assert send(rest, message(from_type=from_type)).status_code == 201
    accounts.delete_user(admin, by=server)
    assert refused(rest, message(from_type=from_type)) == (403, 899002)


def test_who_is_an_admin_no_more_sends_as_a_user(rest, bob, admin, server):
    assert send(rest, message()).status_code == 201
    accounts.revoke_admin(admin, by=server)
    assert refused(rest, message()) == (403, 899016)
    assert send(rest, message(from_type="user")).status_code == 201


# Between applications of one owner


def sister_of(application):
    return accounts.create_application("Sister", owner=application.owner.name, by=None)[0]


@pytest.fixture
def sister(application):
    return sister_of(application)


def test_a_message_to_a_user_of_another_application(rest, application, sister, pushes):
    (zoe,) = register(sister, "zoe22").values()
    assert refused(rest, message(target_id="zoe22")) == (403, 899002)
    assert send(rest, message(target_id="zoe22", target_appkey=f" {sister.appkey} ")).status_code == 201
    (pushed,) = pushes.messages
    content = pushed["content"]
    assert (pushed["msg_level"], pushed["from_appkey"]) == (1, application.appkey)
    assert (content["target_appkey"], content["from_appkey"]) == (sister.appkey, application.appkey)
    assert f"user:{zoe.pk}" in pushes.delivered[0][0]
    row = Message.objects.get()
    assert row.application == application  # the sender's
    assert refused(rest, message(target_id="bobby", target_appkey=sister.appkey)) == (403, 899002)


def test_a_message_to_a_group_and_to_a_room_of_another_application(rest, alice, sister, pushes):
    zoe = register(sister, "zoe22")["zoe22"]
    theirs = Actor.server(sister)
    circle = groups.create_group("Circle", owner=zoe, by=theirs)
    hall = rooms.create_room("Hall", owner=zoe, by=theirs)
    for kind, target, unknown, outside in (("group", circle, 899006, 899014), ("chatroom", hall, 899081, 899082)):
        to = {"target_type": kind, "target_id": str(target.pk)}
        assert refused(rest, message(**to)) == (403, unknown)
        assert refused(rest, as_user(alice, **to, target_appkey=sister.appkey)) == (403, outside)
        assert send(rest, message(**to, target_appkey=sister.appkey)).status_code == 201
    group, room = pushes.delivered[-2:]
    assert group[0] == (f"conversation:{circle.pk}",)
    assert room[0] == (f"room:{hall.pk}",)
    assert group[2]["messages"][0]["msg_level"] == 1


def test_the_own_appkey_is_a_legal_target_for_all_kinds(rest, application, bob, club, lobby, pushes):
    for kind, target_id in (("single", "bobby"), ("group", str(club.pk)), ("chatroom", str(lobby.pk))):
        body = message(target_type=kind, target_id=target_id, target_appkey=application.appkey)
        assert send(rest, body).status_code == 201
    assert {pushed["msg_level"] for pushed in pushes.messages} == {0}


# Repetition


def keyed(rest, body, key="order-7"):
    return send(rest, body, **{"Idempotency-Key": key})


def test_a_key_makes_a_request_repeatable(rest, bob, pushes):
    first = keyed(rest, message())
    again = keyed(rest, message())
    assert (again.status_code, again.json()) == (201, first.json())
    assert keyed(rest, message(), "order-8").json() != first.json()
    assert len(pushes.messages) == 2


def test_the_same_request_written_otherwise_is_the_same(rest, bob):
    first = keyed(rest, message())
    backwards = dict(reversed(message(from_name=None).items()))
    assert keyed(rest, json.dumps(backwards, indent=4)).json() == first.json()


OTHERWISE = {
    "msg_body": {"text": "other"}, "target_id": "alice", "target_type": "group", "from_id": "second", "from_type": "user",
    "from_name": "x", "target_name": "x", "no_offline": True, "no_notification": True, "notification": {"title": "x"},
    "msg_type": "custom", "version": "1", "unknown": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERWISE)
def test_another_request_under_the_key_is_a_conflict(rest, bob, server, application, club, name):
    accounts.register_admin(application, {"username": "second", "password": PASSWORD_MD5}, by=server)
    other = message(**{name: OTHERWISE[name]})
    if name == "target_type":
        other["target_id"] = str(club.pk)
    assert keyed(rest, message()).status_code == 201
    assert refused(rest, other, **{"Idempotency-Key": "order-7"}) == (409, 899003)
    assert send(rest, other).status_code == 201  # nothing else was wrong with it


def test_keys_belong_to_an_application(rest, bob, other_application):
    theirs = Actor.server(other_application)
    accounts.register_admin(other_application, {"username": "admin", "password": PASSWORD_MD5}, by=theirs)
    register(other_application, "bobby")
    first, second = keyed(rest, message()), keyed(Rest(other_application), message(msg_body={"text": "other"}))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() != second.json()


def test_a_first_result_stands_whatever_has_changed_since(rest, bob, admin, server):
    first = keyed(rest, message())
    accounts.delete_user(bob, by=server)
    accounts.delete_user(admin, by=server)
    assert (again := keyed(rest, message())).status_code == 201
    assert again.json() == first.json()
    assert Message.objects.count() == 1


def test_a_refused_send_leaves_the_key_free(rest, bob, alice):
    block = Block.objects.create(owner=bob, target=alice)
    assert refused(rest, as_user(alice), **{"Idempotency-Key": "order-7"}) == (403, 899016)
    assert refused(rest, message(version=2), **{"Idempotency-Key": "order-7"}) == (400, 899003)
    block.delete()
    assert keyed(rest, message(msg_body={"text": "other"})).status_code == 201


@pytest.mark.parametrize("words", ["the same", "others"])
def test_of_requests_that_come_together_one_is_sent(rest, bob, alice, club, words):
    bodies = [message(), message()] * 4 if words == "the same" else [
        message(), message(target_id="alice"), message(target_type="group", target_id=str(club.pk)), message(from_name="x"),
    ] * 2  # fmt: skip
    answers = together(*[lambda body=body: keyed(rest, body) for body in bodies])
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == ([201] * 8 if words == "the same" else [201] * 2 + [409] * 6)
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert Message.objects.count() == 1


def test_without_a_key_every_request_is_a_message(rest, bob):
    assert send(rest, message()).json() != send(rest, message()).json()


def test_a_key_has_1_to_92_bytes(rest, bob):
    assert send(rest, message(), **{"Idempotency-Key": "k" * 92}).status_code == 201
    for key in ("k" * 93, "", "é" * 47):
        assert refused(rest, message(), **{"Idempotency-Key": key}) == (400, 899003)


def test_a_body_that_is_nested_deeper_than_json_is_written_is_refused_with_a_key(rest, bob):
    body = orjson.dumps(message())[:-1] + b',"extras":' + b"[" * 300 + b"]" * 300 + b"}"
    assert refused(rest, body, **{"Idempotency-Key": "deep"}) == (400, 899003)
    assert send(rest, body).status_code == 201


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
