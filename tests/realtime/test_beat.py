"""Once a minute the apps hear who is logged in in this process."""

import asyncio
from types import SimpleNamespace

import pytest

from imsite.realtime import hub, workers
from imsite.realtime import session as sessions


class Connection:
    """A socket that nobody takes for silent."""

    def __init__(self, actor):
        self.session = SimpleNamespace(actor=actor)
        self.seen_at, self.paused, self.closed = float("inf"), False, False


@pytest.fixture
def heard(monkeypatch):
    heard = []
    monkeypatch.setattr(sessions, "_beat_hooks", [lambda actors: 1 / 0, heard.append])
    monkeypatch.setattr(workers, "submit", lambda function, *args: function(*args))
    return heard


async def test_a_beat_names_those_who_are_logged_in(heard):
    loop = asyncio.get_running_loop()
    one = hub.Hub(loop)
    try:
        one.sockets |= {Connection("alice"), Connection(None), Connection("bob")}
        one._sweep()
        assert heard == []  # the first minute is not over
        one._beat_at = loop.time()
        one._sweep()
        one._sweep()
        (actors,) = heard
        assert sorted(actors) == ["alice", "bob"]
    finally:
        one.sockets.clear()
        one.stop()
