"""Conversions of time."""

from datetime import UTC, datetime, timedelta

import pytest

from imsite.core import clock

MOMENT = datetime(2026, 11, 21, 7, 30, 15, 250_000, tzinfo=UTC)


def test_now_is_aware():
    assert clock.now().utcoffset() == timedelta(0)
    assert abs(clock.now_ms() - clock.to_ms(clock.now())) < 1000


def test_milliseconds_and_back():
    assert clock.to_ms(MOMENT) == 1_795_246_215_250
    assert clock.from_ms(clock.to_ms(MOMENT)) == MOMENT


def test_seconds_are_cut():
    assert clock.to_s(MOMENT) == 1_795_246_215


def test_text_is_in_the_zone():
    assert clock.to_text(MOMENT, "Asia/Shanghai") == "2026-11-21 15:30:15"
    assert clock.to_text(MOMENT, "America/New_York") == "2026-11-21 02:30:15"


def test_a_time_of_a_zone_is_read():
    assert clock.to_ms(clock.from_text("2026-03-10 12:00:00", "Asia/Shanghai")) == 1773115200000
    assert clock.to_ms(clock.from_text("0001-01-01 00:00:00", "Asia/Shanghai")) < 0
    assert clock.to_ms(clock.from_text("9999-12-31 23:59:59", "America/New_York")) > 0


def test_of_a_time_that_the_clocks_show_twice_either_is_meant():
    first, last = (clock.from_text("2026-11-01 01:30:00", "America/New_York", last=last) for last in (False, True))
    assert clock.to_ms(last) - clock.to_ms(first) == 3_600_000


@pytest.mark.parametrize("text", ["", "2026-03-10", "2026-3-10 12:00:00", "2026-03-10T12:00:00", "2026-13-10 12:00:00"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="."):
        clock.from_text(text, "UTC")
