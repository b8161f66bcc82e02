"""Conversions of time."""

from datetime import UTC, datetime, timedelta

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
