"""A stored message and its push are the same on the wire."""

import orjson
import pytest

from accounts import services as accounts
from accounts.actors import Actor
from groups import services as groups
from messaging import wire
from messaging.models import Conversation, Message
from messaging.services import sending
from messaging.targets import resolve
from tests.cast import register
from tests.door import Socket
from tests.messaging.conftest import announce, say, text

pytestmark = pytest.mark.django_db(transaction=True)


def on_the_wire(result):
    row = Message.objects.select_related("sender__application", "conversation").get(pk=result.message_id)
    return orjson.loads(orjson.dumps(wire.message(wire.facts_of(row, row.conversation))))


def test_what_is_read_is_what_was_pushed(club, alice, bob, pushes):
    sent = [
        say(alice, bob, "你好", need_receipt=True, target_name="Bob"),
        say(bob, club, "to all", at_list=[], custom_notification={"title": "x"}),
        announce(alice, club, "over REST"),
    ]
    assert [on_the_wire(one) for one in sent] == pushes.messages


def test_what_was_taken_back_has_no_body(alice, bob):
    sent = say(alice, bob, "secret")
    for state in (Message.State.RETRACTED, Message.State.REMOVED, Message.State.HELD):
        Message.objects.update(state=state)
        message = on_the_wire(sent)
        assert message["state"] == state
        assert "secret" not in str(message)
        assert message["content"]["from_id"] == "alice"


def test_a_room_message_is_flat(alice, bob):
    sent = say(alice, bob)
    row = Message.objects.select_related("sender__application", "conversation").get(pk=sent.message_id)
    facts = wire.facts_of(row, Conversation.objects.get())
    message = orjson.loads(orjson.dumps(wire.room_message(facts)))
    assert message == {
        "room_id": sent.conversation_id, "msg_id": sent.message_id, "ctime_ms": sent.created_ms, "from_uid": alice.pk,
        "seq": 1, "content": orjson.loads(row.content),
    }  # fmt: skip


def test_between_two_applications_it_is_the_same_in_all_directions(application, alice, server, pushes):
    """A pair belongs to the application of one of its users; its messages go between two whoever writes."""
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    zoe = register(sister, "zoe22")["zoe22"]
    circle = groups.create_group("Circle", owner=zoe, by=Actor.server(sister))
    pushes.clear()
    say(alice, zoe, "one")
    say(zoe, alice, "two")
    circled = resolve(application, "group", str(circle.pk), by=server, sender=alice, appkey=sister.appkey)
    sending.send(circled, text("three"), by=server, sender=alice).result(20)
    say(zoe, circle, "four")
    assert [message["msg_level"] for message in pushes.messages] == [1, 1, 1, 0]

    def levels(user, event, data):
        entries = dict(Socket(user).request(event, data).pushes)["sync_conversation"]["messages"]
        messages = [message for entry in entries for message in entry["msgs"]]
        return {message["content"]["msg_body"]["text"]: message["msg_level"] for message in messages}

    assert levels(alice, "sync_check", {"sync_key": 0, "sync_type": 1}) == {"one": 1, "two": 1}
    assert levels(zoe, "sync_check", {"sync_key": 0, "sync_type": 1}) == {"one": 1, "two": 1, "three": 1, "four": 0}
    for user, peer in ((alice, zoe), (zoe, alice)):
        asked = {"type": 3, "username": peer.username, "appkey": peer.application.appkey}
        page = Socket(user).ask("get_messages", asked)["messages"]
        assert [message["msg_level"] for message in page] == [1, 1]
        rows = Socket(user).ask("list_conversations")["conversations"]
        assert [row["last_message"]["msg_level"] for row in rows if row["type"] == 3] == [1]
