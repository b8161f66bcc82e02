"""Entries from JSON, JSON Lines and CSV files; the formats are described in docs/import.md.

A line that is broken is a fault with its number, and those around it are read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

from imsite.core.errors import Invalid
from imsite.importing.entries import BLACKLISTS, FRIENDS, GROUPS, KINDS, ROOMS, USERS, WORDS, Entry, Fault

SUFFIXES = (".json", ".jsonl", ".csv")
FIELD_CHARACTERS = 1_000_000  # of one value in a CSV file
# A byte that is no UTF-8 is read as half of a surrogate pair, which no valid text has.
BROKEN = re.compile("[\udc80-\udcff]")
BLANKS = re.compile(r"[\s,]*")

# Stem of a file, the kind, and the columns that a CSV file of it must have.
STEMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "users": (USERS, ("username",)),
    "friends": (FRIENDS, ("username", "friend")),
    "blacklist": (BLACKLISTS, ("username", "blocked")),
    "groups": (GROUPS, ("gid", "name", "owner_username")),
    "group_members": (GROUPS, ("gid", "username")),
    "chatrooms": (ROOMS, ("id", "name", "owner_username")),
    "chatroom_members": (ROOMS, ("id", "username")),
    "words": (WORDS, ("name",)),
}
MEMBERS = {"group_members": "gid", "chatroom_members": "id"}  # files of rows that belong to entries of another file

Row = Entry | Fault


class FileSource:
    """A folder with files of the known names, or some of these files. Everything is read at the start.

    Invalid where there is none, or one that cannot be opened or has no such name.
    """

    appkey = ""

    def __init__(self, paths: list[Path], *, name: str = "files") -> None:
        self.name = name
        self._entries: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        parts: dict[str, list[Row]] = {}
        for path in _files(paths):
            parts.setdefault(path.stem, []).extend(_read(path))
        for stem, rows in parts.items():
            if stem not in MEMBERS:
                self._entries[STEMS[stem][0]] += _GATHER.get(stem, lambda rows: rows)(rows)
        for stem, key in MEMBERS.items():
            kind = STEMS[stem][0]
            self._entries[kind] = _with_members(self._entries[kind], parts.get(stem, []), key)

    def count(self, kind: str) -> int | None:
        return len(self._entries[kind])

    def read(self, kind: str, done: Container[str]) -> Iterator[Row]:
        return iter(self._entries[kind])


def _files(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Invalid(f"{path}: there is no such file or folder")
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        known = [one for one in inside if one.stem in STEMS and one.suffix in SUFFIXES]
        if not known:
            raise Invalid(f"{path}: no file of a known name: {', '.join(STEMS)} with {', '.join(SUFFIXES)}")
        found += known
    return found


def _read(path: Path) -> Iterator[Row]:
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from None
    stem = path.stem
    if path.suffix == ".csv":
        return _read_csv(text, path.name, STEMS[stem][1])
    read = _read_lines if path.suffix == ".jsonl" else _read_array
    return (_entry_of(row, stem) if isinstance(row, tuple) else row for row in read(text, path.name))


# CSV


def _read_csv(text: str, name: str, needed: tuple[str, ...]) -> Iterator[Row]:
    csv.field_size_limit(FIELD_CHARACTERS)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [column.strip() for column in next(rows, [])]
    if missing := [column for column in needed if column not in header]:
        yield Fault(f"{name}:1", f"the first line lacks the columns {', '.join(missing)}; nothing of this file is read")
        return
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield Fault(f"{name}:{line}", f"this is no CSV: {error}")
            continue
        if row is None:
            return
        if row:
            yield _csv_row(f"{name}:{line}", header, row)


def _csv_row(where: str, header: list[str], row: list[str]) -> Row:
    if any(map(BROKEN.search, row)):
        return Fault(where, "the line is not UTF-8")
    if len(row) != len(header):
        return Fault(where, f"the line has {len(row)} columns, the first one {len(header)}")
    return Entry(where, {name: value for name, value in zip(header, row, strict=True) if value != ""})


# JSON


def _read_array(text: str, name: str) -> Iterator[Fault | tuple[str, Any]]:
    """The items of an array, each with its line; what comes after an error of syntax cannot be told apart, and is lost."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    position = _skip(text, 0)
    line, counted = 1, 0
    if text[position : position + 1] != "[":
        yield Fault(f"{name}:1", "the file must hold an array")
        return
    position = _skip(text, position + 1)
    while text[position : position + 1] != "]":
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            last = line + text.count("\n", position, getattr(error, "pos", position))
            yield Fault(f"{name}:{last}", f"this is no JSON: {message}; nothing is read from here on")
            return
        yield _item(f"{name}:{line}", text[position:end], value)
        position = _skip(text, end)


def _read_lines(text: str, name: str) -> Iterator[Fault | tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{name}:{number}"
            try:
                yield _item(where, line, json.loads(line, parse_constant=_no_constant))
            except (ValueError, RecursionError) as error:
                message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                yield Fault(where, "the line is not UTF-8" if BROKEN.search(line) else f"this is no JSON: {message}")


def _item(where: str, text: str, value: Any) -> Fault | tuple[str, Any]:
    return Fault(where, "the entry is not UTF-8") if BROKEN.search(text) else (where, value)


def _skip(text: str, position: int) -> int:
    match = BLANKS.match(text, position)
    return match.end() if match else position


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _entry_of(item: tuple[str, Any], stem: str) -> Row:
    where, value = item
    if stem == "words" and isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict):
        return Fault(where, "an entry must be an object")
    return Entry(where, {name: inner for name, inner in value.items() if inner is not None})


# Rows that belong together


def _gather_friends(rows: list[Row]) -> list[Row]:
    """The lists of friends: as they are in JSON, a row a friend in CSV."""
    return _gather(rows, "friends", lambda values: {**values, "username": values["friend"]}, column="friend")


def _gather_blacklists(rows: list[Row]) -> list[Row]:
    return _gather(rows, "blacklist", lambda values: {"username": values["blocked"]}, column="blocked")


def _gather(
    rows: list[Row], member: str, item: Callable[[dict[str, Any]], dict[str, Any]], *, column: str
) -> list[Row]:
    found: list[Row] = []
    lists: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if isinstance(row, Fault) or member in row.values:
            found.append(row)
        elif not {"username", column} <= row.values.keys():
            found.append(Fault(row.where, f"username and {column} must be there"))
        else:
            owner = row.values["username"]
            if owner not in lists:
                lists[owner] = []
                found.append(Entry(row.where, {"username": owner, member: lists[owner]}))
            lists[owner].append({**item(row.values), "where": row.where})
    return found


_GATHER: dict[str, Callable[[list[Row]], list[Row]]] = {
    "friends": _gather_friends,
    "blacklist": _gather_blacklists,
}


def _with_members(entries: list[Row], rows: list[Row], key: str) -> list[Row]:
    """The groups or rooms with the members that stand in a file of their own."""
    known = {str(entry.values.get(key, "")): entry for entry in entries if isinstance(entry, Entry)}
    faults: list[Row] = []
    for row in rows:
        if isinstance(row, Fault):
            faults.append(row)
        elif (entry := known.get(str(row.values.get(key, "")))) is None:
            faults.append(Fault(row.where, f"there is none with the {key} {row.values.get(key, '')}"))
        elif isinstance(members := entry.values.setdefault("members", []), list):
            members.append({**row.values, "where": row.where})
    return [*faults, *entries]
