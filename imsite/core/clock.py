"""The only conversions of time: aware UTC datetimes inside, milliseconds and seconds on the wires."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

WIRE_FORMAT = "%Y-%m-%d %H:%M:%S"
_WIRE_TEXT = re.compile(r"[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}")


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


def from_text(text: str, zone: str, *, last: bool = False) -> datetime:
    """The moment that `yyyy-MM-dd HH:mm:ss` names in a time zone; ValueError where it names none.

    What the clocks show twice, when they are put back, is the first of both, with `last` the second.
    """
    if not _WIRE_TEXT.fullmatch(text):
        raise ValueError(f"a time is written yyyy-MM-dd HH:mm:ss, not {text[:32]}")
    return datetime.strptime(text, WIRE_FORMAT).replace(tzinfo=ZoneInfo(zone), fold=int(last))
