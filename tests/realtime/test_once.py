"""What is stored comes to a connection once: by push or by sync, whichever names it first."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from imsite.core.bus import Delivery
from imsite.realtime.connection import Connection
from imsite.realtime.hub import Hub
from imsite.realtime.session import Session
from tests.realtime.conftest import person
from tests.realtime.test_hub import Writer


@pytest.fixture
async def hub():
    made = Hub(asyncio.get_running_loop())
    yield made
    made.stop()


def push(text, **kwargs):
    return Delivery(("user:1",), text.encode(), **kwargs)


async def frames(connection):
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return connection.writer.frames


@pytest.fixture
async def phone(hub):
    connection = Connection(Session("phone"), Writer(), hub)
    connection.session.actor = person(1)
    hub.add(connection)
    hub.enter(connection, 1)
    hub.subscribe(connection, {})
    connection.release()
    return connection


async def test_what_a_sync_has_brought_is_not_pushed(hub, phone):
    assert phone.session.takes_sync(5)
    assert phone.session.takes_sync(-7)
    hub.deliver(push("a", message_id=5))
    hub.deliver(push("b", event_id=7))
    hub.deliver(push("c", message_id=6))
    assert await frames(phone) == ["c"]


async def test_what_was_pushed_is_not_brought_by_a_sync(hub, phone):
    hub.deliver(push("a", message_id=5))
    hub.deliver(push("b", event_id=5))
    assert await frames(phone) == ["a", "b"]
    assert not phone.session.takes_sync(5)
    assert not phone.session.takes_sync(-5)
    assert phone.session.takes_sync(6)
    assert not phone.session.takes_sync(6)


async def test_what_is_not_stored_is_pushed_as_often_as_it_is_told(hub, phone):
    for _ in range(3):
        hub.deliver(push("a"))
    assert await frames(phone) == ["a", "a", "a"]
    assert phone.session.seen == {}


async def test_what_a_session_sent_itself_is_no_news_to_its_first_sync(hub, phone):
    hub.deliver(push("a", message_id=5, skip="phone"))
    assert await frames(phone) == []
    assert not phone.session.takes_sync(5)
    phone.session.synced = True  # later syncs bring what others wrote
    hub.deliver(push("a", message_id=6, skip="phone"))
    assert 6 not in phone.session.seen


async def test_the_session_that_did_it_has_the_event(hub, phone):
    hub.deliver(push("a", event_id=5, skip="phone"))
    assert phone.session.memory == {"live_events": {5}}


async def test_an_acknowledged_push_is_forgotten_after_the_first_sync(hub, phone):
    session = phone.session
    hub.deliver(push("a", message_id=5))
    session.forget_push(5)
    assert 5 in session.seen  # the history of the first sync would find it again
    session.synced = True
    session.forget_push(5)
    assert 5 not in session.seen
    session.takes_sync(6)
    session.forget_push(6)
    assert 6 in session.seen  # its push may still be under way
    session.forget_push(7)


def test_of_a_push_and_a_sync_at_once_one_brings_it():
    session, keys = Session("phone"), range(1, 4_000)  # fewer than it remembers
    start = threading.Barrier(2)

    def ask(takes):
        start.wait()
        return [takes(key) for key in keys]

    with ThreadPoolExecutor(2) as threads:
        pushed, synced = threads.submit(ask, session.takes_push), threads.submit(ask, session.takes_sync)
        assert all(one != other for one, other in zip(pushed.result(), synced.result(), strict=True))
