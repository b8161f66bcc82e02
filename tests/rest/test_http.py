"""The API as HTTP clients and proxies meet it, byte by byte, on both servers."""

import base64
import json
import socket

import pytest
import requests

from imsite.core.guard import FREE
from tests.backing import wait_until
from tests.live import Live
from tests.wire_client import BlockingClient

pytestmark = pytest.mark.sqlite_only

PATIENCE = 15  # seconds


class Site:
    """A server with an application that has an admin."""

    def __init__(self, live, *, made=True):
        self.live = live
        if not made:
            return
        made = live.manage("create_application", "Shop", "--json")
        self.appkey, self.secret = made["appkey"], made["master_secret"]
        answer = self.ask("POST", "/v1/admins", json={"username": "root1", "password": "secret"})
        assert answer.status_code == 201, answer.text

    @property
    def basic(self):
        return base64.b64encode(f"{self.appkey}:{self.secret}".encode()).decode()

    def ask(self, method, path, *, secret="", **more):
        auth = (self.appkey, secret or self.secret)
        return requests.request(method, self.live.url + path, auth=auth, timeout=PATIENCE, **more)

    def wire(self):
        return Wire(self)


class Wire:
    """One connection. `say(line, ..., body=b"")` sends a request; `hear()` reads one answer."""

    def __init__(self, site):
        self.site = site
        self.socket = socket.create_connection(("127.0.0.1", site.live.port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.file.close()
        self.socket.close()

    def say(self, line, *headers, body=b""):
        lines = [line, f"Host: 127.0.0.1:{self.site.live.port}", f"Authorization: Basic {self.site.basic}", *headers]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def hear(self):
        """Status and JSON (None without a body) of the next answer; its headers stay in `headers`."""
        status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        if status in (204, 304) or status < 200:
            body = b""
        elif "content-length" in self.headers:
            body = self.file.read(int(self.headers["content-length"]))
        else:
            body = self.file.read()
        return status, json.loads(body) if body else None

    def is_closed(self):
        return self.file.read(1) == b""


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def site(request, tmp_path_factory):
    with Live(tmp_path_factory.mktemp("http") / "data", IM_SERVER=request.param) as live:
        yield Site(live)


def test_a_connection_survives_answers_without_a_body(site):
    names = ["gone1", "gone2"]
    site.ask("POST", "/v1/users", json=[{"username": name, "password": "secret"} for name in names])
    with site.wire() as wire:
        for name in names:
            body = b'{"nickname": "Root"}'
            wire.say("PUT /v1/users/root1 HTTP/1.1", f"Content-Length: {len(body)}", body=body)
            assert wire.hear() == (204, None)
            wire.say(f"DELETE /v1/users/{name} HTTP/1.1")
            assert wire.hear() == (204, None)
            wire.say("GET /v1/users/root1 HTTP/1.1")
            assert wire.hear()[1]["nickname"] == "Root"


def test_http_1_0(site):
    with site.wire() as wire:
        wire.say("GET /v1/users/root1 HTTP/1.0")
        assert wire.hear()[1]["username"] == "root1"
        assert wire.is_closed()


def test_a_get_with_a_body_leaves_nothing_behind(site):
    with site.wire() as wire:
        wire.say("GET /v1/users/root1 HTTP/1.1", "Content-Length: 13", body=b'["surprise!"]')
        assert wire.hear()[0] == 200
        wire.say("GET /v1/users/root1 HTTP/1.1")
        assert wire.hear()[0] == 200


def test_a_post_without_a_length_has_no_body(site):
    with site.wire() as wire:
        wire.say("POST /v1/users HTTP/1.1")
        status, answer = wire.hear()
        assert (status, answer["error"]["code"]) == (400, 899003)
        wire.say("GET /v1/users/root1 HTTP/1.1")
        assert wire.hear()[0] == 200


def test_a_body_in_chunks(site):
    with site.wire() as wire:
        part = b'{"nickname": "Chunk"}'
        wire.say("PUT /v1/users/root1 HTTP/1.1", "Transfer-Encoding: chunked",
                 body=b"".join(b"1\r\n%c\r\n" % byte for byte in part) + b"0\r\n\r\n")  # fmt: skip
        assert wire.hear()[0] == 204
        wire.say("GET /v1/users/root1 HTTP/1.1")
        assert wire.hear()[1]["nickname"] == "Chunk"


def test_a_form_is_read_by_nobody_before_the_application(site):
    """Twisted takes forms apart in its event loop unless told not to, and closes the connection on what is none."""
    form = "Content-Type: multipart/form-data; boundary=x"
    with site.wire() as wire:
        for line in ("POST /v1/resource?type=file HTTP/1.1", "POST /v1/users HTTP/1.1"):
            wire.say(line, form, "Content-Length: 4", body=b"none")
            status, answer = wire.hear()
            assert (status, answer["error"]["code"]) == (400, 899003), line
    answer = requests.post(
        f"{site.live.url}/v1/resource", b"none", headers={"Content-Type": form.partition(": ")[2]}, timeout=PATIENCE
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 899007)


def test_a_client_that_asks_before_it_sends(site):
    """`Expect: 100-continue`, as curl and PHP send it with larger bodies."""
    with site.wire() as wire:
        body = b'{"nickname": "Later"}'
        wire.say("PUT /v1/users/root1 HTTP/1.1", f"Content-Length: {len(body)}", "Expect: 100-continue")
        wire.socket.settimeout(1)
        try:
            first = wire.hear()[0]
        except TimeoutError:  # a client that hears nothing sends after a while
            first = None
        wire.socket.settimeout(PATIENCE)
        wire.file = wire.socket.makefile("rb")
        assert first in (100, None)
        wire.socket.sendall(body)
        assert wire.hear()[0] == 204


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/root1",
        "/v1/users/root1/",
        "//v1///users//root1//",
        "/v1/users/%72oot1",
        "/v1%2Fusers/root1",
        "/v1/users/root1?",
    ],
)
def test_paths(site, path):
    with site.wire() as wire:
        wire.say(f"GET {path} HTTP/1.1")
        assert wire.hear()[1]["username"] == "root1"


