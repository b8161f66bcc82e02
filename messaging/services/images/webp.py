"""WebP without metadata, animated or not. Source: RFC 9649, section 2."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from messaging.services.images import container, exif, profiles
from messaging.services.images.container import Bytes, Container, broken, broken_off, too_many_parts

KEPT = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
KEPT_OF_FRAME = {b"VP8 ", b"VP8L", b"ALPH"}
FLAGS_BYTES = 10  # of VP8X
PROFILE, ALPHA, ANIMATION = 0x20, 0x10, 0x02  # its flags to keep; those of EXIF and XMP go
FRAME_HEAD = 16  # bytes of a frame before its chunks


def strip(data: bytes) -> Container:
    """The chunks that a picture is shown by; of its colour profile the colours."""
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise broken_off()
    found, flags = Container(), None
    kept: list[tuple[bytes, Bytes | bytearray]] = []
    for kind, payload in _chunks(memoryview(data)[12:end]):
        if not found.width:
            found.measure(*_size(kind, payload))
        if kind == b"EXIF":
            found.orientation = exif.orientation_of(bytes(payload).removeprefix(b"Exif\0\0"))
        elif kind == b"VP8X":
            flags = bytearray(payload[:FLAGS_BYTES])
            flags[0] &= ALPHA | ANIMATION
            kept.append((kind, flags))
        elif kind == b"ICCP":
            if flags and (profile := profiles.anonymous(bytes(payload))):
                flags[0] |= PROFILE
                kept.append((kind, profile))
        elif kind == b"ANMF":
            kept.append((kind, _frame(found, payload)))
        elif kind in KEPT:
            kept.append((kind, payload))
    if not found.width:
        raise broken()
    found.is_animated = bool(flags and flags[0] & ANIMATION)
    body: list[Bytes] = [b"WEBP", *(piece for kind, payload in kept for piece in _chunk(kind, payload))]
    found.parts = [b"RIFF", struct.pack("<I", sum(map(len, body))), *body]
    return found


def _chunks(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    for _ in range(container.PARTS_MAX):
        if at + 8 > len(view):
            return
        kind, length = struct.unpack_from("<4sI", view, at)
        payload, at = view[at + 8 : at + 8 + length], at + 8 + length + length % 2
        if len(payload) != length:
            raise broken_off()
        yield kind, payload
    raise too_many_parts()


def _frame(found: Container, payload: memoryview) -> bytes:
    """A frame without chunks that are none of the picture."""
    width, height = (int.from_bytes(payload[at : at + 3], "little") + 1 for at in (6, 9))
    if len(payload) < FRAME_HEAD:
        raise broken_off()
    found.add_frame(width, height)
    inner = [
        piece for kind, part in _chunks(payload[FRAME_HEAD:]) if kind in KEPT_OF_FRAME for piece in _chunk(kind, part)
    ]
    return b"".join([payload[:FRAME_HEAD], *inner])


def _chunk(kind: bytes, payload: Bytes | bytearray) -> list[Bytes]:
    return [kind + struct.pack("<I", len(payload)), memoryview(payload), bytes(len(payload) % 2)]


def _size(kind: bytes, payload: memoryview) -> tuple[int, int]:
    """Width and height that the first chunk of a file declares."""
    if kind == b"VP8X" and len(payload) >= FLAGS_BYTES:
        return int.from_bytes(payload[4:7], "little") + 1, int.from_bytes(payload[7:10], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", payload, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", payload, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise broken()
