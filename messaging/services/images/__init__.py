"""Pictures as they are kept: without what the camera wrote about place, time and owner, upright, and of a bearable size.

Metadata is cut out of the container, so the picture itself stays as it was, every frame of it. Only one that its metadata
turns is decoded and encoded anew. What stands behind the end of the picture is cut off as well.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from PIL import Image, JpegImagePlugin

from messaging.errors import UnreadableImage
from messaging.services import media_types
from messaging.services.images import bmp, exif, gif, jpeg, png, webp
from messaging.services.images.container import Container, broken_off, require_bearable
from messaging.services.images.decoding import PILLOW, budget, reading
from messaging.services.media_types import FileType

WEBP_QUALITY = 90

_STRIPPERS: dict[FileType, Callable[[bytes], Container]] = {
    media_types.JPEG: jpeg.strip,
    media_types.PNG: png.strip,
    media_types.GIF: gif.strip,
    media_types.WEBP: webp.strip,
    media_types.BMP: bmp.strip,
}
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
    """A picture to keep: its bytes, and what they are. Width and height are those in which it is shown."""

    data: bytes
    type: FileType
    width: int
    height: int


def clean(data: bytes, *, keep_metadata: bool = False) -> Picture:
    """The picture to keep of an upload; with `keep_metadata` byte for byte what came.

    UnreadableImage (899003) where it is none of ours, broken, broken off, or of too many pixels or frames; Busy (899030).
    """
    kind = media_types.type_of(data[: media_types.HEAD_BYTES])
    strip = _STRIPPERS.get(kind)
    if strip is None:
        raise UnreadableImage("the file is no JPEG, PNG, GIF, WebP or BMP image")
    try:
        found = strip(data)
    except (struct.error, IndexError):
        raise broken_off() from None
    kept = found.joined()
    turn = None if found.is_animated or keep_metadata else _TURNS.get(found.orientation)
    with (
        _room(found, kind, decodes=turn is not None),
        reading(),
        Image.open(io.BytesIO(kept), formats=[PILLOW[kind]]) as image,
    ):
        require_bearable(*image.size)
        if keep_metadata:
            lies = found.orientation in exif.LYING and not found.is_animated
            return Picture(data, kind, *(image.size[::-1] if lies else image.size))
        return _turned(image, kind, turn) if turn is not None else Picture(kept, kind, *image.size)


def _room(found: Container, kind: FileType, *, decodes: bool) -> AbstractContextManager[None]:
    """Within it the picture may be decoded. Pillow makes room for a WebP picture when it opens it."""
    if decodes or kind is media_types.WEBP:
        return budget.take(found.width * found.height)
    return nullcontext()


def _turned(image: Image.Image, kind: FileType, turn: Image.Transpose) -> Picture:
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        # With its own tables a second encoding loses next to nothing.
        options |= {"qtables": image.quantization, "subsampling": JpegImagePlugin.get_sampling(image)}
    elif kind is media_types.WEBP:
        options |= {"quality": WEBP_QUALITY}
    upright = image.transpose(turn)
    buffer = io.BytesIO()
    upright.save(buffer, PILLOW[kind], **options)
    return Picture(buffer.getvalue(), kind, *upright.size)
