"""Uploads and downloads at their doors."""

import base64
import json
import time
import zlib

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.actors import Actor
from messaging import media_links
from messaging.models import Media
from messaging.services import media
from tests.cast import register
from tests.door import Rest, Socket, refusal
from tests.messaging.pictures import PLACE, animation, bomb, photo, picture

MIB = 1024 * 1024
BOUNDARY = "------------------------0123456789abcdef"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def rest(application):
    return Rest(application)


def multipart(*parts: tuple[str, str | None, bytes]) -> bytes:
    """A body of these parts: field name, file name or None, content."""
    body = b""
    for field, filename, content in parts:
        disposition = f'form-data; name="{field}"' + (f'; filename="{filename}"' if filename is not None else "")
        body += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def post(
    path: str, body: bytes, headers: dict[str, str], content_type: str = f"multipart/form-data; boundary={BOUNDARY}"
):
    return Client().post(path, body, content_type=content_type, headers=headers)


def upload(rest: Rest, kind: str, content: bytes, *, field: str = "filename", filename: str = "a.bin"):
    return post(f"/v1/resource?type={kind}", multipart((field, filename, content)), rest.headers)


# REST


def test_an_image_is_uploaded_and_resolved(rest):
    data = picture("PNG")
    answer = upload(rest, "image", data)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    kept = Media.objects.get()
    assert body == {
        "media_id": kept.media_id, "media_crc32": zlib.crc32(data), "width": 40, "height": 20, "format": "png",
        "fsize": len(data), "hash": kept.sha256,
    }  # fmt: skip
    assert kept.owner is None
    url = rest.get("/v1/resource", mediaId=kept.media_id).json()["url"]
    assert url.startswith("http://testserver/media/")
    assert b"".join(Client().get(url).streaming_content) == data


def test_a_file_and_a_voice_are_answered_with_their_members(rest):
    assert set(upload(rest, "file", b"data", filename="a.dmp").json()) == {
        "media_id", "media_crc32", "hash", "fsize", "fname",
    }  # fmt: skip
    assert upload(rest, "voice", b"ID3\x03....").json()["format"] == "mp3"


@pytest.mark.parametrize("field", ["filename", "image", "a photo.png", "файл", '\\"x'])
def test_the_first_file_part_counts_whatever_its_name(rest, field):
    body = multipart(
        ("note", None, b"no file"),
        (field, "first.txt", b"first"),
        (field, "second.txt", b"second" * 100),
        ("z", "z", b"z"),
    )
    answer = post("/v1/resource?type=file", body, rest.headers)
    assert (answer.json()["fname"], answer.json()["fsize"]) == ("first.txt", 5)


def test_a_first_file_in_memory_survives_large_ones_behind_it(rest):
    body = multipart(("a", "a.bin", b"first"), ("b", "b.bin", bytes(3 * MIB)), ("c", "c.bin", bytes(10 * MIB)))
    assert post("/v1/resource?type=file", body, rest.headers).json()["fsize"] == 5


def test_the_framing_of_the_java_client(rest):
    """Byte for byte what its ResourceClient writes: an unquoted boundary, no blanks in the part's headers, the path as file
    name, and a line end more than there should be."""
    data = picture("PNG")
    body = (
        b"--========7d4a6d158c9\r\n"
        b'Content-Disposition: form-data;name="image";filename="G:\\MyDownloads\\discourse-icon.png"\r\n'
        b"Content-Type:application/octet-stream\r\n"
        b"\r\n" + data + b"\r\n"
        b"\r\n--========7d4a6d158c9--\r\n"
    )
    content_type = "multipart/form-data; boundary=========7d4a6d158c9"
    answer = post("/v1/resource?type=image", body, rest.headers, content_type)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["fsize"], answer.json()["format"]) == (len(data), "png")
    answer = post("/v1/resource?type=file", body, rest.headers, content_type.replace("; ", ";"))
    assert answer.json()["fname"] == "discourse-icon.png"
    assert answer.json()["fsize"] == len(data) + 2
    assert Media.objects.get(kind="file").file.read() == data + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("报告.pdf".encode(), "报告.pdf"),
        ("报告.pdf".encode("gbk"), "报告.pdf"),
        ("C:\\Users\\小明\\报告 1.pdf".encode("gb18030"), "报告 1.pdf"),
        ("/tmp/上传/报告.pdf".encode("gbk"), "报告.pdf"),
        ("звіт.txt".encode(), "звіт.txt"),
        (b"\xff\xff.txt", "\ufffd\ufffd.txt"),
        ("😀.txt".encode(), "😀.txt"),
        (b"a\xc3.txt", "a\ufffd.txt"),
        (b"%E6%8A%A5.txt", "%E6%8A%A5.txt"),
    ],
)
def test_a_name_is_in_utf8_or_gbk_and_loses_its_folders(rest, sent, kept):
    content = "--x\r\n内容\r\n\r\n".encode("gbk")  # which is converted by nobody
    body = multipart(("note", None, b"first"), ("f", "NAME", content)).replace(b"NAME", sent)
    answer = post("/v1/resource?type=file", body, rest.headers).json()
    assert (answer["fname"], answer["fsize"]) == (kept, len(content))
    assert Media.objects.get().file.read() == content


