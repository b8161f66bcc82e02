"""Entries from the REST API of a running JMessage-compatible server. Source: REST API."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any
from urllib.parse import quote

from imsite.importing.client import Client, SourceRefused
from imsite.importing.entries import BLACKLISTS, FRIENDS, GROUPS, ROOMS, USERS, WORDS, Entry, Fault

PAGE = 500
WORDS_PAGE = 2000
AHEAD = 100  # entries that are fetched together
OWNER = 1  # the flag of a group's owner among its members
UNAUTHORISED = 401
# Of a page: the path, the member with the items, how many it has at most.
PAGES = {
    USERS: ("/v1/users", "users", PAGE),
    GROUPS: ("/v1/groups", "groups", PAGE),
    ROOMS: ("/v1/chatroom", "rooms", PAGE),
    WORDS: ("/v1/sensitiveword", "words", WORDS_PAGE),
}

Row = Entry | Fault


class RemoteSource:
    """The application whose credentials the client has. Lists and members are fetched by several threads."""

    def __init__(self, client: Client, appkey: str, *, parallel: int = 4) -> None:
        self.client, self.appkey, self.parallel = client, appkey, parallel
        self.name = f"{client.netloc}/{appkey}"[:200]
        self._names: list[str] | None = None
        self._admins: set[str] = set()

    def count(self, kind: str) -> int | None:
        if kind in (FRIENDS, BLACKLISTS):
            return len(self._usernames())
        path, _, _ = PAGES[kind]
        total = _object(self.client.get(path, start=0, count=1)).get("total")
        return total if isinstance(total, int) else None

    def read(self, kind: str, done: Container[str]) -> Iterator[Row]:
        if kind == WORDS:
            return self._pages(WORDS)
        if kind in (GROUPS, ROOMS):
            key, fetch = ("gid", self._group) if kind == GROUPS else ("id", self._room)
            return self._together(
                lambda row: row if isinstance(row, Fault) or str(row.values.get(key)) in done else fetch(row),
                self._pages(kind),
            )
        if kind == USERS:
            rows = self._items("/v1/admins", "users", PAGE)
            self._admins = {str(row.values.get("username")) for row in rows if isinstance(row, Entry)}
        ask = {USERS: self._user, FRIENDS: self._friends, BLACKLISTS: self._blacklist}[kind]
        return self._together(
            lambda name: Entry("", {"username": name}) if name in done else ask(name), iter(self._usernames())
        )

    def _pages(self, kind: str) -> Iterator[Row]:
        return self._items(*PAGES[kind])

    def _items(self, path: str, member: str, most: int) -> Iterator[Row]:
        start = 0
        while True:
            page = _object(self.client.get(path, start=start, count=most))
            items = page.get(member)
            if not isinstance(items, list) or not items:
                return
            for number, item in enumerate(items, start):
                where = f"GET {path} #{number}"
                yield Entry(where, item) if isinstance(item, dict) else Fault(where, "an item must be an object")
            start += len(items)
            total = page.get("total")
            if isinstance(total, int) and start >= total:
                return

    def _usernames(self) -> list[str]:
        if self._names is None:
            rows = (row.values.get("username") for row in self._pages(USERS) if isinstance(row, Entry))
            self._names = [name for name in rows if isinstance(name, str)]
        return self._names

    def _together(self, fetch: Callable[[Any], Row], wanted: Iterator[Any]) -> Iterator[Row]:
        """What `fetch` makes of each, in order, some fetched at once and not too many ahead."""
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="imsite-import") as threads:
            try:
                while batch := list(islice(wanted, AHEAD)):
                    yield from threads.map(fetch, batch)
            except BaseException:
                self.client.close()  # else the end would wait until the last thread has lost its patience
                raise

    def _user(self, name: str) -> Row:
        """The whole profile, which a page of users need not have; admins are marked."""
        is_admin = name in self._admins
        return self._ask(_path("users", name), lambda found: {**_object(found), "is_admin": is_admin})

    def _friends(self, name: str) -> Row:
        return self._list_of(name, "friends", "friends")

    def _blacklist(self, name: str) -> Row:
        return self._list_of(name, "blacklist", "blacklist")

    def _list_of(self, name: str, path: str, member: str) -> Row:
        return self._ask(_path("users", name, path), lambda found: {"username": name, member: found})

    def _group(self, group: Entry) -> Row:

        def with_members(members: Any) -> dict[str, Any]:
            listed = members if isinstance(members, list) else []
            found = {**group.values, "members": members}
            for member in listed:
                if isinstance(member, dict) and member.get("flag") == OWNER:
                    found["owner_username"] = member.get("username")
            return found

        return self._ask(_path("groups", group.values.get("gid"), "members"), with_members, where=group.where)

    def _room(self, room: Entry) -> Row:
        path = _path("chatroom", room.values.get("id"), "members")
        try:
            rows = list(self._items(path, "users", PAGE))
        except SourceRefused as refusal:
            return _fault(path, refusal)
        members = [row.values for row in rows if isinstance(row, Entry)]
        return Entry(room.where, {**room.values, "members": members})

    def _ask(self, path: str, shaped: Callable[[Any], dict[str, Any]], *, where: str = "") -> Row:
        """The entry that the answer makes; a fault where the server refuses it, and only it."""
        try:
            return Entry(where or f"GET {path}", shaped(self.client.get(path)))
        except SourceRefused as refusal:
            return _fault(path, refusal)


def _fault(path: str, refusal: SourceRefused) -> Fault:
    if refusal.status == UNAUTHORISED:
        raise refusal  # it will refuse everything
    return Fault(f"GET {path}", str(refusal))


def _path(*parts: object) -> str:
    return "/v1/" + "/".join(quote(str(part), safe="") for part in parts)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SourceRefused(200, 0, "the page is no object")
    return value
