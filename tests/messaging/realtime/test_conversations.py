"""Conversation lists, pages and read marks by socket."""

import pytest

from accounts import services as accounts
from groups import services as groups
from messaging.models import Message, Participant
from tests.cast import register
from tests.door import Socket
from tests.messaging.conftest import announce, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alices(alice):
    return Socket(alice)


def test_the_vendors_list_is_oldest_first(alices, alice, bob, carol, club, server):
    groups.create_group("Silent", owner=alice, by=server)
    say(bob, alice)
    last = say(bob, club)
    accounts.update_profile(bob, {"nickname": "Bobby", "avatar": "image/1"}, by=server)
    bob.refresh_from_db()
    appkey = alice.application.appkey
    first, second = alices.ask("get_conversations")["conversations"]
    assert first == {
        "type": 3, "key": bob.pk, "utime": int(bob.updated_at.timestamp() * 1000), "name": "bobby", "username": "bobby",
        "appkey": appkey, "nickname": "Bobby", "avatar": "image/1", "mtime": first["mtime"],
        "extras": {},
    }  # fmt: skip
    assert second == {
        "type": 4, "key": club.pk, "name": "Club", "appkey": appkey, "avatar": "", "mtime": last.created_ms, "extras": {},
    }  # fmt: skip


def test_our_list_is_newest_first_and_has_all_that_a_page_shows(alices, alice, bob, club):
    say(bob, alice)
    say(bob, alice)
    newest = say(alice, club)
    first, second = alices.ask("list_conversations")["conversations"]
    assert (first["type"], first["gid"], first["unread_count"], first["read_seq"], first["last_seq"]) == (
        4, club.pk, 0, 1, 1,
    )  # fmt: skip
    assert first["last_message"]["msg_id"] == newest.message_id
    assert (second["username"], second["unread_count"], second["read_seq"], second["last_seq"]) == ("bobby", 2, 0, 2)
    assert second["last_message"]["content"]["msg_body"] == {"text": "hi"}
    assert second["conversation_id"] == second["last_message"]["conversation_id"]


def test_a_group_without_messages_is_in_our_list_alone(alices, club):
    (row,) = alices.ask("list_conversations")["conversations"]
    assert (row["last_message"], row["unread_count"]) == (None, 0)
    assert alices.ask("get_conversations")["conversations"] == []


def test_pages_of_a_pair_and_of_a_group(alices, alice, bob, club):
    for number in range(5):
        say(bob, alice, str(number))
        say(bob, club, str(number))
    for where in (
        {"type": 3, "username": "bobby"},
        {"username": "bobby"},
        {"type": 4, "gid": club.pk},
        {"gid": str(club.pk)},
    ):
        answer = alices.ask("get_messages", {**where, "limit": 2})
        assert [message["seq"] for message in answer["messages"]] == [4, 5]
        assert answer["has_more"] is True
        answer = alices.ask("get_messages", {**where, "before": 3})
        assert ([message["seq"] for message in answer["messages"]], answer["has_more"]) == ([1, 2], False)
        answer = alices.ask("get_messages", {**where, "after": 3})
        assert ([message["seq"] for message in answer["messages"]], answer["has_more"]) == ([4, 5], False)


def test_a_retracted_message_shows_that_it_was_and_nothing_else(alices, alice, bob):
    say(bob, alice, "secret")
    Message.objects.update(state=Message.State.RETRACTED)
    (message,) = alices.ask("get_messages", {"username": "bobby"})["messages"]
    assert message["state"] == "retracted"
    assert "msg_body" not in message["content"]
    assert "secret" not in str(message)


def test_a_conversation_that_has_not_begun_is_empty(alices, bob):
    assert alices.ask("get_messages", {"username": "bobby"})["messages"] == []
    assert alices.ask("mark_read", {"username": "bobby", "seq": 3})["unread_count"] == 0
    assert alices.ask("unread_single_count", {"username": "bobby"})["code"] == 0
    assert not Participant.objects.exists()


