"""Uploads and downloads over real connections: framing, clients that leave, a proxy in front, and memory."""

import base64
import contextlib
import http.client
import io
import socket
import sqlite3
import time
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.backing import wait_until
from tests.live import Live
from tests.messaging.pictures import photo, picture
from tests.wire_client import BlockingClient

pytestmark = pytest.mark.sqlite_only

BOUNDARY = "frontier"
MIB = 1024 * 1024
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("live") / "data"
    with Live(folder, IM_SERVER=request.param, IM_TRUSTED_PROXIES="127.0.0.1", IM_BEHIND_TLS_PROXY="true") as live:
        made = live.manage("create_application", "Shop", "--json")
        yield Site(live, made["appkey"], made["master_secret"])


class Site:
    def __init__(self, live: Live, appkey: str, secret: str) -> None:
        self.live, self.appkey, self.secret = live, appkey, secret
        self.authorization = "Basic " + base64.b64encode(f"{appkey}:{secret}".encode()).decode()

    def get(self, path: str, **options) -> requests.Response:
        return requests.get(self.live.url + path, auth=(self.appkey, self.secret), timeout=20, **options)

    def upload(self, kind: str, content: bytes, name: str = "a.bin", **headers: str) -> dict:
        answer = requests.post(
            f"{self.live.url}/v1/resource?type={kind}",
            auth=(self.appkey, self.secret), files={"filename": (name, content)}, headers=headers, timeout=30,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer.json()

    def begin(self, length: int | str, *more: str) -> socket.socket:
        """A connection that has sent the head of an upload."""
        connection = socket.create_connection(("127.0.0.1", self.live.port), timeout=20)
        size = f"Content-Length: {length}" if isinstance(length, int) else length
        head = [
            "POST /v1/resource?type=file HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {self.authorization}",
            f"Content-Type: {TYPE}", size, *more,
        ]  # fmt: skip
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        return connection

    def rows(self) -> int:
        with contextlib.closing(sqlite3.connect(self.live.folder / "imsite.sqlite3")) as database:
            return database.execute("SELECT COUNT(*) FROM messaging_media").fetchone()[0]

    def files(self) -> int:
        return sum(path.is_file() for path in (self.live.folder / "media").rglob("*"))

    def open_files(self) -> set[str]:
        """Uploads that the server holds open somewhere else than in its folder."""
        links = Path(f"/proc/{self.live.process.pid}/fd").iterdir()
        names = {str(link.readlink()) for link in links if link.is_symlink()}
        return {name for name in names if name.startswith("/tmp/") and str(self.live.folder) not in name}

    def memory(self, what: str) -> int:
        """VmRSS or VmHWM of the server in bytes."""
        lines = Path(f"/proc/{self.live.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


def body(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def answer_of(connection: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer


def test_a_body_without_a_length_is_taken(site):
    def pieces():
        whole = body(bytes(300_000))
        for at in range(0, len(whole), 7000):
            yield whole[at : at + 7000]

    answer = requests.post(
        f"{site.live.url}/v1/resource?type=file",
        auth=(site.appkey, site.secret), data=pieces(), headers={"Content-Type": TYPE}, timeout=20,
    )  # fmt: skip
    assert answer.json()["fsize"] == 300_000


def test_a_slow_upload_arrives_whole_and_keeps_nobody_waiting(site):
    whole = body(bytes(range(256)) * 400)
    with site.begin(len(whole)) as connection:
        for at in range(0, len(whole), 20_000):
            connection.sendall(whole[at : at + 20_000])
            assert site.get("/v1/resource", params={"mediaId": "none"}).status_code == 400
        assert answer_of(connection).status == 200


@pytest.mark.parametrize("sent", [0, 100, 5000, 2 * MIB])
def test_a_client_that_leaves_in_the_middle_leaves_nothing(site, sent):
    rows, files, held = site.rows(), site.files(), site.open_files()
    whole = body(bytes(3 * MIB))
    connection = site.begin(len(whole))
    connection.sendall(whole[:sent])
    connection.close()
    assert site.get("/v1/resource", params={"mediaId": "none"}).status_code == 400
    wait_until(lambda: site.open_files() <= held, "temporary files are gone")
    assert (site.rows(), site.files()) == (rows, files)
    assert "Traceback" not in site.live.printed()


def test_a_body_longer_than_declared_is_no_file(site):
    rows, files = site.rows(), site.files()
    whole = body(bytes(10_000))
    with site.begin(len(whole) - 2000, "Connection: close") as connection:
        connection.sendall(whole)
        answer = answer_of(connection)
        assert (answer.status, b"899003" in answer.read()) == (400, True)
    assert (site.rows(), site.files()) == (rows, files)


def test_far_too_much_is_refused_before_it_is_read(site):
    with site.begin(64 * MIB + 1) as connection:
        answer = answer_of(connection)
        assert (answer.status, b"899003" in answer.read()) == (413, True)
    assert not site.open_files()


def test_a_body_that_does_not_end_is_cut(site):
    """In chunks, so nobody knows its length before."""
    with site.begin("Transfer-Encoding: chunked") as connection:
        piece = b"%x\r\n" % MIB + bytes(MIB) + b"\r\n"
        with pytest.raises(OSError):  # broken pipe or reset
            for _ in range(500):
                connection.sendall(piece)
    wait_until(lambda: not site.open_files(), "what was read is thrown away")


def test_addresses_are_those_that_the_proxy_was_asked_for(site):
    kept = site.upload("image", photo(6, (400, 200)))
    forwarded = {"Host": "im.example.com", "X-Forwarded-Proto": "https"}
    unknown = site.get(
        "/v1/resource", params={"mediaId": kept["media_id"]}, headers={**forwarded, "Host": "evil.example.com"}
    )
    assert unknown.status_code == 400
    forwarded["Host"] = f"localhost:{site.live.port}"
    url = site.get("/v1/resource", params={"mediaId": kept["media_id"]}, headers=forwarded).json()["url"]
    assert url.startswith(f"https://localhost:{site.live.port}/media/")
    plain = site.get("/v1/resource", params={"mediaId": kept["media_id"]}).json()["url"]
    assert plain.startswith(f"{site.live.url}/media/")
    small = requests.get(f"{plain}?imageView2/2/w/100/h/100", timeout=20)
    assert Image.open(io.BytesIO(small.content)).size == (50, 100)
    assert small.headers["Content-Type"] == "image/jpeg"
    assert "Set-Cookie" not in small.headers


def test_a_socket_names_the_same_addresses(site):
    requests.post(
        f"{site.live.url}/v1/users",
        auth=(site.appkey, site.secret), json=[{"username": "alice", "password": "secret"}], timeout=20,
    )  # fmt: skip
    kept = site.upload("image", picture())
    client = BlockingClient.connect(site.live.url)
    client.c_init(site.appkey, site.secret)
    client.login("alice", "secret")
    url = client.request("get_resource", {"media_id": kept["media_id"]})["url"]
    assert url.startswith(f"{site.live.url}/media/")
    assert requests.get(url, timeout=20).content == picture()


def test_a_film_is_fetched_in_parts(site):
    film = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 9000
    kept = site.upload("file", film, "film.mp4")
    url = site.get("/v1/resource", params={"mediaId": kept["media_id"]}).json()["url"]
    whole = requests.get(url, timeout=20)
    assert whole.content == film
    assert whole.headers["Content-Type"] == "video/mp4"
    part = requests.get(url, headers={"Range": "bytes=2000000-"}, timeout=20)
    assert (part.status_code, part.content) == (206, film[2_000_000:])
    head = requests.head(url, timeout=20)
    assert (head.headers["Content-Length"], head.headers["Accept-Ranges"], head.content) == (
        str(len(film)),
        "bytes",
        b"",
    )


def test_who_does_not_read_a_download_holds_no_thread(site):
    kept = site.upload("file", bytes(8 * MIB))
    url = site.get("/v1/resource", params={"mediaId": kept["media_id"]}).json()["url"]
    path = url.removeprefix(site.live.url)
    idle = []
    for _ in range(20):  # more than there are threads
        connection = socket.create_connection(("127.0.0.1", site.live.port), timeout=20)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        idle.append(connection)
    try:
        before = time.monotonic()
        assert site.get("/v1/resource", params={"mediaId": "none"}).status_code == 400
        assert time.monotonic() - before < 10
    finally:
        for connection in idle:
            connection.close()
