"""People who write, read, lose their connections and come back, at random, against a model of what each must have.

After every step nothing was lost, doubled or told out of order, and every unread count is the model's. A walk is a list of
(step, number): one that fails is printed, shortened, and can be walked again as it stands. IM_TEST_SEED=n repeats a run.
"""

import os
import random
import time

import pytest

from tests.inprocess import Server
from tests.live import Live
from tests.walk.sites import Local, Remote
from tests.walk.walker import STEPS, Walker
from tests.wire_client import Closed, Refused

SEED = int(os.environ.get("IM_TEST_SEED") or random.SystemRandom().randrange(10**6))
SHORTEN_S = 20
FAILURES = (AssertionError, TimeoutError, Closed, Refused)

Steps = list[tuple[str, int]]


def seeded(seed: int, count: int) -> Steps:
    chance = random.Random(seed)
    return [(chance.choice(STEPS), chance.randrange(10_000)) for _ in range(count)]


def walk(site, steps: Steps) -> None:
    walker = Walker(site)
    try:
        for done, (name, number) in enumerate(steps, 1):
            try:
                walker.step(name, number)
            except FAILURES as error:
                error.done = done
                error.add_note(f"IM_TEST_SEED={SEED}, at step {done} of the walk: {name}, {number}")
                raise
    finally:
        walker.close()


def walk_here(server: Server, steps: Steps) -> None:
    """In this process; of a failure the shortest walk that still has one."""
    try:
        walk(Local(server), steps)
    except FAILURES as error:
        error.add_note(f"a short walk to a failure: {shortened(server, steps[: error.done])}")
        raise


def shortened(server: Server, steps: Steps) -> Steps:
    """Leave out what the failure does not need, in smaller and smaller parts, for some seconds."""
    end, size = time.monotonic() + SHORTEN_S, len(steps) // 2
    while size:
        start = 0
        while start < len(steps) and time.monotonic() < end:
            fewer = steps[:start] + steps[start + size :]
            try:
                walk(Local(server), fewer)
                start += size
            except FAILURES as error:
                steps = fewer[: error.done]
        size //= 2
    return steps


@pytest.fixture
def server(transactional_db):
    with Server() as running:
        yield running


def test_nothing_is_lost_doubled_or_miscounted(server):
    for number in range(3):
        walk_here(server, seeded(SEED + number, 150))


def test_nothing_is_lost_doubled_or_miscounted_over_real_sockets(tmp_path):
    with Live(tmp_path / "data") as live:
        walk(Remote(live), seeded(SEED, 80))
