"""Accounts and friend lists that move in from another system. Nobody is told: they have no session here that could be out of date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import rules
from accounts.actors import Actor
from accounts.errors import BadValue, ImError
from accounts.models import Application, Friendship, User
from accounts.services.friends import Note
from accounts.services.locks import lock_users
from accounts.services.users import checked, insert_users, without_taken
from imsite.core import clock

NO_PASSWORD = "0" * 32  # stands where an md5 is checked for; it is not stored


def import_users(
    application: Application,
    profiles: Sequence[Mapping[str, Any]],
    *,
    by: Actor,
    stored: Callable[[list[User]], None] = lambda users: None,
) -> list[User | ImError]:
    """Register users of another system; a User or its refusal for each profile, in their order. One that fails fails alone.

    A profile is that of `register`, and may have `password` None (nobody signs in until one is set), `is_admin`,
    `disabled`, and `created_at` and `updated_at` (aware datetimes). `stored` is called with those who are new, in the
    transaction that stores them. Refusals as in `register`; any number of profiles.
    """
    rules.require_privileged(by)
    made = [_moved(application, profile) for profile in profiles]
    since = {
        id(user): profile["created_at"]
        for user, profile in zip(made, profiles, strict=True)
        if isinstance(user, User) and profile.get("created_at")
    }

    def keep_dates(users: list[User]) -> None:
        _set_dates(users, since)
        stored(users)

    return insert_users(application, made, stored=keep_dates)


def check_users(application: Application, profiles: Sequence[Mapping[str, Any]]) -> list[User | ImError]:
    """What `import_users` would answer, as things are now; nothing is stored, and the users have no id."""
    results = [_moved(application, profile) for profile in profiles]
    without_taken(application, results)
    return results


@transaction.atomic
def import_friends(user: User, notes: Sequence[Note], *, by: Actor) -> None:
    """Make the user and those noted friends of each other, and take over what the user has noted about them.

    Who are friends already stay so. BadNote (899003) for a note that is too long, BadValue (899003) for the user themself,
    CrossApplication (899020), NoSuchUser (899002); nothing is changed then.
    """
    rules.require_privileged(by)
    for note in notes:
        rules.require_note(note.note_name or "", note.others or "")
    if any(note.friend.pk == user.pk for note in notes):
        raise BadValue("nobody is a friend of themself")
    user, *friends = lock_users([user, *(note.friend for note in notes)])
    rules.require_within_reach(friends, by)
    source = Friendship.Source.REST
    pairs = [pair for friend in friends for pair in ((user, friend), (friend, user))]
    rows = [Friendship(owner=owner, friend=friend, source=source) for owner, friend in pairs]
    Friendship.objects.bulk_create(rows, ignore_conflicts=True)
    _set_notes(user, {note.friend.pk: note for note in notes if note.note_name or note.others})


def _moved(application: Application, profile: Mapping[str, Any]) -> User | ImError:
    md5 = profile.get("password")
    shape = {**profile, "password": NO_PASSWORD if md5 is None else md5}
    user = checked(application, shape, is_admin=bool(profile.get("is_admin")))
    if isinstance(user, User):
        user.disabled = bool(profile.get("disabled"))
        if changed_at := profile.get("updated_at"):
            user.updated_at = changed_at
        if md5 is None:
            user.password = ""
    return user


def _set_dates(users: list[User], since: Mapping[int, datetime]) -> None:
    """The database's own date of creation is that of the insertion."""
    older = [user for user in users if id(user) in since]
    for user in older:
        user.created_at = since[id(user)]
    User.objects.bulk_update(older, ["created_at"])


def _set_notes(user: User, notes: Mapping[int, Note]) -> None:
    rows = list(user.friendships.filter(friend__in=notes))
    for row in rows:
        note = notes[row.friend_id]
        row.note_name, row.others = note.note_name or row.note_name, note.others or row.others
        row.updated_at = clock.now()
    Friendship.objects.bulk_update(rows, ["note_name", "others", "updated_at"])
