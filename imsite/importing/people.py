"""Importing users, and what they are to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts import services as accounts
from accounts.models import Block, User
from accounts.passwords import md5_hex
from accounts.services import Note
from accounts.services.imports import check_users, import_friends, import_users
from imsite.core.errors import ImError
from imsite.importing.entries import BLACKLISTS, FRIENDS, USERS, Entry
from imsite.importing.move import Move
from imsite.importing.report import DONE, SKIPPED
from imsite.importing.shapes import MovedFriend, items_of, profile_of, shaped

USERS_AT_ONCE = 500
LISTS_AT_ONCE = 100

Profile = dict[str, Any]


class Users:
    size = USERS_AT_ONCE

    def __init__(self, move: Move) -> None:
        self.move = move
        self.done = move.journal.done(USERS)
        self.seen: set[str] = set()

    def take(self, entries: Sequence[Entry]) -> None:
        wanted = [(entry, profile) for entry in entries if (profile := self._profile(entry)) is not None]
        profiles = [profile for _, profile in wanted]
        results = check_users(self.move.application, profiles) if self.move.dry else self._store(profiles)
        for (entry, profile), result in zip(wanted, results, strict=True):
            if isinstance(result, ImError):
                self.move.report.failed(USERS, profile["username"], entry.where, result)
            else:
                self.move.report.count(USERS, DONE)
                self.move.planned[result.username] = result.is_admin

    def _profile(self, entry: Entry) -> Profile | None:
        name = str(entry.values.get("username", ""))
        if name in self.done:
            self.move.report.count(USERS, SKIPPED)
            return None
        if name in self.seen:
            self.move.report.failed(USERS, name, entry.where, "the second of this name")
            return None
        self.seen.add(name)
        try:
            return profile_of(entry.values, self.move.application.time_zone)
        except ImError as refusal:
            self.move.report.failed(USERS, name, entry.where, refusal)
            return None

    def _store(self, profiles: Sequence[Profile]) -> list[User | ImError]:
        made: dict[str, str] = {}
        if self.move.new_password is not None:
            for profile in profiles:
                if profile["password"] is None:
                    made[profile["username"]] = plain = self.move.new_password()
                    profile["password"] = md5_hex(plain)

        def stored(users: list[User]) -> None:
            self.move.journal.note(USERS, {user.username: user.pk for user in users})
            if made:
                # Before the commit: a password that is told and not set harms nobody, one that is set and not told does.
                self.move.report.passwords(
                    (user.username, made[user.username]) for user in users if user.username in made
                )

        return import_users(self.move.application, profiles, by=self.move.by, stored=stored)


class Lists:
    """What friends and blacklists have in common: an owner and other users, of whom those who are not there are left out."""

    size = LISTS_AT_ONCE
    kind, member = "", ""

    def __init__(self, move: Move) -> None:
        self.move = move
        self.done = move.journal.done(self.kind)

    def take(self, entries: Sequence[Entry]) -> None:
        lists: list[tuple[Entry, str, list[Profile]]] = []
        for entry in entries:
            name = str(entry.values.get("username", ""))
            if name in self.done:
                self.move.report.count(self.kind, SKIPPED)
                continue
            try:
                lists.append((entry, name, items_of(entry.values, self.member)))
            except ImError as refusal:
                self.move.report.failed(self.kind, name, entry.where, refusal)
        users = self.move.users(
            name for _, owner, items in lists for name in (owner, *(str(item.get("username", "")) for item in items))
        )
        empty: dict[str, int] = {}
        for entry, name, items in lists:
            if name not in users:
                self.move.report.failed(self.kind, name, entry.where, f"no such user: {name}")
            elif not items:
                empty[name] = 0
                self.move.report.count(self.kind, DONE)
            else:
                self._take(entry, users[name], items, users)
        if empty and not self.move.dry:
            self._note(empty)

    def _take(self, entry: Entry, owner: User, items: list[Profile], users: dict[str, User]) -> None:
        others: dict[str, tuple[User, Profile]] = {}
        complete = True
        for item in items:
            where = str(item.get("where", entry.where))
            try:
                shape = self._shaped(item)
                if self.move.is_elsewhere(shape["appkey"]):
                    raise ImError(f"{shape['username']} is of another application: {shape['appkey']}")
                other = users.get(shape["username"])
                if other is None:
                    raise ImError(f"no such user: {shape['username']}")
                self._require(owner, other)
            except ImError as refusal:
                complete = False
                self.move.report.failed(self.kind, owner.username, where, refusal, is_part=True)
            else:
                others[other.username] = other, shape
        try:
            if not self.move.dry:
                with transaction.atomic():
                    self._store(owner, list(others.values()))
                    # A list that lacks somebody is gone through again, in case that they come with another import.
                    if complete:
                        self._note({owner.username: 0})
        except ImError as refusal:
            self.move.report.failed(self.kind, owner.username, entry.where, refusal)
        else:
            self.move.report.count(self.kind, DONE)

    def _shaped(self, item: Profile) -> Profile:
        return shaped(MovedFriend, item)

    def _require(self, owner: User, other: User) -> None:
        if owner.username == other.username:
            raise ImError("nobody stands in a list of their own")

    def _store(self, owner: User, others: list[tuple[User, Profile]]) -> None:
        raise NotImplementedError

    def _note(self, made: dict[str, int]) -> None:
        self.move.journal.note(self.kind, made)
        self.done |= made


class Friends(Lists):
    kind, member = FRIENDS, "friends"

    def _store(self, owner: User, others: list[tuple[User, Profile]]) -> None:
        notes = [Note(friend, shape["note_name"], shape["others"]) for friend, shape in others]
        import_friends(owner, notes, by=self.move.by)


class Blacklists(Lists):
    kind, member = BLACKLISTS, "blacklist"

    def _require(self, owner: User, other: User) -> None:
        super()._require(owner, other)
        if other.is_admin:
            raise ImError(f"an admin cannot be blocked: {other.username}")

    def _store(self, owner: User, others: list[tuple[User, Profile]]) -> None:
        users = [user for user, _ in others]
        blocked = set(Block.objects.filter(owner=owner, target__in=users).values_list("target_id", flat=True))
        if new := [user for user in users if user.pk not in blocked]:
            accounts.block(owner, new, by=self.move.by)
