"""Identifiers that no database sequence gives. Message, user and group ids are the database's own: rising, below 2**53."""

from __future__ import annotations

import re
import secrets
import string
import threading

from imsite.core import clock
from imsite.core.errors import BadValue

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
KEY_LENGTH = 24  # what the vendor's server clients insist on, for appkeys and master secrets alike

ID_TEXT = re.compile(r"[0-9]{1,20}")

_live_lock = threading.Lock()
_live_last = 0


def new_key() -> str:
    """An appkey or a master secret: 24 random letters and digits."""
    return "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(KEY_LENGTH))


def new_sid() -> str:
    return secrets.token_urlsafe(15)


def new_media_id(kind: str) -> str:
    """`qiniu/<kind>/j/<32 hex>`: phone clients look at the prefix."""
    return f"qiniu/{kind}/j/{secrets.token_hex(16).upper()}"


def read_id(text: str) -> int:
    """The id that stands in a path or in a message's target; BadValue (899003) where that is no whole number."""
    if not ID_TEXT.fullmatch(text):
        raise BadValue(f"an id is a whole number, not {text[:32]}")
    return int(text)


def live_event_id() -> int:
    """The id of an event that is pushed but not stored: unique in this process, far above the stored ones, below 2**53."""
    global _live_last
    with _live_lock:
        _live_last = max(_live_last + 1, clock.now_ms() * 1000)
        return _live_last