@pytest.mark.parametrize("path", ["/v1/users/%00", "/v1/users/%FF%FE", "/v1/users/..%2F..", "/v1/%E4%BD%A0"])
def test_odd_paths_are_refused_in_the_words_of_the_api(site, path):
    with site.wire() as wire:
        wire.say(f"GET {path} HTTP/1.1")
        status, answer = wire.hear()
        assert status in (400, 403, 404)
        assert 899000 < answer["error"]["code"] < 900000


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "POST"])
def test_a_method_that_a_path_does_not_have(site, method):
    with site.wire() as wire:
        wire.say(f"{method} /v1/users/root1 HTTP/1.1", "Content-Length: 0")
        status, answer = wire.hear()
        assert (status, answer["error"]["code"]) == (405, 899003)


def test_a_head_has_no_body(site):
    with site.wire() as wire:
        wire.say("HEAD /livez HTTP/1.1")
        assert int(wire.file.readline().split()[1]) == 200
        while wire.file.readline().strip():
            pass
        wire.say("GET /v1/users/root1 HTTP/1.1")
        assert wire.hear()[0] == 200


def test_what_anyone_may_write_is_not_believed(site):
    """No proxy is named: neither the address, nor the scheme, nor the host of X-Forwarded-* counts."""
    upload = site.ask("POST", "/v1/resource?type=file", files={"file": ("a.txt", b"hello")}).json()
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "198.51.100.1"}
    url = site.ask("GET", f"/v1/resource?mediaId={upload['media_id']}", headers=forged).json()["url"]
    assert url.startswith(f"http://127.0.0.1:{site.live.port}/")


