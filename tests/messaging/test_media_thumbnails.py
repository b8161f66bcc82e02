"""Smaller pictures on demand: which sizes, what they show, what they cost."""

import io
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from PIL import Image, ImageCms

from accounts import services as accounts
from accounts.actors import Actor
from imsite.core.errors import Busy
from messaging import media_links
from messaging.errors import BadValue
from messaging.models import Media
from messaging.services import images, media
from messaging.services.images import decoding, thumbnails
from messaging.services.images.thumbnails import EDGES, Box, Size, size_for
from tests.backing import wait_until
from tests.door import refusal
from tests.messaging import buckets
from tests.messaging.pictures import animation, encoded, photo, picture
from tests.messaging.test_media import stored_files


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def keep(alice):
    """An upload by alice."""

    def keep(data: bytes, kind: str = "image") -> Media:
        return media.add_media(kind, ContentFile(data, "a.bin"), by=Actor.of(alice))

    return keep


def get(kept: Media, query: str, **headers: str):
    return Client().get(f"{media_links.link(kept, '')}?{query}", headers=headers)


def opened(answer) -> Image.Image:
    assert answer.status_code == 200, answer.content
    return Image.open(io.BytesIO(b"".join(answer.streaming_content) if answer.streaming else answer.content))


# Which size


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(200, 200), Size(200, 200)),
        (Box(200, 0), Size(200, 200)),
        (Box(0, 200), Size(256, 256)),  # 266 wide would fit
        (Box(0, 150), Size(200, 200)),
        (Box(5000, 300), Size(400, 400)),
        (Box(199, 199), Size(180, 180)),
        (Box(1, 1), Size(16, 16)),
        (Box(799, 599), Size(720, 720)),
        (Box(800, 600), None),
        (Box(801, 0), None),
        (Box(0, 600), None),
        (Box(96, 96, crop=True), Size(96, 96, crop=True)),
        (Box(99, 50, crop=True), Size(96, 48, crop=True)),
        (Box(700, 100, crop=True), Size(640, 100, crop=True)),
        (Box(100, 5000, crop=True), Size(100, 600, crop=True)),
        (Box(800, 600, crop=True), None),
        (Box(5000, 5000, crop=True), None),
    ],
)
def test_the_size_is_the_largest_on_the_list_that_fits(box, size):
    assert size_for(Media(kind="image", width=800, height=600), box) == size


@pytest.mark.parametrize(
    ("width", "height"), [(800, 600), (600, 800), (10, 4000), (4000, 10), (7, 7), (1920, 1920), (9000, 30)]
)
def test_no_box_makes_a_size_of_its_own_or_a_larger_picture(width, height):
    kept = Media(kind="image", width=width, height=height)
    draw = random.Random(f"{width}x{height}")
    for _ in range(500):
        box = Box(draw.choice([0, draw.randrange(1, 3000)]), draw.randrange(1, 3000))
        size = size_for(kept, box)
        if size is None:
            assert width <= box.width or not box.width or height <= box.height or max(width, height) <= EDGES[0]
            continue
        assert size.width == size.height in EDGES
        assert size.width < max(width, height)


@pytest.mark.parametrize("sides", [(0, 0), (-1, 5), (100_001, 5), (0, 5, True), (5, 0, True)])
def test_what_is_no_size(sides):
    with pytest.raises(BadValue):
        Box(*sides)


def test_only_pictures_have_thumbnails(keep):
    kept = keep(picture(size=(400, 300)), "file")
    with pytest.raises(BadValue):
        size_for(kept, Box(100, 100))
    assert refusal(get(kept, "size=100x100")) == (400, 899003)


