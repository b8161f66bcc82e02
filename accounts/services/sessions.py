"""Who is signed in where. Source: Web SDK, login, sessions and devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import passwords, rates
from accounts.errors import NoSuchUser, SignedInElsewhere, UserDisabled, WrongPassword
from accounts.events import ForcedOffline, OfflineReason
from accounts.models import Application, Device, DeviceClass, Session, User
from imsite.core import clock, hooks
from imsite.core.events import Audience, Event, publish

LOST_S = 300  # five beats of a process
TOUCHED_AT_ONCE = 500  # rows in one statement
PLATFORMS = {"a": "Android", "i": "ios", "w": "pc", "j": "web"}  # of `online_list`


@dataclass(frozen=True)
class LoggedIn:
    """What a login found. `topics` is called by the session when the hub notes already who joins and leaves."""

    login_id: int  # the Session row
    user: User
    topics: Callable[[], dict[str, int | None]]
    online_list: list[dict[str, Any]]


def log_in(
    application: Application,
    username: str,
    md5: str,
    *,
    sid: str,
    device_class: str,
    platform: str,
    address: str | None,
) -> LoggedIn:
    """Open a session for the user of this name and password (md5 of the plain one, hex).

    Ends the other session of the device class (event 1, extra 0), unless it is a browser and the application lets tabs
    live side by side. NoSuchUser (880103), WrongPassword (880104), UserDisabled (880111), TooFast (880209) beyond a limit, and
    for an address that has guessed too often.
    """
    rates.require_address_logins(application, address or "")
    user = _find_and_verify(application, username, md5, address or "")
    rates.require_logins(application, user)
    renewed = passwords.hash_md5(md5.lower()) if passwords.is_outdated(user.password) else None
    with transaction.atomic():
        stored = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _require_unchanged(user, stored, md5)
        if renewed and stored.password == user.password:
            User.objects.filter(pk=user.pk).update(password=renewed)
        devices = list(Device.objects.filter(user=user))
        kicked = _kick_others(user, sid, device_class)
        online_list = _online_list(user, devices, device_class if kicked else None)
        session = _open(user, sid, device_class, platform, address)
    return LoggedIn(session.pk, user, lambda: _topics(user), online_list)


def _find_and_verify(application: Application, username: str, md5: str, address: str) -> User:
    """The user of this name and password. The guard is asked first: a guess that it refuses costs no hash."""
    name = rates.account_name(application, username)
    rates.passwords.require_open(address, name)
    try:
        user = User.objects.of(application).find(username)
    except NoSuchUser:
        rates.passwords.failed(address, "")
        raise
    user.application = application
    if not passwords.verify(user, md5):
        rates.passwords.failed(address, name)
        raise WrongPassword
    rates.passwords.passed(address, name)
    return user


def require_live(login_id: int) -> None:
    """The session was not ended between its opening and its entry into the hub; SignedInElsewhere (880109) otherwise.

    Two logins of one class at once: the later one's push may miss the earlier one's socket, its row cannot.
    """
    if not Session.objects.live().filter(pk=login_id).exists():
        raise SignedInElsewhere


def end_session(login_id: int, why: Session.Ended) -> None:
    """Note the end of a session, once; after signing out (LOGGED_OUT) the device class counts as signed out too.

    The end of a user's last session is told to the slices above.
    """
    with transaction.atomic():
        session = Session.objects.live().select_related("user__application").filter(pk=login_id).first()
        if session is None:
            return
        users = User.objects.select_related("application")
        user = users.select_for_update(of=("self",), no_key=True).get(pk=session.user_id)
        if not _end(Session.objects.live().filter(pk=session.pk), why):
            return
        same_class = user.sessions.live().filter(device_class=session.device_class)
        if why == Session.Ended.LOGGED_OUT and not same_class.exists():
            Device.objects.filter(user=user, device_class=session.device_class).update(logged_in=False)
        _tell_if_last(user)


def end_sessions(user: User, why: Session.Ended, event: Event, *, keep: str | None = None) -> None:
    """End every session of the user but `keep`, telling `event` to them, and count their devices as signed out.

    Part of an operation: called in its transaction.
    """
    kept = user.sessions.live().filter(sid=keep).values_list("device_class", flat=True) if keep else ()
    Device.objects.filter(user=user).exclude(device_class__in=list(kept)).update(logged_in=False)
    _end(user.sessions.live().exclude(sid=keep or ""), why)
    publish(event, to=Audience(users=[user.pk], skip=keep, ends=True))
    _tell_if_last(user)


def touch_sessions(login_ids: Sequence[int]) -> None:
    """Note that these sessions are alive: their process says so about once a minute.

    It is right even where another process took it for dead while it was held up, and had ended them.
    """
    unsure = Q(ended_at=None) | Q(ended_why=Session.Ended.RESTART)
    for start in range(0, len(login_ids), TOUCHED_AT_ONCE):
        known = Session.objects.filter(unsure, pk__in=login_ids[start : start + TOUCHED_AT_ONCE])
        known.update(seen_at=clock.now(), ended_at=None, ended_why="")


def close_lost_sessions() -> int:
    """End the sessions of which no process said for five minutes that they are alive; how many."""
    return _close(Session.objects.live().filter(seen_at__lt=clock.now() - timedelta(seconds=LOST_S)))


def close_open_sessions() -> int:
    """End the sessions that a process left open which is gone; how many. For the start of the only serving process."""
    return _close(Session.objects.live())


def _close(sessions: QuerySet[Session]) -> int:
    users = User.objects.filter(pk__in=sessions.values("user")).select_related("application").order_by("pk")
    with transaction.atomic():
        left = list(users)
        ended = _end(sessions, Session.Ended.RESTART)
        for user in left:
            _tell_if_last(user)
    return ended


def _require_unchanged(user: User, stored: User, md5: str) -> None:
    """Between the check of the password and the lock nothing was changed that the check stands on."""
    if stored.deleted_at is not None:
        raise NoSuchUser
    # Another hash may be that of the same password: another login renewed it.
    if stored.password != user.password and not passwords.verify(stored, md5):
        raise WrongPassword
    if stored.disabled:
        raise UserDisabled


def _kick_others(user: User, sid: str, device_class: str) -> bool:
    if device_class == DeviceClass.WEB and user.application.limits.web_sessions == "many":
        return False
    kicked = _end(user.sessions.live().filter(device_class=device_class), Session.Ended.KICKED)
    if kicked:
        event = ForcedOffline.because(user, OfflineReason.OTHER_LOGIN)
        publish(event, to=Audience(users=[user.pk], skip=sid, device_class=device_class, ends=True))
    return bool(kicked)


def _open(user: User, sid: str, device_class: str, platform: str, address: str | None) -> Session:
    now = clock.now()
    session = Session.objects.create(
        user=user, sid=sid, device_class=device_class, platform=platform, address=address, login_at=now, seen_at=now
    )
    Device.objects.update_or_create(
        user=user,
        device_class=device_class,
        defaults={"platform": platform, "last_login_at": now, "logged_in": True},
    )
    return session


def _online_list(user: User, devices: list[Device], kicked: str | None) -> list[dict[str, Any]]:
    """The devices before this login, one a class; `flag` tells the one that this login ends. `mtime` in seconds."""
    online = set(user.sessions.live().values_list("device_class", flat=True))
    return [
        {
            "platform": PLATFORMS[device.platform],
            "mtime": clock.to_s(device.last_login_at) if device.last_login_at else 0,
            "isOnline": device.device_class in online,
            "isLogin": device.logged_in and device.device_class != kicked,
            "flag": device.device_class == kicked,
        }
        for device in devices
    ]


def _topics(user: User) -> dict[str, int | None]:
    topics: dict[str, int | None] = {f"user:{user.pk}": None}
    for more in hooks.user_logged_in(user):
        topics |= more
    return topics


def _end(sessions: QuerySet[Session], why: Session.Ended) -> int:
    now = clock.now()
    return sessions.update(ended_at=now, seen_at=now, ended_why=why)


def _tell_if_last(user: User) -> None:
    if not user.sessions.live().exists():
        hooks.session_ended(user)
