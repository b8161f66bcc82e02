"""The server's one application: HTTP through Django in threads, sockets through Channels or polled, for any ASGI server.

HTTP runs as WSGI behind a bridge: views are synchronous, and Django's own ASGI handler would hop between threads many
times a request, at three to four times the price.
"""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsite.settings")
web = get_wsgi_application()

from collections.abc import Awaitable, Callable  # noqa: E402
from typing import Any  # noqa: E402

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from imsite.bridge import WSGIBridge  # noqa: E402
from imsite.realtime import dispatch, hub, polling  # noqa: E402
from imsite.realtime.consumer import SocketConsumer  # noqa: E402

dispatch.autodiscover()

SOCKET_PATHS = ("/socket.io/", "/socket.io")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

bridge = WSGIBridge(web, threads=settings.HTTP_THREADS, body_bytes=settings.HTTP_BODY_BYTES)


async def http(scope: Scope, receive: Receive, send: Send) -> None:
    hub.current()  # what a view publishes reaches the sockets here
    if scope["path"].removeprefix(scope.get("root_path", "")) in SOCKET_PATHS:
        await polling.serve(scope, receive, send)
        return
    await bridge(scope, receive, send)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """A WebSocket at a path that has none."""
    await receive()
    await send({"type": "websocket.close"})


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # lifespan.startup
    hub.current()
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    polling.stop()
    hub.stop()
    await send({"type": "lifespan.shutdown.complete"})


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter([re_path(r"^socket\.io/?$", SocketConsumer.as_asgi()), re_path(r"", refuse)]),  # type: ignore[arg-type]
        "lifespan": lifespan,
    }
)