# At the door


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("size=200x200", (200, 100)),
        ("size=200x", (200, 100)),
        ("size=200", (200, 100)),
        ("size=x50", (100, 50)),
        ("size=96x96&crop=1", (96, 96)),
        ("size=96x48&crop=true", (96, 48)),
        ("size=96x96&crop=0", (96, 48)),
        ("imageView2/2/w/200/h/200", (200, 100)),
        ("imageView2/2/w/200", (200, 100)),
        ("imageView2/2/h/50", (100, 50)),
        ("imageView2/2/w/200/h/200/format/webp/q/75|imageslim", (200, 100)),
        ("imageView2/2/w/200&x=1", (200, 100)),
        ("imageView2/0/w/200/h/50", (100, 50)),
        ("imageView2/1/w/96/h/48", (96, 48)),
        ("imageView2/1/w/96", (96, 96)),
        ("imageView2/5/w/96/h/48", (96, 48)),
        ("size=5000x5000", (400, 200)),
        ("other=1", (400, 200)),
        ("", (400, 200)),
    ],
)
def test_the_forms_of_a_size(keep, query, size):
    assert opened(get(keep(picture(size=(400, 200))), query)).size == size


def test_the_vendors_long_and_short_side_turn_with_the_picture(keep):
    assert opened(get(keep(picture(size=(200, 400))), "imageView2/0/w/200/h/50")).size == (50, 100)


@pytest.mark.parametrize(
    "query",
    [
        "size=", "size=x", "size=0x0", "size=axb", "size=-1x5", "size=1x2x3", "size=99999999999x1", "size=5x&crop=1", "size=٣x٣",
        "imageView2/", "imageView2/2", "imageView2/7/w/5", "imageView2/2/w/x", "imageView2/2/w/-5", "imageView2/2/w",
        "imageView2/2/w/0/h/0", "imageView2/2/w/99999999999999999999",
    ],
)  # fmt: skip
def test_a_size_that_is_none_is_refused(keep, query):
    kept = keep(picture(size=(400, 200)))
    answer = get(kept, query)
    assert refusal(answer) == (400, 899003)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert stored_files() == {kept.file.name}


def test_the_headers_of_a_thumbnail(keep):
    kept = keep(picture("BMP", (400, 200)))
    answer = get(kept, "size=100x100")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Disposition"] == f'inline; filename="{kept.media_id[-12:].lower()}.jpg"'
    assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert not answer.cookies
    again = get(kept, "size=100x100", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get(kept, "size=120x120").headers["ETag"] != answer.headers["ETag"] != get(kept, "").headers["ETag"]
    head = Client().head(f"{media_links.link(kept, '')}?size=100x100")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(answer.content)))


def test_a_link_that_expired_or_is_forged_shows_no_thumbnail(keep, settings):
    kept = keep(picture(size=(400, 200)))
    address = media_links.link(kept, "", size="100x100")
    assert address.endswith("?size=100x100")
    assert Client().get(address.replace("/media/", "/media/9")).status_code == 404
    settings.MEDIA_LINK_SECONDS = -1
    assert refusal(Client().get(address)) == (403, 899003)
    assert stored_files() == {kept.file.name}


# What it shows


def colour(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    return tuple(round(value / 32) for value in image.convert("RGB").getpixel(at))


RED, BLUE = (8, 0, 0), (0, 0, 8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_every_kind_is_shown_in_its_colours(keep, kind):
    image = opened(get(keep(picture(kind, (400, 200))), "size=100x100"))
    assert (image.format, image.size) == ("JPEG", (100, 50))
    assert [colour(image, at) for at in ((10, 10), (90, 40))] == [RED, BLUE]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_is_shown(keep, mode):
    image = Image.new("RGB", (400, 200), "white").convert("L")
    image.paste(0, (0, 0, 200, 200))
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 257).convert(mode)
    else:
        image = image.convert("RGB").convert(mode)
    data = encoded(image, "JPEG" if mode == "CMYK" else "PNG")
    small = opened(get(keep(data), "size=100x100"))
    assert [colour(small, at) for at in ((10, 20), (90, 20))] == [(0, 0, 0), (8, 8, 8)]


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_what_is_transparent_stays_so(keep, kind):
    image = Image.new("RGBA", (400, 200), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 200, 200))
    answer = get(keep(encoded(image, kind)), "size=100x100")
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Content-Disposition"].endswith('.webp"')
    small = opened(answer).convert("RGBA")
    assert small.getpixel((10, 20))[3] > 250
    assert small.getpixel((90, 20))[3] < 5


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_it_is_the_first_frame(keep, kind):
    small = opened(get(keep(animation(kind)), "size=32x32"))
    assert getattr(small, "n_frames", 1) == 1
    assert small.size == (32, 16)
    assert colour(small, (16, 8)) == (0, 8, 4)


