"""Smaller pictures on demand. Of the sizes that may be asked for there are few, so that nobody can fill the disk with them."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

from imsite.core.files import files
from messaging.errors import BadValue
from messaging.models import Media
from messaging.services import media_types
from messaging.services.images.container import require_bearable
from messaging.services.images.decoding import PILLOW, budget, reading
from messaging.services.media_types import FileType

EDGES = (
    16, 24, 32, 40, 48, 60, 64, 80, 96, 100, 120, 128, 150, 160, 180, 200, 240, 256, 300, 320, 360, 400, 480, 512, 600, 640,
    720, 800, 960, 1080, 1280, 1600, 1920,
)  # fmt: skip  # pixels
CROPPED_MOST = 640  # pixels; two edges make many sizes
ASKED_MOST = 100_000  # pixels; more is no size
VERSION = "1"  # of how they are made; another one makes them anew
JPEG_QUALITY = 82
WEBP_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Box:
    """The room that a page has for a picture, in pixels; 0 where a side does not matter. `crop`: filled, else fitted into."""

    width: int
    height: int
    crop: bool = False

    def __post_init__(self) -> None:
        sides = (self.width, self.height)
        if not all(0 <= side <= ASKED_MOST for side in sides) or not any(sides) or (self.crop and not all(sides)):
            raise BadValue("the size of a thumbnail is WxH, Wx or xH in pixels, and WxH where it is cut")


@dataclass(frozen=True, slots=True)
class Size:
    """A size that is made: what fits into width and height, or with `crop` the middle of this shape."""

    width: int
    height: int
    crop: bool = False

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}{'c' * self.crop}-{VERSION}"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    data: bytes
    type: FileType


def size_for(media: Media, box: Box) -> Size | None:
    """The largest size on the list that the box has room for; None where the picture itself has room in it.

    BadValue (899003) where the upload is no picture.
    """
    if media.kind != Media.Kind.IMAGE:
        raise BadValue("only pictures have thumbnails")
    if box.crop:
        width, height = min(box.width, media.width), min(box.height, media.height)
        if (width, height) == (media.width, media.height):
            return None
        return Size(_edge(width, CROPPED_MOST), _edge(height, CROPPED_MOST), crop=True)
    share = min((side / own for side, own in ((box.width, media.width), (box.height, media.height)) if side), default=1)
    longest = max(media.width, media.height)
    if share >= 1:
        return None
    edge = _edge(int(longest * share + 1e-6))
    return Size(edge, edge) if edge < longest else None


def thumbnail(media: Media, size: Size) -> Thumbnail:
    """The thumbnail, kept from an earlier time or made now, once however many ask.

    FileNotFoundError where the upload has no file any more; UnreadableImage (899003); Busy, StorageFails (899030).
    """
    name = f"{folder_of(media)}/{size.name}"
    data = _kept(name)
    if data is None:
        with _alone(name):
            data = _kept(name)
            if data is None:
                data = _made(media, size)
                files().put(name, data)
    return Thumbnail(data, media_types.type_of(data[: media_types.HEAD_BYTES]))


def folder_of(media: Media) -> str:
    """Where the thumbnails of an upload lie."""
    return f"{media.file.name}.thumbnails"


def forget(file: str) -> None:
    """Delete the thumbnails of the upload that lay in `file`."""
    folder = f"{file}.thumbnails"
    try:
        _, names = files().listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        files().delete(f"{folder}/{name}")
    files().delete(folder)  # of a disk; a bucket has no folders


def _edge(pixels: int, most: int = EDGES[-1]) -> int:
    """The longest edge on the list that is not longer; the shortest of all where none is."""
    return max((edge for edge in EDGES if edge <= min(pixels, most)), default=EDGES[0])


def _kept(name: str) -> bytes | None:
    try:
        return _whole(name)
    except FileNotFoundError:
        return None


def _whole(name: str) -> bytes:
    part = files().part(name)
    try:
        return part.read()
    finally:
        part.close()


def _made(media: Media, size: Size) -> bytes:
    return render(_whole(str(media.file.name)), size, pixels=media.width * media.height)


def render(picture: bytes, size: Size, *, pixels: int) -> bytes:
    """A picture of so many pixels in this size, as JPEG or WebP. UnreadableImage (899003), Busy (899030)."""
    is_webp = media_types.type_of(picture[: media_types.HEAD_BYTES]) is media_types.WEBP
    with reading(), ExitStack() as stack:
        if is_webp:  # Pillow makes room for it when it opens it
            stack.enter_context(budget.take(pixels))
        image = stack.enter_context(Image.open(io.BytesIO(picture), formats=list(PILLOW.values())))
        require_bearable(*image.size)
        image.draft(None, _draft_of(image, size))  # a JPEG is decoded at a half, a quarter or an eighth
        if not is_webp:
            whole = image.info.get("progressive")  # then its decoder needs all of it at once
            stack.enter_context(budget.take(pixels if whole else image.width * image.height))
        return _encoded(_resized(_plain(image), size, profile=image.info.get("icc_profile")))


def _draft_of(image: Image.Image, size: Size) -> tuple[int, int]:
    """Twice the size that is needed, whichever way the picture lies."""
    longest = max(image.size)
    wanted = max(size.width, size.height) * 2
    share = max(size.width / min(image.size), size.height / min(image.size)) * 2 if size.crop else wanted / longest
    return max(1, int(image.width * share)), max(1, int(image.height * share))


def _plain(image: Image.Image) -> Image.Image:
    """The first frame in a mode that can be scaled, upright."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    elif image.mode not in ("L", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode != "RGBA" and image.has_transparency_data:
        image = image.convert("RGBA")
    ImageOps.exif_transpose(image, in_place=True)  # else it copies what needs no turning
    return image


def _resized(image: Image.Image, size: Size, *, profile: bytes | None) -> Image.Image:
    if size.crop:
        width, height = min(size.width, image.width), min(size.height, image.height)
        image = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    else:
        image.thumbnail((size.width, size.height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _in_srgb(image, profile)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In the colours that are meant where no profile is given."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile and image.mode != "L":
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode=mode) or image
        except (ImageCms.PyCMSError, OSError):  # a profile of another kind of picture: shown as without it
            pass
    return image if image.mode in (mode, "L") else image.convert(mode)


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    if image.mode == "RGBA":
        image.save(buffer, "WEBP", quality=WEBP_QUALITY)
    else:
        image.save(buffer, "JPEG", quality=JPEG_QUALITY, progressive=True)
    return buffer.getvalue()


# Who makes which thumbnail at the moment

_guard = threading.Lock()
_makers: dict[str, tuple[threading.Lock, int]] = {}  # by name: the lock, and how many hold it or wait


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Within it no other thread of this process makes this thumbnail."""
    with _guard:
        lock, users = _makers.get(name, (threading.Lock(), 0))
        _makers[name] = lock, users + 1
    try:
        with lock:
            yield
    finally:
        with _guard:
            _, users = _makers.pop(name)
            if users > 1:
                _makers[name] = lock, users - 1
