"""Writers without a server. What they do on real servers: test_consumer.py."""

import asyncio
import functools

import pytest
from websockets.frames import Opcode
from websockets.server import ServerProtocol

from imsite.realtime import transports
from imsite.realtime.transports import AsgiWriter, ready_frame, writer_for


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_ready_frame_is_what_a_websocket_library_writes(length):
    library = ServerProtocol()
    library.state = library.state.OPEN
    library.send_text(b"x" * length)
    assert ready_frame(b"x" * length) == b"".join(library.data_to_send())
    assert ready_frame(b"")[0] & 0x0F == Opcode.TEXT


class Server:
    """An ASGI server whose peer takes messages only while `reading` is set."""

    def __init__(self):
        self.sent = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.error = None

    async def send(self, message):
        await self.reading.wait()
        if self.error:
            raise self.error
        self.sent.append(message.get("text", message.get("code")))


async def ticks(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_texts_and_the_close_go_out_in_order():
    server = Server()
    writer = AsgiWriter(server.send)
    writer.write(["a", "b"])
    writer.write(["c"])
    writer.close(1009)
    writer.write(["after the end"])
    await ticks()
    assert server.sent == ["a", "b", "c", 1009]
    assert writer.unsent_bytes() == 0
    assert writer._drain is None


async def test_what_the_peer_does_not_take_is_counted():
    server = Server()
    server.reading.clear()
    writer = AsgiWriter(server.send)
    writer.write(["12345", "678"])
    await ticks()
    assert writer.unsent_bytes() == 8
    server.reading.set()
    await ticks()
    assert writer.unsent_bytes() == 0


async def test_to_abort_ends_the_application_of_the_socket():
    server = Server()
    server.reading.clear()

    async def application():
        application.writer = AsgiWriter(server.send)
        application.writer.write(["a"])
        await asyncio.Event().wait()

    task = asyncio.create_task(application())
    await ticks()
    application.writer.abort()
    await ticks()
    assert task.cancelled()
    assert server.sent == []


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("closed")])
async def test_a_peer_that_is_gone_is_no_error(error, caplog):
    server = Server()
    server.error = error
    writer = AsgiWriter(server.send)
    writer.write(["a", "b"])
    writer.close(1000)
    await ticks()
    assert writer.unsent_bytes() == 0
    assert caplog.text == ""


class WebSocketsSansIOProtocol:
    """Looks like uvicorn's from outside, not from inside."""

    async def send(self, message):
        pass


def plain(message):
    """An unknown server's."""


@pytest.mark.parametrize(
    ("send", "reason"),
    [
        (WebSocketsSansIOProtocol().send, "transport"),
        (Server.send, "unknown server"),
        (functools.partial(plain, "protocol"), "unknown server"),
    ],
    ids=["unfamiliar", "function", "partial"],
)
async def test_an_unfamiliar_server_gets_the_asgi_form_and_one_warning(send, reason, caplog):
    transports._warn_once.cache_clear()
    for _ in range(3):
        assert type(writer_for(send)) is AsgiWriter
    assert len(caplog.records) == 1
    assert reason in caplog.text


def test_a_server_made_of_daphnes_is_daphne():
    daphne = type("Server", (), {"__module__": "daphne.server"})
    assert transports._is_daphne(daphne())
    assert transports._is_daphne(type("Graceful", (daphne,), {"__module__": "elsewhere"})())
    assert not transports._is_daphne(Server())
    assert not transports._is_daphne(None)


class Twisted:
    """Twisted's TCP transport: what its socket takes now, and what waits for the reactor."""

    def __init__(self, takes):
        self.takes, self.sent = takes, b""
        self.dataBuffer, self.offset, self._tempDataLen = b"", 0, 0

    def writeSomeData(self, data):
        if isinstance(self.takes, Exception):
            return self.takes
        taken = data[: self.takes]
        self.sent += taken
        return len(taken)

    def write(self, data):
        self.dataBuffer += data


class UnderTls:
    def __init__(self, takes):
        self.transport = Twisted(takes)

    def write(self, data):
        self.transport.write(data)


class Autobahn:
    state = STATE_OPEN = 3

    def __init__(self, transport):
        self.transport = transport


@pytest.mark.parametrize(
    ("takes", "sent", "waits"),
    [(100, b"abcdef", b""), (4, b"abcd", b"ef"), (0, b"", b"abcdef"), (ConnectionError(), b"", b"abcdef")],
    ids=["all", "a part", "nothing", "connection lost"],
)
def test_daphne_gets_what_the_socket_does_not_take_at_once(takes, sent, waits):
    transport = Twisted(takes)
    transports.DaphneWriter(None, Autobahn(transport)).write([b"abc", b"def"])
    assert (transport.sent, transport.dataBuffer) == (sent, waits)


def test_daphne_keeps_the_order_behind_what_waits():
    transport = Twisted(4)
    writer = transports.DaphneWriter(None, Autobahn(transport))
    writer.write([b"abcdef"])
    writer.write([b"gh"])
    assert (transport.sent, transport.dataBuffer) == (b"abcd", b"efgh")
    assert writer.unsent_bytes() == 4


def test_daphne_under_tls_is_written_to_through_the_encryption():
    transport = UnderTls(100)
    transports.DaphneWriter(None, Autobahn(transport)).write([b"abc"])
    assert (transport.transport.sent, transport.transport.dataBuffer) == (b"", b"abc")
