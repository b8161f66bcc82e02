"""A number of the bench is worth as much as the counting of its client."""

import socket

import pytest

from bench.client import Failed, HttpLink, Link, Loop, Socket, Trial, frame

pytestmark = pytest.mark.sqlite_only


class Frames(Socket):
    """A socket without the handshake, that keeps what it gets and counts what begins with `counts`."""

    def __init__(self, counts=b""):
        self.rest, self.taken, self.counted = b"", [], 0
        self.counts, self._head, self._each = counts, b"", 0

    def take(self, payload):
        self.taken.append(payload)

    def count(self, number):
        self.counted += number


class Answers(HttpLink):
    def __init__(self):
        self.rest, self.taken = b"", []

    def take(self, payload):
        self.taken.append(payload)


def fed(link: Link, stream: bytes, size: int) -> list[bytes]:
    for start in range(0, len(stream), size):
        link.feed(link.rest + stream[start : start + size])
    assert link.rest == b""
    return link.taken


def unmasked(payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 1 << 16:
        return bytes((0x81, 126)) + length.to_bytes(2, "big") + payload
    return bytes((0x81, 127)) + length.to_bytes(8, "big") + payload


@pytest.mark.parametrize("size", [1, 2, 3, 7, 130, 70_000, 1_000_000])
def test_every_frame_is_taken_once_however_the_stream_is_cut(size):
    payloads = [b"", b"a", b"b" * 125, b"c" * 126, b"d" * 65_535, b"e" * 65_536, b"f"]
    assert fed(Frames(), b"".join(map(unmasked, payloads)), size) == payloads


@pytest.mark.parametrize("size", [1, 5, 12, 24, 36, 72, 100, 1_000_000])
def test_what_is_only_counted_is_counted_once_however_the_stream_is_cut(size):
    texts = [b"push 0123", b"push 4567", b"ack", b"push 8", b"push 9", b"push 0123", b"push 0123"] * 20
    stream = b"".join(map(unmasked, [*texts, b"push " + b"x" * 300, b"push " + b"y" * 300, b"plum " + b"y" * 300]))
    link = Frames(counts=b"push ")
    link.socket, other = socket.socketpair()
    with link.socket, other:
        for start in range(0, len(stream), size):
            other.sendall(stream[start : start + size])
            link.receive()
    assert link.rest == b""
    assert link.counted == 6 * 20 + 2
    assert link.taken == [b"ack"] * 20 + [b"plum " + b"y" * 300]


@pytest.mark.parametrize("opcode", [0x82, 0x88, 0x01, 0xC1])
def test_a_frame_that_is_no_whole_text_ends_the_run(opcode):
    with pytest.raises(Failed):
        Frames().feed(bytes((opcode, 2)) + b"ab")


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_every_answer_is_taken_once_however_the_stream_is_cut(size):
    answers = [
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\nContent-Length: 12\r\nx: y\r\n\r\n\r\n\r\nabcdefgh",
    ]
    assert fed(Answers(), b"".join(answers), size) == answers


def test_an_answer_without_a_length_ends_the_run():
    with pytest.raises(Failed):
        Answers().feed(b"HTTP/1.1 201 Created\r\n\r\n")


@pytest.mark.parametrize("length", [0, 125, 126, 5000])
def test_a_frame_of_the_client_is_masked_and_carries_its_text(length):
    data = frame(b"x" * length)
    assert data[0] == 0x81
    assert data[1] & 0x80
    assert data.endswith(b"\0\0\0\0" + b"x" * length)
    assert len(data) == length + (6 if length < 126 else 8)


class Echo(Link):
    """One end of a pair of sockets; the other end sends everything back."""

    def __init__(self, trial):
        self.socket, self.other = socket.socketpair()
        self.rest, self.trial = b"", trial

    def say(self):
        self.trial.asked += 1
        self.send(b"?")
        self.other.sendall(self.other.recv(1))

    def feed(self, data):
        self.trial.finished(0.001)
        if self.trial.running:
            self.say()


def test_a_trial_counts_its_window_alone_and_waits_for_the_rest(monkeypatch):
    monkeypatch.setattr(Trial, "WARM_UP", 0.02)
    loop = Loop()
    trial = Trial(loop)
    link = Echo(trial)
    link.enter(loop)
    trial.run(link.say, lambda: trial.done == trial.asked, 0.05)
    assert trial.done == trial.asked > len(trial.latencies) > 0
    assert trial.rate == pytest.approx(len(trial.latencies) / 0.05, rel=0.5)
    assert trial.percentile_ms(0.5) == 1.0
    loop.remove(link)
    link.close()


def test_a_trial_whose_messages_do_not_arrive_ends_the_run(monkeypatch):
    monkeypatch.setattr("bench.client.PATIENCE", 0.05)
    monkeypatch.setattr(Loop.require, "__defaults__", (0.05,))
    monkeypatch.setattr(Trial, "WARM_UP", 0.0)
    with pytest.raises(Failed):
        Trial(Loop()).run(lambda: None, lambda: False, 0.01)
