"""Keeping uploads: limits, sums, types, where they lie."""

import hashlib
import re
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection

from accounts import services as accounts
from accounts.actors import Actor
from accounts.errors import UserDisabled
from messaging import media_links
from messaging.errors import BadValue, LinkExpired, NoSuchMedia, TooLarge, UploadTokenExpired, UploadTokenInvalid
from messaging.models import Media
from messaging.services import media
from tests.messaging.pictures import PLACE, photo, picture


def stored_files() -> set[str]:
    """The names of all stored files."""

    def below(folder: str) -> set[str]:
        if not default_storage.exists(folder):
            return set()
        folders, files = default_storage.listdir(folder)
        return {f"{folder}{name}" for name in files}.union(*(below(f"{folder}{name}/") for name in folders))

    return below("")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def at(monkeypatch):
    """Set the clock of signatures to a moment, in seconds."""

    def set_clock(moment: float) -> None:
        monkeypatch.setattr(time, "time", lambda: moment)

    return set_clock


def add(kind: str, data: bytes, by: Actor, name: str = "a.bin") -> Media:
    return media.add_media(kind, ContentFile(data, name), by=by)


def test_sizes_and_sums_are_those_of_the_bytes_kept(alice):
    data = photo()
    kept = add("image", data, Actor.of(alice), "holiday.png")
    stored = kept.file.read()
    assert PLACE in data
    assert PLACE not in stored
    assert kept.size == len(stored) < len(data)
    assert (kept.crc32, kept.sha256) == (zlib.crc32(stored), hashlib.sha256(stored).hexdigest())
    assert (kept.content_type, kept.format, kept.width, kept.height) == ("image/jpeg", "jpg", 40, 20)
    assert (kept.owner, kept.application) == (alice, alice.application)
    assert media.body_of(kept) == {
        "media_id": kept.media_id, "media_crc32": kept.crc32, "hash": kept.sha256, "fsize": kept.size,
        "width": 40, "height": 20, "format": "jpg",
    }  # fmt: skip


def test_an_application_may_keep_the_metadata(alice):
    accounts.change_application(alice.application, {"settings": {"strip_metadata": False}}, by=None)
    data = photo(6)
    kept = add("image", data, Actor.of(alice))
    assert kept.file.read() == data
    assert (kept.size, kept.crc32, kept.width, kept.height) == (len(data), zlib.crc32(data), 20, 40)


def test_a_file_is_kept_as_it_is(alice):
    data = photo()
    kept = add("file", data, Actor.of(alice), "holiday.jpg")
    assert kept.file.read() == data
    assert media.body_of(kept) == {
        "media_id": kept.media_id, "media_crc32": zlib.crc32(data), "hash": hashlib.sha256(data).hexdigest(),
        "fsize": len(data), "fname": "holiday.jpg",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "content_type", "extension"),
    [
        (b"#!AMR\n" + bytes(20), "audio/amr", "amr"),
        (b"ID3\x03" + bytes(20), "audio/mpeg", "mp3"),
        (b"\xff\xfb\x90" + bytes(20), "audio/mpeg", "mp3"),
        (b"OggS" + bytes(20), "audio/ogg", "ogg"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav", "wav"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "audio/mp4", "m4a"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video/mp4", "mp4"),
        (b"not known", "application/octet-stream", "spx"),
    ],
)
def test_the_type_of_a_voice_comes_from_its_content(alice, data, content_type, extension):
    kept = add("voice", data, Actor.of(alice), "voice.SPX")
    assert (kept.content_type, kept.format) == (content_type, extension)
    assert set(media.body_of(kept)) == {"media_id", "media_crc32", "hash", "fsize", "format"}


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"\0\0\0\x20ftypmp42\0\0\0\0", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
        (b"\0\0\0\x14ftyp3gp4\0\0\0\0", "video/3gpp"),
        (b"\0\0\0\x14ftyp3g2a\0\0\0\0", "video/3gpp2"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x24\0\0\0AVI LIST", "video/x-msvideo"),
        (b"FLV\x01\x05\0\0\0\x09", "video/x-flv"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "image/avif"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"II*\0", "application/octet-stream"),
    ],
)
def test_the_type_of_a_film_or_a_file_comes_from_its_content(alice, data, content_type):
    kept = add("file", data + bytes(20), Actor.of(alice), "page.html")
    assert (kept.content_type, media.body_of(kept)["fname"]) == (content_type, "page.html")
    assert kept.file.read() == data + bytes(20)


