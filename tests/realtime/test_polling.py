"""Long polling on real servers, request by request; what clients make of it is tests/realtime/test_old_clients.py."""

import asyncio
import contextlib
import itertools
import json
import socket
import time

import pytest
import requests
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.live import Live
from tests.realtime.sites import PATIENCE_S, Site, clients, eventually
from tests.realtime.test_payloads import of_first_generation, read_by_first_generation
from tests.wire_client import signature

OPEN = "EIO=3&transport=polling"
PAGE = {"Origin": "https://shop.example"}
HTTP_THREADS = 4  # of the small site
FRAME_BYTES = 64 * 1024


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def site(request):
    with Site(request.param) as running:
        yield running
        assert "Traceback" not in running.printed()


class Poller:
    """A session that is polled by hand."""

    rids = itertools.count(int(time.time()) % 10**6 * 1000)

    def __init__(self, site: Site, headers=PAGE):
        self.url = f"{site.url}/socket.io/"
        self.headers = headers
        self.http = requests.Session()
        self.http.trust_env = False
        self.heard: list[str] = []

    def request(self, method: str = "GET", query: str = "", **options) -> requests.Response:
        """One that runs beside others needs a connection of its own."""
        headers = {**self.headers, **options.pop("headers", {})}
        with requests.Session() as http:
            http.trust_env = False
            return http.request(method, f"{self.url}?{OPEN}{query}", headers=headers, timeout=PATIENCE_S, **options)

    def open(self) -> "Poller":
        answer = self.request()
        assert answer.status_code == 200
        self.opened, connected = read_by_first_generation(answer.text)
        assert connected == "40"
        self.sid = json.loads(self.opened[1:])["sid"]
        return self

    def get(self, **options) -> requests.Response:
        return self.request("GET", f"&sid={self.sid}", **options)

    def post(self, *packets: str, **options) -> requests.Response:
        body = options.pop("data", None) or of_first_generation(*packets)
        return self.request("POST", f"&sid={self.sid}", data=body, **options)

    def packets(self) -> list[str]:
        answer = self.get()
        assert answer.status_code == 200, answer.text
        self.heard += (packets := read_by_first_generation(answer.text))
        return packets

    def ask(self, name: str, **data) -> dict:
        rid = next(self.rids)
        assert self.post("42" + json.dumps([name, {**data, "rid": rid}], ensure_ascii=False)).text == "ok"
        while True:
            for packet in self.packets():
                if packet.startswith("42"):
                    event, reply = json.loads(packet[2:])
                    if event != "ack" and reply.get("rid") == rid:
                        return reply

    def log_in(self, user: int, **data) -> "Poller":
        self.ask("c_init", appkey="a" * 24)
        assert self.ask("login", user=user, **data)["code"] == 0
        return self

    def is_gone(self) -> bool:
        return self.request("POST", f"&sid={self.sid}", data=b"1:6").status_code == 400


@pytest.fixture
def poller(site):
    return Poller(site).open()


# Requests


def test_the_handshake(poller):
    told = json.loads(poller.opened.removeprefix("0"))
    assert told == {"sid": poller.sid, "upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 60000}
    assert len(poller.sid) >= 20


def test_headers(site, poller):
    poller.post("2")
    for answer in (poller.request(), poller.get(), poller.post("6"), poller.request("GET", "&sid=unknown")):
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    preflight = poller.request("OPTIONS", f"&sid={poller.sid}")
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Headers"] == "content-type"
    assert preflight.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    bare = Poller(site, headers={}).request()
    assert "Access-Control-Allow-Origin" not in bare.headers


@pytest.mark.parametrize(
    ("method", "query", "status", "code"),
    [
        ("GET", "?EIO=3", 400, 0),
        ("GET", "?EIO=3&transport=websocket", 400, 0),
        ("GET", "?EIO=4&transport=polling", 400, 3),
        ("GET", "", 400, 3),
        ("POST", "?EIO=3&transport=polling", 400, 2),
        ("GET", "?EIO=3&transport=polling&sid=", 400, 1),
        ("GET", "?EIO=3&transport=polling&sid=unknown", 400, 1),
        ("POST", "?EIO=3&transport=polling&sid=unknown", 400, 1),
    ],
)
def test_requests_that_are_refused(site, method, query, status, code):
    answer = requests.request(method, f"{site.url}/socket.io/{query}", timeout=PATIENCE_S)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_other_methods_are_refused(poller):
    assert poller.request("PUT", f"&sid={poller.sid}", data=b"1:2").status_code == 400


def test_requests_and_pushes(poller):
    poller.log_in(21)
    assert poller.ask("echo", text="hé 世界 😀")["echo"] == "hé 世界 😀"
    poller.ask("push", topics=["user:21"], text="世界 ")
    if not any("pushed" in packet for packet in poller.heard):
        poller.packets()
    pushed = next(packet for packet in poller.heard if '"pushed"' in packet)
    assert json.loads(pushed[2:])[1]["text"] == "世界 "


def test_pings_are_answered(poller):
    assert poller.post("2", "2probe", "2é").text == "ok"
    assert poller.packets() == ["3", "3probe", "3é"]


def test_a_get_that_waits_holds_no_thread(site):
    waiting = [Poller(site).open() for _ in range(HTTP_THREADS * 3)]
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(waiting_get(one, site)) for one in waiting]
        assert requests.get(f"{site.url}/livez", timeout=PATIENCE_S).text == "ok"
        for one, line in zip(waiting, lines, strict=True):
            one.post("2")
            assert read_all(line).endswith(b"\r\n\r\n1:3")


