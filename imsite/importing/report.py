"""What an import did, in a folder: summary.json, failures.csv, ids.csv, and passwords.csv where passwords were made."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from imsite.core.errors import Invalid

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
STATES = (DONE, SKIPPED, FAILED)


class Report:
    """Counts by kind and state. Failures and passwords are on the disk as soon as they are told, whatever comes after."""

    def __init__(self, folder: Path) -> None:
        """Invalid where the folder cannot be made, or holds a report already."""
        self.folder = folder
        self.counts: dict[str, Counter[str]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if (folder / "failures.csv").exists():
                raise Invalid(f"{folder} holds the report of another import")
            self._failures = _opened(folder / "failures.csv")
        except OSError as error:
            raise Invalid(f"{folder}: {error.strerror}") from None
        self._passwords: TextIO | None = None
        self._write(self._failures, "kind", "key", "where", "why")

    def count(self, kind: str, state: str, number: int = 1) -> None:
        self.counts.setdefault(kind, Counter())[state] += number

    def failed(self, kind: str, key: str, where: str, why: object, *, is_part: bool = False) -> None:
        """What was not imported; `is_part`: one of the members or friends of an entry, which is imported without it."""
        self.count(f"{kind}: parts" if is_part else kind, FAILED)
        self._write(self._failures, *map(_harmless, (kind, key, where, str(why))))

    def passwords(self, made: Iterable[tuple[str, str]]) -> None:
        """Usernames and the passwords that were made for them."""
        if self._passwords is None:
            self._passwords = _opened(self.folder / "passwords.csv")
            self._write(self._passwords, "username", "password")
        for username, password in made:
            self._write(self._passwords, username, password)
        self._passwords.flush()
        os.fsync(self._passwords.fileno())

    @property
    def failures(self) -> int:
        return sum(counts[FAILED] for counts in self.counts.values())

    def close(self, ids: Mapping[str, Mapping[str, int]], **facts: Any) -> None:
        """Write the rest: the ids by kind, old and new, and the summary with these facts."""
        self._failures.close()
        if self._passwords is not None:
            self._passwords.close()
        with _opened(self.folder / "ids.csv") as file:
            self._write(file, "kind", "old", "new")
            for kind, pairs in ids.items():
                for old, new in pairs.items():
                    self._write(file, kind, old, new)
        with _opened(self.folder / "summary.json") as file:
            counts = {kind: {state: found[state] for state in STATES} for kind, found in self.counts.items()}
            json.dump({**facts, "counts": counts}, file, ensure_ascii=False, indent=2)
            file.write("\n")

    def _write(self, file: TextIO, *values: object) -> None:
        csv.writer(file, lineterminator="\n").writerow(values)
        file.flush()


def _opened(path: Path) -> TextIO:
    """A new file that its owner alone can read: it may hold names and passwords."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="")


def _harmless(text: str) -> str:
    """One that a spreadsheet would take for a formula is quoted: the texts come from outside."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
