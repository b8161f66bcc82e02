"""What names, passwords, profiles, keys and origins must look like, whichever door they come through.

Source: REST API, fields and limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.http.request import validate_host

from accounts import identity
from accounts.errors import (
    BadNote,
    BadUsername,
    BadValue,
    CrossApplication,
    Invalid,
    NotAllowed,
    OriginRefused,
    WrongType,
)
from accounts.models import KEY_PATTERN, USERNAME_PATTERN, User
from imsite.core.fields import is_storable, utf8_len

if TYPE_CHECKING:
    from accounts.actors import Actor
    from accounts.models import Application

USERNAME_BYTES = 4, 128
PASSWORD_BYTES = 4, 128  # of the plain password
NICKNAME_BYTES = 64
TEXT_BYTES = 250  # signature, region, address
AVATAR_BYTES = 255
EXTRAS_BYTES = 512  # as compact JSON
GENDERS = (0, 1, 2)
REGISTRATION_MAX = 500  # users in one registration
DELETION_MAX = 100  # users in one deletion
RELATIONS_MAX = 500  # users in one change of a friend list, blacklist or the like
NOTE_NAME_BYTES = 64
APPKEY_BYTES = 128  # of one in a body, which may have blanks around it
OTHERS_BYTES = 250  # of the other note on a friend
ORIGIN_PATTERN = r"^(\*|null|(https?|\*)://[A-Za-z0-9*._\-\[\]:]+)$"

PROFILE_FIELDS = ("nickname", "avatar", "birthday", "signature", "gender", "region", "address", "extras")
_TEXTS = {
    "nickname": NICKNAME_BYTES,
    "avatar": AVATAR_BYTES,
    "signature": TEXT_BYTES,
    "region": TEXT_BYTES,
    "address": TEXT_BYTES,
}
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_KEY = re.compile(KEY_PATTERN)
_USERNAME = re.compile(USERNAME_PATTERN)
_ORIGIN = re.compile(ORIGIN_PATTERN)


def require_username(name: Any) -> str:
    """A username as it may be registered; BadUsername (899003, 880003), WrongType (880004)."""
    if not isinstance(name, str):
        raise WrongType("username must be text")
    if not _USERNAME.fullmatch(name):
        raise BadUsername
    return name


def require_password(plain: Any) -> str:
    """A plain password of 4 to 128 bytes; BadValue (899003)."""
    if not isinstance(plain, str):
        raise WrongType("password must be text")
    low, high = PASSWORD_BYTES
    if not low <= utf8_len(plain) <= high or not is_storable(plain):
        raise BadValue(f"password takes {low} to {high} bytes in UTF-8")
    return plain


def require_md5(text: Any) -> str:
    """The md5 of a plain password as 32 hex digits, returned in lower case; BadValue (880003)."""
    if not isinstance(text, str):
        raise WrongType("password must be text")
    if not _MD5.fullmatch(text):
        raise BadValue("password must be an md5 of 32 hex digits")
    return text.lower()


def require_profile(values: Mapping[str, Any]) -> dict[str, Any]:
    """The profile members among `values`, each checked; others are left out.

    Texts in UTF-8 bytes, `birthday` a date or None, `gender` 0 to 2, `extras` a dict.
    WrongType (899003, 880004), BadValue (899003, 880003).
    """
    profile = {name: values[name] for name in PROFILE_FIELDS if name in values}
    for name, most in _TEXTS.items():
        if name in profile:
            _require_text(name, profile[name], most)
    if "\n" in profile.get("nickname", "") or "\r" in profile.get("nickname", ""):
        raise BadValue("nickname takes no line breaks")
    if not isinstance(profile.get("birthday"), date | None):
        raise WrongType("birthday must be a date")
    if type(profile.get("gender", 0)) is not int:
        raise WrongType("gender must be a number")
    if profile.get("gender", 0) not in GENDERS:
        raise BadValue("gender is 0, 1 or 2")
    if "extras" in profile:
        _require_extras(profile["extras"])
    return profile


def require_key(name: str, key: str) -> str:
    """An appkey or master secret: 24 letters and digits; BadValue."""
    if not _KEY.fullmatch(key):
        raise BadValue(f"{name} must be 24 letters and digits")
    return key


def require_origin_pattern(pattern: str) -> str:
    """`https://*.example.com`, `http://localhost:3000`, `*` and the like; BadValue."""
    if not _ORIGIN.fullmatch(pattern):
        raise BadValue(f"an origin is scheme://host[:port], with * for any part: not {pattern[:100]}")
    return pattern.lower()


def require_origin(application: Application, origin: str, *, own: str = "") -> None:
    """Pages of `origin` may use the application; OriginRefused (882004) otherwise.

    An empty list allows any. What sends no Origin header is no page of another site, and no browser guards against it.
    `own` is the address that the request came to: our chat page, served there, may use an application that has one.
    """
    if not origin or not application.origins or (application.chat_page and _is_own(origin, own)):
        return
    if not any(_origin_test(pattern).fullmatch(origin.lower()) for pattern in application.origins):
        raise OriginRefused


def require_same_owner(application: Application, other: Application) -> None:
    """Calls into another application are for those of one organisation; CrossApplication (899020, 880203)."""
    if application.owner_id != other.owner_id:
        raise CrossApplication


def other_application(own: Application, appkey: str) -> Application:
    """The application of this key (blanks around it are dropped), `own` or another one of the same owner.

    NoSuchApplication (899009), CrossApplication (899020).
    """
    if appkey.strip() == own.appkey:
        return own
    other = identity.application_of(appkey.strip())
    require_same_owner(own, other)
    return other


def users_across(own: Application, named: Iterable[tuple[str, str]]) -> dict[tuple[str, str], User]:
    """The users of these pairs of appkey and name, in this application and others of its owner.

    NoSuchApplication (899009), CrossApplication (899020), NoSuchUser (899002).
    """
    names: dict[str, list[str]] = {}
    for appkey, name in named:
        names.setdefault(appkey, []).append(name)
    others = {appkey: other_application(own, appkey) for appkey in names}
    return {
        (appkey, user.username): user
        for appkey, its in names.items()
        for user in User.objects.of(others[appkey]).named(its)
    }


def require_acts_for(user: User, by: Actor) -> None:
    """Users change their own relations, the server and operators those of their application's users; NotAllowed."""
    if by.is_user and by.user_id != user.pk:
        raise NotAllowed("users act for themselves")
    if user.application_id != by.application.pk:
        raise CrossApplication


