"""One import: where to, where from, what is known by now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from accounts.actors import Actor
from accounts.models import Application, User
from imsite.core.fields import is_storable
from imsite.importing.entries import Entry, Fault, Source
from imsite.importing.journal import Journal
from imsite.importing.report import Report

QUERIED = 500  # names in one query


@dataclass
class Move:
    """`dry`: only say what would be done. `new_password` makes one for users who bring none, who else have none."""

    application: Application
    source: Source
    report: Report
    dry: bool = False
    new_password: Callable[[], str] | None = None
    planned: dict[str, bool] = field(default_factory=dict)  # users that a dry run would have made, and who is an admin

    def __post_init__(self) -> None:
        self.by = Actor.system(self.application)
        self.journal = Journal(self.application, self.source.name)

    def users(self, names: Iterable[str]) -> dict[str, User]:
        """The users of these names who are there, by name. In a dry run also those who would be, without an id."""
        wanted = [name for name in dict.fromkeys(names) if is_storable(name)]  # else no database looks for it
        found = {name: self._planned(name) for name in wanted if name in self.planned} if self.dry else {}
        living = User.objects.of(self.application).select_related("application")
        for start in range(0, len(wanted), QUERIED):
            found |= {user.username: user for user in living.filter(username__in=wanted[start : start + QUERIED])}
        return found

    def _planned(self, name: str) -> User:
        return User(application=self.application, username=name, is_admin=self.planned[name])

    def is_elsewhere(self, appkey: str) -> bool:
        """Whether this is the appkey of another application than the one that is imported."""
        return appkey not in ("", self.source.appkey)


class Step(Protocol):
    """How entries of one kind are imported. A step belongs to one run."""

    size: int  # entries that are taken together

    def take(self, entries: Sequence[Entry]) -> None:
        """Import these, each wholly or not at all, and tell the report."""


def run(move: Move, kind: str, step: Step, advance: Callable[[int], None]) -> None:
    """Import everything of one kind; `advance` is told how many entries were gone through."""
    batch: list[Entry] = []

    def flush() -> None:
        if batch:
            step.take(batch)
            advance(len(batch))
            batch.clear()

    for row in move.source.read(kind, move.journal.done(kind)):
        if isinstance(row, Fault):
            move.report.failed(kind, "", row.where, row.why)
            advance(1)
            continue
        batch.append(row)
        if len(batch) >= step.size:
            flush()
    flush()
