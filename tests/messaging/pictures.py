"""Pictures as cameras and programs write them, made here."""

import io
import struct

from PIL import Image

GPS = 0x8825
PLACE = b"48.2082N 16.3738E"  # stands somewhere in the metadata of every picture with metadata


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options) -> bytes:
    """Upper left quarter red, the rest blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    return encoded(image.convert(mode), kind, **options)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int = 1) -> bytes:
    """What a phone writes: how it was held, where, with what."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "Camera Works"
    tags[0x9286] = PLACE
    place = tags.get_ifd(GPS)
    place[1], place[2] = "N", (48.0, 12.0, 29.5)
    place[3], place[4] = "E", (16.0, 22.0, 25.7)
    return tags.tobytes()


def photo(orientation: int = 1, size: tuple[int, int] = (40, 20), kind: str = "JPEG", **options) -> bytes:
    """A picture with EXIF, GPS included."""
    return picture(kind, size, exif=exif(orientation), **options)


def animation(kind: str, frames: int = 5, **options) -> bytes:
    """Frames of one colour each, 40 by 20."""
    colours = [(index * 40 % 256, (255 - index * 40) % 256, 128 + index // 6) for index in range(frames)]
    images = [Image.new("RGB", (40, 20), colour) for colour in colours]
    return encoded(images[0], kind, save_all=True, append_images=images[1:], duration=80, loop=3, **options)


def frames_of(data: bytes) -> list[tuple[tuple[int, int, int], int]]:
    """Colour of the middle and duration of every frame."""
    with Image.open(io.BytesIO(data)) as image:
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append((image.convert("RGB").getpixel((20, 10)), image.info.get("duration", 0)))
        return found


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size


def bomb(kind: str, size: tuple[int, int]) -> bytes:
    """A few bytes that declare a picture of this size."""
    small = bytearray(picture(kind, (8, 8)))
    width, height = size
    if kind == "PNG":
        import zlib

        small[16:24] = struct.pack(">II", width, height)
        small[29:33] = struct.pack(">I", zlib.crc32(bytes(small[12:29])))
    elif kind == "JPEG":
        at = small.index(b"\xff\xc0")
        small[at + 5 : at + 9] = struct.pack(">HH", height, width)
    elif kind == "GIF":
        small[6:10] = struct.pack("<HH", width, height)
    elif kind == "BMP":
        small[18:26] = struct.pack("<ii", width, height)
    elif kind == "WEBP":
        at = small.index(b"VP8 ") + 14
        small[at : at + 4] = struct.pack("<HH", width, height)
    return bytes(small)
