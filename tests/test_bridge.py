"""Django behind the bridge, on real servers and in process."""

import asyncio
import http.client
import socket
import threading
import urllib.request

import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse

from imsite.bridge import BLOCK_BYTES, WSGIBridge
from tests.backing import wait_until
from tests.realtime.sites import Site

LIMIT = 1000


class Request:
    """One HTTP request to a bridge, in process: parts of a body in, messages out."""

    def __init__(self, app, parts=(b"",), headers=(), method="POST", leaves=False, refuses=False):
        self.bridge = WSGIBridge(app, threads=2, body_bytes=LIMIT)
        self.scope = {
            "type": "http", "method": method, "path": "/über", "query_string": b"a=b%20c", "http_version": "1.1",
            "headers": list(headers), "client": ("10.0.0.1", 5000), "server": ("example.com", 80), "scheme": "https",
        }  # fmt: skip
        self.messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if leaves:
            self.messages.append({"type": "http.disconnect"})
        else:
            self.messages[-1]["more_body"] = False
        self.refuses = refuses
        self.sent = []

    async def receive(self):
        return self.messages.pop(0)

    async def send(self, message):
        if self.refuses and message["type"] == "http.response.body":
            raise OSError("gone")
        self.sent.append(message)

    async def run(self):
        await self.bridge(self.scope, self.receive, self.send)
        return self

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def body(self):
        assert [message.get("more_body", False) for message in self.sent[1:]] == [True] * (len(self.sent) - 2) + [False]
        return b"".join(message["body"] for message in self.sent[1:])


class App:
    """A WSGI application that answers with what it is given, and notes what it was asked."""

    def __init__(self, response=None):
        self.response = response or HttpResponse("fine")
        self.closed = []
        self.response.close = lambda: self.closed.append(threading.current_thread().name)

    def __call__(self, environ, start_response):
        self.environ = environ
        self.body = environ["wsgi.input"].read()
        start_response(f"{self.response.status_code} {self.response.reason_phrase}", list(self.response.items()))
        return self.response


async def test_a_request_comes_as_wsgi_has_it():
    app = App()
    headers = [
        (b"host", b"example.com"), (b"content-type", b"text/plain"), (b"content-length", b"6"), (b"x-app-key", b"k1"),
        (b"x_app_key", b"spoofed"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"accept", b"x"), (b"accept", b"y"),
    ]  # fmt: skip
    request = await Request(app, [b"abc", b"def"], headers).run()
    assert (request.status, request.body) == (200, b"fine")
    assert app.body == b"abcdef"
    expected = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/über".encode().decode("latin-1"), "QUERY_STRING": "a=b%20c",
        "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "6", "HTTP_HOST": "example.com", "HTTP_X_APP_KEY": "k1",
        "HTTP_COOKIE": "a=1; b=2", "HTTP_ACCEPT": "x,y", "REMOTE_ADDR": "10.0.0.1", "SERVER_NAME": "example.com",
        "wsgi.url_scheme": "https",
    }  # fmt: skip
    assert {name: app.environ[name] for name in expected} == expected
    assert len(app.closed) == 1


async def test_a_body_without_a_length_gets_one():
    app = App()
    await Request(app, [b"abc"] * 5, [(b"transfer-encoding", b"chunked")]).run()
    assert app.environ["CONTENT_LENGTH"] == "15"
    assert "HTTP_TRANSFER_ENCODING" not in app.environ


@pytest.mark.parametrize(
    ("parts", "headers"), [([b""], [(b"content-length", b"%d" % (LIMIT + 1))]), ([b"x" * LIMIT, b"x"], [])]
)
async def test_a_body_that_is_too_large_is_refused(parts, headers):
    app = App()
    request = await Request(app, parts, headers).run()
    assert request.status == 413
    assert b"899003" in request.body
    assert not hasattr(app, "environ")


