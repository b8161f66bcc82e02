"""A lean client for load: one thread, one epoll, frames and requests built beforehand. Nothing of the server is imported.

It has to count more than a hundred thousand frames a second with a part of one core, so it knows no more of HTTP and
WebSocket than the servers of the bench say.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable

PATIENCE = 15.0  # seconds for what must come
BUFFER = bytearray(256 * 1024)  # for all links: a block of its own for every read would cost more than the read
TEXT = 0x81  # FIN and the opcode of a text frame
MASK = bytes(4)  # a client must mask its frames; zeros leave the payload as it is and cost the server the same


class Failed(Exception):
    """The server did what no measurement may count: refused, closed, lost something, or took too long."""


class Loop:
    """All links of the client. `run` reads whatever comes until it is told to stop."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._links: dict[int, Link] = {}

    def add(self, link: Link) -> None:
        self._links[link.socket.fileno()] = link
        self._poll.register(link.socket.fileno(), select.EPOLLIN)

    def remove(self, link: Link) -> None:
        self._poll.unregister(link.socket.fileno())
        del self._links[link.socket.fileno()]

    def run(self, until: Callable[[], bool], seconds: float) -> bool:
        """Read until `until()`, asked after every round, or the time is over; whether it was."""
        deadline = time.perf_counter() + seconds
        links = self._links
        while not until():
            left = deadline - time.perf_counter()
            if left <= 0:
                return False
            for number, _ in self._poll.poll(min(left, 0.05)):
                links[number].receive()
        return True

    def run_for(self, seconds: float, each_round: Callable[[], None] = lambda: None) -> None:
        def until() -> bool:
            each_round()
            return False

        self.run(until, seconds)

    def require(self, until: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        if not self.run(until, seconds):
            raise Failed(f"{what}: not within {seconds:g} s")


class Link:
    """A connection. `take` gets each whole answer or frame."""

    __slots__ = ("rest", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def enter(self, loop: Loop) -> None:
        """From here on the loop reads."""
        self.socket.setblocking(False)
        loop.add(self)

    def send(self, data: bytes) -> None:
        sent = self.socket.send(data)
        if sent != len(data):
            raise Failed("the server takes nothing more")

    def receive(self) -> None:
        """Read what has come."""
        try:
            size = self.socket.recv_into(BUFFER)
        except BlockingIOError:
            return
        self.received(size)

    def received(self, size: int) -> None:
        if not size:
            raise Failed(f"the server at {self.socket.getpeername()} closed a connection")
        with memoryview(BUFFER) as view:
            data = bytes(view[:size])
        self.feed(self.rest + data if self.rest else data)

    def feed(self, data: bytes) -> None:
        raise NotImplementedError

    def take(self, payload: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.socket.close()


class HttpLink(Link):
    """A kept-alive connection to an HTTP server whose answers have a length."""

    __slots__ = ()

    def feed(self, data: bytes) -> None:
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end].lower()
            at = head.find(b"content-length:")
            if at < 0:
                raise Failed(f"an answer without a length: {head[:200]!r}")
            whole = end + 4 + int(head[at + 15 : head.find(b"\r", at) if b"\r" in head[at:] else None])
            if len(data) < whole:
                break
            self.rest = data[whole:]
            self.take(data[:whole])
            data = self.rest
        self.rest = data


class Socket(Link):
    """A WebSocket without extensions.

    With `counts` set, frames whose text begins so are only counted, the faster the more they are alike: when one has come,
    reads that hold nothing but frames of the same length and beginning are not taken apart.
    """

    __slots__ = ("_each", "_head", "counts")

    def __init__(self, port: int, path: str) -> None:
        super().__init__(port)
        self.counts = b""
        self._head = b""  # of the frames that are alike: the header, which has the length, and `counts`
        self._each = 0  # bytes of each of them
        self.send(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(4096)
            if not more:
                raise Failed(f"{path}: the handshake ended early: {data[:200]!r}")
            data += more
        head, _, self.rest = data.partition(b"\r\n\r\n")
        if b" 101 " not in head[:20]:
            raise Failed(f"{path}: {head[:200]!r}")

    def receive(self) -> None:
        try:
            size = self.socket.recv_into(BUFFER)
        except BlockingIOError:
            return
        if self._each and not self.rest:
            number, more = divmod(size, self._each)
            if number and not more and self._are_alike(number):
                self.count(number)
                return
        self.received(size)

    def _are_alike(self, number: int) -> bool:
        if number == 1:
            return BUFFER.startswith(self._head)
        each, head = self._each, self._head
        return all(BUFFER.startswith(head, index * each) for index in range(number))

    def count(self, number: int) -> None:
        """So many frames have come of those that are only counted."""
        raise NotImplementedError

    def feed(self, data: bytes) -> None:
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                start += 2
                if size < start:
                    break
                length = data[at + 2] << 8 | data[at + 3]
            elif length == 127:
                start += 8
                if size < start:
                    break
                length = int.from_bytes(data[at + 2 : start], "big")
            end = start + length
            if end > size:
                break
            if data[at] != TEXT:
                raise Failed(f"a frame of type {data[at]:#x}: {data[start:end][:100]!r}")
            if self.counts and data.startswith(self.counts, start):
                self._head, self._each = data[at : start + len(self.counts)], end - at
                self.count(1)
            else:
                self.take(data[start:end])
            at = end
        self.rest = data[at:]


def frame(text: bytes) -> bytes:
    """A client's whole text frame."""
    length = len(text)
    if length < 126:
        return bytes((TEXT, 0x80 | length)) + MASK + text
    return bytes((TEXT, 0x80 | 126)) + length.to_bytes(2, "big") + MASK + text


class Trial:
    """One window of time: what was finished in it, how long each took, and how busy client and server were."""

    WARM_UP = 0.3  # seconds before the window

    def __init__(self, loop: Loop, server: int | None = None) -> None:
        self.loop = loop
        self.server = server  # its process
        self.running = False
        self.asked = 0  # since the start, warm-up and drain too
        self.done = 0
        self.latencies: list[float] = []  # seconds, of what was finished in the window
        self.rate = 0.0  # finished a second, of `count()`
        self.client_busy = self.server_busy = self.others_busy = 0.0  # parts of one core

    def finished(self, seconds: float) -> None:
        self.done += 1
        self.latencies.append(seconds)

    def run(
        self,
        start: Callable[[], None],
        settled: Callable[[], bool],
        seconds: float,
        *,
        count: Callable[[], int] | None = None,
        each_round: Callable[[], None] = lambda: None,
    ) -> Trial:
        """Start, warm up, measure, stop asking, and wait until `settled()`: whatever was asked for has arrived."""
        count = count or (lambda: self.done)
        self.running = True
        start()
        self.loop.run_for(self.WARM_UP, each_round)
        self.latencies.clear()
        before, server_before, all_before = count(), cpu_seconds(self.server), machine_seconds()
        own_before, began = time.process_time(), time.perf_counter()
        self.loop.run_for(seconds, each_round)
        took = time.perf_counter() - began
        self.rate = (count() - before) / took
        self.client_busy = (time.process_time() - own_before) / took
        self.server_busy = (cpu_seconds(self.server) - server_before) / took
        all_busy = (machine_seconds() - all_before) / took
        self.others_busy = max(0.0, all_busy - self.server_busy - self.client_busy)
        measured = list(self.latencies)
        self.running = False
        self.loop.require(settled, "answers and pushes of all that was sent")
        self.latencies = measured
        return self

    def percentile_ms(self, part: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


def cpu_seconds(process: int | None) -> float:
    """What a process has computed so far."""
    if process is None:
        return 0.0
    with open(f"/proc/{process}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_seconds() -> float:
    """What all cores have computed so far, for whomever."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, steal = (int(field) for field in stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
