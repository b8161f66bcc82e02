"""JPEG without metadata. Source: ITU T.81 annex B, JFIF 1.02, ICC.1:2022 annex B.4."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from messaging.services.images import container, exif, profiles
from messaging.services.images.container import Bytes, Container, broken, broken_off, too_many_parts

JFIF, EXIF, PROFILE, ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
SCAN, END = 0xDA, 0xD9
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
PROFILE_NAME = b"ICC_PROFILE\0"
PROFILE_PART_BYTES = 65_519  # of a profile in one segment
ADOBE_BYTES = 12

# Within a scan: not a stuffed byte, not a restart. Of the bytes that may fill up before it the last alone: a search for all
# of them begins again at each of them.
_marker = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def strip(data: bytes) -> Container:
    """What a decoder needs, and of the rest the colour profile. What has no end broke off."""
    found, profile, place = Container([b"\xff\xd8"]), [], 1
    for marker, payload, scan in _segments(data):
        if marker in FRAMES:
            _measure(found, payload)
        elif marker == EXIF and payload.startswith(b"Exif\0\0"):
            found.orientation = exif.orientation_of(payload[6:])
        elif marker == PROFILE and payload.startswith(PROFILE_NAME):
            profile.append(payload[len(PROFILE_NAME) :])
        kept = _kept(marker, payload)
        if kept is not None:
            found.parts += [_segment(marker, kept), scan]
        if marker == JFIF and len(found.parts) == 3:  # a profile stands behind it
            place = 3
    if not found.width:
        raise broken()
    found.parts[place:place] = _profile_segments(profile)
    found.parts.append(bytes([0xFF, END]))
    return found


def _segments(data: bytes) -> Iterator[tuple[int, bytes, Bytes]]:
    """Marker, payload and, behind a start of scan, the coded picture up to the next marker."""
    view, at = memoryview(data), 2
    for _ in range(container.PARTS_MAX):
        if data[at] != 0xFF:
            raise broken()
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        if marker == END:
            return
        (length,) = struct.unpack_from(">H", data, at + 1)
        payload, at = data[at + 3 : at + 1 + length], at + 1 + length
        if length < 2 or len(payload) != length - 2:
            raise broken_off()
        scan: Bytes = b""
        if marker == SCAN:
            following = _marker.search(data, at)
            end = following.start() if following else len(data)
            while following and data[end - 1] == 0xFF and end > at:
                end -= 1
            scan, at = view[at:end], end
        yield marker, payload, scan
    raise too_many_parts()


def _measure(found: Container, payload: bytes) -> None:
    if found.width:  # of a hierarchical file, which nobody shows
        raise broken()
    height, width = struct.unpack_from(">HH", payload, 1)
    found.measure(width, height)


def _kept(marker: int, payload: bytes) -> bytes | None:
    """The payload to keep of a segment; None where none of it is."""
    if marker in FRAMES or marker in TABLES or marker == SCAN:
        return payload
    if marker == JFIF and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return payload[:12] + b"\0\0"  # without its thumbnail, which may show more than the picture
    if marker == ADOBE and payload.startswith(b"Adobe") and len(payload) >= ADOBE_BYTES:
        return payload[:ADOBE_BYTES]  # how the colours are coded
    return None


def _profile_segments(parts: list[bytes]) -> list[Bytes]:
    """The profile whose numbered parts these are, anonymous; nothing where they make none."""
    profile = profiles.anonymous(b"".join(part[2:] for part in sorted(parts, key=lambda part: part[:1])))
    if not profile:
        return []
    pieces = [profile[at : at + PROFILE_PART_BYTES] for at in range(0, len(profile), PROFILE_PART_BYTES)]
    return [
        _segment(PROFILE, PROFILE_NAME + bytes([index, len(pieces)]) + piece) for index, piece in enumerate(pieces, 1)
    ]


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