async def test_a_second_get_ends_the_session(poller):
    first = asyncio.create_task(asyncio.to_thread(poller.packets))
    second = await asyncio.to_thread(poller.get)
    if second.status_code == 200:  # it was the one that came first
        assert read_by_first_generation(second.text) == ["1"]
        with pytest.raises(AssertionError):
            await first
    else:
        assert second.status_code == 500
        assert await first == ["1"]
    assert poller.is_gone()


def test_a_second_post_ends_the_session(poller, site):
    with half_a_post(poller, site):
        # Daphne hands a body over when it is whole: the first one has not come yet.
        expected = 200 if site.kind == "daphne" else 500
        assert poller.post("2").status_code == expected
    if site.kind != "daphne":
        assert poller.is_gone()


@contextlib.contextmanager
def half_a_post(poller, site):
    with socket.create_connection(("127.0.0.1", site.port)) as line:
        head = f"POST /socket.io/?{OPEN}&sid={poller.sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
        line.sendall(head.encode() + b"1:2")
        assert requests.get(f"{site.url}/livez", timeout=PATIENCE_S).text == "ok"  # and what came before it is read
        yield line


@contextlib.contextmanager
def waiting_get(poller, site):
    """A connection whose GET is at the server and has no answer yet."""
    with socket.create_connection(("127.0.0.1", site.port)) as line:
        line.sendall(
            f"GET /socket.io/?{OPEN}&sid={poller.sid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        assert poller.post("6").text == "ok"  # one loop reads both, in the order in which they came
        yield line


def read_all(line) -> bytes:
    line.settimeout(PATIENCE_S)
    return b"".join(iter(lambda: line.recv(65536), b""))


def test_a_page_that_leaves_while_it_waits_is_noticed(poller, site):
    with waiting_get(poller, site):
        assert not poller.is_gone()
    until(poller.is_gone)


def until(ready) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline


# Bodies


def test_a_body_that_is_too_long_ends_the_session(poller):
    answer = poller.post(data=b"x" * (8 * FRAME_BYTES + 1))
    assert answer.status_code == 413
    assert poller.is_gone()


def test_a_packet_that_is_too_long_ends_the_session(poller):
    assert poller.post("2", "4" + "é" * (FRAME_BYTES // 2), "2").text == "ok"
    assert poller.packets() == ["3", "1"]
    assert poller.is_gone()


def test_many_packets_in_one_body_are_all_done_in_their_order(poller):
    poller.log_in(22)
    rids = [next(poller.rids) for _ in range(700)]  # more than may wait
    posted = poller.post(*(f'42["echo",{{"text":"x","rid":{rid}}}]' for rid in rids))
    assert posted.text == "ok"
    answered: list[int] = []
    while len(answered) < len(rids):
        events = [json.loads(packet[2:]) for packet in poller.packets() if packet.startswith("42")]
        answered += [reply["rid"] for name, reply in events if name == "echo"]
    assert answered == rids


@pytest.mark.parametrize("body", [b"x", b"5:40", b"\xff\xfe", b"3:40"])
def test_what_is_no_payload_ends_the_session(poller, body):
    assert poller.post(data=body).status_code == 400
    assert poller.is_gone()


def test_what_is_no_packet_ends_the_session(poller):
    assert poller.post("hello").text == "ok"
    assert poller.packets() == ["1"]
    assert poller.is_gone()


def test_a_body_in_binary_form(poller):
    binary = {"Content-Type": "application/octet-stream"}
    assert poller.post(data=b"\0\1\xff2\1\4\xffabcd\0\x07\xff2" + "世界".encode(), headers=binary).text == "ok"
    assert poller.packets() == ["3", "3世界"]


def test_pages_without_cors_get_scripts_and_post_forms(site):
    page = Poller(site, headers={"Referer": "https://old.example/page"})
    opened = page.request("GET", "&j=0")
    assert opened.headers["Content-Type"] == "text/javascript; charset=UTF-8"
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    text = opened.text.removeprefix("___eio[0](").removesuffix(");")
    page.sid = json.loads(read_by_first_generation(json.loads(text))[0][1:])["sid"]
    posted = page.request("POST", f"&j=0&sid={page.sid}", data={"d": "1:2"})
    assert (posted.text, posted.headers["Content-Type"]) == ("ok", "text/html")
    assert page.request("GET", f"&j=1(alert)&sid={page.sid}").text == '___eio[1]("1:3");'
    other = {"Referer": "https://evil.example/"}
    assert page.request("POST", f"&j=0&sid={page.sid}", data={"d": "1:2"}, headers=other).status_code == 403


# Ends


@pytest.mark.parametrize("packet", ["1", "41"])
def test_a_client_that_takes_its_leave(site, poller, packet):
    poller.log_in(23)
    assert poller.post(packet).text == "ok"
    if packet == "41":
        assert poller.packets()[-1] == "1"
    assert poller.is_gone()
    other = Poller(site).open().log_in(24)
    until(lambda: 23 in other.ask("state")["ended"])


def test_a_session_that_is_ended_elsewhere_hears_why(poller, site):
    poller.log_in(25)
    Poller(site).open().log_in(26).ask("push", topics=["user:25"], text="why", ends=True)
    assert any("why" in packet for packet in poller.packets())
    # The client may log in again on this connection.
    poller.log_in(25)


def test_sessions_that_died_are_swept():
    with Site("uvicorn", TEST_PING_S="1") as site:
        silent = Poller(site).open().log_in(1)
        lively = Poller(site).open().log_in(2)

        def is_swept() -> bool:
            return lively.ask("state")["count"]["dropped_silent"] == 1

        deadline = time.monotonic() + 20
        while not is_swept():
            assert time.monotonic() < deadline
        assert silent.is_gone()
        assert lively.ask("state")["ended"] == [1]


def test_who_fetches_nothing_is_dropped():
    with Site("uvicorn", TEST_BUFFER_BYTES="20000") as site:
        lazy, other = Poller(site).open().log_in(1), Poller(site).open().log_in(2)
        other.ask("flood", topics=["user:1"], count=300, size=1000)
        assert lazy.is_gone()
        assert other.ask("state")["count"]["dropped_slow"] == 1


@pytest.mark.sqlite_only
@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
def test_a_server_that_stops_lets_them_go(tmp_path, server):
    with Live(tmp_path / "data", IM_SERVER=server) as live:
        page = Poller(live).open()
        with waiting_get(page, live) as line:
            began = time.monotonic()
            assert live.stop() == 0
            assert time.monotonic() - began < 8  # and not what a request may take at most
            assert read_all(line).endswith(b"1:1")
        assert "Traceback" not in live.printed()


# Whose page it is


def test_a_session_is_for_pages_of_one_origin(poller):
    other = {"Origin": "https://evil.example"}
    assert poller.get(headers=other).status_code == 403
    assert poller.post("2", headers=other).status_code == 403
    assert poller.post("2").text == "ok"
    assert poller.packets() == ["3"]


def test_who_names_no_origin_at_first_names_one_later(site):
    """As browsers do with a page of the server's own: no GET of it has an Origin, and every POST."""
    page = Poller(site, headers={}).open()
    assert page.post("2", headers={"Origin": "https://own.example"}).text == "ok"
    assert page.packets() == ["3"]
    assert page.post("2", headers={"Origin": "https://evil.example"}).status_code == 403


@pytest.mark.sqlite_only
def test_an_application_may_be_closed_to_pages_of_other_origins(tmp_path):
    """The same list counts for those who poll, with CORS and by script, as for a WebSocket."""
    with Live(tmp_path / "data") as live:
        made = live.manage("create_application", "Shop", "--origin", PAGE["Origin"], "--json")
        now = int(time.time() * 1000)
        signed = signature(made["appkey"], made["master_secret"], now, "abc")
        init = {"appkey": made["appkey"], "random_str": "abc", "timestamp": now, "signature": signed}
        assert Poller(live).open().ask("c_init", **init)["code"] == 0
        assert Poller(live, headers={"Origin": "https://evil.example"}).open().ask("c_init", **init)["code"] == 882004
        for referer, code in ((PAGE["Origin"] + "/a", 0), ("https://evil.example/", 882004), ("", 882004)):
            page = Poller(live, headers={"Referer": referer} if referer else {}).open()
            event = json.dumps(["c_init", {**init, "rid": 1}])
            form = {"d": f"{len(event) + 2}:42{event}"}
            assert page.request("POST", f"&j=0&sid={page.sid}", data=form).text == "ok"
            while not any("c_init" in packet for packet in page.heard):
                page.packets()
            assert f'"code":{code}' in next(packet for packet in page.heard if "c_init" in packet)


# To a WebSocket


def socket_of(site, poller, **headers):
    url = f"{site.socket_url}&sid={poller.sid}"
    return connect(url, proxy=None, compression=None, additional_headers={**PAGE, **headers})


async def test_going_over_brings_what_was_not_fetched(site, poller):
    await asyncio.to_thread(poller.log_in, 31)
    async with socket_of(site, poller) as line:
        await line.send("2probe")
        assert await line.recv() == "3probe"
        async with clients(site) as other:
            await other.log_in(32)
            await other.ask("push", topics=["user:31"], text="not fetched 世界")
        await line.send("5")
        assert json.loads((await line.recv())[2:])[1]["text"] == "not fetched 世界"
        await line.send(f'42["echo",{{"text":"on","rid":{next(Poller.rids)}}}]')
        assert (await line.recv()).startswith('42["ack"')
        assert json.loads((await line.recv())[2:])[1]["echo"] == "on"
        assert poller.is_gone()
        async with clients(site) as other:
            await other.log_in(33)
            assert (await other.ask("state"))["count"]["users"] >= 2

    async def is_noticed():
        async with clients(site) as other:
            await other.log_in(34)
            return 31 in (await other.ask("state"))["ended"]

    await eventually(is_noticed)


async def test_a_get_that_waits_returns_so_that_the_client_can_go_over(site, poller):
    waits = asyncio.create_task(asyncio.to_thread(poller.packets))
    async with socket_of(site, poller) as line:
        await line.send("2probe")
        assert await line.recv() == "3probe"
        assert await waits == ["6"]
        await line.send("5")
        await line.send("2")
        assert await line.recv() == "3"


@pytest.mark.parametrize("frames", [["5"], ["2"], ["2probe", "2"], ["2probe", "42[]"], ["hello"]])
async def test_what_is_no_going_over_leaves_the_session_as_it_was(site, poller, frames):
    async with socket_of(site, poller) as line:
        for frame in frames:
            await line.send(frame)
        with pytest.raises(ConnectionClosed):
            while True:
                assert await asyncio.wait_for(line.recv(), PATIENCE_S) == "3probe"
    poller.post("2")
    assert await asyncio.to_thread(poller.packets) == ["3"]


async def test_a_client_whose_websocket_breaks_is_polled_on(site, poller):
    async with socket_of(site, poller) as line:
        await line.send("2probe")
        await line.recv()
    poller.post("2")
    packets = await asyncio.to_thread(poller.packets)
    assert "3" in (packets if packets != ["6"] else await asyncio.to_thread(poller.packets))


async def test_one_websocket_at_a_time_and_of_the_same_page(site, poller):
    async with socket_of(site, poller) as line:
        await line.send("2probe")
        await line.recv()
        with pytest.raises(InvalidStatus):
            await socket_of(site, poller)
    with pytest.raises(InvalidStatus):
        await socket_of(site, poller, Origin="https://evil.example")
    unknown = Poller(site)
    unknown.sid = "unknown"
    with pytest.raises(InvalidStatus):
        await socket_of(site, unknown)
