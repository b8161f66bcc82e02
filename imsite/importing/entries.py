"""What a source gives: entries as it wrote them, and where it wrote what cannot be read."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

USERS, FRIENDS, BLACKLISTS, GROUPS, ROOMS, WORDS = "users", "friends", "blacklists", "groups", "chatrooms", "words"
KINDS = (USERS, FRIENDS, BLACKLISTS, GROUPS, ROOMS, WORDS)  # in the order in which they build on each other


@dataclass(frozen=True, slots=True)
class Entry:
    """One user, list, group, room or word; `values` has the members under the names of the vendor's REST API.

    friends: `username`, `friends` (names, or objects with username, note_name, others). blacklists: `username`,
    `blacklist` (names). groups: `gid`, `name`, `owner_username`, `desc`, `avatar`, `flag`, `members` (names, or objects with
    username, flag, silence). chatrooms: `id`, `name`, `owner_username`, `description`, `members` (names, or objects with
    username, flag). words: `name`. An object in a list may have `where` of its own.
    """

    where: str  # users.csv:12, GET /v1/users?start=0
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """What a source holds that cannot be read, and why; nothing else is lost with it."""

    where: str
    why: str


class Source(Protocol):
    """Where an import comes from."""

    name: str  # under which the journal knows it
    appkey: str  # whose users are meant where an entry names an appkey; "" of files

    def count(self, kind: str) -> int | None:
        """How many entries there will be; None where that is not known before."""

    def read(self, kind: str, done: Container[str]) -> Iterator[Entry | Fault]:
        """Everything of one kind; of what is `done` no more than the name or id need be there."""