@pytest.mark.parametrize("data", [b"<html><script>", b"<svg/>", b"#!/bin/sh", b"MZ", b"\xef\xbb\xbf<?xml", b"GIF89"])
def test_what_may_carry_script_is_never_served_as_such(alice, data):
    assert add("file", data, Actor.of(alice), "nice.png").content_type == "application/octet-stream"


def test_the_media_id_has_the_vendors_shape(alice):
    for kind in ("image", "file", "voice"):
        media_id = add(kind, picture(), Actor.of(alice)).media_id
        assert re.fullmatch(rf"qiniu/{kind}/j/[0-9A-F]{{32}}", media_id)


def test_files_lie_under_random_names_in_dated_folders_of_their_application(alice, eve):
    kept = [add("file", b"same", Actor.of(user), "../../etc/passwd") for user in (alice, alice, eve)]
    assert len({one.file.name for one in kept}) == 3
    for one in kept:
        assert re.fullmatch(rf"{one.application.appkey}/\d{{4}}/\d\d/\d\d/[0-9a-f]{{32}}", one.file.name)
        assert one.name == "passwd"
        assert one.media_id.rpartition("/")[2].lower() not in one.file.name
    assert stored_files() == {one.file.name for one in kept}


@pytest.mark.parametrize(
    ("kind", "by_user", "limit"),
    [
        ("image", False, 8 * 1024 * 1024),
        ("file", False, 8 * 1024 * 1024),
        ("voice", False, 8 * 1024 * 1024),
        ("image", True, 10 * 1024 * 1024),
        ("file", True, 8 * 1024 * 1024),
    ],
)
def test_limits(alice, kind, by_user, limit):
    by = Actor.of(alice) if by_user else Actor.server(alice.application)
    bitmap = picture("BMP")
    assert media.limit_of(kind, by) == limit
    assert add(kind, bitmap.ljust(limit, b"\0"), by).size == (len(bitmap) if kind == "image" else limit)
    with pytest.raises(TooLarge):
        add(kind, bitmap.ljust(limit + 1, b"\0"), by)
    assert Media.objects.count() == 1


def test_the_line_end_of_the_java_client_does_not_count_behind_a_picture(alice, settings):
    settings.REST_UPLOAD_BYTES = 6000
    by = Actor.server(alice.application)
    bitmap = picture("BMP").ljust(6000, b"\0")
    assert add("image", bitmap + b"\r\n", by).size == len(picture("BMP"))
    for kind, data in (("image", bitmap + b"\0\0"), ("image", bitmap + b"\r"), ("file", bitmap + b"\r\n")):
        with pytest.raises(TooLarge):
            add(kind, data, by)


@pytest.mark.parametrize("kind", ["image", "file", "voice"])
def test_an_empty_file_is_refused(alice, kind):
    with pytest.raises(BadValue, match="empty"):
        add(kind, b"", Actor.of(alice))


def test_a_refusal_leaves_nothing(alice):
    with pytest.raises(BadValue):
        add("image", b"<html>", Actor.of(alice))
    assert stored_files() == set()
    assert not Media.objects.exists()


def test_a_file_without_a_row_is_taken_away(alice, monkeypatch):
    first = add("file", b"one", Actor.of(alice))
    monkeypatch.setattr("imsite.core.ids.new_media_id", lambda kind: first.media_id)
    with pytest.raises(IntegrityError):
        add("file", b"two", Actor.of(alice))
    assert stored_files() == {first.file.name}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.txt", "a.txt"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("/tmp/报告.pdf", "报告.pdf"),
        ("a\0b", "ab"),
        ("\ud800.txt", "?.txt"),
        ("x" * 300 + ".tar.gz", "x" * 252 + ".gz"),
        ("x." + "y" * 300, "x." + "y" * 15),
    ],
)
def test_a_name_is_its_last_part_cut_before_its_extension(alice, given, kept):
    upload = ContentFile(b"data")
    upload.name = given
    assert media.add_media("file", upload, by=Actor.of(alice)).name == kept


