"""The one thing that is read of EXIF: how the camera was held. Source: EXIF 2.32, TIFF 6.0."""

from __future__ import annotations

import struct

ORIENTATION = 0x0112
LYING = range(5, 9)  # orientations in which width and height change places


def orientation_of(tiff: bytes) -> int:
    """The orientation, 1 to 8, in a block of EXIF; 1 where it has none or cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
