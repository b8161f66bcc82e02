"""A socket's life: handshake, packets, end. Source: Web SDK, transport."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.consumer import AsyncConsumer
from django.conf import settings

from imsite.realtime import engineio, handshake, hub, socketio, transports
from imsite.realtime.connection import Connection
from imsite.realtime.engineio import ProtocolError
from imsite.realtime.pipeline import Pipeline

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
        if not handshake.is_spoken(scope):
            await send({"type": "websocket.close", "code": PROTOCOL_ERROR})
            return
        session = handshake.session_of(scope)
        try:
            await send({"type": "websocket.accept"})
            for text in handshake.greeting(session):
                await send({"type": "websocket.send", "text": text})
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


async def _until_closed(receive: Receive) -> None:
    """After our close frame: what still comes is not read, up to the peer's close."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
