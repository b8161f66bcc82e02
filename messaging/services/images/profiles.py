"""Colour profiles without what tells one screen or camera from another. Source: ICC.1:2022, sections 7 to 10.

A profile names device, maker, date and time, and may hold serial numbers and the measurements of a single screen. What its
colours need is kept, byte for byte; the name and the copyright that a profile must have are replaced by none.
"""

from __future__ import annotations

import struct
import zlib

HEADER_BYTES = 128
PROFILE_BYTES = 4 * 1024 * 1024  # a larger one is none; those of printing presses have 2 MiB
TAGS_MAX = 100
NEEDED = {
    b"wtpt", b"bkpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"chad", b"chrm", b"cicp", b"lumi",
    b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0", b"B2D1", b"B2D2",
    b"B2D3", b"gamt",
}  # fmt: skip


def anonymous(profile: bytes) -> bytes | None:
    """The profile with its colours alone, the same each time; None where it is none."""
    try:
        if profile[36:40] != b"acsp" or len(profile) > PROFILE_BYTES:
            return None
        tags = _tags_of(profile)
    except struct.error:
        return None
    if tags is None:
        return None
    tags |= _names(is_v2=profile[8] < 4)
    return _assembled(_header_of(profile), tags)


def unpacked(data: bytes) -> bytes | None:
    """A profile that was compressed by zlib; None where it is none or would fill the memory."""
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(data, PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if inflater.eof else None


def _tags_of(profile: bytes) -> dict[bytes, bytes] | None:
    """The needed tags and their values; None where one lies outside, or many make more of the same bytes than there are."""
    (count,) = struct.unpack_from(">I", profile, HEADER_BYTES)
    if count > TAGS_MAX:
        return None
    tags: dict[bytes, bytes] = {}
    places: set[tuple[int, int]] = set()
    for index in range(count):
        name, at, size = struct.unpack_from(">4sII", profile, HEADER_BYTES + 4 + 12 * index)
        if at + size > len(profile):
            return None
        if name in NEEDED:
            places.add((at, size))
            if sum(length for _, length in places) > len(profile):
                return None
            tags[name] = profile[at : at + size]
    return tags


def _header_of(profile: bytes) -> bytes:
    """Version, class, colour spaces, rendering intent and illuminant; neither date, maker, model nor checksum."""
    kept = bytearray(HEADER_BYTES)
    for start, end in ((8, 24), (36, 40), (64, 80)):
        kept[start:end] = profile[start:end]
    return bytes(kept)


def _names(*, is_v2: bool) -> dict[bytes, bytes]:
    """The two texts that every profile has, saying nothing."""
    if is_v2:
        description = struct.pack(">4s4xI4s", b"desc", 4, b"RGB\0") + bytes(78)
        return {b"desc": description, b"cprt": struct.pack(">4s4x4s", b"text", b"-\0\0\0")}
    text = struct.pack(">4s4xII2s2sII2s", b"mluc", 1, 12, b"en", b"US", 2, 28, "-".encode("utf-16-be"))
    return {b"desc": text, b"cprt": text}


def _assembled(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Header, table and values; tags of the same value share it."""
    at = HEADER_BYTES + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    table, values = [struct.pack(">I", len(tags))], []
    for name, value in sorted(tags.items()):
        if value not in places:
            padding = -at % 4
            at += padding
            values.append(bytes(padding) + value)
            places[value] = at
            at += len(value)
        table.append(struct.pack(">4sII", name, places[value], len(value)))
    return struct.pack(">I", at) + header[4:] + b"".join(table + values)