def test_a_body_of_nothing_but_boundaries_is_read_once(rest):
    """Not again from each of them: that took ten seconds in which nobody else was served."""
    body = (b"--a\r\na\r\n" * 10_000)[:60_000]
    began = time.process_time()
    answer = post("/v1/resource?type=file", body, rest.headers, "multipart/form-data; boundary=a")
    assert refusal(answer) == (400, 899003)
    assert time.process_time() - began < 2


def test_a_name_may_come_encoded_by_rfc_5987(rest):
    body = multipart(("f", "NAME", b"x")).replace(b'filename="NAME"', b"filename*=utf-8''%E6%8A%A5%E5%91%8A.pdf")
    assert post("/v1/resource?type=file", body, rest.headers).json()["fname"] == "报告.pdf"


def test_a_content_that_looks_like_a_header_is_kept_as_it_is(rest):
    content = b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\nContent-Disposition: \xb1\xa8\r\n\r\n"
    assert upload(rest, "file", content).json()["fsize"] == len(content)
    assert Media.objects.get().file.read() == content


def test_eight_mebibytes_are_accepted_and_not_a_byte_more(rest):
    assert upload(rest, "file", bytes(8 * MIB)).json()["fsize"] == 8_388_608
    assert refusal(upload(rest, "file", bytes(8 * MIB + 1))) == (400, 899003)
    assert refusal(upload(rest, "image", picture("BMP").ljust(8 * MIB + 1, b"\0"))) == (400, 899003)
    assert Media.objects.count() == 1


def test_limits_are_settings(rest, alice, settings, monkeypatch):
    settings.REST_UPLOAD_BYTES, settings.SDK_IMAGE_BYTES = 11 * MIB, 5000
    monkeypatch.setattr("messaging.api.media.DRAINED_BYTES", 9 * MIB)
    assert upload(rest, "file", bytes(11 * MIB)).json()["fsize"] == 11 * MIB
    assert refusal(upload(rest, "file", bytes(11 * MIB + 1))) == (400, 899003)
    bitmap = picture("BMP")
    assert from_page(alice, bitmap.ljust(5000, b"\0")).status_code == 200
    assert refusal(from_page(alice, bitmap.ljust(5001, b"\0"))) == (400, 898061)


def test_far_too_much_is_not_read_to_its_end(rest, monkeypatch):
    monkeypatch.setattr("messaging.api.media.DRAINED_BYTES", 9 * MIB)
    body = multipart(("a", "a.bin", bytes(12 * MIB)))
    assert refusal(post("/v1/resource?type=file", body, rest.headers)) == (400, 899003)


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/v1/resource", multipart(("f", "a", b"x")), None),
        ("/v1/resource?type=", multipart(("f", "a", b"x")), None),
        ("/v1/resource?type=video", multipart(("f", "a", b"x")), None),
        ("/v1/resource?type=file", multipart(("f", None, b"x")), None),
        ("/v1/resource?type=file", multipart(("f", "", b"x")), None),
        ("/v1/resource?type=file", multipart(("f", "a", b"")), None),
        ("/v1/resource?type=file", multipart(), None),
        ("/v1/resource?type=file", b"", None),
        ("/v1/resource?type=file", multipart(("f", "a", b"x" * 100_000))[:-20], None),
        ("/v1/resource?type=file", multipart(("f", "a", b"x"))[:-5], None),
        ("/v1/resource?type=file", b"nothing like it", None),
        ("/v1/resource?type=file", b"{}", "application/json"),
        ("/v1/resource?type=file", b"x", "multipart/form-data"),
        ("/v1/resource?type=file", b"x", "multipart/form-data; boundary=" + "x" * 300),
        ("/v1/resource?type=file", multipart(*[("f", "a", b"x")] * 150), None),
        ("/v1/resource?type=image", multipart(("f", "a.png", b"<html><script>alert(1)</script>")), None),
        ("/v1/resource?type=image", multipart(("f", "a.png", bomb("PNG", (16_000, 16_000)))), None),
    ],
)
def test_bad_uploads_are_refused(rest, path, body, content_type):
    answer = post(path, body, rest.headers, content_type or f"multipart/form-data; boundary={BOUNDARY}")
    assert refusal(answer) == (400, 899003)
    assert not Media.objects.exists()


