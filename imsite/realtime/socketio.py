"""Socket.IO 2 packets (protocol 4), as texts of Engine.IO messages. Pure codec.

Namespaces are tolerated on the way in (`40/path`, `42/path,[...]`); acknowledgement ids and binary packets are not used
by the clients of this protocol: an id is read and left aside, a binary packet is a ProtocolError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from imsite.realtime.engineio import ProtocolError


@dataclass(frozen=True, slots=True)
class Connect:
    """`0`, `0/namespace`"""

    namespace: str = "/"


@dataclass(frozen=True, slots=True)
class Disconnect:
    """`1`, `1/namespace`"""

    namespace: str = "/"


@dataclass(frozen=True, slots=True)
class Event:
    """`2["name",data]`. `data` is any JSON value; None where the client gave no argument."""

    name: str
    data: Any = None
    namespace: str = "/"


Packet = Connect | Disconnect | Event


def decode(text: str) -> Packet:
    """The packet in the text of an Engine.IO message; ProtocolError where there is none."""
    kind, rest = text[:1], text[1:]
    if kind not in ("0", "1", "2"):
        raise ProtocolError("no Socket.IO packet")
    namespace, rest = _split_namespace(rest)
    match kind:
        case "0":
            return Connect(namespace)
        case "1":
            return Disconnect(namespace)
    return _read_event(rest.lstrip("0123456789"), namespace)


def encode(packet: Packet) -> str:
    """The text of a packet for an Engine.IO message."""
    prefix = "" if packet.namespace == "/" else packet.namespace
    match packet:
        case Connect():
            return "0" + prefix
        case Disconnect():
            return "1" + prefix
        case Event(name, data):
            return "2" + (prefix and prefix + ",") + orjson.dumps([name, data]).decode()


def event_frame(name: str, data: Any) -> bytes:
    """The whole frame `42["name",{...}]`, UTF-8. `data` may hold `orjson.Fragment`s: parts that were encoded before."""
    return b"42" + orjson.dumps([name, data])


def _split_namespace(text: str) -> tuple[str, str]:
    """(`/path`, rest) of `/path?query,rest`."""
    if not text.startswith("/"):
        return "/", text
    namespace, _, rest = text.partition(",")
    return namespace.partition("?")[0], rest


def _read_event(text: str, namespace: str) -> Event:
    try:
        members = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        raise ProtocolError("an event without JSON") from None
    if not isinstance(members, list) or not members or not isinstance(members[0], str):
        raise ProtocolError("an event without a name")
    return Event(members[0], members[1] if len(members) > 1 else None, namespace)
