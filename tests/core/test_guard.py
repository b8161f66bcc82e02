"""Guessers wait, longer each time; who knows the secret does not notice them."""

import pytest

from imsite.core import bus, guard
from imsite.core.errors import TooFast
from imsite.core.guard import (
    ATTACK,
    ATTACK_FREE,
    FORGETS_ONE_S,
    FORGOTTEN_S,
    FREE,
    FREE_OF_ADDRESS,
    LONGEST_WAIT_S,
    PROVEN_S,
    Guard,
)

HOME, CAFE = "192.0.2.1", "198.51.100.7"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def turned_on(settings):
    settings.RATE_LIMITS = True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=[True, False], ids=["random secrets", "passwords"])
def either(request, clock, monkeypatch):
    monkeypatch.setattr(guard, "_guards", {})
    return Guard("test", secrets_are_random=request.param, clock=clock)


@pytest.fixture
def passwords(clock, monkeypatch):
    monkeypatch.setattr(guard, "_guards", {})
    return Guard("test", clock=clock)


@pytest.fixture
def secrets(clock, monkeypatch):
    monkeypatch.setattr(guard, "_guards", {})
    return Guard("test", secrets_are_random=True, clock=clock)


def fail(guard, address, name, times):
    for _ in range(times):
        guard.failed(address, name)


def test_some_wrong_ones_are_free(either):
    fail(either, HOME, "shop", FREE - 1)
    assert either.wait(HOME, "shop") == 0
    either.failed(HOME, "shop")
    assert either.wait(HOME, "shop") == 1
    with pytest.raises(TooFast, match="failed attempts; try again in 1 s"):
        either.require_open(HOME, "shop")


def test_the_wait_doubles_up_to_five_minutes(either, clock):
    fail(either, HOME, "shop", FREE)
    waits = []
    for _ in range(12):
        waits.append(either.wait(HOME, "shop"))
        clock.now += waits[-1]
        assert either.wait(HOME, "shop") == 0
        either.failed(HOME, "shop")
    assert waits[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(waits[9:]) == {LONGEST_WAIT_S}


def test_a_very_long_attack_does_not_overflow(either):
    fail(either, HOME, "shop", 5000)
    assert either.wait(HOME, "shop") == LONGEST_WAIT_S


def test_the_right_pair_from_elsewhere_is_never_locked_out(either):
    fail(either, HOME, "shop", 5000)
    assert either.wait(CAFE, "shop") == 0


def test_other_names_of_the_address_stay_open_until_it_tries_many(either):
    fail(either, HOME, "shop", FREE + 5)
    assert either.wait(HOME, "other") == 0
    for number in range(FREE_OF_ADDRESS):
        either.failed(HOME, f"name{number}")
    assert either.wait(HOME, "other") > 0


def test_many_who_share_an_address_may_mistype_all_day(either, clock):
    for number in range(500):
        either.failed(HOME, f"name{number}")
        clock.now += FORGETS_ONE_S
        assert either.wait(HOME, "other") == 0


def test_one_wrong_now_and_then_does_not_lock_an_address_for_all(either, clock):
    """A device that has an old password, say, and tries whenever it may."""
    for _ in range(500):
        clock.now += either.wait(HOME, "old")
        either.failed(HOME, "old")
    assert either.wait(HOME, "other") == 0


def test_who_goes_on_guessing_for_many_names_has_one_try_in_half_a_minute(either, clock):
    began, tries = clock.now, 0
    while clock.now < began + 3600:
        either.failed(HOME, f"name{tries}")
        tries += 1
        clock.now += either.wait(HOME, "other")
    assert tries < FREE_OF_ADDRESS + 3600 / FORGETS_ONE_S + 10


def test_invented_names_take_no_memory_and_lock_only_themselves(either):
    fail(either, HOME, "", FREE + 5)
    assert either.wait(HOME, "") > 0
    assert either.wait(HOME, "shop") == 0
    assert len(either._wrong) == 2


def test_a_quarter_of_an_hour_later_all_is_forgotten(either, clock):
    fail(either, HOME, "shop", FREE + 20)
    clock.now += FORGOTTEN_S + 1
    fail(either, HOME, "shop", FREE - 1)
    assert either.wait(HOME, "shop") == 0


def test_a_backend_is_not_locked_out_by_its_neighbour(secrets, clock):
    """Behind one address, as of a company or of a proxy that nobody named."""
    secrets.passed(HOME, "shop")
    fail(secrets, HOME, "shop", 500)
    assert secrets.wait(HOME, "shop") == 0
    clock.now += PROVEN_S + 1
    fail(secrets, HOME, "shop", 500)
    assert secrets.wait(HOME, "shop") > 0


def test_who_knew_the_password_once_may_not_guess_another(passwords):
    passwords.passed(HOME, "alice")
    fail(passwords, HOME, "alice", FREE)
    assert passwords.wait(HOME, "alice") > 0


def test_an_office_full_of_guesses_does_not_stop_who_got_in_lately(passwords):
    passwords.passed(HOME, "alice")
    for number in range(FREE_OF_ADDRESS + 5):
        passwords.failed(HOME, f"name{number}")
    assert passwords.wait(HOME, "bobby") > 0
    assert passwords.wait(HOME, "alice") == 0


def test_the_right_password_ends_the_count(passwords):
    fail(passwords, HOME, "alice", FREE - 1)
    passwords.passed(HOME, "alice")
    fail(passwords, HOME, "alice", FREE - 1)
    assert passwords.wait(HOME, "alice") == 0


def test_while_a_name_is_attacked_from_everywhere_new_addresses_have_fewer_tries(either):
    for number in range(ATTACK + 1):
        either.failed(f"203.0.{number // 250}.{number % 250}", "shop")
    assert either.wait(CAFE, "shop") == 0
    fail(either, CAFE, "shop", ATTACK_FREE)
    assert either.wait(CAFE, "shop") > 0
    either.passed(HOME, "shop")
    fail(either, HOME, "shop", FREE - 1)
    assert either.wait(HOME, "shop") == 0


def test_an_ipv6_network_counts_as_one(either):
    for number in range(FREE):
        either.failed(f"2001:db8:1:2::{number:x}", "shop")
    assert either.wait("2001:db8:1:2:ffff::9", "shop") > 0
    assert either.wait("2001:db8:1:3::1", "shop") == 0


def test_memory_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(guard, "_guards", {})
    small = Guard("test", clock=clock, most=300)
    for number in range(2000):
        small.failed(f"10.0.{number // 250}.{number % 250}", f"name{number}")
        small.passed(f"10.0.{number // 250}.{number % 250}", f"name{number}")
        assert len(small._wrong) <= 300
        assert len(small._proven) <= 300


def test_other_processes_count_too(either):
    """What another process announces arrives the same way."""
    for _ in range(FREE):
        bus.announce("guess", ["test", HOME, "shop"])
    bus.announce("guess", ["a door of another version", HOME, "shop"])
    assert either.wait(HOME, "shop") > 0


def test_limits_turned_off(either, settings):
    settings.RATE_LIMITS = False
    fail(either, HOME, "shop", 500)
    assert either.wait(HOME, "shop") == 0
    assert not either._wrong


def test_who_has_no_address_counts_once(either):
    """Behind a Unix socket of a proxy that names nobody."""
    fail(either, "", "shop", FREE - 1)
    assert either.wait("", "shop") == 0
    either.failed("", "shop")
    assert either.wait("", "shop") == 1
    assert either.wait(HOME, "shop") == 0