def test_an_upload_needs_the_secret(rest):
    body = multipart(("f", "a", b"x"))
    assert refusal(post("/v1/resource?type=file", body, {})) == (401, 899007)
    wrong = {"Authorization": rest.headers["Authorization"][:-8] + "AAAAAAA="}
    assert refusal(post("/v1/resource?type=file", body, wrong)) == (401, 899008)
    assert not Media.objects.exists()


def test_a_trailing_slash_does_not_matter(rest):
    assert post("/v1/resource/?type=file", multipart(("f", "a", b"x")), rest.headers).status_code == 200


def test_resolving(rest, other_application):
    kept = upload(rest, "file", b"x").json()["media_id"]
    raw = Client().get(f"/v1/resource?mediaId={kept}", headers=rest.headers)
    assert raw.status_code == 200
    for query in ({}, {"mediaId": ""}, {"mediaId": "qiniu/image/j/0"}, {"mediaId": "\0"}, {"mediaId": "ü" * 300}):
        assert refusal(rest.get("/v1/resource", **query)) == (400, 899003)
    assert refusal(Rest(other_application).get("/v1/resource", mediaId=kept)) == (400, 899003)
    for raw in (kept, kept.replace("/", "%2F"), kept.replace("/", "%2f"), f"{kept}&other=1"):
        for path in ("/v1/resource", "/v1/resource/", "/v1//resource"):
            answer = Client().get(f"{path}?mediaId={raw}", headers=rest.headers)
            assert set(answer.json()) == {"url"}, answer.content


def test_applications_of_one_owner_show_each_others_uploads(rest, application, other_application):
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    kept = upload(rest, "image", picture()).json()["media_id"]
    url = Rest(sister).get("/v1/resource", mediaId=kept).json()["url"]
    assert content(Client().get(url)) == picture()
    assert refusal(Rest(other_application).get("/v1/resource", mediaId=kept)) == (400, 899003)
    sam = register(sister, "sam01")["sam01"]
    assert Socket(sam).ask("get_resource", {"media_id": kept})["code"] == 0
    assert refusal(from_page(sam, picture(), **{"X-App-Key": application.appkey})) == (401, 898008)


# From a page


def page_headers(user, token: str | None = None, **more: str) -> dict[str, str]:
    pair = f"{user.username}:{token or media.new_upload_token(user)}"
    return {
        "X-App-Key": user.application.appkey,
        "jm-channel": "w",
        "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
        "Origin": "https://shop.example.com",
        **more,
    }


def from_page(user, content: bytes, kind: str = "image", **more: str):
    return post(f"/resource?type={kind}", multipart(("photo.png", "photo.png", content)), page_headers(user, **more))


def test_a_page_uploads_with_the_token_of_its_user(alice):
    token = Socket(alice).ask("get_upload_token")["uptoken"]
    answer = from_page(alice, photo(6), token=token)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    body, kept = answer.json(), Media.objects.get()
    assert (kept.owner, kept.kind) == (alice, "image")
    assert body["media_id"].startswith("qiniu/image/j/")
    assert (body["width"], body["height"], body["format"]) == (20, 40, "jpg")
    assert body["media_crc32"] == zlib.crc32(kept.file.read())
    assert all(
        from_page(alice, b"data", kind="file").json()[name] for name in ("media_id", "media_crc32", "fsize", "fname")
    )


def test_limits_of_a_page(alice):
    bitmap = picture("BMP")  # what stands behind it counts and is not kept
    assert from_page(alice, bitmap.ljust(10 * MIB, b"\0")).json()["fsize"] == len(bitmap)
    too_large = from_page(alice, bitmap.ljust(10 * MIB + 1, b"\0"))
    assert refusal(too_large) == (400, 898061)
    assert too_large.headers["Access-Control-Allow-Origin"] == "*"
    assert from_page(alice, bytes(8 * MIB), kind="file").status_code == 200
    assert refusal(from_page(alice, bytes(8 * MIB + 1), kind="file")) == (400, 898061)
    assert Media.objects.count() == 2


