"""Conversations are read together, and what comes of it is what reading one after the other would bring."""

import random

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from messaging.models import Conversation, Hidden, Message, Participant, pair_key
from messaging.services import delivered, reading, sync
from tests.cast import register

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(application):
    return list(register(application, *(f"user{number}" for number in range(8))).values())


class World:
    """Pairs and groups of the first of these people, with messages of all kinds, made at random."""

    def __init__(self, people, seed, *, conversations, messages):
        self.people, self.random = people, random.Random(seed)
        self.me = people[0]
        self.ids = iter(range(1, 1_000_000))
        for number in range(conversations):
            self.make(number, self.random.randint(0, messages))

    def make(self, number, messages):
        chance = self.random
        peer = self.people[number + 1] if number + 1 < len(self.people) else None
        key = pair_key(self.me.pk, peer.pk) if peer else None
        talk = Conversation.objects.create(
            application=self.me.application, kind="single" if peer else "group", key=key, last_seq=messages,
            count_no=messages, last_at_ms=chance.randint(1, 5),
        )  # fmt: skip
        rows = [self.message(talk, seq, peer) for seq in range(1, messages + 1)]
        Message.objects.bulk_create(rows)
        talk.last_message_id = rows[-1].pk if rows else None
        talk.save(update_fields=["last_message"])
        self.place(talk, messages)
        for row in rows:
            if chance.random() < 0.1:
                Hidden.objects.create(user=self.me, message=row)

    def message(self, talk, seq, peer):
        chance = self.random
        sender = chance.choice([self.me, peer] if peer else self.people)
        state = chance.choices(["kept", "retracted", "held", "removed"], [12, 3, 1, 1])[0]
        pk = next(self.ids)
        return Message(
            pk=pk, application=talk.application, conversation=talk, seq=seq, count_no=seq, sender=sender, client_id=str(pk),
            fingerprint="", type="text", content='{"msg_body":{}}', created_ms=pk, state=state,
        )  # fmt: skip

    def place(self, talk, messages):
        chance = self.random

        def somewhere(low=0, often=0.5):
            return chance.randint(low, messages) if messages > low and chance.random() < often else low

        join = somewhere(often=0.3)
        place = Participant(conversation=talk, user=self.me, join_seq=join, clear_seq=somewhere(often=0.2))
        place.delivered_seq, place.read_seq = somewhere(join), somewhere(join)
        place.read_no = place.read_seq
        if talk.kind == "group":
            place.shield = chance.random() < 0.2
            place.shield_seq = place.shield_no = somewhere()
            start = somewhere()
            place.shields = [[start, start, *[min(start + 3, messages)] * 2]] if chance.random() < 0.3 else []
            if chance.random() < 0.2:
                place.active, place.leave_seq = False, somewhere(join)
        place.save()
        for seq in range(1, messages + 1):
            if chance.random() < 0.1 and talk.kind == "group":
                delivered.note(self.me.pk, talk.pk, seq)


def shown(portions):
    return [
        (portion.place.conversation_id, portion.peer and portion.peer.pk, [row.pk for row in portion.messages], portion.unread_count)
        for portion in portions
    ]  # fmt: skip


def one_after_the_other(monkeypatch):
    monkeypatch.setattr(sync, "BATCH_MOST", 1)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_missed_is_the_same(people, settings, monkeypatch, seed):
    world = World(people, seed, conversations=14, messages=12)
    settings.SYNC_MESSAGES = [3, 20, 1_000][seed % 3]
    delivered.flush(world.me.pk)
    before = list(Participant.objects.order_by("pk").values())
    together = shown(sync.missed_messages(world.me))
    closed = list(Participant.objects.order_by("pk").values())
    for row in before:
        Participant.objects.filter(pk=row["id"]).update(delivered_seq=row["delivered_seq"])
    one_after_the_other(monkeypatch)
    assert shown(sync.missed_messages(world.me)) == together
    assert list(Participant.objects.order_by("pk").values()) == closed  # the same gaps
    assert any(rows for *_, rows, _ in together)


@pytest.mark.parametrize("seed", range(12))
def test_the_history_is_the_same(people, settings, monkeypatch, seed):
    world = World(people, seed, conversations=14, messages=12)
    settings.SYNC_MESSAGES = [3, 20, 1_000][seed % 3]
    settings.ROAMING_MESSAGES = [2, 5, 500][seed // 4]
    monkeypatch.setattr(sync, "HOLES", seed % 3)
    together = shown(sync.history(world.me))
    one_after_the_other(monkeypatch)
    assert shown(sync.history(world.me)) == together


def test_history_is_what_a_page_of_each_conversation_shows(people, settings):
    """By the words of another function, so that the same mistake is not made twice."""
    settings.ROAMING_MESSAGES = 4
    world = World(people, 99, conversations=14, messages=12)
    for portion in sync.history(world.me):
        page, _ = reading.page(portion.place, limit=100)
        spans = portion.place.spans()
        kept = [row.pk for row in page if row.state == "kept" and not any(span.holds(row.seq) for span in spans)]
        assert [row.pk for row in portion.messages] == kept[-4:]


def all_visible(people):
    """Nothing is hidden, shielded, taken back, cleared or delivered, and another wrote it all."""
    Participant.objects.update(
        join_seq=0, clear_seq=0, delivered_seq=0, shields=[], shield=False, active=True, leave_seq=None
    )
    Message.objects.update(state="kept", sender=people[1])
    Hidden.objects.all().delete()
    delivered.forget()


@pytest.mark.parametrize("read", [sync.missed_messages, sync.history])
@pytest.mark.parametrize("written_by_me", [False, True])
def test_many_conversations_take_few_queries(people, read, written_by_me):
    world = World(people, 1, conversations=40, messages=3)

    def counted():
        all_visible(people)
        if written_by_me:  # nothing is missed, and every conversation has a gap to close
            Message.objects.update(sender=people[0])
        with CaptureQueriesContext(connection) as queries:
            portions = read(world.me)
        return len(queries), len(portions)

    few, found = counted()
    for number in range(40, 120):
        world.make(number, 3)
    many, found_more = counted()
    if read is sync.missed_messages and written_by_me:
        assert found == found_more == 0
        assert not Participant.objects.filter(conversation__last_seq__gt=F("delivered_seq")).exists()
    else:
        assert found_more > found + 50
    assert few <= 7
    assert many <= few + 2  # a hundred conversations a query


def test_a_long_conversation_is_read_by_itself_up_to_what_fits(people, settings):
    settings.SYNC_MESSAGES = 10
    world = World(people, 5, conversations=0, messages=0)
    world.make(20, 200)
    all_visible(people)
    with CaptureQueriesContext(connection) as queries:
        (portion,) = sync.missed_messages(world.me)
    assert [row.seq for row in portion.messages] == list(range(1, 11))
    assert len(queries) <= 4
