"""Engine.IO long polling, and the way from it to a WebSocket. Source: Web SDK, transport, polling.

A client asks for packets with GET requests that wait until there are some, and brings its own with POST. They run in the
event loop: one that waits holds no thread. What a session has heard and not been told is kept here, in this process, so
with several processes a client's requests must come to the same one (docs/limits.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
from django.conf import settings

from imsite.realtime import engineio, handshake, hub, payloads, transports
from imsite.realtime.connection import Connection
from imsite.realtime.engineio import ProtocolError
from imsite.realtime.peer import Peer
from imsite.realtime.session import Session

SESSIONS_MAX = 20_000  # of this process; a handshake costs whoever makes it nothing
FRAMES_A_BODY = 8  # a POST has so many times the bytes of a frame at most
BREATH = 64  # packets of one body that are taken in one go
CLOSING_S = 30  # how long a client has to fetch the news that its session is over
UPGRADE_S = 10
NOOP_S = 0.1  # while a client goes over, its GETs return after that

CLOSE, NOOP = "1", "6"
UNKNOWN_TRANSPORT = (0, "Transport unknown")  # engine.io's own codes and words
UNKNOWN_SID = (1, "Session ID unknown")
BAD_METHOD = (2, "Bad handshake method")
BAD_REQUEST = (3, "Bad request")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Query = dict[str, list[str]]
_sessions: dict[str, Polled] = {}


class TooLong(Exception):
    """The body has more bytes than may be."""


class ClientGone(Exception):
    """The client left in the middle of its request."""


class PollingWriter:
    """Keeps what is to be said until a GET fetches it."""

    __slots__ = ("_bytes", "_polled", "_texts")
    is_ready: ClassVar[bool] = False

    def __init__(self, polled: Polled) -> None:
        self._polled = polled
        self._texts: list[str] = []
        self._bytes = 0

    def write(self, frames: Sequence[str]) -> None:
        self._texts += frames
        self._bytes += sum(map(len, frames))
        self._polled.ring()

    def unsent_bytes(self) -> int:
        return self._bytes

    def take(self) -> list[str]:
        texts, self._texts, self._bytes = self._texts, [], 0
        return texts

    def close(self, code: int) -> None:
        self._polled.close()

    def abort(self) -> None:
        self.take()
        self._polled.end()

    def pause_reading(self) -> None:
        """The POST that brings too much is not answered meanwhile."""

    def resume_reading(self) -> None:
        pass


class Polled:
    """A session while it is polled. Once it has ended or gone over to a WebSocket, nobody finds it here."""

    def __init__(self, session: Session) -> None:
        self.sid = session.sid
        self.session = session
        self.loop = asyncio.get_running_loop()
        self.writer = PollingWriter(self)
        self.peer = Peer(Connection(session, self.writer, hub.current()))
        self.is_polled = False  # a GET waits
        self.is_posted = False  # a POST is being read
        self.is_upgrading = False
        self.is_closing = False
        self.last_words = ""  # of a session that is here no more: that it is over, or that it went on elsewhere
        self._bell: asyncio.Future[None] | None = None
        _sessions[session.sid] = self

    def ring(self) -> None:
        """There is something for the GET that waits."""
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    async def packets(self, receive: Receive) -> list[str] | None:
        """What there is for the client, waited for; None where it went away before."""
        if not (self.last_words or self.writer.unsent_bytes() or self.is_closing):
            self._bell = self.loop.create_future()
            gone = asyncio.ensure_future(_until_gone(receive))
            try:
                patience = NOOP_S if self.is_upgrading else None
                await asyncio.wait({self._bell, gone}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() and not self._bell.done():
                    return None
            finally:
                gone.cancel()
                self._bell = None
        texts = [] if self.last_words else self.writer.take()
        if self.is_closing and not self.last_words:
            self.end()
            texts.append(self.last_words)
        return texts or [self.last_words or NOOP]

    def close(self) -> None:
        """End it, once a GET has fetched what was said."""
        if not (self.is_closing or self.last_words):
            self.is_closing = True
            self.loop.call_later(CLOSING_S, self.end)
            self.ring()

    def end(self) -> None:
        """It is over, for whatever reason; may be said more than once."""
        if not self.last_words:
            self._leave(CLOSE)
            self.peer.end()

    def go_over(self, writer: transports.Writer) -> None:
        """Go on with this writer, beginning with what no GET has fetched."""
        connection = self.peer.connection
        connection.flush()
        connection.out = self.writer.take()
        connection.move(writer)
        connection.flush()
        self._leave(NOOP)

    def nudge(self) -> None:
        """Have the client pause: it goes over once the GET that waits has come back."""
        if self.is_upgrading:
            self.ring()

    def _leave(self, last_words: str) -> None:
        self.last_words = last_words
        _sessions.pop(self.sid, None)
        self.ring()

    def admits(self, origin: str) -> bool:
        """Whether a page of this origin may go on with it; the first one that is told is its own."""
        self.session.origin = self.session.origin or origin
        return not origin or origin == self.session.origin


def find(sid: str, origin: str) -> Polled | None:
    """The session that is polled under this sid, for a page of its origin."""
    polled = _sessions.get(sid)
    return polled if polled is not None and polled.admits(origin) else None


def stop() -> None:
    """The process ends: no GET waits any longer."""
    for polled in list(_sessions.values()):
        polled.end()


# HTTP


class Reply:
    """The answer to a request, in the form that it asks for; any page may read it, for none of it hangs on a cookie."""

    def __init__(self, send: transports.Send, query: Query, headers: dict[bytes, str]) -> None:
        self._send = send
        self._script = query["j"][0] if "j" in query else None
        self._origin = headers.get(b"origin", "")

    async def packets(self, packets: Sequence[str]) -> None:
        payload = payloads.encode(packets)
        if self._script is None:
            await self.send(200, "text/plain; charset=UTF-8", payload)
        else:
            await self.send(200, "text/javascript; charset=UTF-8", payloads.wrapped(payload, self._script))

    async def ok(self) -> None:
        await self.send(200, "text/html", "ok")  # old browsers would save a text that comes into a frame

    async def refuse(self, why: tuple[int, str], status: int = 400) -> None:
        code, message = why
        await self.send(status, "application/json", orjson.dumps({"code": code, "message": message}).decode())

    async def send(self, status: int, kind: str, text: str, *more: tuple[bytes, bytes]) -> None:
        body = text.encode()
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *more,
        ]
        if self._origin:
            # By name and with credentials, as clients ask: cookies of a proxy that keeps a client at one process.
            headers += [
                (b"access-control-allow-origin", self._origin.encode("latin-1")),
                (b"access-control-allow-credentials", b"true"),
                (b"vary", b"Origin"),
            ]
        try:
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
            await self._send({"type": "http.response.body", "body": body})
        except (OSError, RuntimeError) as error:
            raise ClientGone from error


async def serve(scope: Scope, receive: Receive, send: transports.Send) -> None:
    """One HTTP request at /socket.io/."""
    query, headers = handshake.query_of(scope), handshake.headers_of(scope)
    reply = Reply(send, query, headers)
    try:
        if scope["method"] == "OPTIONS":
            await reply.send(204, "text/plain", "", *PREFLIGHT)
        elif not handshake.is_spoken(query, "polling"):
            await reply.refuse(UNKNOWN_TRANSPORT if query.get("EIO") == ["3"] else BAD_REQUEST)
        elif "sid" not in query:
            await _open(scope, reply)
        elif (polled := _sessions.get(query["sid"][0])) is None:
            await reply.refuse(UNKNOWN_SID)
        elif not polled.admits(_origin_of(scope, query, headers)):
            await reply.refuse(BAD_REQUEST, 403)
        elif scope["method"] == "GET":
            await _poll(polled, receive, reply)
        elif scope["method"] == "POST":
            await _post(polled, headers, "j" in query, receive, reply)
        else:
            await reply.refuse(BAD_REQUEST)
    except ClientGone:
        pass  # no traceback: nobody can mend it


PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"3600"),
)


async def _open(scope: Scope, reply: Reply) -> None:
    if scope["method"] != "GET":
        await reply.refuse(BAD_METHOD)
    elif len(_sessions) >= SESSIONS_MAX:
        await reply.refuse(BAD_REQUEST, 503)
    else:
        polled = Polled(handshake.session_of(scope))
        try:
            await reply.packets(handshake.greeting(polled.session, "websocket"))
        except ClientGone:
            polled.end()


async def _poll(polled: Polled, receive: Receive, reply: Reply) -> None:
    if polled.is_polled:  # the answer would be in two parts that nobody could bring into order
        polled.end()
        await reply.refuse(BAD_REQUEST, 500)
        return
    polled.is_polled = True
    polled.peer.hear()
    try:
        packets = await polled.packets(receive)
    finally:
        polled.is_polled = False
    if packets is None:
        polled.end()  # the page was closed
    else:
        try:
            await reply.packets(packets)
        except ClientGone:
            polled.end()  # what it was to be told is lost; it comes back and syncs


async def _post(polled: Polled, headers: dict[bytes, str], is_form: bool, receive: Receive, reply: Reply) -> None:
    if polled.is_posted:
        polled.end()
        await reply.refuse(BAD_REQUEST, 500)
        return
    polled.is_posted = True
    polled.peer.hear()
    try:
        body = await _read(receive, headers, FRAMES_A_BODY * settings.SOCKET_FRAME_BYTES)
        await _take_all(polled, _packets(headers, is_form, body))
    except TooLong:
        polled.end()
        await reply.send(413, "text/plain", "", (b"connection", b"close"))
    except ProtocolError:
        polled.end()
        await reply.refuse(BAD_REQUEST)
    except ClientGone:
        polled.end()
    else:
        polled.is_posted = False  # before the answer: the client's next one may be here before we are back
        await reply.ok()


def _packets(headers: dict[bytes, str], is_form: bool, body: bytes) -> Iterator[str]:
    if is_form:
        return payloads.decode(payloads.form_data(body))
    if headers.get(b"content-type", "").partition(";")[0].strip() == "application/octet-stream":
        return payloads.decode_binary(body)
    return payloads.decode(body)


async def _take_all(polled: Polled, packets: Iterator[str]) -> None:
    for number, packet in enumerate(packets, 1):
        if polled.last_words:  # it was ended meanwhile, or went on elsewhere
            return
        if not polled.peer.take(packet):
            if packet == CLOSE:  # and nobody will fetch anything
                polled.end()
            return
        await polled.peer.wait_for_room()
        if number % BREATH == 0:
            await asyncio.sleep(0)  # others have their turn


async def _read(receive: Receive, headers: dict[bytes, str], most_bytes: int) -> bytes:
    declared = headers.get(b"content-length", "0")
    if declared.isdigit() and int(declared) > most_bytes:
        raise TooLong
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise TooLong
        if not message.get("more_body"):
            return bytes(body)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _origin_of(scope: Scope, query: Query, headers: dict[bytes, str]) -> str:
    """Whose page asks: browsers say it with every POST and with what crosses origins, scripts (JSONP) excepted."""
    origin = headers.get(b"origin", "")
    if origin or "j" not in query or scope["method"] != "POST":
        return origin
    referer = urlsplit(headers.get(b"referer", ""))
    return f"{referer.scheme}://{referer.netloc}" if referer.netloc else "null"


# Going over to a WebSocket


async def upgrade(polled: Polled, receive: Receive, send: transports.Send) -> bool:
    """Carry the session over to the WebSocket behind `send`; False where nothing came of it, and it is polled on."""
    if polled.is_upgrading:
        await send({"type": "websocket.close"})
        return False
    polled.is_upgrading = True
    try:
        await send({"type": "websocket.accept"})
        writer = transports.writer_for(send)
        async with asyncio.timeout(UPGRADE_S):
            is_meant = await _is_next(receive, engineio.Ping("probe"))
            if is_meant:
                await send({"type": "websocket.send", "text": engineio.encode(engineio.Pong("probe"))})
                polled.loop.call_later(NOOP_S, polled.nudge)
                is_meant = await _is_next(receive, engineio.Upgrade())
    except (OSError, RuntimeError, TimeoutError):
        is_meant = False
    finally:
        polled.is_upgrading = False
    if not is_meant or polled.last_words or polled.is_closing or polled.is_posted:
        await _refuse(send)
        return False
    polled.go_over(writer)
    return True


async def _is_next(receive: Receive, packet: engineio.Packet) -> bool:
    text = (await receive()).get("text") or ""
    return text == engineio.encode(packet)


async def _refuse(send: transports.Send) -> None:
    try:
        await send({"type": "websocket.close"})
    except (OSError, RuntimeError):
        pass  # closed before