# Behind a proxy that ends TLS


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def proxied(request, tmp_path_factory):
    """The server as behind a proxy on this machine, which the test plays."""
    folder = tmp_path_factory.mktemp("proxied") / "data"
    with Live(
        folder,
        IM_SERVER=request.param,
        IM_BEHIND_TLS_PROXY="true",
        IM_TRUSTED_PROXIES="127.0.0.1",
        IM_FORWARDED_HOST="true",
        IM_ALLOWED_HOSTS="chat.example.com,127.0.0.1",
    ) as live:
        yield Site(live)


def forwarded(client="203.0.113.9", proto="https", host="chat.example.com"):
    return {"X-Forwarded-For": client, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host}


def test_addresses_of_uploads_are_those_of_the_proxy(proxied):
    upload = proxied.ask("POST", "/v1/resource?type=file", files={"file": ("a.txt", b"hello")}).json()
    path = f"/v1/resource?mediaId={upload['media_id']}"
    url = proxied.ask("GET", path, headers=forwarded()).json()["url"]
    assert url.startswith("https://chat.example.com/")
    local = url.replace("https://chat.example.com", proxied.live.url)
    assert requests.get(local, timeout=PATIENCE).content == b"hello"
    assert (
        proxied.ask("GET", path, headers=forwarded(proto="http")).json()["url"].startswith("http://chat.example.com/")
    )
    refused = proxied.ask("GET", path, headers=forwarded(host="evil.example"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 899003)


def test_the_console_sets_its_cookies_for_https_alone(proxied):
    answer = requests.get(proxied.live.url + "/admin/login/", headers=forwarded(), timeout=PATIENCE)
    assert answer.status_code == 200
    assert "Secure" in answer.headers["Set-Cookie"]


def test_guessers_are_told_apart_behind_the_proxy(proxied):
    for _ in range(FREE):
        assert proxied.ask("GET", "/v1/users", secret="x" * 24, headers=forwarded("203.0.113.66")).status_code == 401
    answer = proxied.ask("GET", "/v1/users", secret="x" * 24, headers=forwarded("203.0.113.66"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, 899030)
    assert int(answer.headers["Retry-After"]) >= 1
    # What the guesser writes stands before what the proxy adds.
    forged = forwarded("198.51.100.1, 203.0.113.66")
    assert proxied.ask("GET", "/v1/users", secret="x" * 24, headers=forged).status_code == 429
    assert proxied.ask("GET", "/v1/users", headers=forwarded("203.0.113.67")).status_code == 200


# Secrets


def test_a_secret_that_is_rotated_beside_the_running_server(site):
    """By a command, which is another process: the new one works within five seconds, the one before all the time."""
    first = site.secret
    second = site.live.manage("rotate_secret", site.appkey, "--json")["master_secret"]
    wait_until(lambda: site.ask("GET", "/v1/users", secret=second).status_code == 200, "the new secret", seconds=10)
    assert site.ask("GET", "/v1/users", secret=first).status_code == 200
    for secret in (first, second):
        page = BlockingClient.connect(site.live.url)
        page.c_init(site.appkey, secret)
        page.close()
    site.secret = second
    third = site.live.manage("rotate_secret", site.appkey, "--json")["master_secret"]
    site.secret = third
    wait_until(
        lambda: site.ask("GET", "/v1/users", secret=first).status_code == 401, "the end of the first", seconds=10
    )
    assert {site.ask("GET", "/v1/users", secret=one).status_code for one in (second, third)} == {200}


def test_a_guesser_waits_in_every_process(tmp_path, redis_url):
    with (
        Live(tmp_path / "data", IM_REDIS_URL=redis_url) as first,
        Live(tmp_path / "data", IM_REDIS_URL=redis_url, IM_SERVER="uvicorn") as second,
    ):
        here, there = Site(first), Site(second, made=False)
        there.appkey = here.appkey
        for _ in range(FREE):
            assert here.ask("GET", "/v1/users", secret="x" * 24).status_code in (401, 429)
        wait_until(lambda: there.ask("GET", "/v1/users", secret="y" * 24).status_code == 429, "the other process")
