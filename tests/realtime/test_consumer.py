"""A socket's life on real servers, seen by a real WebSocket client."""

import asyncio
import json
import socket

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.backing import wait_until
from tests.realtime.sites import PATIENCE_S, Site, clients, eventually

WRITERS = {
    "uvicorn": "SansIOWriter",
    "uvicorn-websockets": "WebsocketsWriter",
    "uvicorn-deflate": "AsgiWriter",
    "daphne": "DaphneWriter",
}


@pytest.fixture(scope="module", params=list(WRITERS))
def site(request):
    with Site(request.param) as running:
        yield running


# What compression needs: a client that offers it, on the server that takes it.
def offers(site):
    return {"compression": "deflate"} if site.kind == "uvicorn-deflate" else {}


@pytest.fixture
async def pair(site):
    async with clients(site, 2, **offers(site)) as both:
        yield both


@pytest.fixture
async def page(site):
    async with clients(site, **offers(site)) as client:
        yield client


# Handshake


async def test_the_handshake_is_an_open_packet_and_a_connect(page):
    opened = json.loads(page.frames[0].removeprefix("0"))
    assert opened == {"sid": opened["sid"], "upgrades": [], "pingInterval": 25000, "pingTimeout": 60000}
    assert page.frames[1] == "40"


async def test_the_server_is_written_to_in_the_best_way_it_has(page, site):
    await page.log_in(1)
    assert (await page.ask("state"))["writer"] == WRITERS[site.kind]


@pytest.mark.parametrize("path", ["/socket.io?EIO=3&transport=websocket", "/socket.io/?transport=websocket&EIO=3&t=x"])
async def test_both_spellings_of_the_path_are_served(site, path):
    async with connect(f"ws://127.0.0.1:{site.port}{path}", proxy=None) as client:
        assert (await client.recv()).startswith("0{")


@pytest.mark.parametrize(
    "path",
    [
        "/socket.io/",
        "/socket.io/?EIO=4&transport=websocket",
        "/socket.io/?EIO=3",
        "/socket.io/?EIO=3&transport=polling",
        "/socket.io/?EIO=3&EIO=4&transport=websocket",
        "/socket.io/more?EIO=3&transport=websocket",
        "/",
        "/elsewhere?EIO=3&transport=websocket",
    ],
)
async def test_other_handshakes_are_refused(site, path):
    with pytest.raises(InvalidStatus) as refusal:
        await connect(f"ws://127.0.0.1:{site.port}{path}", proxy=None)
    assert refusal.value.response.status_code == 403
    assert "Traceback" not in site.printed()


async def test_any_origin_may_connect(site):
    async with clients(site, origin="https://elsewhere.example") as client:
        assert client.frames[1] == "40"


# Packets


async def test_pings_are_answered_with_their_text(page):
    for frame in ("2", "2probe", "2世界", "2" + "x" * 1000):
        await page.say(frame)
        await page.until(lambda frame=frame: "3" + frame[1:] in page.frames, frame)


async def test_what_means_nothing_is_ignored_and_the_connection_kept(page):
    await page.log_in(1)
    for frame in (
        "6", "5", "3", "40", "40/path", "4", "42", "42{}", "42[]", "42[1]", '42["echo"', "42[" * 100, "43[1]", "49",
        '42["echo"]', '42["echo",null]', '42["echo",[]]', '42["echo",{"rid":"1"}]', '42["echo",{"rid":0}]',
        '42["echo",{"text":"\\ud800","rid":5}]',
    ):  # fmt: skip
        await page.say(frame)
    await page.socket.send(b"\x04binary")
    before = len(page.frames)
    assert (await page.ask("echo", text="still here"))["echo"] == "still here"
    assert len(page.frames) == before + 2


@pytest.mark.parametrize("frame", ["", "hello", "9", "b4AAAA"])
async def test_what_is_no_packet_closes_the_connection(page, frame):
    await page.say(frame)
    assert await page.closed() == 1002