async def test_a_body_up_to_the_limit_is_taken():
    app = App()
    assert (await Request(app, [b"x" * LIMIT]).run()).status == 200


async def test_a_client_that_leaves_in_its_body_is_nobody():
    app = App()
    request = await Request(app, [b"abc"], leaves=True).run()
    assert request.sent == []
    assert not hasattr(app, "environ")


async def test_a_stream_is_sent_part_by_part_and_closed():
    app = App(StreamingHttpResponse(iter([b"a", b"b", b"c"])))
    request = await Request(app).run()
    assert [message["body"] for message in request.sent[1:]] == [b"a", b"b", b"c", b""]
    assert len(app.closed) == 1


async def test_a_stream_that_nobody_reads_any_more_is_closed():
    app = App(StreamingHttpResponse(iter([b"a", b"b", b"c"])))
    await Request(app, refuses=True).run()
    assert len(app.closed) == 1


async def test_a_stream_that_breaks_is_closed_and_told():
    def parts():
        yield b"a"
        raise ValueError("bug")

    app = App(StreamingHttpResponse(parts()))
    with pytest.raises(ValueError, match="bug"):
        await Request(app).run()
    assert len(app.closed) == 1


@pytest.mark.parametrize("size", [0, 10, BLOCK_BYTES, 3 * BLOCK_BYTES + 1])
async def test_a_file_is_read_in_large_blocks(tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    closed = []

    def app(environ, start_response):
        response = FileResponse(path.open("rb"))
        start_response("200 OK", [])
        file = response.file_to_stream
        response._resource_closers.append(lambda: closed.append(file.closed))
        file.close = response.close
        return environ["wsgi.file_wrapper"](file, response.block_size)

    request = await Request(app).run()
    assert request.body == b"x" * size
    assert len(request.sent) <= 2 + size // BLOCK_BYTES + 1
    assert len(closed) == 1


async def test_slow_bodies_hold_no_thread():
    app = App()
    waiting = [Request(app) for _ in range(5)]
    never = asyncio.Event()
    for request in waiting:
        request.receive = never.wait
        request.bridge = waiting[0].bridge
    tasks = [asyncio.create_task(request.run()) for request in waiting]
    quick = Request(app)
    quick.bridge = waiting[0].bridge
    assert (await asyncio.wait_for(quick.run(), 10)).status == 200
    for task in tasks:
        task.cancel()


# On real servers


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def site(request):
    with Site(request.param) as running:
        yield running


def test_a_chunked_upload_arrives_whole(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request("POST", "/length", body=iter([b"x" * 1000] * 50), encode_chunked=True)
    assert connection.getresponse().read() == b'{"length": 50000}'


def test_a_keep_alive_connection_serves_many_requests(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    for size in (0, 1, 300_000):
        connection.request("POST", "/length", body=b"x" * size)
        assert connection.getresponse().read() == b'{"length": %d}' % size


def test_clients_that_leave_at_any_moment_leave_no_traceback(site):
    request = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
    for cut in (5, 30, 60, 100, len(request)):
        with socket.create_connection(("127.0.0.1", site.port)) as raw:
            raw.sendall(request[:cut])
    with socket.create_connection(("127.0.0.1", site.port)) as raw:
        raw.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: urllib.request.urlopen(f"{site.url}/served", timeout=10).read() == b"1", "the slow view")
    assert urllib.request.urlopen(f"{site.url}/livez", timeout=10).read() == b"ok"
    assert "Traceback" not in site.printed(), site.printed()


def test_database_connections_are_looked_after_at_the_end_of_each_request(site):
    """request_finished is what closes those that are too old or broken."""
    urllib.request.urlopen(f"{site.url}/livez", timeout=10)
    counted = urllib.request.urlopen(f"{site.url}/finished", timeout=10).read()
    urllib.request.urlopen(f"{site.url}/livez", timeout=10)
    after = urllib.request.urlopen(f"{site.url}/finished", timeout=10).read()
    assert int(after) - int(counted) == 2
