"""A socket's life: handshake, packets, end. Source: Web SDK, transport."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from imsite.core import ids
from imsite.realtime import engineio, hub, socketio, transports
from imsite.realtime.connection import Connection
from imsite.realtime.engineio import ProtocolError
from imsite.realtime.pipeline import Pipeline
from imsite.realtime.session import Session

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
PROTOCOL_ERROR, TOO_BIG = 1002, 1009  # close codes of RFC 6455


class SocketConsumer(AsyncConsumer):
    """One connection at /socket.io/.

    The receive loop is its own: Channels' would hop to a thread for every frame, pings included, and keep a channel in
    the layer for every socket.
    """

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: transports.Send) -> None:
        await receive()  # websocket.connect
        if not _is_spoken(scope):
            await send({"type": "websocket.close", "code": PROTOCOL_ERROR})
            return
        session = _session(scope)
        try:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": engineio.encode(_open_packet(session))})
            await send({"type": "websocket.send", "text": engineio.encode(engineio.Message(CONNECTED))})
        except OSError:  # gone before it began
            return
        self.connection = Connection(session, transports.writer_for(send), hub.current())
        self.pipeline = Pipeline(self.connection)
        self.connection.hub.add(self.connection)
        try:
            if not await self._serve(receive):
                await _until_closed(receive)
        except asyncio.CancelledError:
            # Cut by the hub (slow or silent peer) it is an end like any other; else the server is stopping.
            if not self.connection.closed:
                raise
        finally:
            self.pipeline.stop()
            self.connection.end_session()
            self.connection.hub.remove(self.connection)

    async def _serve(self, receive: Receive) -> bool:
        """Take frames to the end; True where the peer made the end, False where we did."""
        connection, pipeline = self.connection, self.pipeline
        clock, limit = connection.hub.loop.time, settings.SOCKET_FRAME_BYTES
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return True
            connection.seen_at = clock()
            text = message.get("text")
            if text is None:  # binary: nothing in this protocol
                continue
            if len(text) > limit // 4 and len(text.encode()) > limit:
                connection.close(TOO_BIG)
                return False
            if not self._take(text):
                return False
            if pipeline.is_full:
                await self._wait_for_room()

    def _take(self, frame: str) -> bool:
        """Act on a frame; False when it ends the connection."""
        try:
            packet = engineio.decode(frame)
        except ProtocolError as error:
            logger.info("%s: %s", self.connection.session, error)
            self.connection.close(PROTOCOL_ERROR)
            return False
        match packet:
            case engineio.Ping(text):
                self.connection.say(b"3" + text.encode())
            case engineio.Message(text):
                return self._take_message(text)
            case engineio.Close():
                self.connection.close()
                return False
        return True

    def _take_message(self, text: str) -> bool:
        try:
            packet = socketio.decode(text)
        except ProtocolError:
            self.connection.hub.malformed += 1
            return True
        match packet:
            case socketio.Event(name, data):
                self.pipeline.receive(name, data)
            case socketio.Disconnect():
                self.connection.session.signed_out = True
                self.connection.end_session()
                self.connection.close()
                return False
        return True

    async def _wait_for_room(self) -> None:
        """Stop reading from a client that asks faster than it is answered."""
        connection = self.connection
        connection.paused = True
        connection.writer.pause_reading()
        await self.pipeline.wait_for_room()
        connection.writer.resume_reading()
        connection.paused, connection.seen_at = False, connection.hub.loop.time()


CONNECTED = socketio.encode(socketio.Connect())


def _is_spoken(scope: dict[str, Any]) -> bool:
    """Whether the handshake asks for Engine.IO 3 over a WebSocket that is not the upgrade of a polling session."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return query.get("EIO") == ["3"] and query.get("transport") == ["websocket"]


def _session(scope: dict[str, Any]) -> Session:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
    client = scope.get("client")
    return Session(
        ids.new_sid(),
        address=client[0] if client else "",
        user_agent=headers.get(b"user-agent", "")[:512],
        origin=headers.get(b"origin", ""),
        base_url=_base_url(scope, headers),
    )


def _base_url(scope: dict[str, Any], headers: dict[bytes, str]) -> str:
    """`https://host` as a view would build it; "" where no allowed host is named: addresses are then relative to the page."""
    host = headers.get(b"host", "")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return ""
    secure = scope.get("scheme") == "wss"
    if settings.SECURE_PROXY_SSL_HEADER:  # of a proxy that ends TLS, trusted only where the operator says so
        secure = headers.get(b"x-forwarded-proto", "").partition(",")[0].strip() == "https"
    return sys.intern(f"{'https' if secure else 'http'}://{host}")


def _open_packet(session: Session) -> engineio.Open:
    return engineio.Open(session.sid, settings.PING_INTERVAL_S * 1000, settings.PING_TIMEOUT_S * 1000)


async def _until_closed(receive: Receive) -> None:
    """After our close frame: what still comes is not read, up to the peer's close."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
