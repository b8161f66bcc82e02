"""Importing groups and chat rooms with those who are in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import User
from chatrooms import rules as room_rules
from chatrooms import services as rooms
from groups import rules as group_rules
from groups import services as groups
from groups.errors import TooManyGroups
from groups.models import Group, Membership
from imsite.core.errors import ImError
from imsite.importing.entries import GROUPS, ROOMS, Entry
from imsite.importing.move import Move
from imsite.importing.report import DONE, SKIPPED
from imsite.importing.shapes import MovedGroup, MovedMember, MovedRoom, items_of, shaped

AT_ONCE = 50
BANNED = 1  # the flag of a chat room's member who may not speak


@dataclass(frozen=True, slots=True)
class Circle:
    """A group or room that can be imported: what it is, its owner, the others in it with what is said of each."""

    key: str
    values: dict[str, Any]
    owner: User
    members: list[tuple[User, dict[str, Any]]]

    @property
    def users(self) -> list[User]:
        return [user for user, _ in self.members]

    @property
    def names(self) -> set[str]:
        return {self.owner.username, *(user.username for user in self.users)}


class Circles:
    """What groups and rooms have in common. A member who is not there is left out, and told."""

    size = AT_ONCE
    kind, key = "", ""
    shape: Any = None

    def __init__(self, move: Move) -> None:
        self.move = move
        self.done = dict(move.journal.done(self.kind))
        self.seen: set[str] = set()

    def take(self, entries: Sequence[Entry]) -> None:
        wanted: list[tuple[Entry, dict[str, Any], list[dict[str, Any]]]] = []
        for entry in entries:
            old = str(entry.values.get(self.key, ""))
            try:
                found = self._read(entry, old)
            except ImError as refusal:
                self.move.report.failed(self.kind, old, entry.where, refusal)
            else:
                wanted += [(entry, *found)] if found else []
        names = (
            name
            for _, values, items in wanted
            for name in (values["owner_username"], *(str(item.get("username", "")) for item in items))
        )
        users = self.move.users(names)
        for entry, values, items in wanted:
            self._take(entry, values, items, users)

    def _read(self, entry: Entry, old: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """The shape and the members of an entry; None of one that is done."""
        if old in self.done:
            self.move.report.count(self.kind, SKIPPED)
            return None
        if old in self.seen:
            raise ImError(f"the second of this {self.key}")
        self.seen.add(old)
        return shaped(self.shape, entry.values), items_of(entry.values, "members")

    def _take(self, entry: Entry, values: dict[str, Any], items: list[dict[str, Any]], users: dict[str, User]) -> None:
        key = str(values[self.key])
        owner = users.get(values["owner_username"])
        if owner is None:
            why = f"the owner is no user here: {values['owner_username']}"
            self.move.report.failed(self.kind, key, entry.where, why)
            return
        circle = Circle(key, values, owner, self._members(entry, key, items, users))
        try:
            self._check(circle)
            if not self.move.dry:
                with transaction.atomic():
                    self._note(key, self._store(circle))
        except ImError as refusal:
            self.move.report.failed(self.kind, key, entry.where, refusal)
        else:
            self.move.report.count(self.kind, DONE)

    def _members(
        self, entry: Entry, key: str, items: list[dict[str, Any]], users: dict[str, User]
    ) -> list[tuple[User, dict[str, Any]]]:
        found: dict[str, tuple[User, dict[str, Any]]] = {}
        for item in items:
            try:
                shape = shaped(MovedMember, item)
                if self.move.is_elsewhere(shape["appkey"]):
                    raise ImError(f"{shape['username']} is of another application: {shape['appkey']}")
                if shape["username"] not in users:
                    raise ImError(f"no such user: {shape['username']}")
            except ImError as refusal:
                self.move.report.failed(self.kind, key, str(item.get("where", entry.where)), refusal, is_part=True)
            else:
                found[shape["username"]] = users[shape["username"]], shape
        return list(found.values())

    def _note(self, key: str, made_id: int) -> None:
        self.move.journal.note(self.kind, {key: made_id})

    def _check(self, circle: Circle) -> None:
        """The refusals that can be told before anything is done, as a dry run tells them."""
        raise NotImplementedError

    def _store(self, circle: Circle) -> int:
        """Make it; its id here."""
        raise NotImplementedError


class Groups(Circles):
    kind, key, shape = GROUPS, "gid", MovedGroup

    def __init__(self, move: Move) -> None:
        super().__init__(move)
        self.joined: Counter[str] = Counter()  # by a dry run, in which nobody really joins

    def _check(self, circle: Circle) -> None:
        limits = self.move.application.limits
        group_rules.require_capacity(len(circle.names), limits.group_capacity)
        group_rules.require_keepers(len(self._keepers(circle)))
        if self.move.dry:
            if busy := sorted(name for name in circle.names if self.joined[name] >= limits.groups_per_user):
                raise TooManyGroups(f"in {limits.groups_per_user} groups already: {', '.join(busy[:5])}")
            self.joined.update(circle.names)

    def _store(self, circle: Circle) -> int:
        values, by = circle.values, self.move.by
        group = groups.create_group(
            values["name"],
            owner=circle.owner,
            members=circle.users,
            desc=values["desc"],
            avatar=values["avatar"],
            type=Group.Type.PUBLIC if values["flag"] == Group.Type.PUBLIC else Group.Type.PRIVATE,
            gid=values["gid"] or None,
            by=by,
        )
        if keepers := self._keepers(circle):
            groups.add_keepers(group, keepers, by=by)
        if silenced := [user for user, shape in circle.members if shape["silence"]]:
            groups.silence_members(group, silenced, by=by)
        return group.pk

    def _keepers(self, circle: Circle) -> list[User]:
        keeper = Membership.Role.KEEPER
        return [
            user for user, shape in circle.members if shape["flag"] == keeper and user.username != circle.owner.username
        ]


class Rooms(Circles):
    kind, key, shape = ROOMS, "id", MovedRoom

    def _check(self, circle: Circle) -> None:
        room_rules.require_capacity(len(circle.names), self.move.application.limits.room_capacity)

    def _store(self, circle: Circle) -> int:
        values, by = circle.values, self.move.by
        room = rooms.create_room(
            values["name"],
            owner=circle.owner,
            description=values["description"],
            members=circle.users,
            room_id=values["id"] or None,
            by=by,
        )
        for user, shape in circle.members:
            if shape["flag"] == BANNED:
                rooms.ban_member(room, user, by=by)
        return room.pk
