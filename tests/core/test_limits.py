"""Token buckets: what may come at once, what comes back, and what several processes know of each other."""

import threading

import pytest

from imsite.core import limits, shared_limits
from imsite.core.errors import TooFast
from imsite.core.limits import Limiter, depth_of
from tests.backing import wait_until


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def turned_on(settings):
    settings.RATE_LIMITS = True
    settings.REDIS_URL = ""


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limiter(clock):
    return Limiter(clock)


def taken(limiter, per_minute, *, most=10_000, key=("sends", 1)):
    """How many are let through at this moment."""
    for count in range(most):
        if limiter.take(key, per_minute):
            return count
    return most


@pytest.mark.parametrize(("per_minute", "depth"), [(600, 100), (6000, 1000), (60, 10), (6, 1), (1, 1), (7, 1), (13, 2)])
def test_ten_seconds_worth_may_come_at_once(limiter, per_minute, depth):
    assert depth_of(per_minute) == depth
    assert taken(limiter, per_minute) == depth


@pytest.mark.parametrize("per_minute", [600, 6000, 60, 12])
def test_over_a_long_time_the_rate_is_exact(limiter, clock, per_minute):
    taken(limiter, per_minute)
    let_through = 0
    for _ in range(600):  # ten minutes
        clock.now += 1
        let_through += taken(limiter, per_minute)
    assert let_through in (10 * per_minute, 10 * per_minute - 1)


def test_the_wait_is_what_it_takes(limiter, clock):
    taken(limiter, 60)
    wait = limiter.take(("sends", 1), 60)
    assert wait == pytest.approx(1)
    clock.now += wait
    assert limiter.take(("sends", 1), 60) == 0
    assert limiter.take(("sends", 1), 60) > 0


def test_what_is_refused_uses_nothing(limiter, clock):
    taken(limiter, 60)
    for _ in range(1000):
        assert limiter.take(("sends", 1), 60)
    clock.now += 1
    assert taken(limiter, 60) == 1


def test_everyone_has_a_bucket_of_their_own(limiter):
    assert taken(limiter, 60) == 10
    assert taken(limiter, 60, key=("sends", 2)) == 10
    assert taken(limiter, 60, key=("uploads", 1)) == 10


def test_no_limit(limiter, settings):
    assert taken(limiter, 0, most=5000) == 5000
    assert limiter.quota(("rest", 1), 0) is None
    settings.RATE_LIMITS = False
    assert taken(limiter, 60, most=5000) == 5000
    assert limiter.quota(("rest", 1), 60) is None
    assert not limiter._full_at


def test_a_limit_that_changes_holds_at_once(limiter):
    assert taken(limiter, 60) == 10
    assert limiter.take(("sends", 1), 6) > 0
    assert taken(limiter, 600) == 0  # what was taken at the lower rate weighs more
    assert limiter.take(("sends", 1), 0) == 0


def test_the_refusal_says_when_to_come_back(limiter):
    taken(limiter, 6)
    with pytest.raises(TooFast) as refusal:
        limiter.require(("sends", 1), 6)
    assert (refusal.value.status, refusal.value.code, refusal.value.sdk_code) == (429, 899030, 880209)
    assert refusal.value.retry_after == 10
    assert "10 s" in str(refusal.value)


def test_the_quota_counts_down_and_comes_back(limiter, clock):
    seen = [limiter.quota(("rest", 1), 60) for _ in range(11)]
    assert [quota.remaining for quota in seen] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert [quota.wait_s > 0 for quota in seen] == [False] * 10 + [True]
    assert {quota.limit for quota in seen} == {10}
    assert [quota.reset_s for quota in seen[:3]] == [1, 2, 3]
    clock.now += 4
    assert limiter.quota(("rest", 1), 60).remaining == 3


def test_buckets_that_are_full_again_are_forgotten(clock):
    limiter = Limiter(clock, most=100)
    for user_id in range(100):
        limiter.take(("sends", user_id), 60)
    clock.now += 2
    limiter.take(("sends", 100), 60)
    assert len(limiter._full_at) == 1


def test_memory_is_bounded_and_the_oldest_are_forgiven(clock):
    limiter = Limiter(clock, most=100)
    for user_id in range(100):
        taken(limiter, 60, key=("sends", user_id))
    for user_id in range(100, 1000):
        limiter.take(("sends", user_id), 60)
        assert len(limiter._full_at) <= 100
    assert taken(limiter, 60, key=("sends", 0)) == 10


def test_among_threads_nothing_is_let_through_twice(limiter):
    counts = []
    threads = [threading.Thread(target=lambda: counts.append(taken(limiter, 60_000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 10_000


# Several processes


@pytest.fixture
def by_hand(monkeypatch):
    """Nothing is reported but by the test."""
    monkeypatch.setattr(limits, "_wake_reporter", lambda limiter: None)


@pytest.mark.usefixtures("by_hand")
def test_processes_learn_what_the_others_let_through(settings, redis_url):
    """Two limiters with clocks that differ, as two machines have them."""
    settings.REDIS_URL = redis_url
    key = ("test", "both")
    first, second = Limiter(Clock(5)), Limiter(Clock(70_000))
    reporters = [shared_limits.Reporter(one, redis_url) for one in (first, second)]
    for one in (first, second):
        one.clear()
        assert taken(one, 6, most=1, key=key) == 1
    for reporter in reporters:
        reporter.report()
    # Each let one through where one may come at once, and who reported last knows of both.
    assert 19 < second.take(key, 6) <= 20
    reporters[0].report()  # had nothing to tell, and so heard nothing
    first._unreported[key] = 1e-6
    reporters[0].report()
    assert 19 < first.take(key, 6) <= 20


@pytest.mark.usefixtures("by_hand")
def test_many_buckets_are_told_in_parts(settings, redis_url, monkeypatch):
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(shared_limits, "KEYS_AT_ONCE", 7)
    limiter = Limiter(Clock())
    for number in range(50):
        limiter.take(("test", f"part{number}"), 60)
    shared_limits.Reporter(limiter, redis_url).report()
    assert limiter.unreported() == {}
    assert all(limiter._full_at[key] > limiter.clock() for key in [("test", f"part{number}") for number in range(50)])


def test_the_thread_reports_by_itself(settings, redis_url, monkeypatch):
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(shared_limits, "_reporter", None)
    limiter = Limiter()
    limiter.take(("test", "thread"), 60)
    wait_until(lambda: not limiter._unreported, "the report")
    monkeypatch.setattr(shared_limits, "_reporter", None)
    other = Limiter()
    other.take(("test", "thread"), 60)
    wait_until(lambda: other._full_at[("test", "thread")] - other.clock() > 1.2, "what the other let through")


@pytest.mark.usefixtures("by_hand")
def test_without_redis_each_process_goes_by_its_own(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limiter = Limiter(Clock())
    reporter = shared_limits.Reporter(limiter)
    for _ in range(2):
        taken(limiter, 60)
        reporter.report()
    assert limiter.take(("sends", 1), 60) > 0
    assert [record.message.partition(":")[0] for record in caplog.records] == ["limits hold in each process alone"]
    assert limiter.unreported() == {}


def test_one_limiter_serves_the_process():
    assert isinstance(limits.limiter, Limiter)
