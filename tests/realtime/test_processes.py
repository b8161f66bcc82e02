"""Two server processes of different kinds with a Redis between them."""

import asyncio
import contextlib
import urllib.request

import pytest

from tests.realtime.sites import Site, clients
from tests.realtime.test_polling import Poller


@pytest.fixture(scope="module")
def sites(redis_url):
    with Site("uvicorn", TEST_REDIS_URL=redis_url) as one, Site("daphne", TEST_REDIS_URL=redis_url) as other:
        yield one, other
        assert one.printed() == other.printed() == ""


@pytest.fixture
async def pair(sites):
    """A page at each process."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(clients(site)) for site in sites]


async def test_pushes_cross_processes_once_and_in_order(pair):
    a, b = pair
    await a.log_in(1, topics=["room:1"])
    await b.log_in(2, topics=["room:1"])
    for number in range(100):
        await a.send("push", topics=["room:1", "user:2"], n=number)
    await b.pushed(*range(100))
    await a.pushed(*range(100))


async def test_the_skipped_session_is_skipped_in_every_process(pair):
    a, b = pair
    await a.log_in(1)
    await b.log_in(1, device_class="mobile")
    await a.ask("push", topics=["user:1"], n=1, skip=True)
    await b.ask("push", topics=["user:1"], n=2, device_class="web")
    await a.pushed(2)  # the order is that of each process
    await a.ask("push", topics=["user:1"], n=3)
    await a.pushed(2, 3)
    await b.pushed(1, 3)


async def test_members_change_in_every_process(pair):
    a, b = pair
    await a.log_in(1)
    await b.log_in(2)
    await a.ask("push", topics=["room:5"], n=1)
    await a.ask("change", joins=True, topic="room:5", users=[2], version=1)
    await a.ask("push", topics=["room:5"], n=2)
    await a.ask("change", joins=False, topic="room:5", users=[2], version=2)
    await a.ask("push", topics=["room:5"], n=3)
    await a.ask("push", topics=["user:2"], n=4)
    await b.pushed(2, 4)


async def test_a_session_is_ended_from_the_other_process(pair):
    a, b = pair
    await a.log_in(1)
    await b.log_in(2)
    await a.ask("push", topics=["user:2"], n=1, ends=True)
    await b.pushed(1)
    silent = await b.send("echo", text="a")
    await b.ask("c_init", appkey="a" * 24)
    assert silent not in b.acks


async def test_a_view_of_one_process_reaches_the_sockets_of_the_other(pair, sites):
    _, b = pair
    await b.log_in(2)
    await asyncio.to_thread(urllib.request.urlopen, f"{sites[0].url}/push?topic=user:2&n=9")
    await b.pushed(9)


def test_who_polls_at_one_process_hears_the_other_and_is_unknown_there(sites):
    one, other = sites
    poller = Poller(one).open().log_in(41)
    Poller(other).open().log_in(42).ask("push", topics=["user:41"], text="across")
    assert any("across" in packet for packet in poller.packets())
    astray = Poller(other)
    astray.sid = poller.sid
    assert (astray.get().status_code, astray.get().json()["code"]) == (400, 1)
    assert poller.ask("echo", text="still here")["echo"] == "still here"