@pytest.mark.parametrize("stripped", [True, False])
def test_a_turned_picture_is_upright(alice, keep, stripped):
    accounts.change_application(alice.application, {"settings": {"strip_metadata": stripped}}, by=None)
    kept = keep(photo(6, (400, 200)))
    assert (kept.width, kept.height) == (200, 400)
    small = opened(get(kept, "size=100x100"))
    assert small.size == (50, 100)
    assert not small.getexif()
    assert colour(small, (40, 10)) == RED


def test_a_picture_in_other_colours_is_shown_in_the_usual_ones(keep):
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    swapped = bytearray(ImageCms.ImageCmsProfile(srgb).tobytes())
    for index in range(int.from_bytes(swapped[128:132], "big")):  # red and blue change places
        at = 132 + 12 * index
        swapped[at : at + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(
            bytes(swapped[at : at + 4]), swapped[at : at + 4]
        )
    small = opened(get(keep(picture("PNG", (400, 200), icc_profile=bytes(swapped))), "size=100x100"))
    assert colour(small, (10, 10)) == BLUE
    assert "icc_profile" not in small.info
    other_kind = ImageCms.ImageCmsProfile(lab).tobytes()
    small = opened(get(keep(picture("PNG", (400, 200), icc_profile=other_kind)), "size=100x100"))
    assert colour(small, (10, 10)) == RED


def test_a_line_stays_a_line(keep):
    assert opened(get(keep(picture("PNG", (4000, 2))), "size=100x100")).size == (100, 1)
    assert opened(get(keep(picture("PNG", (4000, 2))), "size=100x100&crop=1")).size == (100, 2)


# What it costs


@pytest.fixture
def made(monkeypatch):
    """The names of thumbnails that were made."""
    names = []
    original = thumbnails._made

    def watched(kept, size):
        names.append(size.name)
        return original(kept, size)

    monkeypatch.setattr(thumbnails, "_made", watched)
    return names


def test_it_is_made_once_and_kept(keep, made):
    kept = keep(picture(size=(400, 200)))
    first, second = get(kept, "size=100x100"), get(kept, "size=100x100")
    assert first.content == second.content
    assert made == ["100x100-1"]
    assert stored_files() == {kept.file.name, f"{kept.file.name}.thumbnails/100x100-1"}
    get(kept, "size=118x118")
    get(kept, "imageView2/2/w/119")
    assert made == ["100x100-1"]  # the same size on the list


def test_nothing_is_made_of_a_picture_that_is_small_enough(keep, made):
    kept = keep(animation("GIF"))
    answer = get(kept, "size=40x20")
    assert b"".join(answer.streaming_content) == animation("GIF")
    assert answer.headers["Content-Type"] == "image/gif"
    assert made == []


@pytest.mark.django_db(transaction=True)
def test_it_is_made_once_however_many_ask(keep, made, monkeypatch):
    kept, size, asking = keep(picture(size=(400, 200))), Size(100, 100), threading.Barrier(12)
    look_as_ever, looked = thumbnails._kept, threading.local()

    def look(name):
        found = look_as_ever(name)
        if not hasattr(looked, "once"):
            looked.once = True
            asking.wait(20)  # all have looked before any of them makes it
        return found

    monkeypatch.setattr(thumbnails, "_kept", look)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: thumbnails.thumbnail(kept, size).data, range(12)))
    assert len(set(answers)) == 1
    assert made == [size.name]
    assert thumbnails._makers == {}


def test_all_that_can_be_asked_for_is_less_than_some_hundred_files():
    kept = Media(kind="image", width=9000, height=7000)
    boxes = [
        Box(width, height, crop)
        for width in range(1, 2500, 7)
        for height in range(1, 2500, 7)
        for crop in (True, False)
    ]
    sizes = {size_for(kept, box) for box in boxes}
    assert len(sizes) <= len(EDGES) + len([edge for edge in EDGES if edge <= thumbnails.CROPPED_MOST]) ** 2
    assert max(size.width for size in sizes) == 1920


