"""What all tests share: the parts of this machine, the report of what was left out, the fixed cast."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import backing

REQUIRE_ALL = os.environ.get("IM_TEST_REQUIRE_ALL") == "1"
BACKEND = os.environ.get("IM_TEST_BACKEND", "sqlite")

settings.register_profile("imsite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("imsite")

STORES = {"db", "transactional_db", "redis_url", "postgresql_url"}  # fixtures


# Parts that a machine may lack


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that drive a browser as left out where there is none.

    The run on PostgreSQL and Redis takes what touches one of them: the rest would only say again what it said on SQLite.
    """
    if BACKEND == "postgresql":
        stored: dict[bool, list[pytest.Item]] = {True: [], False: []}
        for item in items:
            touches = STORES & {*item.fixturenames} or item.get_closest_marker("django_db")
            stored[bool(touches)].append(item)
        config.hook.pytest_deselected(items=stored[False])
        items[:] = stored[True]
    missing = backing.browser_missing() if any(item.get_closest_marker("browser") for item in items) else None
    for item in items:
        if missing and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"browser: {missing}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report):
    """With IM_TEST_REQUIRE_ALL=1 what was left out counts as failed: CI has every part."""
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"left out although IM_TEST_REQUIRE_ALL is set: {reason}"
    return report


def pytest_terminal_summary(terminalreporter) -> None:
    """Name every part that was left out, those of the other runs of `make test` too."""
    lines = json.loads(os.environ.get("IM_TEST_OTHER_PARTS", "[]"))
    left_out: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        left_out[reason] = left_out.get(reason, 0) + 1
    lines += [f"skipped  {reason} ({count} tests)" for reason, count in sorted(left_out.items())]
    if lines:
        terminalreporter.section("parts of the test run", sep="-")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def redis_url():
    """The URL of a Redis for this test run."""
    if reason := backing.redis_missing():
        pytest.skip(f"redis: {reason}")
    with backing.redis() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_url():
    """The URL of an empty PostgreSQL database for this test run."""
    if reason := backing.postgresql_missing():
        pytest.skip(f"postgresql: {reason}")
    with backing.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that the browser tests drive."""
    if reason := backing.browser_missing():
        pytest.skip(f"browser: {reason}")
    return backing.chromium()


# Between tests


@pytest.fixture(scope="session", autouse=True)
def quick_flush(django_test_environment):
    """Empty only what was filled after a test with real transactions."""
    from django.test import TransactionTestCase

    from tests import isolation

    TransactionTestCase._fixture_teardown = isolation.empty_tables


@pytest.fixture(autouse=True)
def forgetful():
    """What this process remembers for some seconds belongs to one test."""
    from tests import isolation

    isolation.forget()
    yield
    isolation.forget()


# The fixed cast: alice owns the club, bob is a member, carol is alice's friend outside it, dave a stranger, eve in
# another application. A username has four bytes at least, hence bobby, dave1 and eve22; passwords are "secret".


@pytest.fixture
def application(db):
    """The tenant that the tests act in."""
    from accounts import services

    return services.create_application("Shop", by=None)[0]


@pytest.fixture
def other_application(db):
    """A tenant of another owner."""
    from accounts import services

    return services.create_application("Elsewhere", by=None)[0]


@pytest.fixture
def cast(application, other_application):
    """All five by name."""
    from tests.cast import register

    return register(application, "alice", "bobby", "carol", "dave1") | register(other_application, "eve22")


@pytest.fixture
def alice(cast):
    return cast["alice"]


@pytest.fixture
def bob(cast):
    return cast["bobby"]


@pytest.fixture
def carol(cast):
    return cast["carol"]


@pytest.fixture
def dave(cast):
    return cast["dave1"]


@pytest.fixture
def eve(cast):
    return cast["eve22"]


@pytest.fixture
def published(monkeypatch):
    """The events published so far, as a list. See tests/published.py."""
    from tests.published import watch

    return watch(monkeypatch)


# A running server


@pytest.fixture
def live(tmp_path: Path):
    """A server process of its own on an empty data folder, ready to answer. See tests/live.py."""
    from tests.live import Live

    with Live(tmp_path / "data") as running:
        yield running
