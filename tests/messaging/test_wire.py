"""A stored message and its push are the same on the wire."""

import orjson
import pytest

from messaging import wire
from messaging.models import Conversation, Message
from tests.messaging.conftest import announce, say

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
