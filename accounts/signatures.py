"""The signature that a page's server makes for `c_init`: md5 of appkey=A&timestamp=T&random_str=R&key=SECRET.

Source: Web SDK, init.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from accounts.errors import BadSignature, Invalid, StaleSignature, WrongType
from accounts.models import Application
from imsite.core import clock

TIMESTAMP_DIGITS = 16  # milliseconds need 13


def sign(application: Application, timestamp: int | str, random_str: str) -> str:
    """The signature of `timestamp` (ms) and `random_str`, lower-case hex."""
    return _signature(application.appkey, str(timestamp), random_str, application.master_secret)


def require_signature(application: Application, data: Mapping[str, Any]) -> None:
    """`data` carries a `signature` (any letter case) of `timestamp` (ms; text or number) and `random_str`.

    Invalid (880002) for a missing member, WrongType (880004), BadSignature (880102), StaleSignature (880106) when it is
    more than ten minutes old or ahead. The previous secret counts too. An application may switch the check off.
    """
    if not application.limits.signature_check:
        return
    timestamp, random_str, signature = (_text(data, name) for name in ("timestamp", "random_str", "signature"))
    secrets = filter(None, (application.master_secret, application.previous_secret))
    expected = [_signature(application.appkey, timestamp, random_str, secret) for secret in secrets]
    if not any(hmac.compare_digest(one.encode(), signature.lower().encode()) for one in expected):
        raise BadSignature
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= TIMESTAMP_DIGITS):
        raise StaleSignature("timestamp must be in milliseconds")
    if abs(clock.now_ms() - int(timestamp)) > settings.SIGNATURE_SECONDS * 1000:
        raise StaleSignature


def _signature(appkey: str, timestamp: str, random_str: str, secret: str) -> str:
    text = f"appkey={appkey}&timestamp={timestamp}&random_str={random_str}&key={secret}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        raise Invalid(f"{name} is missing")
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(f"{name} must be text")
    return str(value)