def require_privileged(by: Actor) -> None:
    """The application's server, an operator or the system; NotAllowed for users."""
    if by.is_user:
        raise NotAllowed("users cannot do this")


def require_within_reach(users: Iterable[User], by: Actor) -> None:
    """All belong to applications of one owner with `by`; CrossApplication (899020). They come with their application."""
    for user in users:
        require_same_owner(by.application, user.application)


def require_note(note_name: str, others: str) -> None:
    """What a user notes about a friend: 64 bytes on one line, and 250 bytes; BadNote (899003, 881304)."""
    if utf8_len(note_name) > NOTE_NAME_BYTES or "\n" in note_name or "\r" in note_name:
        raise BadNote(f"note_name takes at most {NOTE_NAME_BYTES} bytes in UTF-8, on one line")
    if utf8_len(others) > OTHERS_BYTES:
        raise BadNote(f"others takes at most {OTHERS_BYTES} bytes in UTF-8")
    if not is_storable([note_name, others]):
        raise BadNote("a note holds a character that cannot be stored")


def _is_own(origin: str, own: str) -> bool:
    """Whether the page stands on the host that was asked, by a name that this server answers to."""
    host = urlsplit(own).netloc.lower()
    return bool(host) and urlsplit(origin).netloc.lower() == host and validate_host(_name(host), settings.ALLOWED_HOSTS)


def _name(host: str) -> str:
    """A host without its port, as ALLOWED_HOSTS wants it; the brackets of an IPv6 address stay."""
    return re.sub(r":\d+$", "", host)


@lru_cache(1024)
def _origin_test(pattern: str) -> re.Pattern[str]:
    return re.compile("[^/]*".join(map(re.escape, pattern.lower().split("*"))) if pattern != "*" else ".*")


def _require_text(name: str, text: Any, most: int) -> None:
    if not isinstance(text, str):
        raise WrongType(f"{name} must be text")
    if utf8_len(text) > most:
        raise BadValue(f"{name} takes at most {most} bytes in UTF-8")
    if not is_storable(text):
        raise BadValue(f"{name} holds a character that cannot be stored")


def _require_extras(extras: Any) -> None:
    if not isinstance(extras, dict):
        raise WrongType("extras must be an object")
    try:
        size = len(orjson.dumps(extras))
    except TypeError:  # nested too deep, or no JSON
        raise Invalid("extras must be a plain JSON object") from None
    if size > EXTRAS_BYTES:
        raise BadValue(f"extras takes at most {EXTRAS_BYTES} bytes of compact JSON")
    if not is_storable(extras):
        raise BadValue("extras holds a character that cannot be stored")
