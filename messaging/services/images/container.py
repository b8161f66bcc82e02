"""What the containers have in common: the parts to keep, the size they declare, and how much of it is bearable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from django.conf import settings

from messaging.errors import UnreadableImage

Bytes: TypeAlias = bytes | memoryview  # a view where copying a large picture once more is not needed

PARTS_MAX = 100_000  # of one container; more are an attack on our time
FRAMES_SHARE = 25  # so many times the pixels of the largest picture may all frames of an animation have together


@dataclass(slots=True)
class Container:
    """A container without metadata: the size it declares, and the orientation that its metadata asked for."""

    parts: list[Bytes] = field(default_factory=list)
    width: int = 0
    height: int = 0
    orientation: int = 1
    is_animated: bool = False
    frames: int = 0
    pixels: int = 0  # of all frames

    def joined(self) -> bytes:
        """The container, as long as it is."""
        return b"".join(self.parts)

    def measure(self, width: int, height: int) -> None:
        """Note the size of the picture; UnreadableImage where it is none or too large."""
        require_bearable(width, height)
        self.width, self.height = width, height

    def add_frame(self, width: int, height: int) -> None:
        """Count a frame; UnreadableImage where it, or all of them, are too much."""
        require_bearable(width, height)  # a frame may be larger than its canvas
        self.frames += 1
        self.pixels += width * height
        if self.frames > settings.IMAGE_FRAMES:
            raise UnreadableImage(f"the image has more than {settings.IMAGE_FRAMES} frames")
        if self.pixels > settings.IMAGE_PIXELS * FRAMES_SHARE:
            raise UnreadableImage(f"the frames have more than {settings.IMAGE_PIXELS * FRAMES_SHARE} pixels together")


def require_bearable(width: int, height: int) -> None:
    """Asked before anything is decoded: a few bytes may stand for gigabytes."""
    if width <= 0 or height <= 0:
        raise UnreadableImage("the image has no pixels")
    if width * height > settings.IMAGE_PIXELS:
        raise UnreadableImage(f"the image has more than {settings.IMAGE_PIXELS} pixels")


def broken() -> UnreadableImage:
    return UnreadableImage("the image is broken")


def broken_off() -> UnreadableImage:
    return UnreadableImage("the image is broken off")


def too_many_parts() -> UnreadableImage:
    return UnreadableImage("the image has too many parts")