@pytest.mark.django_db(transaction=True)
def test_uploads_at_once(alice):
    def one(index: int) -> Media:
        try:
            return add("image", picture(size=(10 + index, 10)), Actor.of(alice))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(one, range(16)))
    assert [one.width for one in kept] == list(range(10, 26))
    assert stored_files() == {one.file.name for one in kept}
    assert Media.objects.count() == 16


# Tokens and links


def test_an_upload_token_is_the_users_own(alice, bob, eve):
    application, token = alice.application, media.new_upload_token(alice)
    by = media.uploader(application, "alice", token)
    assert (by.user, by.is_user) == (alice, True)
    assert ":" not in token
    for other_application, username, wrong in [
        (application, "bobby", token),
        (application, "ALICE", token),
        (application, "", token),
        (eve.application, "alice", token),
        (eve.application, "eve22", token),
        (application, "alice", media.new_upload_token(bob)),
        (application, "alice", token[:-1] + ("A" if token[-1] != "A" else "B")),
        (application, "alice", token.replace(str(alice.pk), str(bob.pk), 1)),
        (application, "alice", media_links.link(add("file", b"x", by), "").split("/")[2]),
        (application, "alice", ""),
        (application, "alice", "é"),
    ]:
        with pytest.raises(UploadTokenInvalid):
            media.uploader(other_application, username, wrong)


def test_an_upload_token_expires(alice, at):
    token, now = media.new_upload_token(alice), time.time()
    at(now + media_links.UPLOAD_TOKEN_SECONDS - 2)
    media.uploader(alice.application, "alice", token)
    at(now + media_links.UPLOAD_TOKEN_SECONDS + 2)
    with pytest.raises(UploadTokenExpired):
        media.uploader(alice.application, "alice", token)


def test_an_upload_token_ends_with_the_account(alice):
    by, token = Actor.server(alice.application), media.new_upload_token(alice)
    accounts.disable_user(alice, by=by)
    with pytest.raises(UserDisabled):
        media.uploader(alice.application, "alice", token)
    accounts.delete_user(alice, by=by)
    with pytest.raises(UploadTokenInvalid):
        media.uploader(alice.application, "alice", token)


def test_a_link_expires_and_lives_three_quarters_of_its_time_at_least(alice, settings, at):
    settings.MEDIA_LINK_SECONDS = 400
    kept = add("file", b"x", Actor.of(alice))
    for start in (1_800_000_000, 1_800_000_050, 1_800_000_099):
        at(start)
        token = media_links.link(kept, "").split("/")[2]
        at(start + 300)
        assert media_links.read_link(token) == kept.pk
        at(start + 401)
        with pytest.raises(LinkExpired):
            media_links.read_link(token)


def test_a_link_stays_the_same_for_a_while(alice, settings, at):
    settings.MEDIA_LINK_SECONDS = 400
    kept = add("file", b"x", Actor.of(alice))
    links = set()
    for moment in (1_800_000_000, 1_800_000_060, 1_800_000_099):
        at(moment)
        links.add(media_links.link(kept, "https://im.example.com"))
    assert len(links) == 1
    at(1_800_000_100)
    assert media_links.link(kept, "https://im.example.com") not in links


def test_a_forged_link_is_none(alice):
    token = media_links.link(add("file", b"x", Actor.of(alice)), "").split("/")[2]
    for forged in ("", "1", token + "A", "2" + token[1:], media.new_upload_token(alice), token.swapcase()):
        with pytest.raises(NoSuchMedia):
            media_links.read_link(forged)


def test_where_links_point(alice, settings):
    image = add("image", picture(), Actor.of(alice), "me at home.png")
    file = add("file", b"x", Actor.of(alice), "报告 #1/?.pdf")
    assert media_links.link(image, "http://a:8000").startswith("http://a:8000/media/")
    assert media_links.link(image, "http://a:8000").endswith(f"/{image.media_id[-12:].lower()}.png")
    assert media_links.link(file, "").endswith("/%3F.pdf")
    settings.PUBLIC_URL = "https://im.example.com"
    assert media_links.link(image, "http://a:8000").startswith("https://im.example.com/media/")
