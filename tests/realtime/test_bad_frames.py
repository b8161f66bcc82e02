"""Frames that the server itself refuses, before our code sees them: the peer hears why, and nobody else notices."""

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.live import Live
from tests.realtime.sites import PATIENCE_S

pytestmark = pytest.mark.sqlite_only

FRAME_BYTES = 10_000
INVALID, TOO_BIG = 1007, 1009  # close codes of RFC 6455


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def live(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames") / "data"
    with Live(folder, IM_SERVER=request.param, IM_SOCKET_FRAME_BYTES=str(FRAME_BYTES)) as running:
        yield running
        assert "Traceback" not in running.printed()


@pytest.fixture
def line(live):
    address = live.url.replace("http", "ws") + "/socket.io/?EIO=3&transport=websocket"
    with connect(address, compression=None, ping_interval=None, max_size=None, proxy=None) as socket:
        assert socket.recv(PATIENCE_S).startswith("0{")
        assert socket.recv(PATIENCE_S) == "40"
        yield socket


def closed_by(line, message, **options) -> int:
    """The code of the close frame that answers the message, perhaps while it is still being sent."""
    with pytest.raises(ConnectionClosed) as closed:
        line.send(message, **options)
        while True:
            line.recv(PATIENCE_S)
    return closed.value.rcvd.code


def test_a_frame_of_the_largest_size_is_read(line):
    line.send("2" + "x" * (FRAME_BYTES - 1))
    assert line.recv(PATIENCE_S) == "3" + "x" * (FRAME_BYTES - 1)


@pytest.mark.parametrize("size", [FRAME_BYTES + 1, 10 * FRAME_BYTES, 300 * FRAME_BYTES])
def test_a_larger_one_ends_the_connection(line, size):
    assert closed_by(line, "2" + "x" * (size - 1)) == TOO_BIG


def test_so_does_a_message_of_many_parts(line):
    assert closed_by(line, ["2", *["x" * 1000] * 20]) == TOO_BIG


@pytest.mark.parametrize("payload", [b"2\xff", b"2\xc3", b"2\xed\xa0\x80", b"\x80"])
def test_text_that_is_no_utf8_ends_the_connection(line, payload):
    assert closed_by(line, payload, text=True) == INVALID


def test_others_are_served_on(live, line):
    with connect(live.url.replace("http", "ws") + "/socket.io/?EIO=3&transport=websocket", proxy=None) as bad:
        assert closed_by(bad, b"2\xff", text=True) == INVALID
    line.send("2still")
    assert line.recv(PATIENCE_S) == "3still"
