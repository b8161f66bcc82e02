"""Decoding takes memory and time: so many pixels at once a process, the rest waits in order, or hears that we are busy."""

from __future__ import annotations

import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from PIL import Image

from imsite.core.errors import Busy
from messaging.errors import UnreadableImage
from messaging.services import media_types

WAIT_SECONDS = 15
BLOCK_BYTES = 16 * 1024 * 1024, 1024 * 1024 * 1024  # least and most of a picture in memory that is one piece
PAGE_BYTES = 4096
WORKERS_MOST = 4  # pictures at once, however small they are
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    IndexError,
    AssertionError,  # a PNG that names colours of a palette and has none
    struct.error,
    Image.DecompressionBombError,
)
PILLOW = {
    media_types.JPEG: "JPEG",
    media_types.PNG: "PNG",
    media_types.GIF: "GIF",
    media_types.WEBP: "WEBP",
    media_types.BMP: "BMP",
}


def block_bytes(pixels: int) -> int:
    """Whole pages for so many pixels of four bytes."""
    least, most = BLOCK_BYTES
    return -(-min(max(pixels * 4, least), most) // PAGE_BYTES) * PAGE_BYTES


# Ours is asked for first; this one is for what only shows while a file is read. Pillow doubles it before it refuses.
Image.MAX_IMAGE_PIXELS = settings.IMAGE_PIXELS
# One block for a picture, however large. Of the usual 16 MiB the C library keeps what was freed, for each thread that ever
# decoded; what is larger than 32 MiB it gives back to the system.
Image.core.set_block_size(block_bytes(settings.IMAGE_PIXELS))


class Budget:
    """IMAGE_PIXELS pixels at once, in the order of asking. Half of the HTTP threads may wait, the others have other work."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._used = 0

    @contextmanager
    def take(self, pixels: int) -> Iterator[None]:
        """Busy (503/899030) where it takes too long or too many wait."""
        share = min(max(pixels, settings.IMAGE_PIXELS // WORKERS_MOST), settings.IMAGE_PIXELS)
        with self._changed:
            self._enter(share)
            self._used += share
        try:
            yield
        finally:
            with self._changed:
                self._used -= share
                self._changed.notify_all()

    def _enter(self, share: int) -> None:
        if len(self._queue) >= max(1, settings.HTTP_THREADS // 2):
            raise Busy("too many pictures are being worked on; try again")
        ticket = object()
        self._queue.append(ticket)
        try:
            if not self._changed.wait_for(lambda: self._is_turn(ticket, share), WAIT_SECONDS):
                raise Busy("too many pictures are being worked on; try again")
        finally:
            self._queue.remove(ticket)
            self._changed.notify_all()

    def _is_turn(self, ticket: object, share: int) -> bool:
        return self._queue[0] is ticket and self._used + share <= settings.IMAGE_PIXELS


budget = Budget()


@contextmanager
def reading() -> Iterator[None]:
    """UnreadableImage (899003) for what Pillow raises about a broken file, depending on the format and the place."""
    try:
        yield
    except BROKEN as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise UnreadableImage from error