async def test_a_frame_that_is_too_large_closes_the_connection(site, page):
    await page.say("4" + "x" * (64 * 1024 - 1))
    await page.say("2")
    await page.until(lambda: "3" in page.frames, "pong")
    await page.say("4" + "é" * (32 * 1024))
    assert await page.closed() == 1009


async def test_frames_of_every_size_come_through(page):
    await page.log_in(1)
    for size in (0, 1, 80, 125, 126, 127, 5000, 60_000):
        text = "é" * (size // 2) + "x" * (size % 2)
        assert (await page.ask("echo", text=text))["echo"] == text


async def test_large_pushes_come_through(pair):
    a, b = pair
    await a.log_in(1)
    await b.log_in(2)
    await a.ask("push", topics=["user:2"], text="0123456789", times=30_000)
    await b.until(lambda: b.pushes, "push")
    assert b.pushes[0][1]["text"] == "0123456789" * 30_000


# Requests


async def test_before_login_nothing_else_is_acknowledged_or_answered(page):
    silent = await page.send("echo", text="a")
    unknown = await page.send("no_such")
    await page.log_in(1)
    asked = await page.send("echo", text="b")
    await page.answer(asked)
    assert silent not in page.acks
    assert unknown not in page.acks
    assert set(page.replies).isdisjoint({silent, unknown})


async def test_a_request_is_acknowledged_first_and_on_receipt(page):
    await page.log_in(1)
    await page.ask("open_gate", gate="other")
    slow = await page.send("echo", text="slow", gate=f"slow-{id(page)}")
    behind = await page.send("echo", text="behind")
    await page.until(lambda: {slow, behind} <= set(page.acks), "acks")
    assert not page.replies.keys() & {slow, behind}


async def test_the_requests_of_a_connection_are_done_in_their_order(pair):
    page, other = pair
    await page.log_in(1)
    await other.log_in(2)
    gate = f"order-{id(page)}"
    rids = [await page.send("echo", text=str(n), gate=gate if n == 0 else "") for n in range(20)]
    assert (await other.ask("echo", text="meanwhile"))["echo"] == "meanwhile"
    await other.ask("open_gate", gate=gate)
    for rid in rids:
        await page.answer(rid)
    answered = [rid for rid in page.replies if rid in rids]
    assert answered == rids
    assert [page.replies[rid][0]["echo"] for rid in rids] == [str(n) for n in range(20)]


async def test_sends_do_not_wait_for_each_other_and_others_wait_for_them(pair):
    page, other = pair
    await page.log_in(1)
    gates = [f"send-{n}-{id(page)}" for n in range(3)]
    sends = [await page.send("send", n=n, gate=gate) for n, gate in enumerate(gates)]
    behind = await page.send("echo", text="behind")
    last = await page.send("send", n=3)
    for gate, rid in zip(gates, sends, strict=True):
        await page.until(lambda: last in page.acks, "acks")
        assert not page.replies.keys() & {rid, behind, last}
        await other.ask("open_gate", gate=gate)
        await page.answer(rid)
    await page.answer(last)
    order = [rid for rid in page.replies if rid in (*sends, behind, last)]
    assert order == [*sends, behind, last]
    assert [page.replies[rid][0]["n"] for rid in sends] == [0, 1, 2]


async def test_a_repeated_request_is_answered_again(page):
    await page.log_in(1)
    rid = await page.send("echo", text="a")
    first = await page.answer(rid)
    await page.send("echo", rid=rid, text="a")
    assert await page.answer(rid, count=2) == first
    assert page.acks.count(rid) == 2


async def test_more_requests_than_may_wait_are_all_answered(page, site):
    await page.log_in(1)
    gate = f"many-{site.kind}"
    first = await page.send("echo", text="first", gate=gate)
    sending = asyncio.create_task(send_many(page, 2000))
    async with clients(site, **offers(site)) as other:
        await other.ask("open_gate", gate=gate)
    await page.answer(first)
    for rid in await sending:
        await page.answer(rid)


async def send_many(page, count):
    return [await page.send("echo", text=str(n), blank="x" * 500) for n in range(count)]


# Login


async def test_a_request_behind_a_login_waits_for_it(page):
    await page.ask("c_init", appkey="a" * 24)
    gate = f"login-{id(page)}"
    login = await page.send("login", user=1, gate=gate)
    asked = await page.send("echo", text="a")
    await page.until(lambda: login in page.acks, "ack of the login")
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(page.say("2"), page.until(lambda: "3" in page.frames))
    assert asked not in page.acks


async def test_behind_a_login_that_fails_nothing_is_acknowledged(page):
    await page.ask("c_init", appkey="a" * 24)
    login = await page.send("login", user=1, password="wrong")
    asked = await page.send("echo", text="a")
    assert (await page.answer(login))["code"] == 880614
    await page.log_in(1)
    assert (await page.ask("echo", text="b"))["echo"] == "b"
    assert asked not in page.acks
    assert asked not in page.replies


async def test_pushes_during_a_login_come_behind_its_answer(pair):
    page, other = pair
    await other.log_in(2)
    await page.ask("c_init", appkey="a" * 24)
    gate = f"inside-{id(page)}"
    login = await page.send("login", user=77, topics=["room:7"], gate_inside=gate)
    sessions = 1
    while sessions < 2:
        sessions = (await other.ask("state"))["count"]["sessions"]
    await other.ask("push", topics=["user:77", "room:7"], n=1)
    assert page.pushes == []
    await other.ask("open_gate", gate=gate)
    await page.answer(login)
    await page.pushed(1)
    kinds = [frame[:10] for frame in page.frames if frame.startswith(('42["login', '42["pushed'))]
    assert kinds == ['42["login"', '42["pushed']


# Pushes


async def test_pushes_reach_topics_but_the_skipped_session_and_other_classes(site):
    async with clients(site, 3, **offers(site)) as (web, phone, bob):
        await web.log_in(1, topics=["room:1"])
        await phone.log_in(1, topics=["room:1"], device_class="mobile")
        await bob.log_in(2, topics=["room:1"])
        await web.ask("push", topics=["room:1", "user:1"], n=1, skip=True)
        await web.ask("push", topics=["user:1"], n=2, device_class="mobile")
        await web.ask("push", topics=["room:1", "user:2"], n=3)
        await phone.pushed(1, 2, 3)
        await bob.pushed(1, 3)
        await web.pushed(3)


async def test_joins_and_leaves_take_effect_between_pushes(pair):
    a, b = pair
    await a.log_in(1)
    await b.log_in(2)
    await a.ask("push", topics=["room:5"], n=1)
    await a.ask("change", joins=True, topic="room:5", users=[2])
    await a.ask("push", topics=["room:5"], n=2)
    await a.ask("change", joins=False, topic="room:5", users=[2])
    await a.ask("push", topics=["room:5"], n=3)
    await a.ask("push", topics=["user:2"], n=4)
    await b.pushed(2, 4)


async def test_answers_and_pushes_of_one_connection_keep_their_order(page):
    """The push is published before the answer is given, so it comes first."""
    await page.log_in(1)
    for number in range(50):
        rid = await page.send("push", topics=["user:1"], n=number, text="x" * (number * 50))
        await page.answer(rid)
    await page.until(lambda: len(page.pushes) == 50, "pushes")
    kinds = [json.loads(frame[2:])[0] for frame in page.frames if frame.startswith('42["pu')]
    assert kinds == ["pushed", "push"] * 50


async def test_a_push_from_a_view_reaches_the_sockets(page, site):
    import urllib.request

    await page.log_in(1)
    await asyncio.to_thread(urllib.request.urlopen, f"{site.url}/push?topic=user:1&n=9")
    await page.pushed(9)


# Ends


async def test_41_ends_the_session_and_then_the_connection(pair):
    a, b = pair
    await a.log_in(411)
    await b.log_in(2)
    await a.say("41")
    assert await a.closed() == 1000
    await until_ended(b, 411)


async def until_ended(page, user):
    async def ended():
        return user in (await page.ask("state"))["ended"]

    await eventually(ended)


async def until_alone(page):
    async def alone():
        return (await page.ask("state"))["count"]["sockets"] == 1

    await eventually(alone)


async def test_a_lost_connection_ends_its_session(pair):
    a, b = pair
    await a.log_in(412, topics=["room:8"])
    await b.log_in(2)
    a.socket.transport.abort()
    await until_ended(b, 412)
    assert (await b.ask("state"))["count"]["sockets"] == 1


async def test_a_session_whose_connection_goes_during_the_login_ends_as_well(pair):
    a, b = pair
    await b.log_in(2)
    await a.ask("c_init", appkey="a" * 24)
    gate = f"lost-{id(a)}"
    await a.send("login", user=413, gate=gate)
    await a.until(lambda: len(a.acks) == 2, "ack of the login")
    a.socket.transport.abort()
    await until_alone(b)
    await b.ask("open_gate", gate=gate)
    await until_ended(b, 413)
    assert (await b.ask("state"))["count"]["sessions"] == 1


async def test_a_push_may_end_sessions_and_the_requests_behind_it_are_ignored(pair):
    a, b = pair
    await a.log_in(414)
    await b.log_in(2)
    await b.ask("push", topics=["user:414"], n=1, ends=True)
    await a.pushed(1)
    ignored = await a.send("echo", text="a")
    kick = await a.send("event_notification", event_id=1, event_type=1)
    await a.until(lambda: kick in a.acks, "ack")
    assert ignored not in a.acks
    await until_ended(b, 414)
    await a.log_in(415)


# Peers that do not behave


@pytest.fixture(scope="module", params=["uvicorn", "uvicorn-deflate", "daphne"])
def strict_site(request):
    """Cuts peers that are silent for 2 s or have more than 200 kB to read."""
    with Site(request.param, TEST_PING_S="1", TEST_BUFFER_BYTES="200000") as running:
        yield running


async def test_a_peer_that_does_not_read_is_cut_and_the_others_are_not(strict_site):
    async with clients(strict_site, 2) as (slow, quick):
        await slow.log_in(1, topics=["room:1"])
        await quick.log_in(2, topics=["room:1"])
        slow.socket.transport.pause_reading()
        pushes = 0
        async with asyncio.timeout(PATIENCE_S):
            while not (await quick.ask("state"))["count"]["dropped_slow"]:
                await quick.ask("push", topics=["room:1"], text="x" * 1000, times=100, n=pushes)
                pushes += 1
        await quick.until(lambda: len(quick.pushes) == pushes, "pushes")
        await until_alone(quick)


async def test_a_peer_that_says_nothing_is_cut(strict_site):
    async with clients(strict_site, 2) as (silent, alive):
        await alive.log_in(2)
        async with asyncio.timeout(30):
            while not silent.reader.done():
                await alive.say("2")
                await asyncio.sleep(0.2)
        with pytest.raises(ConnectionClosed):
            await silent.socket.recv()
        assert (await alive.ask("state"))["count"]["dropped_silent"] >= 1


async def test_a_half_open_handshake_harms_nobody(site):
    with socket.create_connection(("127.0.0.1", site.port)) as raw:
        raw.sendall(b"GET /socket.io/?EIO=3&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n")
    async with clients(site) as client:
        assert client.frames[1] == "40"


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_a_server_that_stops_ends_in_time_and_without_a_word(kind):
    with Site(kind) as stopping:
        async with clients(stopping) as client:
            await client.log_in(1)
            stopping.process.terminate()
            await asyncio.to_thread(wait_until, lambda: stopping.process.poll() is not None, "the end")
            await client.reader
        assert stopping.printed() == ""


def test_no_server_complained(site):
    """The last of the module: what the others did leaves no traceback behind."""
    assert "Traceback" not in site.printed(), site.printed()
