"""Engine.IO protocol 3, packets: each the text frame of a WebSocket, or a part of a payload. Pure codec."""

from __future__ import annotations

from dataclasses import dataclass

import orjson


class ProtocolError(Exception):
    """A frame that the protocol does not know. str() says what is wrong and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Open:
    """`0{json}`: the server's first packet."""

    sid: str
    ping_interval_ms: int
    ping_timeout_ms: int
    upgrades: tuple[str, ...] = ()  # transports that the client may go over to


@dataclass(frozen=True, slots=True)
class Close:
    """`1`: the other side ends the connection."""


@dataclass(frozen=True, slots=True)
class Ping:
    """`2`, `2text`: to be answered with a Pong of the same text."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Pong:
    """`3`, `3text`"""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """`4text`: a Socket.IO packet."""

    text: str


@dataclass(frozen=True, slots=True)
class Upgrade:
    """`5`: the client has gone over to this transport."""


@dataclass(frozen=True, slots=True)
class Noop:
    """`6`"""


Packet = Open | Close | Ping | Pong | Message | Upgrade | Noop


def decode(frame: str) -> Packet:
    """The packet in a text frame; ProtocolError where there is none."""
    kind, text = frame[:1], frame[1:]
    match kind:
        case "4":
            return Message(text)
        case "2":
            return Ping(text)
        case "3":
            return Pong(text)
        case "0":
            return _read_open(text)
        case "1" if not text:
            return Close()
        case "5" if not text:
            return Upgrade()
        case "6" if not text:
            return Noop()
    raise ProtocolError("no Engine.IO packet")


def encode(packet: Packet) -> str:
    """The text frame of a packet."""
    match packet:
        case Message(text):
            return "4" + text
        case Ping(text):
            return "2" + text
        case Pong(text):
            return "3" + text
        case Open(sid, interval, timeout, upgrades):
            members = {"sid": sid, "upgrades": upgrades, "pingInterval": interval, "pingTimeout": timeout}
            return "0" + orjson.dumps(members).decode()
        case Close():
            return "1"
        case Upgrade():
            return "5"
        case Noop():
            return "6"


def _read_open(text: str) -> Open:
    try:
        members = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ProtocolError("an open packet without JSON") from None
    if not isinstance(members, dict):
        raise ProtocolError("an open packet without an object")
    sid, interval, timeout = members.get("sid"), members.get("pingInterval"), members.get("pingTimeout")
    if not isinstance(sid, str) or type(interval) is not int or type(timeout) is not int:
        raise ProtocolError("an open packet without sid or ping times")
    upgrades = members.get("upgrades", [])
    if not isinstance(upgrades, list) or not all(isinstance(one, str) for one in upgrades):
        raise ProtocolError("an open packet without upgrades")
    return Open(sid, interval, timeout, tuple(upgrades))
