"""What is kept of a picture."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from messaging.errors import UnreadableImage
from messaging.services.media_images import clean
from tests.messaging.pictures import PLACE, animation, bomb, encoded, exif, frames_of, photo, picture

pytestmark = pytest.mark.sqlite_only

KINDS = [("JPEG", "jpg"), ("PNG", "png"), ("GIF", "gif"), ("BMP", "bmp"), ("WEBP", "webp")]
RED, BLUE = (254, 0, 0), (0, 0, 254)


def colours(data: bytes) -> list[str]:
    """The colours of the four corners, clockwise from the upper left."""
    with Image.open(io.BytesIO(data)) as image:
        right, bottom = image.size[0] - 2, image.size[1] - 2
        pixels = [image.convert("RGB").getpixel(at) for at in ((1, 1), (right, 1), (right, bottom), (1, bottom))]
    return ["red" if red > 150 and blue < 100 else "blue" for red, _, blue in pixels]


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(("kind", "extension"), KINDS)
def test_a_picture_without_metadata_is_kept_byte_for_byte(kind, extension):
    data = picture(kind)
    kept = clean(data)
    assert (kept.data, kept.type.format, kept.width, kept.height) == (data, extension, 40, 20)


def test_a_jpeg_loses_place_camera_and_comment_and_nothing_else():
    data = photo(comment=PLACE)
    assert data.count(PLACE) == 2
    kept = clean(data)
    assert PLACE not in kept.data
    assert b"Exif" not in kept.data
    with Image.open(io.BytesIO(kept.data)) as image, Image.open(io.BytesIO(data)) as original:
        assert not image.getexif()
        assert image.tobytes() == original.tobytes()


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xE3, 0xE4, 0xEB, 0xEC, 0xED, 0xEF, 0xFE], ids=hex)
def test_a_jpeg_keeps_no_segment_that_says_something(marker):
    payload = b"http://ns.adobe.com/xap/1.0/\0" + PLACE
    plain = picture("JPEG")
    data = plain[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload + plain[2:]
    assert clean(data).data == plain


def test_a_jpeg_keeps_its_colour_profile():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = clean(photo(icc_profile=profile)).data
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["icc_profile"] == profile


def test_a_jpeg_loses_the_thumbnail_in_its_header():
    plain = picture("JPEG")
    thumbnail = bytes(range(3 * 3 * 3))
    header = plain[6:18] + bytes([3, 3]) + thumbnail
    data = plain[:4] + struct.pack(">H", len(header) + 2) + header + plain[20:]
    assert thumbnail in data
    assert clean(data).data == plain


def test_a_progressive_jpeg_keeps_all_its_scans():
    data = photo(progressive=True, size=(300, 200))
    kept = clean(data).data
    assert b"Exif" not in kept
    with Image.open(io.BytesIO(kept)) as image, Image.open(io.BytesIO(data)) as original:
        assert image.tobytes() == original.tobytes()


@pytest.mark.parametrize(
    ("orientation", "size", "corners"),
    [
        (1, (80, 48), ["red", "blue", "blue", "blue"]),
        (2, (80, 48), ["blue", "red", "blue", "blue"]),
        (3, (80, 48), ["blue", "blue", "red", "blue"]),
        (4, (80, 48), ["blue", "blue", "blue", "red"]),
        (5, (48, 80), ["red", "blue", "blue", "blue"]),
        (6, (48, 80), ["blue", "red", "blue", "blue"]),
        (7, (48, 80), ["blue", "blue", "red", "blue"]),
        (8, (48, 80), ["blue", "blue", "blue", "red"]),
        (9, (80, 48), ["red", "blue", "blue", "blue"]),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_turned_picture_is_turned_upright(kind, orientation, size, corners):
    kept = clean(photo(orientation, (80, 48), kind))
    assert (kept.width, kept.height) == size
    assert colours(kept.data) == corners
    with Image.open(io.BytesIO(kept.data)) as image:
        assert image.format == kind
        assert image.size == size
        assert not image.getexif()


def test_turning_a_jpeg_keeps_its_quality():
    for quality in (30, 75, 95):
        data = photo(6, (160, 96), quality=quality)
        with Image.open(io.BytesIO(clean(data).data)) as image, Image.open(io.BytesIO(data)) as original:
            assert image.quantization == original.quantization


def test_a_png_loses_text_time_and_exif_and_keeps_what_it_needs_to_be_shown():
    data = picture("PNG", mode="P", transparency=0, dpi=(72, 72), exif=exif())
    texts = chunk(b"tEXt", b"Comment\0" + PLACE) + chunk(b"iTXt", b"XML\0\0\0\0\0" + PLACE) + chunk(b"tIME", bytes(7))
    data = data[:33] + texts + data[33:]
    kept = clean(data).data
    assert PLACE not in kept
    for gone in (b"tEXt", b"iTXt", b"tIME", b"eXIf"):
        assert gone not in kept
    for there in (b"PLTE", b"tRNS", b"pHYs"):
        assert there in kept
    with Image.open(io.BytesIO(kept)) as image, Image.open(io.BytesIO(data)) as original:
        assert image.convert("RGBA").tobytes() == original.convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_keeps_every_frame(kind):
    options = {"GIF": {"comment": PLACE}, "WEBP": {"exif": exif(6), "lossless": True}, "PNG": {}}[kind]
    data = animation(kind, **options)
    if kind == "PNG":
        data = data[:33] + chunk(b"tEXt", b"Comment\0" + PLACE) + chunk(b"eXIf", exif(6)[6:]) + data[33:]
    kept = clean(data)
    assert PLACE not in kept.data
    assert frames_of(kept.data) == frames_of(data)
    assert len(frames_of(data)) == 5
    assert (kept.width, kept.height) == (40, 20)
    with Image.open(io.BytesIO(kept.data)) as image:
        assert image.info.get("loop") == 3
        assert not image.getexif()


def test_a_gif_keeps_no_xmp():
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes([len(PLACE)]) + PLACE + b"\0"
    data = animation("GIF")
    at = data.index(b"\x21\xff\x0bNETSCAPE")
    assert clean(data[:at] + xmp + data[at:]).data == data


@pytest.mark.parametrize(("kind", "extension"), KINDS[:3] + KINDS[4:])
def test_what_stands_behind_the_picture_is_cut_off(kind, extension):
    data = picture(kind)
    for tail in (b"\r\n", b"PK\x03\x04" + PLACE, b"<script>alert(1)</script>"):
        assert clean(data + tail).data == data


def test_the_type_comes_from_the_content(settings):
    assert clean(picture("WEBP")).type.content_type == "image/webp"
    for data in (
        b"",
        b"GIF",
        b"<html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"II*\0" + bytes(99),
    ):
        with pytest.raises(UnreadableImage):
            clean(data)


@pytest.mark.parametrize(("kind", "extension"), KINDS)
def test_the_pixel_limit_is_exact_and_asked_before_decoding(settings, kind, extension):
    settings.IMAGE_PIXELS = 800
    assert clean(picture(kind, (40, 20))).width == 40
    with pytest.raises(UnreadableImage, match="more than 800 pixels"):
        clean(picture(kind, (20, 41)))


@pytest.mark.parametrize(("kind", "extension"), KINDS)
@pytest.mark.parametrize("size", [(16_000, 16_000), (0, 10)])
def test_a_bomb_is_refused(kind, extension, size):
    with pytest.raises(UnreadableImage):
        clean(bomb(kind, size))


def test_a_gif_whose_frame_outgrows_its_canvas_is_refused():
    data = bytearray(picture("GIF", (8, 8)))
    at = data.rindex(b"\x2c\0\0\0\0\x08\0\x08\0")
    data[at + 5 : at + 9] = struct.pack("<HH", 65535, 65535)
    with pytest.raises(UnreadableImage):
        clean(bytes(data))


@pytest.mark.parametrize(("kind", "extension"), KINDS[1:2] + KINDS[4:])
def test_a_picture_that_breaks_off_is_refused(kind, extension):
    data = picture(kind, (200, 200))
    for share in (0.2, 0.5, 0.9):
        with pytest.raises(UnreadableImage):
            clean(data[: int(len(data) * share)])


def test_a_container_of_too_many_parts_is_refused(monkeypatch):
    monkeypatch.setattr("messaging.services.media_images.PARTS_MAX", 100)
    data = picture("PNG")
    clean(data[:33] + chunk(b"tEXt", b"") * 90 + data[33:])
    with pytest.raises(UnreadableImage, match="too many parts"):
        clean(data[:33] + chunk(b"tEXt", b"") * 110 + data[33:])


SAMPLES = [photo(6), photo(6, kind="PNG"), photo(6, kind="WEBP"), picture("BMP"), animation("GIF"), animation("WEBP")]
SAMPLES.append(encoded(Image.new("CMYK", (30, 30)), "JPEG", exif=exif(8)))


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8),
    st.integers(0, 400),
)
def test_broken_bytes_are_a_picture_or_a_refusal_and_nothing_else(sample, changes, cut):
    data = bytearray(sample)
    for at, value in changes:
        data[at % len(data)] = value
    data = bytes(data[: len(data) - cut]) if cut < len(data) else bytes(data)
    try:
        kept = clean(data)
    except UnreadableImage:
        return
    assert kept.width > 0
    assert kept.height > 0
