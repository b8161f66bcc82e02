"""What is kept of a picture."""

import io
import random
import struct
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from messaging.errors import UnreadableImage
from messaging.services.images import clean, thumbnails
from messaging.services.images.decoding import block_bytes
from messaging.services.images.profiles import anonymous
from messaging.services.images.thumbnails import Size
from tests.messaging.pictures import PLACE, animation, bomb, encoded, exif, frames_of, photo, picture, size_of

pytestmark = pytest.mark.sqlite_only

KINDS = [("JPEG", "jpg"), ("PNG", "png"), ("GIF", "gif"), ("BMP", "bmp"), ("WEBP", "webp")]
RED, BLUE = (254, 0, 0), (0, 0, 254)


def colours(data: bytes) -> list[str]:
    """The colours of the four corners, clockwise from the upper left."""
    with Image.open(io.BytesIO(data)) as image:
        right, bottom = image.size[0] - 2, image.size[1] - 2
        pixels = [image.convert("RGB").getpixel(at) for at in ((1, 1), (right, 1), (right, bottom), (1, bottom))]
    return ["red" if red > 150 and blue < 100 else "blue" for red, _, blue in pixels]


def noise(kind: str, size: tuple[int, int], **options) -> bytes:
    """A picture that fills its bytes to the end."""
    pixels = random.Random(1).randbytes(size[0] * size[1] * 3)
    return encoded(Image.frombytes("RGB", size, pixels), kind, **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(("kind", "extension"), KINDS)
def test_a_picture_without_metadata_is_kept_byte_for_byte(kind, extension):
    data = picture(kind)
    kept = clean(data)
    assert (kept.data, kept.type.format, kept.width, kept.height) == (data, extension, 40, 20)


def test_a_scan_of_fill_bytes_is_read_once():
    """Not again from each of them: forty thousand took half a minute in which nobody else was served."""
    data = photo()
    assert data.endswith(b"\xff\xd9")
    began = time.process_time()
    assert clean(data[:-2] + b"\xff" * 1_000_000 + b"\0" + data[-2:]).width == 40
    assert clean(data[:-2] + b"\xff" * 1_000_000 + data[-2:]).data == clean(data).data
    assert time.process_time() - began < 5


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_profile_whose_parts_are_the_same_bytes_many_times_is_none(kind):
    """Else a small picture becomes a large one, or one that has no place for its profile."""
    names = [b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"D2B0", b"D2B1"]
    size = 3_000_000
    table = b"".join(struct.pack(">4sII", name, 240 + at, size) for at, name in enumerate(names))
    profile = (bytes(36) + b"acsp" + bytes(88) + struct.pack(">I", len(names)) + table).ljust(240 + size + 8, b"\0")
    kept = clean(picture(kind, icc_profile=profile))
    assert (kept.width, kept.height) == (40, 20)
    assert len(kept.data) < 10_000


def test_a_png_has_one_profile():
    data, profile = (
        picture("PNG"),
        b"icc\0\0" + zlib.compress(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    )
    kept = clean(data[:33] + chunk(b"iCCP", profile) * 3 + data[33:])
    assert kept.data.count(b"iCCP") == 1


def test_a_jpeg_loses_place_camera_and_comment_and_nothing_else():
    data = photo(comment=PLACE)
    assert data.count(PLACE) == 2
    kept = clean(data)
    assert PLACE not in kept.data
    assert b"Exif" not in kept.data
    with Image.open(io.BytesIO(kept.data)) as image, Image.open(io.BytesIO(data)) as original:
        assert not image.getexif()
        assert image.tobytes() == original.tobytes()


@pytest.mark.parametrize(
    "marker", [0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xEB, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xFD, 0xFE, 0xDE, 0xDF], ids=hex
)
def test_a_jpeg_keeps_no_segment_that_says_something(marker):
    payload = b"http://ns.adobe.com/xap/1.0/\0" + PLACE
    plain = picture("JPEG")
    data = plain[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload + plain[2:]
    assert clean(data).data == plain


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


@pytest.mark.parametrize(("kind", "extension"), KINDS)
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


@pytest.mark.parametrize(("kind", "extension"), KINDS)
def test_a_picture_that_breaks_off_is_refused(kind, extension):
    data = noise(kind, (200, 200))
    for share in (0.2, 0.5, 0.9, 0.99):
        with pytest.raises(UnreadableImage):
            clean(data[: int(len(data) * share)])


def test_a_container_of_too_many_parts_is_refused(monkeypatch):
    monkeypatch.setattr("messaging.services.images.container.PARTS_MAX", 100)
    data = picture("PNG")
    clean(data[:33] + chunk(b"tEXt", b"") * 90 + data[33:])
    with pytest.raises(UnreadableImage, match="too many parts"):
        clean(data[:33] + chunk(b"tEXt", b"") * 110 + data[33:])


def test_metadata_is_kept_where_an_application_wants_it():
    for data in (photo(6, (80, 48)), photo(6, (80, 48), "PNG"), photo(6, (80, 48), "WEBP")):
        kept = clean(data, keep_metadata=True)
        assert kept.data == data
        assert (kept.width, kept.height) == (48, 80)  # as it is shown
    with pytest.raises(UnreadableImage):
        clean(bomb("PNG", (16_000, 16_000)), keep_metadata=True)


def test_a_picture_is_one_block_of_memory(settings):
    assert Image.core.get_block_size() == block_bytes(settings.IMAGE_PIXELS) >= settings.IMAGE_PIXELS * 4
    for pixels in (1, 4_194_305, 40_000_001, 10**10):  # whatever the operator sets
        assert block_bytes(pixels) % 4096 == 0
        assert 16 * 2**20 <= block_bytes(pixels) <= 2**30


# Animations


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_frame_limit_is_exact(settings, kind):
    settings.IMAGE_FRAMES = 5
    assert clean(animation(kind, 5)).width == 40
    with pytest.raises(UnreadableImage, match="more than 5 frames"):
        clean(animation(kind, 6))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_all_frames_together_have_a_limit(settings, kind):
    settings.IMAGE_PIXELS = 800  # of one frame, which is 40 by 20
    assert clean(animation(kind, 6)).width == 40
    with pytest.raises(UnreadableImage, match="20000 pixels together"):
        clean(animation(kind, 26))


def test_a_gif_keeps_nothing_in_the_extensions_that_it_keeps():
    data = animation("GIF")
    at = data.index(b"NETSCAPE2.0") + 11 + 4
    hidden = data[:at] + bytes([len(PLACE)]) + PLACE + data[at:]
    assert clean(hidden).data == data
    plain_text = b"\x21\x01\x0c" + bytes(12) + bytes([len(PLACE)]) + PLACE + b"\0"
    assert clean(data[:-1] + plain_text + b"\x3b").data == data


def test_a_webp_frame_keeps_its_picture_alone():
    data = animation("WEBP", lossless=True)
    at = data.index(b"ANMF")
    (length,) = struct.unpack_from("<I", data, at + 4)
    hidden = b"EXIF" + struct.pack("<I", 18) + PLACE.ljust(18)
    frame = b"ANMF" + struct.pack("<I", length + len(hidden)) + data[at + 8 : at + 8 + length] + hidden
    changed = data[:at] + frame + data[at + 8 + length :]
    changed = changed[:4] + struct.pack("<I", len(changed) - 8) + changed[8:]
    assert PLACE in changed
    assert clean(changed).data == data


def test_a_webp_keeps_no_chunk_that_nobody_knows():
    data = photo(kind="WEBP")
    secret = b"junk" + struct.pack("<I", 18) + PLACE.ljust(18)
    changed = data[:4] + struct.pack("<I", len(data) - 8 + len(secret)) + data[8:] + secret
    kept = clean(changed).data
    assert kept == clean(data).data
    assert b"EXIF" not in kept
    assert not kept[20] & 0x0C  # the flags of EXIF and XMP


# Bitmaps


def test_a_bitmap_keeps_nothing_beside_its_picture():
    data = picture("BMP")
    (start,) = struct.unpack_from("<I", data, 10)
    gap = data[:10] + struct.pack("<I", start + len(PLACE)) + data[14:start] + PLACE + data[start:]
    assert clean(gap).data == data
    noted = data[:6] + b"note" + data[10:]  # reserved
    assert clean(noted).data == data


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_bitmap_keeps_its_palette(mode):
    data = picture("BMP", mode=mode)
    assert clean(data + PLACE).data == data


@pytest.mark.parametrize("space", [b"KNIL", b"DEBM"])
def test_a_bitmap_names_no_colour_profile(space):
    """The newest head may hold the path of a file on the sender's disk."""
    data = picture("BMP")
    head = bytearray(data[14:54].ljust(124, b"\0"))
    head[0:4] = struct.pack("<I", 124)
    head[56:60] = space
    head[112:120] = struct.pack("<II", 124 + len(data) - 54, 40)
    begin = data[:2] + struct.pack("<III", 138 + len(data) - 54 + 40, 0, 138)
    linked = begin + bytes(head) + data[54:] + b"C:\\Users\\" + PLACE.ljust(31)
    kept = clean(linked)
    assert PLACE not in kept.data
    assert kept.data[14 + 56 : 14 + 60] == b"BGRs"
    assert kept.data[14 + 112 : 14 + 120] == bytes(8)
    assert colours(kept.data)[:2] == ["red", "blue"]


# Colour profiles


def profile(version: float = 4.4) -> bytes:
    """One that says whose screen it is of."""
    own = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    own[8] = int(version)
    own[24:36] = struct.pack(">6H", 2026, 11, 21, 10, 30, 0)
    own[48:56] = b"APPLLG27"
    own[80:84] = b"appl"
    at = len(own)
    own += b"desc\0\0\0\0" + PLACE
    (count,) = struct.unpack_from(">I", own, 128)
    for index in range(count):
        if own[132 + 12 * index : 136 + 12 * index] in (b"desc", b"cprt"):
            own[136 + 12 * index : 144 + 12 * index] = struct.pack(">II", at, len(own) - at)
    own[0:4] = struct.pack(">I", len(own))
    return bytes(own)


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_colour_profile_keeps_its_colours_and_loses_whose_it_is(kind, version):
    data = picture(kind, icc_profile=profile(version))
    kept = clean(data)
    with Image.open(io.BytesIO(kept.data)) as image:
        found = image.info["icc_profile"]
    assert found == anonymous(profile(version)) == anonymous(found)
    for gone in (PLACE, b"APPL", b"appl", b"LG27"):
        assert gone in profile(version)
        assert gone not in found
    assert found[24:36] == bytes(12)
    screen = ImageCms.createProfile("sRGB")
    before, after = (ImageCms.ImageCmsProfile(io.BytesIO(one)) for one in (profile(version), found))
    ramp = Image.merge(
        "RGB", [Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90), Image.new("L", (256, 256), 90)]
    )
    seen = [ImageCms.profileToProfile(ramp, one, screen).tobytes() for one in (before, after)]
    assert seen[0] == seen[1]
    assert clean(kept.data).data == kept.data


def test_a_large_profile_takes_many_segments():
    head, count = profile()[:128], 1
    table = struct.pack(">I4sII", count, b"A2B0", 144, 150_000)
    large = struct.pack(">I", 150_144) + head[4:] + table + bytes(range(250)) * 600
    data = picture("JPEG", icc_profile=large)
    with Image.open(io.BytesIO(clean(data).data)) as image:
        assert image.info["icc_profile"] == anonymous(large)
        assert bytes(range(250)) * 600 in image.info["icc_profile"]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"none",
        bytes(200),
        profile()[:140],
        profile()[:128] + b"\xff\xff\xff\xff",
        profile()[:-60],
        bytes(5_000_000),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_profile_that_is_none_is_left_out(kind, broken):
    assert clean(picture(kind, icc_profile=broken)).data == clean(picture(kind)).data or kind == "WEBP"
    with Image.open(io.BytesIO(clean(picture(kind, icc_profile=broken)).data)) as image:
        assert "icc_profile" not in image.info


def test_a_profile_that_would_fill_the_memory_is_left_out():
    plain = picture("PNG")
    packed = zlib.compress(bytes(200_000_000), 9)
    data = plain[:33] + chunk(b"iCCP", b"x\0\0" + packed) + plain[33:]
    tracemalloc.start()
    try:
        assert clean(data).data == plain
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


SAMPLES = [photo(6), photo(6, kind="PNG"), photo(6, kind="WEBP"), picture("BMP"), animation("GIF"), animation("WEBP")]
SAMPLES += [picture("PNG", mode="P"), picture("BMP", mode="P"), photo(1, (90, 60), progressive=True), animation("PNG")]
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
    for size in (Size(16, 16), Size(24, 16, crop=True)):
        try:
            small = thumbnails.render(kept.data, size, pixels=kept.width * kept.height)
        except UnreadableImage:
            continue
        assert all(0 < side <= 24 for side in size_of(small))
