"""Web SDK: session and users. Source: Web SDK, session; users; event_notification, types 1, 2 and 40."""

from __future__ import annotations

import ipaddress
from typing import Any

from rest_framework import serializers

from accounts import identity, rates, rules, services, signatures
from accounts.actors import Actor
from accounts.errors import (
    AlreadyInitialised,
    AlreadyLoggedIn,
    CrossApplication,
    Invalid,
    NoSuchApplication,
    NoSuchUser,
    StillLoggedIn,
    WrongPassword,
    WrongType,
)
from accounts.events import ForcedOffline, PasswordChanged, ProfileChanged
from accounts.models import Application, DeviceClass, Session, User
from accounts.serializers import ProfileShape, notification, wire_user
from imsite.core.events import Event
from imsite.realtime import session as sessions
from imsite.realtime.dispatch import count_with, on, pushed
from imsite.rest.fields import TextField

DEVICE_CLASSES = {"a": DeviceClass.MOBILE, "i": DeviceClass.MOBILE, "w": DeviceClass.PC, "j": DeviceClass.WEB}
TEXT_MAX = 1024  # bytes of a name or password that is only looked up

Data = dict[str, Any]


class SdkProfile(ProfileShape):
    """A profile as the SDK sends it: the date of birth of one who has none is ""."""

    def to_internal_value(self, data: Any) -> Data:
        if not isinstance(data, dict) or data.get("birthday") != "":
            return dict(super().to_internal_value(data))
        rest = {name: value for name, value in data.items() if name != "birthday"}
        return {**super().to_internal_value(rest), "birthday": None}


class Registration(SdkProfile):
    username = TextField(max_bytes=TEXT_MAX)
    password = TextField(max_bytes=TEXT_MAX)
    media_id = TextField(max_bytes=rules.AVATAR_BYTES, required=False)


class Login(serializers.Serializer[Any]):
    username = TextField(max_bytes=TEXT_MAX)
    password = TextField(max_bytes=TEXT_MAX)


class Named(serializers.Serializer[Any]):
    username = TextField(max_bytes=TEXT_MAX)
    appkey = TextField(max_bytes=TEXT_MAX, required=False)


class PasswordChange(serializers.Serializer[Any]):
    old_pwd = TextField(max_bytes=TEXT_MAX)
    new_pwd = TextField(max_bytes=TEXT_MAX)


@count_with
def count_request(session: sessions.Session) -> None:
    """One more request of this connection; TooFast (880209)."""
    rates.require_socket_request(session.application, session.user_id, session.sid)


# Session


@on("c_init", open_to_all=True)
def initialise(session: sessions.Session, data: Data) -> None:
    """Choose the application; code 0 alone. Allowed again before login. Source: Web SDK, init.

    880101 appkey, 880102 signature, 880106 older than ten minutes, 880107 while logged in, 882004 from a page of an origin
    that the application does not allow.
    """
    if session.logged_in:
        raise AlreadyInitialised
    application = identity.application_of(_appkey(data))
    rules.require_origin(application, session.origin, own=session.base_url)
    signatures.require_signature(application, data)
    session.application = application
    letter = data.get("fromPlatForm")
    session.platform = letter if isinstance(letter, str) and letter in DEVICE_CLASSES else "j"
    session.device_class = DEVICE_CLASSES[session.platform].value


@on("register", Registration, open_to_all=True, remember="application")
def register(session: sessions.Session, data: Data) -> None:
    """Register a user; code 0 alone. Source: Web SDK, register.

    880006 while logged in, 880007 where clients may not, 882002 name taken, 880002 to 880004 for what is malformed.
    """
    if session.logged_in:
        raise StillLoggedIn
    application = _application(session)
    rates.require_registrations(application, session.address)
    avatar = data.pop("media_id", "")
    profile = {**data, "avatar": avatar} if avatar else data
    services.sign_up(application, profile, by=Actor.system(application))


