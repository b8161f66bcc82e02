"""A socket's life: handshake, packets, end. Source: Web SDK, transport."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from channels.consumer import AsyncConsumer

from imsite.realtime import handshake, hub, polling, transports
from imsite.realtime.connection import Connection
from imsite.realtime.peer import PROTOCOL_ERROR, Peer

Receive = Callable[[], Awaitable[dict[str, Any]]]


class SocketConsumer(AsyncConsumer):
    """One connection at /socket.io/.

    The receive loop is its own: Channels' would hop to a thread for every frame, pings included, and keep a channel in
    the layer for every socket.
    """

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: transports.Send) -> None:
        await receive()  # websocket.connect
        query = handshake.query_of(scope)
        if not handshake.is_spoken(query, "websocket"):
            await send({"type": "websocket.close", "code": PROTOCOL_ERROR})
            return
        peer = await (_carried(scope, query["sid"][0], receive, send) if "sid" in query else _greeted(scope, send))
        if peer is None:
            return
        try:
            if not await _serve(peer, receive):
                await _until_closed(receive)
        except asyncio.CancelledError:
            # Cut by the hub (slow or silent peer) it is an end like any other; else the server is stopping.
            if not peer.connection.closed:
                raise
        finally:
            peer.end()


async def _greeted(scope: dict[str, Any], send: transports.Send) -> Peer | None:
    """A session that begins here."""
    session = handshake.session_of(scope)
    try:
        await send({"type": "websocket.accept"})
        for text in handshake.greeting(session):
            await send({"type": "websocket.send", "text": text})
    except OSError:  # gone before it began
        return None
    return Peer(Connection(session, transports.writer_for(send), hub.current()))


async def _carried(scope: dict[str, Any], sid: str, receive: Receive, send: transports.Send) -> Peer | None:
    """A session that was polled so far."""
    polled = polling.find(sid, handshake.headers_of(scope).get(b"origin", ""))
    if polled is None:
        await send({"type": "websocket.close", "code": PROTOCOL_ERROR})
        return None
    return polled.peer if await polling.upgrade(polled, receive, send) else None


async def _serve(peer: Peer, receive: Receive) -> bool:
    """Take frames to the end; True where the peer made the end, False where we did."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return True
        peer.hear()
        text = message.get("text")
        if text is None:  # binary: nothing in this protocol
            continue
        if not peer.take(text):
            return False
        if peer.pipeline.is_full:
            await peer.wait_for_room()


async def _until_closed(receive: Receive) -> None:
    """After our close frame: what still comes is not read, up to the peer's close."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
