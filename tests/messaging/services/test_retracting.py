"""Taking messages back: who may, for how long, once; and that nobody gets the words any more."""

import threading
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from django.db import connection, transaction

from accounts import services as accounts
from accounts.actors import Actor
from chatrooms import services as rooms
from groups import services as groups
from imsite.core import clock
from imsite.core.models import StoredEvent
from messaging import wire
from messaging.errors import AlreadyRetracted, NoSuchMessage, NotSender, TooLateToRetract
from messaging.events import MessageRetracted
from messaging.models import Conversation, ConversationOp, Message, Participant
from messaging.services import reading, retracting, sending, sync
from messaging.services.retracting import retract
from tests.messaging.conftest import begin, say, stored, text
from tests.together import kinds, together

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 20


def rows():
    return [
        list(model.objects.order_by("pk").values()) for model in (Conversation, Message, ConversationOp, StoredEvent)
    ]


def refused(refusal, message, **named):
    """The refusal, with nothing changed."""
    before = rows()
    with pytest.raises(refusal):
        retract(message, **named)
    assert rows() == before


@pytest.fixture
def lobby(alice, bob, server):
    return rooms.create_room("Lobby", owner=alice, members=[bob], by=server)


# Who, and for how long


def test_a_sender_takes_a_message_back(alice, bob):
    message = stored(say(alice, bob))
    retract(message, by=Actor.of(alice))
    row = Message.objects.get()
    assert (row.state, row.version, row.content) == ("retracted", 1, message.content)
    op = ConversationOp.objects.get()
    assert (op.conversation_id, op.op_seq, op.kind) == (row.conversation_id, 1, "retract")
    assert op.payload == {"message_id": row.pk, "seq": 1}
    assert Conversation.objects.get().op_seq == 1


def test_the_server_takes_back_in_the_senders_name_alone(alice, bob, server):
    message = stored(say(alice, bob))
    refused(NotSender, message, by=server, sender=bob)
    retract(message, by=server, sender=alice)
    assert Message.objects.get().state == "retracted"


def test_another_may_not(club, alice, bob, carol):
    message = stored(say(bob, club))
    for other in (alice, carol):  # the group's owner, and one outside of it
        refused(NotSender, message, by=Actor.of(other))


def test_once_is_enough(alice, bob, monkeypatch):
    message = stored(say(alice, bob))
    retract(message, by=Actor.of(alice))
    refused(AlreadyRetracted, message, by=Actor.of(alice))
    refused(NotSender, message, by=Actor.of(bob))
    monkeypatch.setattr(clock, "now_ms", lambda: message.created_ms + 10**9)
    refused(AlreadyRetracted, message, by=Actor.of(alice))


def test_the_time_for_it_is_the_applications(application, alice, bob, monkeypatch, server):
    first, second, third = (stored(say(alice, bob)) for _ in range(3))
    monkeypatch.setattr(clock, "now_ms", lambda: first.created_ms + 180_001)
    refused(TooLateToRetract, first, by=Actor.of(alice))
    refused(TooLateToRetract, first, by=server, sender=alice)
    monkeypatch.setattr(clock, "now_ms", lambda: second.created_ms + 180_000)
    retract(second, by=Actor.of(alice))
    accounts.change_application(application, {"settings": {"retract_seconds": 1}}, by=None)
    monkeypatch.setattr(clock, "now_ms", lambda: third.created_ms + 1_001)
    refused(TooLateToRetract, third, by=Actor.server(application), sender=alice)
    monkeypatch.setattr(clock, "now_ms", lambda: third.created_ms + 1_000)
    retract(third, by=Actor.server(application), sender=alice)


@pytest.mark.parametrize("state", ["held", "removed"])
def test_what_was_never_shown_or_was_removed_is_not_there(alice, bob, state):
    message = stored(say(alice, bob))
    Message.objects.update(state=state)
    refused(NoSuchMessage, message, by=Actor.of(alice))