@on("login", Login, open_to_all=True, codes={NoSuchUser: 880103})
def log_in(session: sessions.Session, data: Data) -> Data:
    """Open a session: `username`, `uid`, `online_list`. Source: Web SDK, login.

    880103 no such user, 880104 password, 880107 while logged in, 880109 when another login of the class came at the same
    moment, 880111 disabled.
    """
    if session.logged_in:
        raise AlreadyLoggedIn
    found = services.log_in(
        _application(session),
        data["username"],
        data["password"],
        sid=session.sid,
        device_class=session.device_class,
        platform=session.platform,
        address=_ip(session.address),
    )
    actor = Actor.of(found.user, sid=session.sid, device_class=session.device_class, login_id=found.login_id)
    try:
        session.log_in(actor, found.topics)
        services.require_live(found.login_id)
    except BaseException:
        session.log_out()
        services.end_session(found.login_id, Session.Ended.LOST)
        raise
    return {"username": found.user.username, "uid": found.user.pk, "online_list": found.online_list}


@sessions.on_end
def note_end(session: sessions.Session, actor: Actor) -> None:
    """A session is over: the client signed out, its connection broke, or it was ended from elsewhere (noted already)."""
    why = Session.Ended.LOGGED_OUT if session.signed_out else Session.Ended.LOST
    services.end_session(actor.login_id, why)


@sessions.on_beat
def note_life(actors: list[Actor]) -> None:
    """The sessions of this process live; those of a process that is gone end."""
    services.touch_sessions([actor.login_id for actor in actors])
    services.close_lost_sessions()


# Users


@on("get_across_user_info", Named, codes={NoSuchApplication: 882002, CrossApplication: 882002})
def get_user_info(session: sessions.Session, data: Data) -> Data:
    """`user_info` of a user, also of another application of the same owner; 882002. Source: Web SDK, getUserInfo."""
    application = _reachable(session, data.get("appkey", ""))
    user = User.objects.of(application).find(data["username"])
    user.application = application
    return {"user_info": wire_user(user)}


@on("update_user_inf", SdkProfile)
def update_own_info(session: sessions.Session, data: Data) -> None:
    """Change the named members of one's own profile; code 0 alone. Source: Web SDK, updateSelfInfo, updateSelfAvatar."""
    services.update_profile(session.actor.user, data, by=session.actor)


@on("update_user_pwd", PasswordChange, codes={WrongPassword: 882002})
def change_own_password(session: sessions.Session, data: Data) -> None:
    """Change one's own password, both md5; code 0 alone, 882002 for a wrong old one. Source: Web SDK, updateSelfPwd.

    Wrong ones count as those of sign-ins do (880209): a page that was left open is no place to guess at.
    """
    user = session.actor.user
    name = rates.account_name(user.application, user.username)
    rates.passwords.require_open(session.address, name)
    try:
        services.change_password(user, data["old_pwd"], data["new_pwd"], by=session.actor)
    except WrongPassword:
        rates.passwords.failed(session.address, name)
        raise


# Pushes


@pushed(ForcedOffline)
def forced_offline(event: ForcedOffline) -> tuple[str, Data]:
    """Event 1: the session is over; `extra` 0 other login, 1 disabled, 2 deleted. Source: Web SDK, event_notification."""
    return notification(event, 1, extra=event.reason, gid=0, **_self(event))


@pushed(PasswordChanged)
def password_changed(event: PasswordChanged) -> tuple[str, Data]:
    """Event 2: the password was changed elsewhere; the session is over. Source: Web SDK, event_notification."""
    return notification(event, 2, **_self(event))


@pushed(ProfileChanged)
def profile_changed(event: ProfileChanged) -> tuple[str, Data]:
    """Event 40: the own profile was changed over REST; it tells no details. Source: Web SDK, event_notification."""
    return notification(event, 40)


def _self(event: Event) -> Data:
    assert isinstance(event, ForcedOffline | PasswordChanged)
    return {"from_uid": event.user_id, "from_username": event.username, "from_appkey": event.appkey}


def _appkey(data: Data) -> str:
    appkey = data.get("appkey")
    if appkey is None:
        raise Invalid("appkey is missing")
    if not isinstance(appkey, str):
        raise WrongType("appkey must be text")
    return appkey


def _application(session: sessions.Session) -> Application:
    """The session's application as it is now: the connection may have waited for long after c_init."""
    if session.application is None:
        raise NoSuchApplication("c_init comes first")
    return identity.application_of(session.appkey)


def _reachable(session: sessions.Session, appkey: str) -> Application:
    """The own application where none is named, or another one of its owner."""
    own = _application(session)
    return rules.other_application(own, appkey) if appkey.strip() else own


def _ip(address: str) -> str | None:
    """The peer's address where it is one: a server behind a Unix socket has none."""
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return None