def test_a_large_jpeg_is_not_decoded_in_full(keep, monkeypatch):
    taken = []
    original = decoding.Budget.take
    monkeypatch.setattr(decoding.Budget, "take", lambda self, pixels: taken.append(pixels) or original(self, pixels))
    get(keep(picture("JPEG", (4000, 2000))), "size=200x200")
    assert taken == [500 * 250]
    get(keep(picture("JPEG", (4000, 2000), progressive=True)), "size=200x200")
    assert taken[1:] == [4000 * 2000]


def test_a_broken_picture_has_no_thumbnail(keep):
    kept = keep(picture(size=(400, 200)))
    storage = kept.file.storage
    with storage.open(kept.file.name, "r+b") as file:
        file.seek(60)
        file.write(bytes(40))
    assert refusal(get(kept, "size=100x100")) == (400, 899003)
    storage.delete(kept.file.name)
    assert refusal(get(kept, "size=100x100")) == (404, 899003)
    assert stored_files() == set()


def test_a_picture_without_its_palette_has_no_thumbnail(keep):
    data = picture("PNG", (400, 200), mode="P")
    at = data.index(b"PLTE") - 4
    length = int.from_bytes(data[at : at + 4], "big")
    kept = keep(data[:at] + data[at + 12 + length :])
    assert refusal(get(kept, "size=100x100")) == (400, 899003)


# Together with the upload


@pytest.mark.django_db(transaction=True)
def test_file_and_thumbnails_go_with_the_row(alice, keep, settings):
    one, other = keep(picture(size=(400, 200))), keep(picture(size=(400, 200)))
    for kept in (one, other):
        get(kept, "size=100x100")
        get(kept, "size=50x50&crop=1")
    assert len(stored_files()) == 6
    one.delete()
    assert stored_files() == {name for name in stored_files() if name.startswith(other.file.name)}
    assert len(stored_files()) == 3
    Media.objects.all().delete()
    assert stored_files() == set()
    assert not list(settings.MEDIA_ROOT.rglob("*.thumbnails"))


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_is_undone_keeps_the_file(keep):
    from django.db import transaction

    kept = keep(picture(size=(400, 200)))
    with pytest.raises(RuntimeError), transaction.atomic():
        Media.objects.get(pk=kept.pk).delete()
        raise RuntimeError
    assert stored_files() == {kept.file.name}


# Together with a bucket


@pytest.mark.django_db(transaction=True)
@pytest.mark.sqlite_only
def test_all_of_it_in_a_bucket(alice, keep, settings, made):
    with buckets.service() as endpoint:
        bucket = buckets.new_bucket(endpoint)
        buckets.use(settings, endpoint, bucket)
        data = picture(size=(400, 200))
        kept = keep(data)
        address = media_links.link(kept, "")
        assert buckets.keys(endpoint, bucket) == {kept.file.name}
        whole = Client().get(address)
        assert b"".join(whole.streaming_content) == data
        part = Client().get(address, headers={"Range": "bytes=8-15"})
        assert (part.status_code, b"".join(part.streaming_content)) == (206, data[8:16])
        assert get(kept, "size=100x100").content == get(kept, "size=100x100").content
        assert made == ["100x100-1"]
        assert buckets.keys(endpoint, bucket) == {kept.file.name, f"{kept.file.name}.thumbnails/100x100-1"}

        settings.S3_DOWNLOADS = "redirect"
        answer = Client().get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, max-age=60")
        assert answer.headers["Location"].startswith(endpoint)
        assert Client().head(address).headers["Content-Length"] == str(len(data))
        assert get(kept, "size=100x100").status_code == 200

        kept.delete()
        assert buckets.keys(endpoint, bucket) == set()
        assert refusal(Client().get(address)) == (404, 899003)
    settings.S3_DOWNLOADS = "stream"
    gone = Media(kind="file", name="a", size=1, sha256="0" * 64, application=alice.application, crc32=0)
    gone.media_id, gone.file.name = "qiniu/file/j/0", "gone"
    gone.save()
    assert refusal(Client().get(media_links.link(gone, ""))) == (503, 899030)