def test_what_was_deleted_meanwhile_is_not_there(alice, bob):
    message = stored(say(alice, bob))
    Message.objects.all().delete()
    refused(NoSuchMessage, message, by=Actor.of(alice))


def test_who_has_left_the_group_may_still_take_back(club, bob, server):
    message = stored(say(bob, club))
    groups.change_members(club, remove=[bob], by=server)
    retract(message, by=Actor.of(bob))
    assert Message.objects.get().state == "retracted"


# What is told


def test_a_pair_is_told_by_user_and_once_for_those_away(alice, bob, published):
    message = stored(say(alice, bob))
    retract(message, by=Actor.of(alice, sid="mine"))
    (told,) = published.told
    event = told.event
    assert isinstance(event, MessageRetracted)
    assert (event.message_id, event.conversation_id, event.kind) == (message.pk, message.conversation_id, "single")
    assert (event.from_username, event.from_uid, [user["username"] for user in event.to]) == (
        "alice",
        alice.pk,
        ["bobby"],
    )
    assert set(told.to.users) == {alice.pk, bob.pk}
    assert (told.to.conversation, told.to.skip, told.keep) == (message.conversation_id, "mine", True)
    row = StoredEvent.objects.get()
    assert (row.audience_kind, row.audience_id) == (StoredEvent.Audience.CONVERSATION, message.conversation_id)


def test_a_group_is_told_as_one(club, alice, bob, published):
    message = stored(say(bob, club))
    published.clear()
    retract(message, by=Actor.of(bob))
    (told,) = published.told
    assert (told.to.conversation, list(told.to.users), told.keep) == (club.pk, [], True)
    assert (told.event.kind, told.event.group_name, told.event.to) == ("group", "Club", ())


def test_a_room_is_told_live_alone(lobby, bob, published, monkeypatch):
    target = sending.Target("chatroom", bob.application_id, bob.application.appkey, lobby.pk, str(lobby.pk))
    message = stored(sending.send(target, text("hi"), by=Actor.of(bob)).result(PATIENCE_S))
    published.clear()
    retract(message, by=Actor.of(bob, sid="mine"))
    (told,) = published.told
    assert (told.to.room, told.to.skip, told.keep, told.event.kind) == (lobby.pk, "mine", False, "room")
    assert lobby.history(10) == []
    assert not StoredEvent.objects.filter(kind="MessageRetracted").exists()


def test_a_retraction_that_is_rolled_back_never_was(alice, bob, published):
    message = stored(say(alice, bob))
    before = rows()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        retract(message, by=Actor.of(alice))
        raise ZeroDivisionError
    assert rows() == before
    assert published == []


def test_who_was_away_is_told_later_and_who_came_later_is_not(club, alice, bob, carol, server):
    before = Participant.objects.get(user=bob, conversation_id=club.pk).since_event_id
    message = stored(say(alice, club))
    retract(message, by=Actor.of(alice))
    groups.change_members(club, add=[carol], by=server)
    told = [event for event in sync.missed_events(bob, "web", ()) if isinstance(event, MessageRetracted)]
    assert [event.message_id for event in told] == [message.pk]
    assert told[0].id > before
    assert not [event for event in sync.missed_events(carol, "web", ()) if isinstance(event, MessageRetracted)]


def test_a_pair_that_was_away_is_told_later(alice, bob, carol):
    retract(stored(say(alice, bob)), by=Actor.of(alice))
    assert [type(event) for event in sync.missed_events(bob, "web", ())] == [MessageRetracted]
    assert sync.missed_events(carol, "web", ()) == []


# What is left of it


def test_the_words_are_handed_out_no_more(alice, bob):
    kept, gone = (
        stored(say(alice, bob, "stays")),
        stored(say(alice, bob, "secret", custom_notification={"alert": "secret"})),
    )
    retract(gone, by=Actor.of(alice))
    (portion,) = sync.missed_messages(bob)
    assert [message.pk for message in portion.messages] == [kept.pk]
    (portion,) = sync.history(bob)
    assert [message.pk for message in portion.messages] == [kept.pk]
    (row,) = reading.list_conversations(bob)
    assert row.last_message.pk == gone.pk
    shown = wire.message(wire.facts_of(row.last_message, row.conversation))
    assert shown["state"] == "retracted"
    assert b"secret" not in orjson.dumps(shown)
    page, _ = reading.page(row.participant)
    assert [(message.pk, message.state) for message in page] == [(kept.pk, "kept"), (gone.pk, "retracted")]


