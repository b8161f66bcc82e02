"""Chat accounts: registration, profile, password, disabling, deletion. Source: REST API, users; Web SDK, session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, OperationalError, transaction

from accounts import passwords, rules
from accounts.actors import Actor
from accounts.errors import ImError, NoSuchUser, RegistrationClosed, TooManyUsers, UserExists, WrongPassword
from accounts.events import ForcedOffline, OfflineReason, PasswordChanged, ProfileChanged
from accounts.models import Application, Block, FriendRequest, Friendship, Mute, Session, User
from accounts.services.locks import lock_users
from accounts.services.sessions import end_sessions
from imsite.core import bus, clock, hooks
from imsite.core.deadlocks import is_deadlock
from imsite.core.events import Audience, publish

ATTEMPTS = 5  # at an insertion that others disturb with the same names

Profile = Mapping[str, Any]


def register(application: Application, profiles: Sequence[Profile], *, by: Actor) -> list[User | ImError]:
    """Register users; a User or its refusal for each profile, in their order. One that fails fails alone.

    A profile has `username`, `password` (md5 of the plain one, hex) and any of nickname, avatar, birthday (date),
    signature, gender, region, address, extras. Refusals: BadValue and kin (899003); UserExists (899001), for the
    second of one name in a batch too. TooManyUsers (899013) for more than 500, none registered.
    """
    return _register(application, profiles, is_admin=False)


def register_admin(application: Application, profile: Profile, *, by: Actor) -> User:
    """Register one user that may send over REST as `from_type: admin`; refusals as in `register`, raised."""
    return _one(_register(application, [profile], is_admin=True))


def sign_up(application: Application, profile: Profile, *, by: Actor) -> User:
    """Register a user at a client's wish; RegistrationClosed (880007) where the application does not let clients."""
    if not application.limits.registration:
        raise RegistrationClosed
    return _one(_register(application, [profile], is_admin=False))


def update_profile(user: User, changes: Mapping[str, Any], *, by: Actor) -> None:
    """Change the named members of the profile, extras as a whole; mtime moves.

    A change from outside the user's own devices is told to them (event 40). BadValue and kin (899003), NoSuchUser
    (899002).
    """
    values = rules.require_profile(changes) | {"updated_at": clock.now()}
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, deleted_at=None).update(**values):
            raise NoSuchUser
        if by.is_privileged:
            publish(ProfileChanged.of(user), to=Audience(users=[user.pk]), keep=True)
        _forget(user)
    for name, value in values.items():
        setattr(user, name, value)


def change_password(user: User, old: str, new: str, *, by: Actor) -> None:
    """Replace the password by one who knows the old one; both md5 hex. WrongPassword (882002), else as `set_password`."""
    stored = User.objects.of(user.application).filter(pk=user.pk).first()
    if stored is None:
        raise NoSuchUser
    if not passwords.verify(stored, old):
        raise WrongPassword
    set_password(user, new, by=by)


def set_password(user: User, md5: str, *, by: Actor) -> None:
    """Set the password; `md5` is that of the plain one, hex. Every other session of the user is over (event 2).

    BadValue (899003, 880003), NoSuchUser (899002).
    """
    hashed = passwords.hash_md5(rules.require_md5(md5))
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, deleted_at=None).update(password=hashed):
            raise NoSuchUser
        end_sessions(user, Session.Ended.PASSWORD, PasswordChanged.of(user), keep=by.sid)
    user.password = hashed


def disable_user(user: User, *, by: Actor) -> None:
    """Let the user not sign in any more; the sessions are over (event 1, extra 1). NoSuchUser (899002)."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, deleted_at=None).update(disabled=True):
            raise NoSuchUser
        end_sessions(user, Session.Ended.DISABLED, ForcedOffline.because(user, OfflineReason.DISABLED))
        _forget(user)
    user.disabled = True


def enable_user(user: User, *, by: Actor) -> None:
    """Let the user sign in again; NoSuchUser (899002)."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, deleted_at=None).update(disabled=False):
            raise NoSuchUser
        _forget(user)
    user.disabled = False


def grant_admin(user: User, *, by: Actor) -> None:
    """Let the user send over REST as `from_type: admin`; NoSuchUser (899002)."""
    _set_admin(user, True)


def revoke_admin(user: User, *, by: Actor) -> None:
    """Let the user not send over REST any more; NoSuchUser (899002)."""
    _set_admin(user, False)


