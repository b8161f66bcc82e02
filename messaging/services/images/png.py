"""PNG without metadata, animated or not. Source: PNG (third edition), chunk specifications."""

from __future__ import annotations

import struct
import zlib

from messaging.services.images import container, exif, profiles
from messaging.services.images.container import Bytes, Container, broken, broken_off, too_many_parts

KEPT = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"sBIT", b"sRGB", b"bKGD", b"hIST", b"pHYs", b"cICP",
    b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip


def strip(data: bytes) -> Container:
    """The chunks that a picture is shown by; of its colour profile the colours."""
    if data[12:16] != b"IHDR":
        raise broken()
    found, view, at, has_profile = Container([data[:8]]), memoryview(data), 8, False
    found.measure(*struct.unpack_from(">II", data, 16))
    for _ in range(container.PARTS_MAX):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = view[at : at + 12 + length]
        if len(chunk) != 12 + length:
            raise broken_off()
        at += len(chunk)
        if kind == b"eXIf":
            found.orientation = exif.orientation_of(bytes(chunk[8:-4]))
        elif kind == b"iCCP" and not has_profile:  # there is one; each of many would be inflated
            has_profile = True
            found.parts += _profile_chunk(bytes(chunk[8:-4]))
        elif kind == b"fcTL":
            found.add_frame(*struct.unpack_from(">II", chunk, 12))
        found.is_animated |= kind == b"acTL"
        if kind in KEPT:
            found.parts.append(chunk)
        if kind == b"IEND":
            return found
    raise too_many_parts()


def _profile_chunk(payload: bytes) -> list[Bytes]:
    """The chunk of an anonymous profile; nothing where this one is none."""
    _, _, packed = payload.partition(b"\0")
    profile = profiles.unpacked(packed[1:])
    anonymous = profiles.anonymous(profile) if profile else None
    return [_chunk(b"iCCP", b"icc\0\0" + zlib.compress(anonymous))] if anonymous else []


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))
