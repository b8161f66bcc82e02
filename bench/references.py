"""What the product is measured against: `python -m bench.references APP SERVER`, on IM_PORT, prints "ready".

APP: `echo` is bare ASGI, an answer to every request and every frame and nothing else. `rooms` is a chat room as Channels'
own documentation builds one (AsyncWebsocketConsumer, group_send), on the layer that BENCH_REDIS_URL or its absence says.
SERVER: uvicorn or daphne, with the settings that the product gives them.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

ROOM = "room"
HELLO = "ready"  # the first frame of every socket: it is in the room
ANSWER = b'{"msg_id":5000000001,"msg_ctime":1795232441641}'
FRAME_BYTES = 256 * 1024


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": HELLO})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


def rooms() -> Any:
    """Every socket is in the one room; what one sends, all get."""
    configure(os.environ.get("BENCH_REDIS_URL", ""))
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.routing import ProtocolTypeRouter

    class RoomConsumer(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.channel_layer.group_add(ROOM, self.channel_name)
            await self.accept()
            await self.send(text_data=HELLO)

        async def disconnect(self, code: int) -> None:
            await self.channel_layer.group_discard(ROOM, self.channel_name)

        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.channel_layer.group_send(ROOM, {"type": "chat.message", "message": text_data})

        async def chat_message(self, event: dict[str, Any]) -> None:
            await self.send(text_data=event["message"])

    return ProtocolTypeRouter({"websocket": RoomConsumer.as_asgi()})


def configure(redis_url: str) -> None:
    import django
    from django.conf import settings

    layer: dict[str, Any] = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    if redis_url:
        # A connection for every socket that comes or goes at once, and no limit to a wait: with the client's defaults, 100
        # connections and 5 s, the layer refuses some sockets and ends all that are idle.
        hosts = [{"address": redis_url, "max_connections": 4096, "socket_timeout": None}]
        layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": hosts}}
    settings.configure(
        SECRET_KEY="of no use here",
        INSTALLED_APPS=["channels"],
        CHANNEL_LAYERS={"default": layer},
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()


def run_uvicorn(application: Any, port: int) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            print("ready", flush=True)

    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        ws_max_size=FRAME_BYTES,
        backlog=2048,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    Server(config).run()


def run_daphne(application: Any, port: int) -> None:
    from daphne.server import Server

    Server(
        application,
        endpoints=[f"tcp:{port}:interface=127.0.0.1:backlog=2048"],
        ping_interval=math.inf,
        websocket_timeout=-1,
        websocket_max_message_size=FRAME_BYTES,
        websocket_max_frame_size=FRAME_BYTES,
        application_close_timeout=1,
        ready_callable=lambda: print("ready", flush=True),
        server_name="reference",
    ).run()


def main() -> None:
    app, server = sys.argv[1:]
    # Daphne's reactor has to be there before anything else takes asyncio's.
    run = {"uvicorn": run_uvicorn, "daphne": run_daphne}[server]
    run({"echo": lambda: echo, "rooms": rooms}[app](), int(os.environ["IM_PORT"]))


if __name__ == "__main__":
    main()
