"""What was said, for the application's own server: messages of a window of time, ascending, page by page.

A report lists all that was sent, retracted messages with what they said, those that were not kept for people away too.
Source: REST API, reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Application, User
from messaging.models import Message, MessageQuerySet

PAGE_MOST = 1000  # messages in one page

Key = tuple[int, int]  # created_ms and id: the place of a message in a report


@dataclass(frozen=True, slots=True)
class Source:
    """Where the messages of a report come from: queries of which no two find the same message, and a name for the whole."""

    name: str
    parts: Sequence[MessageQuerySet]


@dataclass(frozen=True, slots=True)
class Window:
    """From `since_ms` until just before `until_ms`; None: from the beginning, until now."""

    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends and the next one begins. `last` is the newest message that the first page knew of."""

    after: Key
    last: Key
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Page:
    total: int
    messages: list[Message]
    next: Place | None = None  # None on the last page


def of_application(application: Application) -> Source:
    """What the application's users said, in whichever application."""
    return Source("application", [Message.objects.filter(application=application)])


def of_user(user: User) -> Source:
    """What the user said, and what was said to them: in pairs, and in groups while they were in."""
    sent = Message.objects.filter(sender=user)
    return Source(f"user:{user.pk}", [sent, Message.objects.received_by(user)])


def of_conversation(conversation_id: int) -> Source:
    """What was said in a group or a chat room, by users of whichever application."""
    return Source(f"conversation:{conversation_id}", [Message.objects.filter(conversation_id=conversation_id)])


def first_page(source: Source, window: Window, count: int) -> Page:
    """The first `count` messages of the window.

    The pages after it end at the newest message that is there now: while others go on to send, no page repeats or leaves
    out a message, and `total` stays true. What is being committed at this moment has its time already and is not there yet:
    whoever collects window after window lets the last one end some seconds ago.
    """
    parts = _within(source.parts, window)
    last = _newest(parts)
    if last is None:
        return Page(0, [])
    parts = _until(parts, last)
    return _page(parts, count, last, total=sum(part.count() for part in parts))


def next_page(source: Source, place: Place) -> Page:
    """The page after `place`, which is that of a page before it."""
    return _page(_until(_after(source.parts, place.after), place.last), place.count, place.last, total=place.total)


def numbered_page(source: Source, window: Window, start: int, count: int) -> Page:
    """`count` messages from number `start` (0-based) on. Version 1 of the reports."""
    parts = _within(source.parts, window)
    total = sum(part.count() for part in parts)
    return Page(total, _read(_keys(parts, start, count) if start < total else []))


def _page(parts: Sequence[MessageQuerySet], count: int, last: Key, *, total: int) -> Page:
    keys = _keys(parts, 0, count + 1)
    more = len(keys) > count
    return Page(total, _read(keys[:count]), Place(keys[count - 1], last, count, total) if more else None)


def _within(parts: Sequence[MessageQuerySet], window: Window) -> list[MessageQuerySet]:
    return [part.between(window.since_ms, window.until_ms) for part in parts]


def _after(parts: Sequence[MessageQuerySet], key: Key) -> list[MessageQuerySet]:
    return [part.after(*key) for part in parts]


def _until(parts: Sequence[MessageQuerySet], key: Key) -> list[MessageQuerySet]:
    return [part.up_to(*key) for part in parts]


def _newest(parts: Sequence[MessageQuerySet]) -> Key | None:
    newest = (part.order_by("-created_ms", "-id").values_list("created_ms", "id").first() for part in parts)
    return max((key for key in newest if key is not None), default=None)


def _keys(parts: Sequence[MessageQuerySet], start: int, count: int) -> list[Key]:
    """Which messages are on a page. Their contents are read afterwards: the database sorts and skips short rows."""
    first, *others = [part.order_by().values_list("created_ms", "id") for part in parts]
    keys = first.union(*others, all=True) if others else first
    return list(keys.order_by("created_ms", "id")[start : start + count])


def _read(keys: Sequence[Key]) -> list[Message]:
    shown = Message.objects.only("application_id", "created_ms", "content", "from_type", "type")
    found = shown.in_bulk([message_id for _, message_id in keys])
    # One may have been deleted for its age since its key was read.
    return [found[message_id] for _, message_id in keys if message_id in found]