def test_marks_and_what_is_left_unread(alices, alice, bob, club, pushes):
    for number in range(3):
        say(bob, alice, str(number))
        say(bob, club, str(number))
    pushes.clear()
    assert alices.ask("mark_read", {"username": "bobby", "seq": 2}) == {
        "code": 0,
        "message": "success",
        "unread_count": 1,
    }
    assert alices.ask("mark_read", {"username": "bobby", "seq": 1})["unread_count"] == 1
    assert alices.ask("mark_read", {"gid": club.pk, "seq": "3"})["unread_count"] == 0
    told = [(data["read_seq"], data["unread_count"], data["description"]["type"]) for _, _, data in pushes.delivered]
    assert told == [(2, 1, 3), (2, 1, 3), (3, 0, 4)]
    assert {call[4].skip for call in pushes} == {alices.session.sid}
    assert {call[1] for call in pushes} == {(f"user:{alice.pk}",)}


def test_event_200_carries_the_time_up_to_which_was_read(alices, alice, bob, pushes):
    sent = [say(bob, alice, str(number)) for number in range(3)]
    Message.objects.filter(pk=sent[0].message_id).update(created_ms=1_000_000_000_123)
    pushes.clear()
    alices.ask("mark_read", {"username": "bobby", "seq": 1})
    alices.ask("mark_read", {"username": "bobby", "seq": 3})
    partly, wholly = (data for _, _, data in pushes.delivered)
    assert (partly["ctime_ms"], partly["ctime"]) == (1_000_000_000_123, 1_000_000_000)
    assert wholly["ctime_ms"] >= sent[2].created_ms


def test_the_vendors_marks_read_everything(alices, alice, bob, club):
    say(bob, alice)
    say(bob, club)
    announce(alice, bob)
    assert (
        alices.ask("unread_single_count", {"appkey": alice.application.appkey, "username": "bobby", "type": 3})["code"]
        == 0
    )
    assert alices.ask("unread_group_count", {"gid": club.pk, "type": 4})["code"] == 0
    assert {row["unread_count"] for row in alices.ask("list_conversations")["conversations"]} == {0}


def test_conversations_across_applications_of_one_owner(alice, application):
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    zoe = register(sister, "zoe22")["zoe22"]
    say(zoe, alice)
    answer = Socket(alice).ask("get_messages", {"username": "zoe22", "appkey": sister.appkey})
    (message,) = answer["messages"]
    assert (message["msg_level"], message["from_appkey"]) == (1, sister.appkey)
    (row,) = Socket(alice).ask("list_conversations")["conversations"]
    assert (row["appkey"], row["unread_count"]) == (sister.appkey, 1)


def test_what_is_not_ones_own_is_out_of_reach(alices, alice, bob, carol, dave, eve, club, server):
    say(bob, carol)
    for name, code in (("get_messages", 880204), ("mark_read", 880204), ("unread_group_count", 880204)):
        assert Socket(dave).ask(name, {"gid": club.pk, "seq": 1})["code"] == code
        assert Socket(eve).ask(name, {"gid": club.pk, "seq": 1})["code"] == code
        assert alices.ask(name, {"gid": 123456789, "seq": 1})["code"] == code
    for name in ("get_messages", "mark_read", "unread_single_count"):
        assert alices.ask(name, {"username": "nobody", "seq": 1})["code"] == 882002
        assert alices.ask(name, {"username": "eve22", "seq": 1})["code"] == 882002
        for appkey in (eve.application.appkey, "z" * 24):
            assert alices.ask(name, {"username": "eve22", "appkey": appkey, "seq": 1})["code"] == 882002
    assert alices.ask("get_messages", {"username": "carol"})["messages"] == []


WRONG = [
    {}, {"type": 5, "username": "bobby"}, {"type": "x", "username": "bobby"}, {"type": True, "username": "bobby"},
    {"type": 3}, {"type": 4}, {"type": 3, "gid": 5}, {"username": []}, {"username": {}}, {"username": True}, {"username": 1.5},
    {"gid": "x"}, {"gid": -1}, {"gid": 1.5}, {"gid": []}, {"gid": True}, {"gid": 2**53},
    {"username": "bobby", "appkey": 1.5}, {"username": "bobby", "appkey": []},
]  # fmt: skip
WRONG_PAGES = [
    {"before": -1}, {"before": "x"}, {"before": 1.5}, {"before": True}, {"after": []}, {"after": -1}, {"limit": 0},
    {"limit": 101}, {"limit": -1}, {"limit": "x"}, {"limit": True}, {"before": 3, "after": 1}, {"before": 0, "after": 0},
]  # fmt: skip


