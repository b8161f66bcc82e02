"""Facts and their publication: pushed when the transaction commits, stored as well where they must survive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import orjson
from django.db import connection, transaction

from imsite.core import bus, clock, ids
from imsite.core.models import StoredEvent


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact on its way to sockets. Subclasses are frozen dataclasses of JSON values; `@pushed` in a realtime module renders them."""

    application_id: int
    id: int = 0  # given by publish
    at_ms: int = 0

    kinds: ClassVar[dict[str, type[Event]]] = {}
    # Each receiver has a copy of their own: pushed to the users of the audience one by one.
    is_personal: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Event.kinds[cls.__name__] = cls

    @classmethod
    def load(cls, stored: StoredEvent) -> Event:
        """The event that was stored in this row."""
        event_class = Event.kinds[stored.kind]
        known = {field.name for field in fields(event_class)}
        values = {name: value for name, value in orjson.loads(stored.payload).items() if name in known}
        return event_class(**{**values, "id": stored.pk, "at_ms": stored.created_ms})

    def seen_by(self, user_id: int) -> Self:
        """The event as this user is told it: of a personal one their own copy."""
        return self

    def stamped(self, event_id: int, at_ms: int) -> Self:
        return replace(self, id=event_id, at_ms=at_ms)


@dataclass(frozen=True)
class Audience:
    """Who is told: users by id, those in a conversation, those in a chat room; every session of theirs but `skip`.

    `device_class` narrows to sessions of that class; `ends` logs the receiving sessions out once they were told.
    `version` is that of the conversation's membership: where a hub knows an older one, it reads anew who is in.
    """

    users: Sequence[int] = ()
    conversation: int | None = None
    room: int | None = None
    skip: str | None = None
    device_class: str | None = None
    ends: bool = False
    version: int | None = None
    topics: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        topics = [f"user:{user_id}" for user_id in self.users]
        if self.conversation is not None:
            topics.append(f"conversation:{self.conversation}")
        if self.room is not None:
            topics.append(f"room:{self.room}")
        object.__setattr__(self, "topics", tuple(topics))


def publish(event: Event, *, to: Audience, keep: bool = False) -> int:
    """Push `event` to the audience once the transaction has committed, never on rollback; its id is returned.

    With `keep` the event is also stored for those who are away: one row for a conversation's audience, else a row a user.
    """
    at_ms = clock.now_ms()
    if not keep:
        stamped = event.stamped(ids.live_event_id(), at_ms)
        _push(stamped, to, stored_id=0)
        return stamped.id
    if to.conversation is not None:
        (stored,) = _store([(event, to.conversation)], StoredEvent.Audience.CONVERSATION, at_ms)
        _push(event.stamped(stored.pk, at_ms), to, stored_id=stored.pk)
        return stored.pk
    return publish_each([event], to=to)


def publish_each(events: Sequence[Event], *, to: Audience) -> int:
    """Push each of these events of one application, and store it for each user of the audience; the last id, 0 for none."""
    at_ms = clock.now_ms()
    told = [(event, user_id) for event in events for user_id in to.users]
    rows = _store(told, StoredEvent.Audience.USER, at_ms)
    for (event, user_id), row in zip(told, rows, strict=True):
        _push(event.stamped(row.pk, at_ms), replace(to, users=(user_id,)), stored_id=row.pk)
    return rows[-1].pk if rows else 0


def order_by(function: Callable[[int], int]) -> None:
    """Let the slice that knows say whose events have one order: the number of the owner, by application id.

    A user reads events of all applications of one owner by one cursor, so their ids must come in the order of commits.
    """
    global _owner_of
    _owner_of = function


def _push(event: Event, to: Audience, *, stored_id: int) -> None:
    if event.is_personal:
        for user_id in to.users:
            alone = replace(to, users=(user_id,), conversation=None, version=None)
            _push_to(event.seen_by(user_id), alone, stored_id=stored_id)
    else:
        _push_to(event, to, stored_id=stored_id)


def _push_to(event: Event, to: Audience, *, stored_id: int) -> None:
    def deliver() -> None:
        bus.deliver(
            bus.Delivery(
                topics=to.topics,
                frame=bus.encode(event),
                skip=to.skip,
                device_class=to.device_class,
                ends=to.ends,
                version=(f"conversation:{to.conversation}", to.version) if to.version is not None else None,
                event_id=stored_id,
            )
        )

    transaction.on_commit(deliver)


def _store(told: Sequence[tuple[Event, int]], kind: StoredEvent.Audience, at_ms: int) -> list[StoredEvent]:
    """A row for each event and audience, ids rising in their order."""
    if not told:
        return []
    texts = {id(event): _payload(event) for event, _ in told}
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # Held until the transaction ends: a later id is then never visible before an earlier one. SQLite has one writer.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [EVENT_LOCK + _owner_of(told[0][0].application_id)])
        return StoredEvent.objects.bulk_create(
            StoredEvent(
                application_id=event.application_id,
                audience_kind=kind,
                audience_id=audience_id,
                kind=type(event).__name__,
                payload=texts[id(event)],
                created_ms=at_ms,
            )
            for event, audience_id in told
        )


def _payload(event: Event) -> str:
    return orjson.dumps({name: value for name, value in asdict(event).items() if name not in ("id", "at_ms")}).decode()


EVENT_LOCK = 0x1E_0000_0000  # the range of advisory locks that is ours; the owner's number is added
_owner_of: Callable[[int], int] = int
