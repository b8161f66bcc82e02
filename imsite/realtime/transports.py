"""Writing to a WebSocket: by ASGI `send`, or ready frames straight to the transport of the server underneath.

ASGI has a server encode and frame every message for every socket anew. Where the server is known (uvicorn, Daphne) and
no compression was negotiated, the frame is made once and the same bytes are written to each socket: several times the
deliveries. What the servers have inside is no interface of theirs, so each is looked at first, and whatever looks
unfamiliar gets the ASGI form, with one warning in the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, partial
from typing import Any, ClassVar, Protocol

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]
TEXT = 0x81  # FIN and the opcode of a text frame


def ready_frame(payload: bytes) -> bytes:
    """A whole unmasked WebSocket text frame (RFC 6455, 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((TEXT, length)) + payload
    if length < 1 << 16:
        return bytes((TEXT, 126)) + length.to_bytes(2, "big") + payload
    return bytes((TEXT, 127)) + length.to_bytes(8, "big") + payload


class Writer(Protocol):
    """The way out to one socket. Everything said on a socket goes through its one writer, so that order holds."""

    is_ready: ClassVar[bool]  # takes ready frames, else texts

    def write(self, frames: Sequence[Any]) -> None:
        """Put frames on their way. Does nothing when the connection is closing."""

    def unsent_bytes(self) -> int:
        """What the peer has not taken yet, as far as this process holds it."""

    def close(self, code: int) -> None:
        """Send what was written and then a close frame."""

    def abort(self) -> None:
        """Drop the connection at once with all that is unsent."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def writer_for(send: Send) -> Writer:
    """The best writer for the socket behind an accepted connection's `send`. Call it in the connection's own task."""
    for open_ready in (SansIOWriter.open, WebsocketsWriter.open, DaphneWriter.open):
        try:
            if writer := open_ready(send):
                return writer
        except (AttributeError, TypeError) as error:
            _warn_once(f"{type(error).__name__}: {error}")
            break
    else:
        _warn_once(f"unknown server {_name(send)}")
    return AsgiWriter(send)


def _name(send: Send) -> str:
    owner = getattr(send, "__self__", None)
    return f"{type(owner).__module__}.{type(owner).__name__}" if owner is not None else repr(send)


@cache
def _warn_once(reason: str) -> None:
    logger.warning("pushes are written by ASGI send, at a fraction of the speed: %s", reason)


class AsgiWriter:
    """The form that every server understands: one task sends what waits, one text after the other."""

    __slots__ = ("_close_code", "_drain", "_send", "_task", "_unsent", "_waiting")
    is_ready: ClassVar[bool] = False

    def __init__(self, send: Send) -> None:
        self._send = send
        self._task = asyncio.current_task()
        self._waiting: deque[str] = deque()
        self._unsent = 0
        self._close_code = 0
        self._drain: asyncio.Task[None] | None = None

    def write(self, frames: Sequence[str]) -> None:
        if self._close_code:
            return
        self._waiting.extend(frames)
        self._unsent += sum(map(len, frames))
        self._start()

    def unsent_bytes(self) -> int:
        return self._unsent

    def close(self, code: int) -> None:
        if not self._close_code:
            self._close_code = code
            self._start()

    def abort(self) -> None:
        self._waiting.clear()
        if self._drain:
            self._drain.cancel()
        if self._task:
            # Nothing in ASGI drops a connection whose peer reads nothing; an application that ends does.
            self._task.cancel()

    def pause_reading(self) -> None:
        """A server stops reading by itself when nobody receives."""

    def resume_reading(self) -> None:
        pass

    def _start(self) -> None:
        if self._drain is None:
            self._drain = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                text = self._waiting.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._unsent -= len(text)
            if self._close_code:
                await self._send({"type": "websocket.close", "code": self._close_code})
        except (OSError, RuntimeError):  # the peer is gone, or the server has closed: the receiving side will say so
            self._waiting.clear()
            self._unsent = 0
        except Exception:
            logger.exception("the server does not take what was sent")
            self.abort()
        finally:
            self._drain = None


class ReadyWriter:
    """What the writers of ready frames share."""

    __slots__ = ("_closing", "_protocol", "_send")
    is_ready: ClassVar[bool] = True

    def __init__(self, send: Send, protocol: Any) -> None:
        self._send = send
        self._protocol = protocol
        self._closing: asyncio.Task[None] | None = None

    def close(self, code: int) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        try:
            await self._send({"type": "websocket.close", "code": code})
        except (OSError, RuntimeError):
            pass  # closed before

    def pause_reading(self) -> None:
        """uvicorn stops reading by itself when nobody receives."""

    def resume_reading(self) -> None:
        pass


class UvicornWriter(ReadyWriter):
    """asyncio's or uvloop's transport under uvicorn."""

    __slots__ = ()

    def unsent_bytes(self) -> int:
        return self._protocol.transport.get_write_buffer_size()

    def abort(self) -> None:
        self._protocol.transport.abort()


class SansIOWriter(UvicornWriter):
    """uvicorn --ws websockets-sansio, its default."""

    __slots__ = ()

    @classmethod
    def open(cls, send: Send) -> SansIOWriter | None:
        protocol: Any = getattr(send, "__self__", None)
        if type(protocol).__name__ != "WebSocketsSansIOProtocol":
            return None
        _require(protocol, "transport", "close_sent")
        _require(protocol.transport, "get_write_buffer_size", "abort", "is_closing", "write")
        if protocol.conn.extensions:
            raise TypeError("compression was negotiated; start uvicorn with --ws-per-message-deflate false")
        # The handshake's messages, which uvicorn keeps and reads no more: 2 KiB of every idle socket.
        protocol.request = protocol.response = None
        return cls(send, protocol)

    def write(self, frames: Sequence[bytes]) -> None:
        transport = self._protocol.transport
        if not (self._protocol.close_sent or transport.is_closing()):
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))


class WebsocketsWriter(UvicornWriter):
    """uvicorn --ws websockets"""

    __slots__ = ()

    @classmethod
    def open(cls, send: Send) -> WebsocketsWriter | None:
        protocol: Any = getattr(send, "__self__", None)
        if type(protocol).__name__ != "WebSocketProtocol" or not type(protocol).__module__.startswith("uvicorn."):
            return None
        _require(protocol, "transport", "open")
        _require(protocol.transport, "get_write_buffer_size", "abort", "is_closing", "write")
        if protocol.extensions:
            raise TypeError("compression was negotiated; start uvicorn with --ws-per-message-deflate false")
        return cls(send, protocol)

    def write(self, frames: Sequence[bytes]) -> None:
        if self._protocol.open:
            self._protocol.transport.write(frames[0] if len(frames) == 1 else b"".join(frames))


class DaphneWriter(ReadyWriter):
    """Twisted's TCP transport under Daphne, which also keeps no bound of its own on what it has read."""

    __slots__ = ()

    @classmethod
    def open(cls, send: Send) -> DaphneWriter | None:
        if not (isinstance(send, partial) and send.args and _is_daphne(getattr(send.func, "__self__", None))):
            return None
        protocol = send.args[0]
        _require(protocol, "state", "STATE_OPEN", "send_queue")
        _require(protocol.transport, "abortConnection", "pauseProducing", "resumeProducing", "write")
        _require(_under_tls(protocol.transport), "dataBuffer", "offset", "_tempDataLen")
        if protocol._perMessageCompress is not None:
            raise TypeError("compression was negotiated")
        return cls(send, protocol)

    def write(self, frames: Sequence[bytes]) -> None:
        protocol = self._protocol
        if protocol.state == protocol.STATE_OPEN:
            data = frames[0] if len(frames) == 1 else b"".join(frames)
            if unsent := self._write_now(data):
                protocol.transport.write(unsent)

    def _write_now(self, data: bytes) -> bytes:
        """Give it to the socket at once and return what it did not take: Twisted's own way is a round of the reactor, with
        several system calls, for every socket.
        """
        transport = self._protocol.transport
        if not hasattr(transport, "writeSomeData") or self.unsent_bytes():  # TLS, or something waits before it
            return data
        sent = transport.writeSomeData(data)
        # No number says that the connection is lost; Twisted finds that out by itself when it writes.
        return data[sent:] if isinstance(sent, int) else data

    def unsent_bytes(self) -> int:
        if self._protocol.transport is None:  # after the connection was lost
            return 0
        transport = _under_tls(self._protocol.transport)
        return len(transport.dataBuffer) - transport.offset + transport._tempDataLen

    async def _close(self, code: int) -> None:
        # Not by ASGI: Daphne refuses to send the codes that are meant for servers, 1002 and 1009 among them.
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.sendCloseFrame(code=code)

    def abort(self) -> None:
        if self._protocol.transport is not None:
            self._protocol.transport.abortConnection()

    def pause_reading(self) -> None:
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.transport.pauseProducing()

    def resume_reading(self) -> None:
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.transport.resumeProducing()


def _is_daphne(server: object) -> bool:
    """Daphne's server, or one made of it."""
    return any(kind.__module__ == "daphne.server" for kind in type(server).__mro__)


def _under_tls(transport: Any) -> Any:
    """Twisted's TCP transport, which has the buffer, under a TLS one."""
    return transport if hasattr(transport, "dataBuffer") else transport.transport


def _require(thing: Any, *names: str) -> None:
    for name in names:
        getattr(thing, name)
