"""What all steps of a walk stand on: the site, its model, who is connected, and what must hold after every step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from itertools import combinations_with_replacement
from random import Random

from tests.walk.model import Said, Thread
from tests.walk.sites import EVERYONE, MEMBERS, Key, Row, Site
from tests.walk.visit import Visit

PLATFORMS = "ja"  # a browser and a phone: each user has one of both


class Base:
    """`rng` decides everything that is left to chance within a step."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rng = Random(0)
        self.group = Thread(list(MEMBERS), site.gid)
        self.threads = [Thread(list(dict.fromkeys(pair))) for pair in combinations_with_replacement(EVERYONE, 2)]
        self.threads.append(self.group)
        self.visits: list[Visit] = []
        self.ghosts: list[Visit] = []  # connections that their devices have given up and the server has not
        self.kept: dict[int, tuple[str, str]] = {}  # sender and text by message id
        self.known: dict[tuple[str, str, Thread], dict[int, int]] = defaultdict(dict)  # a device's own store: id by seq
        self.count = 0

    def close(self) -> None:
        for visit in self.visits + self.ghosts:
            visit.client.close()

    # Choices

    def visit(self, user: str = "") -> Visit | None:
        open_ones = [visit for visit in self.visits if user in ("", visit.user)]
        return self.rng.choice(open_ones) if open_ones else None

    def thread(self, user: str) -> Thread:
        """One that the user may speak in; the group as often as all pairs."""
        if self.group.holds(user) and self.rng.random() < 0.5:
            return self.group
        return self.rng.choice([thread for thread in self.threads if thread.holds(user) and not thread.gid])

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def thread_of(self, user: str, key: Key) -> Thread:
        return next(thread for thread in self.threads if user in thread.places and thread.key_for(user) == key)

    # What must hold

    def check(self) -> None:
        for visit in self.visits:
            visit.settle()
        for visit in self.visits:
            visit.check()
        for user in EVERYONE:
            self.check_rows(user)

    def check_rows(self, user: str) -> None:
        wanted = {
            thread.key_for(user): thread.row_for(user)
            for thread in self.threads
            if thread.holds(user) and (thread.said or thread.gid)
        }
        if (rows := self.site.rows(user)) is None:
            if (visit := self.visit(user)) is None:
                return
            rows = self.rows_by_socket(visit)
        assert rows == wanted, f"conversations of {user}"

    def rows_by_socket(self, visit: Visit) -> dict[Key, Row]:
        asked = visit.client.request("list_conversations")["conversations"]
        return {
            ("group", str(row["gid"])) if "gid" in row else ("single", row["username"]): (
                row["last_seq"],
                row["read_seq"],
                row["unread_count"],
                (row["last_message"] or {"msg_id": 0})["msg_id"],
            )
            for row in asked
        }

    # What happened

    def was_said(
        self,
        thread: Thread,
        sender: str,
        text: str,
        msg_id: int,
        seq: int,
        *,
        by: Visit | None = None,
        unsure: Collection[Visit] = (),
        lost: bool = False,
    ) -> None:
        """Note it, and to whom it is to be pushed. To those who are `unsure` it may be."""
        assert msg_id not in self.kept, "two messages are one"
        self.kept[msg_id] = sender, text
        if seq:
            thread.add(Said(seq, msg_id, sender, text), by_socket=by is not None)
        for visit in self.visits:
            if visit in unsure:
                visit.maybe.add(msg_id)
            elif visit.user in thread.hearers(seq) and visit is not by and not lost:
                visit.expect(thread, msg_id)

    def expect_event(self, event: tuple, users: list[str], *, but: Visit | None = None) -> None:
        for visit in self.visits:
            if visit.user in users and visit is not but:
                visit.events_expected.append(event)
