"""Engine.IO protocol 3, long polling: several packets in one HTTP body. Pure codec. Source: Web SDK, transport, polling.

A payload is `<count>:<packet>` for each packet, counted in UTF-16 units as JavaScript counts. Clients of the first
generation (engine.io-parser 1) encode a packet in UTF-8 before they count it, and the whole in UTF-8 again; those of the second do
not. What is written here is all ASCII, where both mean the same; what is read may be of either, or in binary form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl

import orjson

from imsite.realtime.engineio import ProtocolError

COUNT_DIGITS = 9
STRING, LENGTH_END = 0, 255  # of the binary form
BASE64 = "b"  # begins a binary packet, of which this protocol has none

_beyond_ascii = re.compile(r"[^\x00-\x7f]")
_astral = re.compile(r"[\U00010000-\U0010ffff]")
_line_ends = re.compile(r"(\\)?\\n")


def encode(packets: Iterable[str]) -> str:
    """The payload of packets, in ASCII but for texts of pongs."""
    return "".join(f"{len(packet)}:{packet}" for packet in map(_in_ascii, packets))


def wrapped(payload: str, number: str) -> str:
    """The payload as a script for the JSONP client `number`, of which only digits count."""
    digits = "".join(one for one in number if one in "0123456789")
    return f"___eio[{digits}]({orjson.dumps(payload).decode()});"


def decode(body: bytes) -> Iterator[str]:
    """The packets in a payload of text; ProtocolError where it is none."""
    try:
        text = _in_units(body.decode())
    except UnicodeDecodeError:
        raise ProtocolError("a payload that is not UTF-8") from None
    at = 0
    while at < len(text):
        colon = text.find(":", at, at + COUNT_DIGITS + 1)
        count = text[at:colon] if colon > at else ""
        if not (count.isascii() and count.isdigit()):
            raise ProtocolError("a payload without a count")
        at = colon + 1 + int(count)
        packet = text[colon + 1 : at]
        if len(packet) != int(count):
            raise ProtocolError("a payload that ends too early")
        if packet and not packet.startswith(BASE64):
            yield _as_said(packet)


def decode_binary(body: bytes) -> Iterator[str]:
    """The packets in a payload in binary form: `<0 text, 1 bytes><digits of the length><255><packet>`; ProtocolError."""
    at = 0
    while at < len(body):
        end = body.find(LENGTH_END, at + 1, at + COUNT_DIGITS + 2)
        digits = body[at + 1 : end] if end > at + 1 else b""
        if not digits or max(digits) > 9:
            raise ProtocolError("a payload without a length")
        length = int("".join(map(str, digits)))
        packet = body[end + 1 : end + 1 + length]
        if len(packet) != length:
            raise ProtocolError("a payload that ends too early")
        if packet and body[at] == STRING:
            try:
                yield packet.decode()
            except UnicodeDecodeError:
                raise ProtocolError("a packet that is not UTF-8") from None
        at = end + 1 + length


def form_data(body: bytes) -> bytes:
    """The payload in the form that a JSONP client posts (`d=...`); ProtocolError where there is none."""
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=4, errors="strict"))
    except ValueError:  # too many fields, or not UTF-8
        raise ProtocolError("no form") from None
    if "d" not in fields:
        raise ProtocolError("a form without a payload")
    # Browsers change the ends of lines in forms, so the client writes them as \n, and a \n of the payload as \\n.
    told = _line_ends.sub(lambda found: found[0] if found[1] else "\n", fields["d"])
    return told.replace("\\\\n", "\\n").encode()


def _in_ascii(packet: str) -> str:
    if packet.isascii():
        return packet
    if packet.startswith("4"):  # a message: beyond ASCII are only texts in its JSON
        return _beyond_ascii.sub(_escaped, packet)
    return packet.encode().decode("latin-1")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _in_units(text: str) -> str:
    """With two surrogates for every character that JavaScript counts as two."""
    if text.isascii():
        return text
    return _astral.sub(lambda found: _surrogates(ord(found[0]) - 0x10000), text)


def _surrogates(code: int) -> str:
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def _as_said(packet: str) -> str:
    """The packet of a client of either generation: what reads as UTF-8 once more was encoded twice."""
    if packet.isascii():
        return packet
    try:
        return packet.encode("latin-1").decode()
    except UnicodeError:
        pass
    try:
        return packet.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise ProtocolError("a packet with half a character") from None
