"""Hours, days and months of a time zone, one after the other: what counts by time are grouped by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, IntegerField, Value, When

from imsite.core import clock
from imsite.core.errors import BadValue

FORMATS = {"HOUR": "%Y-%m-%d %H", "DAY": "%Y-%m-%d", "MONTH": "%Y-%m"}
# A start may be written more exactly than its unit asks for: one client sends midnight along with a day.
_STARTS = {
    "HOUR": re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2})(:[0-9]{2}){0,2}"),
    "DAY": re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})( [0-9]{2}(:[0-9]{2}){0,2})?"),
    "MONTH": re.compile(r"([0-9]{4}-[0-9]{2})(-[0-9]{2}( [0-9]{2}(:[0-9]{2}){0,2})?)?"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """One hour, day or month: from `since` until just before `until`, in UTC; `label` is its name in its time zone."""

    label: str
    since: datetime
    until: datetime

    @property
    def since_ms(self) -> int:
        return clock.to_ms(self.since)

    @property
    def until_ms(self) -> int:
        return clock.to_ms(self.until)


def spans_from(unit: str, start: str, count: int, zone: str) -> list[Span]:
    """`count` spans of a unit (HOUR, DAY, MONTH) from `start` on, in a time zone; BadValue (899003) for an unreadable start.

    A day lasts from midnight to midnight, be that 23 or 25 hours; an hour lasts an hour, whatever the clocks do.
    """
    written = _STARTS[unit].fullmatch(start)
    if written is None:
        raise BadValue(f"start is not of the form that {unit} takes")
    try:
        first = datetime.strptime(written[1], FORMATS[unit]).replace(tzinfo=ZoneInfo(zone))
        edges = [_edge(unit, first, number).astimezone(UTC) for number in range(count + 1)]
        labels = [edge.astimezone(ZoneInfo(zone)).strftime(FORMATS[unit]) for edge in edges]
    except (ValueError, OverflowError):
        raise BadValue("start is no date") from None
    return [Span(label, *edges) for label, *edges in zip(labels, edges, edges[1:], strict=False)]


def _edge(unit: str, first: datetime, number: int) -> datetime:
    """Where the span of this number begins."""
    if unit == "HOUR":
        return first.astimezone(UTC) + timedelta(hours=number)
    if unit == "DAY":
        return first + timedelta(days=number)  # by the calendar, as both are of one time zone
    months = first.year * 12 + first.month - 1 + number
    return first.replace(year=months // 12, month=months % 12 + 1)


def number_of(field: str, edges: Sequence[Any]) -> Case:
    """SQL for the number of the span that a column's value lies in: 0 from the first edge on, -1 before it.

    The edges rise; the value lies before the last. Comparisons alone, so that no database needs to know the time zone.
    """
    steps = (When(**{f"{field}__lt": edge}, then=Value(number)) for number, edge in enumerate(edges, start=-1))
    return Case(*steps, default=Value(len(edges) - 1), output_field=IntegerField())
