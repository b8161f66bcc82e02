import asyncio
import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from imsite.core import bus
from imsite.core.bus import Delivery

PATIENCE_S = 10
ROOT = Path(__file__).resolve().parents[2]


class Hub:
    """Notes what arrives."""

    def __init__(self):
        self.heard = []

    def deliver(self, delivery):
        self.heard.append(delivery)

    def join(self, topic, user_ids, version):
        self.heard.append(("join", topic, user_ids, version))

    def leave(self, topic, user_ids, version):
        self.heard.append(("leave", topic, user_ids, version))


async def until(ready, what):
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline, what()
        await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def alone(settings):
    """No Redis, whatever the run has, and no hub before and after."""
    settings.REDIS_URL = ""
    bus.stop()
    yield
    bus.stop()


@pytest.fixture
def hub():
    return Hub()


FULL = Delivery(("user:1", "room:2"), b"42[]", "sid", "web", True, ("room:2", 7), 5)


def test_without_hub_and_redis_nothing_happens():
    assert not bus.is_open()
    bus.deliver(FULL)
    bus.join("room:1", [1], 1)
    bus.leave("room:1", [1], 1)
    assert bus._remote_now is None


def test_an_event_is_encoded_only_where_somebody_can_receive_it(monkeypatch, hub):
    monkeypatch.setattr(bus, "_encoder", lambda event: b"frame of " + event)
    assert bus.encode(b"x") == b""
    loop = asyncio.new_event_loop()
    bus.start(hub, loop)
    assert bus.encode(b"x") == b"frame of x"
    loop.close()


async def test_calls_of_any_thread_reach_the_hub_in_their_order(hub):
    bus.start(hub, asyncio.get_running_loop())

    def work():
        bus.deliver(FULL)
        bus.join("room:2", [1, 2], 8)
        bus.leave("room:2", [1], 9)
        bus.deliver(Delivery(("room:2",), b""))

    thread = threading.Thread(target=work)
    thread.start()
    await until(lambda: len(hub.heard) == 3, lambda: hub.heard)
    assert hub.heard == [FULL, ("join", "room:2", (1, 2), 8), ("leave", "room:2", (1,), 9)]
    thread.join()


async def test_after_the_stop_nothing_arrives(hub):
    bus.start(hub, asyncio.get_running_loop())
    bus.stop()
    bus.deliver(FULL)
    await asyncio.sleep(0)
    assert hub.heard == []


def test_what_is_announced_is_heard_at_once_here(monkeypatch):
    monkeypatch.setattr(bus, "_listeners", {})
    heard = []
    bus.heard("members")(heard.append)
    bus.announce("members", [1, 2])
    bus.announce("others", [3])
    assert heard == [[1, 2]]


# With Redis


@contextlib.contextmanager
def layers(settings, url):
    from channels.layers import channel_layers

    settings.REDIS_URL = url
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [url], "prefix": "bus-tests"},
        }
    }
    channel_layers.backends.clear()
    try:
        yield
    finally:
        bus.stop()
        channel_layers.backends.clear()


@pytest.fixture
def redis(settings, redis_url):
    with layers(settings, redis_url):
        yield redis_url


def other_process(url: str, work: str) -> subprocess.CompletedProcess:
    """Run `work` in a process that has the bus and no hub, as a command or a WSGI server."""
    program = (
        f"import django; django.setup()\nfrom imsite.core import bus\nfrom imsite.core.bus import Delivery\n{work}"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.realtime.server.settings", "TEST_REDIS_URL": url, "PATH": "/usr/bin",
        "TEST_REDIS_PREFIX": "bus-tests",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


async def test_a_process_without_a_loop_reaches_the_hub_of_another(redis, hub):
    bus.start(hub, asyncio.get_running_loop())
    work = """
bus.deliver(Delivery(("user:1", "room:2"), b"42[]", "sid", "web", True, ("room:2", 7), 5))
bus.join("room:2", [1, 2], 8)
bus.leave("room:2", [1], 9)
for number in range(2000):
    bus.deliver(Delivery(("room:2",), b"%d" % number))
"""
    done = await asyncio.to_thread(other_process, redis, work)
    assert done.stderr == ""
    await until(lambda: len(hub.heard) >= 2003, lambda: len(hub.heard))
    assert hub.heard[:3] == [FULL, ("join", "room:2", [1, 2], 8), ("leave", "room:2", [1], 9)]
    assert [delivery.frame for delivery in hub.heard[3:]] == [b"%d" % number for number in range(2000)]


async def test_a_process_does_not_hear_itself_again(redis, hub):
    bus.start(hub, asyncio.get_running_loop())
    bus.deliver(FULL)
    await asyncio.to_thread(other_process, redis, 'bus.deliver(Delivery(("user:1",), b"last"))')
    await until(lambda: len(hub.heard) >= 2, lambda: hub.heard)
    assert [delivery.frame for delivery in hub.heard] == [b"42[]", b"last"]


async def test_announcements_cross_processes(redis, hub, monkeypatch):
    monkeypatch.setattr(bus, "_listeners", {})
    heard = []
    bus.heard("members")(heard.append)
    bus.start(hub, asyncio.get_running_loop())
    await asyncio.to_thread(other_process, redis, 'bus.announce("members", {"conversation": 5})')
    await until(lambda: heard, lambda: heard)
    assert heard == [{"conversation": 5}]


async def test_a_redis_that_is_not_there_costs_pushes_between_processes_alone(settings, hub, caplog, monkeypatch):
    monkeypatch.setattr(bus, "RETRY_S", 0.05)
    monkeypatch.setattr(bus, "FLUSH_S", 0.2)
    monkeypatch.setattr(bus._Remote.listen, "__defaults__", (0.1,))
    with layers(settings, "redis://127.0.0.1:9/0"):
        bus.start(hub, asyncio.get_running_loop())
        for _ in range(3):
            bus.deliver(FULL)
            await until(lambda: not bus._remote()._waiting, lambda: "still waiting")
        await until(lambda: bus._remote().dropped == 3, lambda: bus._remote().dropped)
        await until(lambda: len(hub.heard) == 3, lambda: hub.heard)
        assert caplog.text.count("do not reach") == 1


async def test_what_waits_for_redis_is_bounded(settings, hub, monkeypatch):
    monkeypatch.setattr(bus, "QUEUED_MAX", 10)
    monkeypatch.setattr(bus, "FLUSH_S", 0.2)
    with layers(settings, "redis://127.0.0.1:9/0"):
        for _ in range(100):
            bus.deliver(FULL)
        assert len(bus._remote()._waiting) <= 10
        assert bus._remote().dropped >= 80