def test_refusals_of_a_page_have_its_codes(alice, bob, eve, monkeypatch):
    body = multipart(("f", "a.png", picture()))

    def code(path: str = "/resource?type=image", body: bytes = body, **changes) -> tuple[int, int]:
        headers = {name: value for name, value in (page_headers(alice) | changes).items() if value is not None}
        answer = post(path, body, headers)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        return refusal(answer)

    assert code(Authorization=None) == (401, 898007)
    assert code(Authorization="Bearer x") == (401, 898008)
    assert code(Authorization="Basic x") == (401, 898008)
    assert code(Authorization=page_headers(alice, "guess")["Authorization"]) == (401, 898008)
    assert code(Authorization=page_headers(alice, media.new_upload_token(bob))["Authorization"]) == (401, 898008)
    assert code(**{"X-App-Key": eve.application.appkey}) == (401, 898008)
    assert code(**{"X-App-Key": "A" * 24}) == (400, 898009)
    assert code(**{"X-App-Key": None}) == (400, 898009)
    assert code(path="/resource") == (400, 898003)
    assert code(path="/resource?type=document") == (400, 898003)
    assert code(body=multipart(("f", None, b"x"))) == (400, 898003)
    assert code(body=multipart(("f", "a.png", b"no picture"))) == (400, 898003)
    assert code(body=multipart(("f", "a.png", b""))) == (400, 898003)
    assert code(body=b"") == (400, 898003)
    headers = page_headers(alice)
    monkeypatch.setattr("messaging.media_links.UPLOAD_TOKEN_SECONDS", -1)
    assert code(Authorization=headers["Authorization"]) == (401, 898010)
    assert not Media.objects.exists()


def test_an_account_that_is_disabled_uploads_nothing(alice):
    headers = page_headers(alice)
    accounts.disable_user(alice, by=Actor.server(alice.application))
    assert refusal(post("/resource?type=file", multipart(("f", "a", b"x")), headers)) == (403, 898002)


def preflight(origin: str):
    return Client().options(
        "/resource?type=image",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,jm-channel,x-app-key",
        },
    )


def test_the_preflight_of_any_page(application):
    answer = preflight("https://shop.example.com")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-app-key, jm-channel, authorization, content-type"


def test_origins_are_those_of_the_application_and_in_a_preflight_those_of_all(alice, other_application):
    accounts.change_application(alice.application, {"origins": ["https://shop.example.com"]}, by=None)
    accounts.change_application(other_application, {"origins": ["https://*.elsewhere.com"]}, by=None)
    for origin in ("https://shop.example.com", "https://www.elsewhere.com"):
        assert preflight(origin).headers["Access-Control-Allow-Origin"] == "*"
    refused = preflight("https://evil.example.com")
    assert refusal(refused) == (403, 898008)
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert from_page(alice, picture()).status_code == 200
    for origin in ("https://www.elsewhere.com", "https://evil.example.com", "null"):
        assert refusal(from_page(alice, picture(), Origin=origin)) == (403, 898008)
    assert Media.objects.count() == 1


def test_a_change_of_origins_counts_for_the_next_preflight(application, django_capture_on_commit_callbacks):
    def changes(*origins: str) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            accounts.change_application(application, {"origins": origins}, by=None)

    page = "https://shop.example.com"
    assert preflight(page).status_code == 204
    changes("https://elsewhere.com")
    assert preflight(page).status_code == 403
    changes("https://elsewhere.com", page)
    assert preflight(page).status_code == 204
    changes("https://elsewhere.com")
    assert preflight(page).status_code == 403
    with django_capture_on_commit_callbacks(execute=True):
        accounts.create_application("Open to all", by=None)
    assert preflight(page).status_code == 204


def test_a_preflight_is_no_query_and_no_cookie(application, django_assert_num_queries):
    preflight("https://a.example")
    with django_assert_num_queries(0):
        answer = preflight("https://b.example")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert not answer.cookies


def test_other_methods_have_no_answer(alice):
    assert Client().get("/resource?type=image", headers=page_headers(alice)).status_code == 405


# Over the socket


def test_get_resource(alice, bob, eve):
    kept = from_page(alice, picture()).json()["media_id"]
    socket = Socket(bob)
    socket.session.base_url = "https://im.example.com"
    answer = socket.ask("get_resource", {"media_id": kept})
    assert answer["code"] == 0
    assert answer["url"].startswith("https://im.example.com/media/")
    assert Client().get(answer["url"].removeprefix("https://im.example.com")).status_code == 200
    assert Socket(eve).ask("get_resource", {"media_id": kept})["code"] == 880005
    assert socket.ask("get_resource", {"media_id": "qiniu/image/j/00"})["code"] == 880005
    assert socket.ask("get_resource", {"media_id": ""})["code"] == 880002
    assert socket.ask("get_resource", {})["code"] == 880002
    assert socket.ask("get_resource", {"media_id": None})["code"] == 880002
    assert socket.ask("get_resource", {"media_id": 5})["code"] == 880004


