"""Hours, days and months of a time zone, with and without a change of the clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from imsite.core.errors import BadValue
from imsite.core.spans import spans_from


def hours(spans):
    return [(span.until - span.since) / timedelta(hours=1) for span in spans]


def labels(spans):
    return [span.label for span in spans]


def test_days_of_a_zone():
    days = spans_from("DAY", "2026-02-27", 3, "Asia/Shanghai")
    assert labels(days) == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert days[0].since == datetime(2026, 2, 26, 16, tzinfo=UTC)
    assert [one.until for one in days[:-1]] == [one.since for one in days[1:]]
    assert hours(days) == [24, 24, 24]
    assert (days[0].since_ms, days[0].until_ms) == (1772121600000, 1772208000000)


def test_days_when_the_clocks_change():
    assert hours(spans_from("DAY", "2026-03-07", 3, "America/New_York")) == [24, 23, 24]
    assert hours(spans_from("DAY", "2026-10-31", 3, "America/New_York")) == [24, 25, 24]
    (first, *_) = spans_from("DAY", "2026-03-29", 2, "Africa/Cairo")
    assert first.label == "2026-03-29"


def test_a_day_without_a_midnight_begins_when_the_clocks_have_gone_on():
    before, day = spans_from("DAY", "2018-11-03", 2, "America/Sao_Paulo")
    assert (before.label, day.label) == ("2018-11-03", "2018-11-04")
    assert day.since == before.until == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert hours([before, day]) == [24, 23]


def test_hours_last_an_hour_whatever_the_clocks_do():
    spring = spans_from("HOUR", "2026-03-08 01", 3, "America/New_York")
    assert (labels(spring), hours(spring)) == (["2026-03-08 01", "2026-03-08 03", "2026-03-08 04"], [1, 1, 1])
    autumn = spans_from("HOUR", "2026-11-01 01", 3, "America/New_York")
    assert (labels(autumn), hours(autumn)) == (["2026-11-01 01", "2026-11-01 01", "2026-11-01 02"], [1, 1, 1])


def test_months_over_the_end_of_a_year():
    months = spans_from("MONTH", "2025-12", 2, "Asia/Shanghai")
    assert (labels(months), hours(months)) == (["2025-12", "2026-01"], [31 * 24, 31 * 24])


@pytest.mark.parametrize("unit", ["HOUR", "DAY", "MONTH"])
def test_none_at_all(unit):
    start = {"HOUR": "2026-01-01 00", "DAY": "2026-01-01", "MONTH": "2026-01"}[unit]
    assert spans_from(unit, start, 0, "UTC") == []


@pytest.mark.parametrize(
    ("unit", "start", "label"),
    [
        ("HOUR", "2026-01-02 03", "2026-01-02 03"),
        ("HOUR", "2026-01-02 03:04", "2026-01-02 03"),
        ("HOUR", "2026-01-02 03:04:05", "2026-01-02 03"),
        ("DAY", "2017-11-20", "2017-11-20"),
        ("DAY", "2017-11-20 00:00:00", "2017-11-20"),
        ("DAY", "2017-11-20 13", "2017-11-20"),
        ("MONTH", "2026-01", "2026-01"),
        ("MONTH", "2026-01-15", "2026-01"),
        ("MONTH", "2026-01-15 10:00:00", "2026-01"),
    ],
)
def test_a_start_may_be_written_more_exactly_than_its_unit(unit, start, label):
    assert labels(spans_from(unit, start, 1, "Asia/Shanghai")) == [label]


@pytest.mark.parametrize(
    ("unit", "start"),
    [
        ("DAY", ""),
        ("DAY", "2026-1-2"),
        ("DAY", "2026-02-30"),
        ("DAY", "20260102"),
        ("DAY", "2026-01-02T00:00:00"),
        ("DAY", "2026-01-0٣"),
        ("DAY", "2026-01"),
        ("DAY", "0000-01-01"),
        ("DAY", "0001-01-01"),  # in UTC it is the year before
        ("DAY", "9999-12-31"),
        ("HOUR", "2026-01-02"),
        ("HOUR", "2026-01-02 24"),
        ("MONTH", "2026"),
        ("MONTH", "2026-13"),
        ("MONTH", "9999-12"),
    ],
)
def test_what_is_no_start(unit, start):
    with pytest.raises(BadValue):
        spans_from(unit, start, 2, "Asia/Shanghai")
