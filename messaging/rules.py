"""Limits of what may be said, in bytes of compact JSON in UTF-8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings

from accounts.actors import Actor
from imsite.core.errors import BadValue
from imsite.core.fields import is_storable, utf8_len
from messaging.errors import TooLong

CLIENT_ID_BYTES = 96
KEY_BYTES = 92


def require_size(content: Mapping[str, Any], body: Mapping[str, Any], by: Actor) -> None:
    """TooLong (880206; 899003 over REST): a user's content over `IM_SOCKET_CONTENT_BYTES`, a server's body over `IM_REST_BODY_BYTES`."""
    if by.is_user:
        size, most = len(orjson.dumps(content)), settings.SOCKET_CONTENT_BYTES
    else:
        size, most = len(orjson.dumps(body)), settings.REST_BODY_BYTES
    if size > most:
        raise TooLong(f"the message has {size} bytes, at most {most} are allowed")


def require_sizes_beside(*parts: Any) -> None:
    """TooLong (880206): a list of those mentioned, or a notification of the client's own, that is longer than a content may be."""
    for part in parts:
        if part is not None and (size := len(orjson.dumps(part))) > settings.SOCKET_CONTENT_BYTES:
            raise TooLong(f"beside the message are {size} bytes, at most {settings.SOCKET_CONTENT_BYTES} are allowed")


def require_client_id(client_id: str | None) -> None:
    """BadValue (880003; 899003 over REST): a client id of more than 96 bytes, or one that cannot be stored."""
    if client_id is not None and (not client_id or utf8_len(client_id) > CLIENT_ID_BYTES or "\0" in client_id):
        raise BadValue(f"a client id has 1 to {CLIENT_ID_BYTES} bytes")


def require_request_key(key: str) -> None:
    """BadValue (899003): an Idempotency-Key that has not 1 to 92 bytes, or cannot be stored."""
    if not key or utf8_len(key) > KEY_BYTES or not is_storable(key):
        raise BadValue(f"Idempotency-Key has 1 to {KEY_BYTES} bytes")