# Download


@pytest.fixture
def link(alice):
    """The address of an upload by alice."""

    def make(kind: str, content: bytes, name: str = "a.bin") -> str:
        from django.core.files.base import ContentFile

        kept = media.add_media(kind, ContentFile(content, name), by=Actor.of(alice))
        return media_links.link(kept, "")

    return make


def content(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_headers_of_a_picture(link):
    answer = Client().get(link("image", animation("GIF")))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/gif"
    assert answer.headers["Content-Length"] == str(len(animation("GIF")))
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert content(answer) == animation("GIF")


@pytest.mark.parametrize(
    "evil", [b"<html><script>", b"<svg xmlns='http://www.w3.org/2000/svg'>", b"%PDF-1.7", b"PK\x03\x04"]
)
@pytest.mark.parametrize("name", ["holiday.png", "page.html", "x.svg"])
def test_what_is_no_picture_is_saved_and_never_shown(link, evil, name):
    answer = Client().get(link("file", evil, name))
    assert answer.headers["Content-Type"] in ("application/octet-stream", "application/pdf", "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_with_a_page_behind_it_is_a_picture(link):
    answer = Client().get(link("file", picture("GIF") + b"<script>alert(1)</script>", "x.html"))
    assert answer.headers["Content-Type"] == "image/gif"
    answer = Client().get(link("image", picture("GIF") + b"<script>alert(1)</script>", "x.html"))
    assert b"script" not in content(answer)
    assert answer.headers["Content-Disposition"].endswith('.gif"')


def test_a_name_in_any_script_is_kept(link):
    answer = Client().get(link("file", b"x", "报 告.pdf"))
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''%E6%8A%A5%20%E5%91%8A.pdf"


def test_links_that_show_nothing(link, alice, settings):
    address = link("file", b"secret")
    _, _, token, name = address.split("/")
    for wrong in (f"/media/{token}x/{name}", f"/media/x/{name}", f"/media/{media.new_upload_token(alice)}/{name}"):
        assert refusal(Client().get(wrong)) == (404, 899003)
    settings.MEDIA_LINK_SECONDS = -1
    expired = Client().get(address)
    assert refusal(expired) == (403, 899003)
    assert b"secret" not in expired.content
    settings.MEDIA_LINK_SECONDS = 86400
    Media.objects.get().file.storage.delete(Media.objects.get().file.name)
    assert refusal(Client().get(address)) == (404, 899003)
    Media.objects.all().delete()
    assert refusal(Client().get(address)) == (404, 899003)


def test_the_name_in_a_link_is_for_people(link):
    address = link("file", b"x", "a.txt")
    answer = Client().get(address.rpartition("/")[0] + "/evil.html")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.txt"'


def test_a_link_needs_no_credentials_and_takes_no_post(link):
    address = link("file", b"x")
    assert Client().post(address).status_code == 405
    head = Client().head(address)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "1")


@pytest.mark.parametrize(
    ("wanted", "status", "expected", "content_range"),
    [
        ("bytes=0-", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=9-9", 206, b"9", "bytes 9-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=5-2", 416, None, "bytes */10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("items=0-1", 200, b"0123456789", None),
        ("bytes=a-b", 200, b"0123456789", None),
    ],
)
def test_ranges(link, wanted, status, expected, content_range):
    answer = Client().get(link("file", b"0123456789"), headers={"Range": wanted})
    assert answer.status_code == status
    assert answer.headers.get("Content-Range") == content_range
    if expected is None:
        assert refusal(answer) == (416, 899003)
    else:
        assert content(answer) == expected
        assert answer.headers["Content-Length"] == str(len(expected))


def test_a_file_that_the_browser_has_is_not_sent_again(link):
    address = link("file", b"0123456789")
    tag = Client().get(address).headers["ETag"]
    again = Client().get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = Client().get(address, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (other.status_code, content(other)) == (200, b"0123456789")


def test_nothing_of_the_place_leaves_the_server(rest):
    url = rest.get("/v1/resource", mediaId=upload(rest, "image", photo()).json()["media_id"]).json()["url"]
    assert PLACE not in content(Client().get(url))


def test_answers_are_json_in_the_vendors_order_of_types(rest):
    answer = json.loads(upload(rest, "image", picture()).content)
    assert all(type(answer[name]) is int for name in ("media_crc32", "width", "height", "fsize"))
    assert all(type(answer[name]) is str for name in ("media_id", "format", "hash"))