# Decoding


class Working:
    """Threads that take from a budget and hold it until they are told."""

    def __init__(self, budget: decoding.Budget, pool: ThreadPoolExecutor) -> None:
        self.budget, self.pool = budget, pool
        self.inside: list[str] = []

    def take(self, name: str, pixels: int) -> threading.Event:
        done = threading.Event()

        def work() -> None:
            with self.budget.take(pixels):
                self.inside.append(name)
                done.wait(20)
                self.inside.remove(name)

        self.pool.submit(work)
        return done


def test_pixels_are_decoded_within_a_budget_and_in_order(settings):
    settings.IMAGE_PIXELS = 1000
    budget = decoding.Budget()
    with ThreadPoolExecutor(8) as pool:
        working = Working(budget, pool)
        first = working.take("large", 5000)  # counts as all there is
        wait_until(lambda: working.inside == ["large"], "the first")
        second = working.take("half", 600)
        wait_until(lambda: len(budget._queue) == 1, "the second waits")
        third = working.take("small", 1)
        wait_until(lambda: len(budget._queue) == 2, "the third waits")
        first.set()
        wait_until(lambda: sorted(working.inside) == ["half", "small"], "both have room")
        fourth = working.take("other half", 600)
        wait_until(lambda: len(budget._queue) == 1, "the fourth waits")
        fifth = working.take("small too", 1)  # had room, and waits for its turn
        wait_until(lambda: len(budget._queue) == 2, "the fifth waits")
        assert sorted(working.inside) == ["half", "small"]
        for event in (second, third):
            event.set()
        wait_until(lambda: sorted(working.inside) == ["other half", "small too"], "both in turn")
        for event in (fourth, fifth):
            event.set()
    assert budget._used == 0
    assert not budget._queue


def test_small_pictures_are_decoded_four_at_once(settings):
    settings.IMAGE_PIXELS = 1000
    budget = decoding.Budget()
    with ThreadPoolExecutor(8) as pool:
        working = Working(budget, pool)
        events = [working.take(str(index), 1) for index in range(6)]
        wait_until(lambda: len(working.inside) == 4 and len(budget._queue) == 2, "four inside, two waiting")
        for event in events:
            event.set()


def test_who_would_wait_too_long_hears_it(settings, monkeypatch):
    settings.IMAGE_PIXELS, settings.HTTP_THREADS = 1000, 4
    monkeypatch.setattr(decoding, "WAIT_SECONDS", 0.01)
    budget = decoding.Budget()
    with ThreadPoolExecutor(8) as pool:
        working = Working(budget, pool)
        first = working.take("large", 1000)
        wait_until(lambda: working.inside, "the first")
        with pytest.raises(Busy), budget.take(1):
            pass
        monkeypatch.setattr(decoding, "WAIT_SECONDS", 20)
        waiting = [working.take("waits", 1) for _ in range(2)]
        wait_until(lambda: len(budget._queue) == 2, "two wait")
        with pytest.raises(Busy), budget.take(1):  # half of the threads wait already
            pass
        for event in (first, *waiting):
            event.set()
    assert budget._used == 0


def test_a_thumbnail_that_must_wait_too_long_may_be_asked_for_again(keep, monkeypatch):
    kept = keep(picture(size=(400, 200)))
    monkeypatch.setattr(decoding, "WAIT_SECONDS", 0.01)
    with images.budget.take(10**9):
        answer = get(kept, "size=100x100")
    assert refusal(answer) == (503, 899030)
    assert answer.headers["Retry-After"] == "5"
    assert get(kept, "size=100x100").status_code == 200


def test_an_upload_that_must_wait_too_long_is_refused_and_leaves_nothing(keep, monkeypatch):
    monkeypatch.setattr(decoding, "WAIT_SECONDS", 0.01)
    with images.budget.take(10**9), pytest.raises(Busy):
        keep(photo(6))
    assert stored_files() == set()
    assert not Media.objects.exists()
    assert keep(photo(6)).width == 20
    connection.close()
