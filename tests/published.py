"""The events that services published, in the order of publication."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from imsite.core import events
from tests.isolation import own_modules


@dataclass(frozen=True)
class Told:
    """One call of publish that was not rolled back."""

    event: events.Event
    to: events.Audience
    keep: bool


class Published(Sequence[events.Event]):
    """Compares, counts and indexes as the list of events; `.told` has the audiences too.

    In a test that itself is a transaction, what waits for the commit counts as published.
    """

    def __init__(self) -> None:
        self._committed: list[Told] = []

    def record(self, told: Told) -> None:
        def committed() -> None:
            self._committed.append(told)

        committed.told = told
        transaction.on_commit(committed)

    @property
    def told(self) -> list[Told]:
        waiting = [function.told for _, function, _ in connection.run_on_commit if hasattr(function, "told")]
        return self._committed + waiting

    def of(self, event_class: type[events.Event]) -> list[Any]:
        """The events of this class."""
        return [event for event in self if isinstance(event, event_class)]

    def clear(self) -> None:
        """Forget what was published so far."""
        self._committed.clear()
        connection.run_on_commit = [entry for entry in connection.run_on_commit if not hasattr(entry[1], "told")]

    def __getitem__(self, index):
        return [told.event for told in self.told][index]

    def __len__(self) -> int:
        return len(self.told)

    def __iter__(self) -> Iterator[events.Event]:
        return iter([told.event for told in self.told])

    def __eq__(self, other: object) -> bool:
        return list(self) == (list(other) if isinstance(other, Sequence) else other)

    def __repr__(self) -> str:
        return f"Published({list(self)!r})"

    __hash__ = None


def watch(monkeypatch) -> Published:
    """Record every call of `publish` and `publish_each`, which the services have imported by name."""
    published, real, real_each = Published(), events.publish, events.publish_each

    def publish(event: events.Event, *, to: events.Audience, keep: bool = False) -> int:
        event_id = real(event, to=to, keep=keep)
        published.record(Told(event, to, keep))
        return event_id

    def publish_each(several: Sequence[events.Event], *, to: events.Audience) -> int:
        event_id = real_each(several, to=to)
        for event in several:
            published.record(Told(event, to, keep=True))
        return event_id

    for module in own_modules():
        if getattr(module, "publish", None) is real:
            monkeypatch.setattr(module, "publish", publish)
        if getattr(module, "publish_each", None) is real_each and module is not events:  # where `publish` calls it
            monkeypatch.setattr(module, "publish_each", publish_each)
    return published