def test_when_all_that_was_missed_is_taken_back_nothing_is_missed(alice, bob):
    messages = [stored(say(alice, bob, str(number))) for number in range(3)]
    for message in messages:
        retract(message, by=Actor.of(alice))
    assert sync.missed_messages(bob) == []
    assert Participant.objects.get(user=bob).delivered_seq == 3
    say(alice, bob, "after")
    (portion,) = sync.missed_messages(bob)
    assert [message.seq for message in portion.messages] == [4]


def test_it_is_unread_no_more(club, alice, bob, carol):
    def unread(user):
        return [row.unread_count for row in reading.list_conversations(user)]

    first, _, third = (stored(say(alice, club, str(number))) for number in range(3))
    assert unread(bob) == [3]
    retract(third, by=Actor.of(alice))
    assert unread(bob) == [2]
    place = Participant.objects.get(user=bob, conversation_id=club.pk)
    reading.mark_read(place, 1, by=Actor.of(bob))
    assert unread(bob) == [1]
    retract(first, by=Actor.of(alice))  # which was read
    assert unread(bob) == [1]
    say(alice, club)
    assert unread(bob) == [2]
    reading.mark_read(place, by=Actor.of(bob))
    assert unread(bob) == [0]


def test_what_was_not_kept_for_those_away_can_be_taken_back(alice, bob, published):
    message = stored(say(alice, bob, no_offline=True))
    retract(message, by=Actor.of(alice))
    assert ConversationOp.objects.get().payload == {"message_id": message.pk, "seq": None}
    assert len(published.of(MessageRetracted)) == 1


# At once


def test_of_several_at_once_one_takes_it_back(alice, bob, published):
    message = stored(say(alice, bob))
    results = together(*[lambda: retract(message, by=Actor.of(alice))] * 8)
    assert kinds(results) == ["AlreadyRetracted"] * 7 + ["NoneType"]
    row = Message.objects.get()
    assert (row.state, row.version) == ("retracted", 1)
    assert ConversationOp.objects.count() == Conversation.objects.get().op_seq == 1
    assert len(published.of(MessageRetracted)) == 1


def test_a_change_that_was_made_without_the_lock_is_not_overwritten(alice, bob, monkeypatch):
    message = stored(say(alice, bob))
    real = retracting._require_may_retract

    def meanwhile(*args):
        real(*args)
        Message.objects.update(version=7)

    monkeypatch.setattr(retracting, "_require_may_retract", meanwhile)
    with pytest.raises(AlreadyRetracted):
        retract(message, by=Actor.of(alice))
    assert Message.objects.get().state == "kept"


def test_while_others_send_and_take_back_the_numbers_stay_whole(club, alice, bob):
    each = 12
    start = threading.Barrier(4)

    def run(sender):
        try:
            start.wait(PATIENCE_S)
            for number in range(each):
                sent = begin(sender, club, str(number)).result(PATIENCE_S)
                if number % 2:
                    retract(stored(sent), by=Actor.of(sender))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, [alice, bob] * 2))
    conversation = Conversation.objects.get(pk=club.pk)
    assert (conversation.last_seq, conversation.op_seq) == (4 * each, 2 * each)
    ops = ConversationOp.objects.order_by("op_seq").values_list("op_seq", flat=True)
    assert list(ops) == list(range(1, 2 * each + 1))
    assert Message.objects.filter(state="retracted").count() == 2 * each
    own = Message.objects.filter(sender=alice, state="retracted").count()
    assert reading.list_conversations(bob)[0].unread_count + own <= 2 * each
