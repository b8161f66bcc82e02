"""Pictures as they are kept: without what the camera wrote about place, time and owner, upright, and of a bearable size.

Metadata is cut out of the container, so the picture itself stays as it was, every frame of it. Only one that its metadata
turns is decoded and encoded anew. What stands behind the end of the picture is cut off as well.
"""

from __future__ import annotations

import io
import re
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from PIL import Image, JpegImagePlugin

from messaging.errors import UnreadableImage
from messaging.services import media_types
from messaging.services.media_types import FileType

PARTS_MAX = 100_000  # of one container; more are an attack on our time
DECODED_AT_ONCE = 2  # a large picture takes some hundred megabytes while it is turned
WEBP_QUALITY = 90
ORIENTATION = 0x0112

_decoding = threading.BoundedSemaphore(DECODED_AT_ONCE)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to keep: its bytes, and what they are."""

    data: bytes
    type: FileType
    width: int
    height: int


@dataclass(slots=True)
class _Stripped:
    """A container without metadata; the size it declares, and the orientation that its metadata asked for."""

    data: bytes
    width: int
    height: int
    orientation: int = 1
    animated: bool = False


def clean(data: bytes) -> Picture:
    """The picture to keep of an upload; UnreadableImage (899003) where it is none of ours, broken, or of too many pixels."""
    kind = media_types.type_of(data[: media_types.HEAD_BYTES])
    strip = _STRIPPERS.get(kind)
    if strip is None:
        raise UnreadableImage("the file is no JPEG, PNG, GIF, WebP or BMP image")
    try:
        stripped = strip(data)
    except (struct.error, IndexError):
        raise UnreadableImage("the image is broken off") from None
    _require_bearable(stripped.width, stripped.height)
    try:
        with _decoding, Image.open(io.BytesIO(stripped.data), formats=[_PILLOW[kind]]) as image:
            _require_bearable(*image.size)
            if stripped.orientation in _TURNS and not stripped.animated:
                return _turned(image, kind, _TURNS[stripped.orientation])
            return Picture(stripped.data, kind, *image.size)
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError):
        # What Pillow raises for a broken file, depending on the format and the place.
        raise UnreadableImage from None


def _require_bearable(width: int, height: int) -> None:
    """Asked before anything is decoded: a few bytes may stand for gigabytes."""
    if width <= 0 or height <= 0:
        raise UnreadableImage("the image has no pixels")
    if width * height > settings.IMAGE_PIXELS:
        raise UnreadableImage(f"the image has more than {settings.IMAGE_PIXELS} pixels")


def _turned(image: Image.Image, kind: FileType, turn: Image.Transpose) -> Picture:
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        # With its own tables a second encoding loses next to nothing.
        options |= {"qtables": image.quantization, "subsampling": JpegImagePlugin.get_sampling(image)}
    elif kind is media_types.WEBP:
        options |= {"quality": WEBP_QUALITY}
    upright = image.transpose(turn)
    buffer = io.BytesIO()
    upright.save(buffer, _PILLOW[kind], **options)
    return Picture(buffer.getvalue(), kind, *upright.size)


# JPEG

_KEPT_JPEG = {0xE0, 0xE2, 0xEE}  # JFIF, colour profile, Adobe's colour transform; all others of 0xE1 to 0xEF go
_FRAMES_JPEG = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_marker = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # within a scan: not a stuffed byte, not a restart


def _strip_jpeg(data: bytes) -> _Stripped:
    parts, stripped = [b"\xff\xd8"], _Stripped(b"", 0, 0)
    for marker, payload, scan in _jpeg_segments(data):
        if marker in _FRAMES_JPEG and not stripped.width:
            stripped.height, stripped.width = struct.unpack_from(">HH", payload, 1)
        if marker == 0xE1 and payload.startswith(b"Exif\0\0"):
            stripped.orientation = _orientation(payload[6:])
        if (kept := _kept_of_jpeg(marker, payload)) is not None:
            parts += [b"\xff", bytes([marker]), struct.pack(">H", len(kept) + 2), kept, scan]
    stripped.data = b"".join([*parts, b"\xff\xd9"])
    return stripped


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Marker, payload and, behind a start of scan, the coded picture up to the next marker. A missing end is forgiven."""
    at = 2
    for _ in range(PARTS_MAX):
        if data[at] != 0xFF:
            raise UnreadableImage("the image is broken")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        if marker == 0xD9:
            return
        (length,) = struct.unpack_from(">H", data, at + 1)
        payload, at = data[at + 3 : at + 1 + length], at + 1 + length
        if length < 2 or len(payload) != length - 2:
            raise UnreadableImage("the image is broken off")
        scan = b""
        if marker == 0xDA:
            following = _marker.search(data, at)
            end = following.start() if following else len(data)
            scan, at = data[at:end], end
        yield marker, payload, scan
        if at >= len(data) and scan:
            return
    raise UnreadableImage("the image has too many parts")


def _kept_of_jpeg(marker: int, payload: bytes) -> bytes | None:
    """The payload to keep of a segment; None where none of it is."""
    if marker == 0xFE or (0xE0 <= marker <= 0xEF and marker not in _KEPT_JPEG):
        return None
    if marker == 0xE0:  # without its thumbnail, which may show more than the picture
        return payload[:12] + b"\0\0" if payload.startswith(b"JFIF\0") and len(payload) >= 14 else None
    if marker == 0xE2:
        return payload if payload.startswith(b"ICC_PROFILE\0") else None
    return payload


