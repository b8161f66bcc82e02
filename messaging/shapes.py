"""The shapes of message bodies and of sends, for both doors. Plain functions: a serializer would cost more than the send.

Source: REST API, messages; Web SDK protocol, 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imsite.core.errors import BadValue, Invalid, WrongType

NUMBER = (int, float)
NESTED_MOST = 100  # levels of objects and lists
BODIES: dict[str, dict[str, Any]] = {  # the members that a body must have, and their types
    "text": {"text": str},
    "image": {"media_id": str, "media_crc32": int, "width": int, "height": int},
    "voice": {"media_id": str, "media_crc32": int, "duration": NUMBER, "fsize": int},
    "file": {"media_id": str, "media_crc32": int, "fsize": int, "fname": str},
    "video": {"media_id": str},
    "location": {"latitude": NUMBER, "longitude": NUMBER, "scale": NUMBER, "label": str},
    "custom": {},
}
REST_BODIES = {**BODIES, "image": {**BODIES["image"], "format": str, "fsize": int}}


def require_body(message_type: Any, body: Any, bodies: Mapping[str, Mapping[str, Any]] = BODIES) -> None:
    """BadValue for an unknown type, Invalid for a missing member, WrongType for one of another type."""
    if not isinstance(message_type, str) or message_type not in bodies:
        raise BadValue(f"msg_type must be one of {', '.join(bodies)}")
    if not isinstance(body, dict):
        raise WrongType("msg_body must be an object")
    for name, kind in bodies[message_type].items():
        if body.get(name) is None:
            raise Invalid(f"msg_body.{name} is missing")
        if not isinstance(body[name], kind) or isinstance(body[name], bool):
            raise WrongType(f"msg_body.{name} has the wrong type")
    if not isinstance(body.get("extras"), dict | None) and body["extras"] != []:  # how PHP writes an empty object
        raise WrongType("msg_body.extras must be an object")


def require_storable(value: Any, *, levels: int = NESTED_MOST) -> None:
    """BadValue for text that PostgreSQL cannot hold, a NUL character anywhere, and for nesting that no encoder follows."""
    if isinstance(value, str):
        if "\0" in value:
            raise BadValue("a text holds a NUL character")
    elif isinstance(value, (dict, list)):
        if not levels:
            raise BadValue(f"the request is nested deeper than {NESTED_MOST} levels")
        for inner in value:  # the keys of an object
            require_storable(inner, levels=levels - 1)
        if isinstance(value, dict):
            for inner in value.values():
                require_storable(inner, levels=levels - 1)


def text(data: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text, or a number that stands for one (ids come both ways)."""
    value = data.get(name)
    if value is None:
        if default is None:
            raise Invalid(f"{name} is missing")
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise WrongType(f"{name} must be text")
    return value


def number(data: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A whole number, also as text."""
    value = data.get(name)
    if value is None:
        if default is None:
            raise Invalid(f"{name} is missing")
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 17:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongType(f"{name} must be a whole number")
    if not 0 <= value < 2**53:
        raise BadValue(f"{name} is out of range")
    return value


def flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise WrongType(f"{name} must be true or false")
    return value


def mapping(data: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = data.get(name)
    if value is not None and not isinstance(value, dict):
        raise WrongType(f"{name} must be an object")
    return value
