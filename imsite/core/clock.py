"""The only conversions of time: aware UTC datetimes inside, milliseconds and seconds on the wires."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

WIRE_FORMAT = "%Y-%m-%d %H:%M:%S"


def now() -> datetime:
    return datetime.now(UTC)


def now_ms() -> int:
    return to_ms(now())


def to_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def to_s(moment: datetime) -> int:
    return int(moment.timestamp())


def from_ms(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_text(moment: datetime, zone: str) -> str:
    """`yyyy-MM-dd HH:mm:ss` in the application's time zone, as the REST API prints times."""
    return moment.astimezone(ZoneInfo(zone)).strftime(WIRE_FORMAT)