# PNG

_KEPT_PNG = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"hIST", b"pHYs",
    b"cICP", b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip


def _strip_png(data: bytes) -> _Stripped:
    width, height = struct.unpack_from(">II", data, 16)
    parts, stripped = [data[:8]], _Stripped(b"", width, height)
    at = 8
    for _ in range(PARTS_MAX):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        if len(chunk) != 12 + length:
            raise UnreadableImage("the image is broken off")
        at += len(chunk)
        if kind in _KEPT_PNG:
            parts.append(chunk)
        elif kind == b"eXIf":
            stripped.orientation = _orientation(chunk[8:-4])
        stripped.animated |= kind == b"acTL"
        if kind == b"IEND":
            stripped.data = b"".join(parts)
            return stripped
    raise UnreadableImage("the image has too many parts")


# GIF

_LOOPS_GIF = (b"NETSCAPE2.0", b"ANIMEXTS1.0")  # how often an animation runs


def _strip_gif(data: bytes) -> _Stripped:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _colours_gif(flags)
    parts = [data[:at]]
    for _ in range(PARTS_MAX):
        start = at
        if at == len(data) or data[at] == 0x3B:  # a missing end is forgiven
            return _Stripped(b"".join([*parts, b"\x3b"]), width, height)
        if data[at] == 0x2C:
            frame_width, frame_height, flags = struct.unpack_from("<HHB", data, at + 5)
            _require_bearable(frame_width, frame_height)  # a frame may be larger than its canvas
            at = _after_blocks_gif(data, at + 11 + _colours_gif(flags))
            parts.append(data[start:at])
        elif data[at] == 0x21:
            label, name = data[at + 1], data[at + 3 : at + 14]
            at = _after_blocks_gif(data, at + 2)
            if label == 0xF9 or (label == 0xFF and name in _LOOPS_GIF):
                parts.append(data[start:at])
        else:
            raise UnreadableImage("the image is broken")
    raise UnreadableImage("the image has too many parts")


def _colours_gif(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks_gif(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1


# WebP

_KEPT_WEBP = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_METADATA_FLAGS = 0x08 | 0x04  # of VP8X: EXIF, XMP
_ANIMATION_FLAG = 0x02


def _strip_webp(data: bytes) -> _Stripped:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise UnreadableImage("the image is broken off")
    parts: list[bytes] = []
    stripped = _Stripped(b"", 0, 0)
    at = 12
    for _ in range(PARTS_MAX):
        if at + 8 > end:
            body = b"".join([b"WEBP", *parts])
            stripped.data = b"RIFF" + struct.pack("<I", len(body)) + body
            return stripped
        kind, length = struct.unpack_from("<4sI", data, at)
        payload, at = data[at + 8 : at + 8 + length], at + 8 + length + length % 2
        if len(payload) != length:
            raise UnreadableImage("the image is broken off")
        if kind == b"EXIF":
            stripped.orientation = _orientation(payload.removeprefix(b"Exif\0\0"))
        elif kind in _KEPT_WEBP:
            if kind == b"VP8X":
                stripped.animated = bool(payload[0] & _ANIMATION_FLAG)
                payload = bytes([payload[0] & ~_METADATA_FLAGS]) + payload[1:]
            if not stripped.width:
                stripped.width, stripped.height = _size_webp(kind, payload)
            parts.append(kind + struct.pack("<I", length) + payload + b"\0" * (length % 2))
    raise UnreadableImage("the image has too many parts")


def _size_webp(kind: bytes, payload: bytes) -> tuple[int, int]:
    """Width and height that the first chunk of a file declares."""
    if kind == b"VP8X":
        return int.from_bytes(payload[4:7], "little") + 1, int.from_bytes(payload[7:10], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", payload, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", payload, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise UnreadableImage("the image is broken")


# BMP


def _strip_bmp(data: bytes) -> _Stripped:
    """A bitmap carries no metadata; its size alone is read."""
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return _Stripped(data, *struct.unpack_from("<HH", data, 18))
    width, height = struct.unpack_from("<ii", data, 18)
    return _Stripped(data, width, abs(height))


def _orientation(tiff: bytes) -> int:
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
                return int(value)
    except struct.error:
        pass
    return 1


_STRIPPERS: dict[FileType, Callable[[bytes], _Stripped]] = {
    media_types.JPEG: _strip_jpeg,
    media_types.PNG: _strip_png,
    media_types.GIF: _strip_gif,
    media_types.WEBP: _strip_webp,
    media_types.BMP: _strip_bmp,
}
_PILLOW = {
    media_types.JPEG: "JPEG",
    media_types.PNG: "PNG",
    media_types.GIF: "GIF",
    media_types.WEBP: "WEBP",
    media_types.BMP: "BMP",
}
# Ours is asked for first; this one is for what only shows while a file is read. Pillow doubles it before it refuses.
Image.MAX_IMAGE_PIXELS = settings.IMAGE_PIXELS