@pytest.mark.parametrize("data", WRONG, ids=str)
def test_a_conversation_that_is_named_wrongly_is_refused(alices, bob, data):
    for name in ("get_messages", "mark_read", "unread_single_count", "unread_group_count"):
        answer = alices.ask(name, {"seq": 1, **data})
        assert answer["code"] in (880002, 880003, 880004), name
        assert set(answer) == {"code", "message"}


@pytest.mark.parametrize("data", WRONG_PAGES, ids=str)
def test_a_page_that_is_named_wrongly_is_refused(alices, bob, data):
    assert alices.ask("get_messages", {"username": "bobby", **data})["code"] in (880003, 880004)


@pytest.mark.parametrize("seq", [None, "x", -1, 1.5, True, [], 2**53])
def test_a_mark_without_a_place_is_refused(alices, bob, seq):
    say(bob, alices.session.actor.user)
    assert alices.ask("mark_read", {"username": "bobby", "seq": seq})["code"] in (880002, 880003, 880004)
    assert Participant.objects.get(user=alices.session.actor.user).read_seq == 0


def test_what_a_user_notes_about_a_conversation(alices, alice, bob, club, pushes):
    say(bob, alice)
    say(bob, club)
    pushes.clear()
    appkey = alice.application.appkey
    for where in ({"username": "bobby", "appkey": appkey}, {"gid": str(club.pk)}):
        noted = {"colour": "红", "of": [*where]}
        assert alices.ask("update_conversation", {**where, "extras": {"old": 1}})["code"] == 0
        assert alices.ask("update_conversation", {**where, "extras": noted}) == {"code": 0, "message": "success"}
    for name in ("get_conversations", "list_conversations"):
        found = {row["type"]: row["extras"] for row in alices.ask(name)["conversations"]}
        assert found == {3: {"colour": "红", "of": ["username", "appkey"]}, 4: {"colour": "红", "of": ["gid"]}}
        assert {str(row["extras"]) for row in Socket(bob).ask(name)["conversations"]} == {"{}"}
    _, first, _, second = pushes.delivered
    assert first[:2] == ((f"user:{alice.pk}",), "conversation_change")
    ids = dict(Participant.objects.filter(user=alice).values_list("conversation__kind", "conversation_id"))
    pair = {"type": 3, "appkey": appkey, "username": "bobby", "conversation_id": ids["single"]}
    assert first[2] == {**pair, "extras": {"colour": "红", "of": ["username", "appkey"]}}
    assert second[2] == {
        "type": 4,
        "gid": club.pk,
        "conversation_id": club.pk,
        "extras": {"colour": "红", "of": ["gid"]},
    }
    assert {call[4].skip for call in pushes} == {alices.session.sid}


@pytest.mark.parametrize("filler", ["x", "字"])
def test_a_note_has_at_most_512_bytes(alices, club, filler):
    room = 512 - len('{"k":""}')
    size = len(filler.encode())
    fits = filler * (room // size) + "x" * (room % size)
    for text, code in [(fits, 0), (fits + "x", 880003)]:
        assert alices.ask("update_conversation", {"gid": club.pk, "extras": {"k": text}})["code"] == code
    assert Participant.objects.get(user=alices.session.actor.user).extras == {"k": fits}


def test_notes_that_are_refused(alices, bob, eve, club, dave):
    for where, extras, code in [
        ({"gid": club.pk}, None, 880002), ({"gid": club.pk}, [], 880004), ({"gid": club.pk}, "x", 880004),
        ({"gid": club.pk}, {"k": "\0"}, 880003), ({}, {}, 880002), ({"gid": []}, {}, 880004), ({"type": 5}, {}, 880003),
        ({"gid": 999_999}, {}, 880204), ({"username": "nobody"}, {}, 882002), ({"username": "eve22"}, {}, 882002),
        ({"username": "eve22", "appkey": eve.application.appkey}, {}, 882002), ({"username": "bobby"}, {}, 880204),
    ]:  # fmt: skip
        assert alices.ask("update_conversation", {**where, "extras": extras})["code"] == code, where
    for outsider in (dave, eve):
        assert Socket(outsider).ask("update_conversation", {"gid": club.pk, "extras": {"k": 1}})["code"] == 880204
    assert not Participant.objects.exclude(extras={}).exists()
