"""GIF without metadata. Source: GIF89a, and Netscape's extension for loops."""

from __future__ import annotations

import struct

from messaging.services.images import container
from messaging.services.images.container import Container, broken, too_many_parts

IMAGE, EXTENSION, END = 0x2C, 0x21, 0x3B
CONTROL, APPLICATION = 0xF9, 0xFF
LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")  # how often an animation runs


def strip(data: bytes) -> Container:
    """Frames, their times and how often they run. A missing end is forgiven: every frame is whole."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    view, at = memoryview(data), 13 + _colours(flags)
    found = Container([view[:at]])
    found.measure(width, height)
    for _ in range(container.PARTS_MAX):
        start = at
        if at == len(data) or data[at] == END:
            found.is_animated = found.frames > 1
            found.parts.append(bytes([END]))
            return found
        if data[at] == IMAGE:
            width, height, flags = struct.unpack_from("<HHB", data, at + 5)
            found.add_frame(width, height)
            at = _after_blocks(data, at + 11 + _colours(flags))
            found.parts.append(view[start:at])
        elif data[at] == EXTENSION:
            at = _after_blocks(data, at + 2)
            found.parts.append(_kept(data, start))
        else:
            raise broken()
    raise too_many_parts()


def _kept(data: bytes, at: int) -> bytes:
    """The extension at this place without what nobody needs; nothing where all of it is of that kind."""
    label, size = data[at + 1], data[at + 2]
    head = data[at : at + 3 + size]
    if label == CONTROL and size == 4:
        return head + b"\0"
    if label == APPLICATION and head[3:] in LOOPS:
        loop = data[at + 3 + size : at + 7 + size]
        return head + loop + b"\0" if loop[:2] == b"\x03\x01" else b""
    return b""


def _colours(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1
