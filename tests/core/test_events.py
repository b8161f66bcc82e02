"""Publication: pushed after the commit, stored where it must survive."""

from dataclasses import dataclass
from threading import Barrier, Thread

import orjson
import pytest
from django.db import connection, connections, transaction

from imsite.core import bus, clock
from imsite.core.events import Audience, Event, publish
from imsite.core.models import StoredEvent


@dataclass(frozen=True, kw_only=True)
class Rained(Event):
    """It rained on a place."""

    place: str
    drops: tuple[int, ...] = ()


@pytest.fixture
def pushed(monkeypatch):
    """What was handed to the bus; an event is its own frame here."""
    deliveries = []
    monkeypatch.setattr(bus, "encode", lambda event: event)
    monkeypatch.setattr(bus, "deliver", deliveries.append)
    return deliveries


RAIN = Rained(application_id=1, place="Paris", drops=(1, 2))


@pytest.mark.django_db(transaction=True)
def test_a_push_follows_the_commit(pushed):
    with transaction.atomic():
        publish(RAIN, to=Audience(users=[7]))
        assert pushed == []
    (delivery,) = pushed
    assert delivery.topics == ("user:7",)
    assert delivery.frame.place == "Paris"
    assert delivery.event_id == 0
    assert not StoredEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_neither_pushed_nor_stored(pushed):
    with transaction.atomic():
        publish(RAIN, to=Audience(users=[7]))
        publish(RAIN, to=Audience(conversation=5), keep=True)
        transaction.set_rollback(True)
    assert pushed == []
    assert not StoredEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_audience_becomes_topics_and_options(pushed):
    to = Audience(users=[7, 8], conversation=5, room=6, skip="sid", device_class="web", ends=True)
    event_id = publish(RAIN, to=to)
    (delivery,) = pushed
    assert delivery.topics == ("user:7", "user:8", "conversation:5", "room:6")
    assert (delivery.skip, delivery.device_class, delivery.ends) == ("sid", "web", True)
    assert delivery.frame.id == event_id
    assert abs(delivery.frame.at_ms - clock.now_ms()) < 10_000


@pytest.mark.django_db(transaction=True)
def test_a_stored_event_is_one_row_for_a_conversation(pushed):
    event_id = publish(RAIN, to=Audience(users=[7], conversation=5), keep=True)
    row = StoredEvent.objects.get()
    assert (row.pk, row.application_id, row.kind) == (event_id, 1, "Rained")
    assert (row.audience_kind, row.audience_id) == (StoredEvent.Audience.CONVERSATION, 5)
    assert orjson.loads(row.payload) == {"application_id": 1, "place": "Paris", "drops": [1, 2]}
    assert pushed[0].event_id == event_id
    assert Event.load(row) == Rained(application_id=1, place="Paris", drops=[1, 2], id=event_id, at_ms=row.created_ms)


@pytest.mark.django_db(transaction=True)
def test_a_stored_event_for_users_is_one_row_and_one_push_each(pushed):
    last = publish(RAIN, to=Audience(users=[7, 8], skip="sid"), keep=True)
    rows = list(StoredEvent.objects.order_by("pk"))
    assert [row.audience_id for row in rows] == [7, 8]
    assert last == rows[-1].pk
    assert [(one.topics, one.event_id, one.skip) for one in pushed] == [
        (("user:7",), rows[0].pk, "sid"),
        (("user:8",), rows[1].pk, "sid"),
    ]


def test_members_of_a_later_version_are_left_out(db):
    payload = orjson.dumps({"application_id": 1, "place": "Rome", "colour": "grey"}).decode()
    row = StoredEvent(pk=3, application_id=1, kind="Rained", payload=payload, created_ms=9)
    assert Event.load(row) == Rained(application_id=1, place="Rome", id=3, at_ms=9)


@pytest.mark.django_db(transaction=True)
def test_ids_of_an_application_come_in_the_order_of_commits(pushed):
    """Else one who syncs by id would miss an event that is committed late."""
    start, seen = Barrier(4), []

    def writer():
        start.wait(10)
        try:
            for _ in range(10):
                with transaction.atomic():
                    publish(RAIN, to=Audience(users=[7]), keep=True)
        finally:
            connection.close()

    def reader(threads):
        known = set()
        while any(thread.is_alive() for thread in threads):
            fresh = set(StoredEvent.objects.values_list("pk", flat=True)) - known
            seen.append((max(known, default=0), min(fresh, default=2**53)))
            known |= fresh

    threads = [Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    reader(threads)
    for thread in threads:
        thread.join(30)
    connections.close_all()
    assert StoredEvent.objects.count() == 40
    assert all(known < fresh for known, fresh in seen)