def delete_user(user: User, *, by: Actor) -> None:
    """Delete the account: the name is free again, what the user wrote stays. The sessions are over (event 1, extra 2).

    The user leaves groups, rooms, friend lists and blacklists. NoSuchUser (899002) where it is deleted already.
    """
    delete_users([user], by=by)


@transaction.atomic
def delete_users(users: Sequence[User], *, by: Actor) -> None:
    """Delete several accounts, all or none; see `delete_user`."""
    lock_users(users)  # so that of two deletions at once only one goes through what follows
    hooks.users_leaving(users)
    for user in users:
        deleted_at = clock.now()
        User.objects.filter(pk=user.pk).update(deleted_at=deleted_at, password="")
        end_sessions(user, Session.Ended.DELETED, ForcedOffline.because(user, OfflineReason.DELETED))
        hooks.user_deleted(user, by=by)
        _leave_lists(user)
        _forget(user)
        user.deleted_at, user.password = deleted_at, ""


def _set_admin(user: User, is_admin: bool) -> None:
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, deleted_at=None).update(is_admin=is_admin):
            raise NoSuchUser
        _forget(user)
    user.is_admin = is_admin


def _forget(user: User) -> None:
    """Have caches of the profile, in all processes, read it anew after the commit."""

    def announce() -> None:
        bus.announce("profile", user.pk)

    transaction.on_commit(announce)


def _one(results: list[User | ImError]) -> User:
    result = results[0]
    if isinstance(result, ImError):
        raise result
    return result


def _register(application: Application, profiles: Sequence[Profile], *, is_admin: bool) -> list[User | ImError]:
    if len(profiles) > rules.REGISTRATION_MAX:
        raise TooManyUsers
    return insert_users(application, [checked(application, profile, is_admin=is_admin) for profile in profiles])


def insert_users(
    application: Application,
    users: Sequence[User | ImError],
    *,
    stored: Callable[[list[User]], None] = lambda users: None,
) -> list[User | ImError]:
    """Store users that were checked, each with the md5 of its password where the hash will stand ("" stays so).

    A part of operations. Those whose name is taken become UserExists in the answer. `stored` is called with the others, in
    the transaction that stores them.
    """
    results = [*users]
    wanted = without_taken(application, results)
    # Hashed before the transaction, which would otherwise hold its locks for seconds.
    with_password = [user for user in wanted if user.password]
    for user, hashed in zip(with_password, passwords.hash_many([one.password for one in with_password]), strict=True):
        user.password = hashed
    now = clock.now()  # a batch takes seconds to hash: nobody was changed before they were made
    for user in wanted:
        user.updated_at = user.updated_at or now
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                User.objects.bulk_create(wanted)
                stored(wanted)
        except (IntegrityError, OperationalError) as error:
            # Two registrations may wait for each other's names.
            if attempt == ATTEMPTS or (isinstance(error, OperationalError) and not is_deadlock(error)):
                raise
            wanted = without_taken(application, results)
        else:
            break
    return results


def checked(application: Application, profile: Profile, *, is_admin: bool) -> User | ImError:
    """The user of this profile, its md5 where the hash will stand; or why it cannot be."""
    try:
        return User(
            application=application,
            username=rules.require_username(profile.get("username")),
            password=rules.require_md5(profile.get("password")),
            is_admin=is_admin,
            **rules.require_profile(profile),
        )
    except ImError as refusal:
        return refusal


def without_taken(application: Application, results: list[User | ImError]) -> list[User]:
    """The users that are still to be made; those whose name somebody has become refusals in `results`."""
    names = {user.username for user in results if isinstance(user, User)}
    taken = set(User.objects.of(application).filter(username__in=names).values_list("username", flat=True))
    wanted = []
    for index, user in enumerate(results):
        if not isinstance(user, User):
            continue
        if user.username in taken:
            results[index] = UserExists(f"user exist: {user.username}")
            continue
        taken.add(user.username)
        user.pk = None  # an attempt before this one may have set it
        wanted.append(user)
    return wanted


def _leave_lists(user: User) -> None:
    for model, one, other in (
        (Friendship, "owner", "friend"),
        (FriendRequest, "sender", "receiver"),
        (Block, "owner", "target"),
        (Mute, "owner", "target"),
    ):
        model.objects.filter(**{one: user}).delete()
        model.objects.filter(**{other: user}).delete()
