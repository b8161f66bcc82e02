"""The server's one application: HTTP through Django in threads, WebSockets through Channels, for any ASGI server.

HTTP runs as WSGI behind a bridge: views are synchronous, and Django's own ASGI handler would hop between threads many
times a request, at three to four times the price.
"""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsite.settings")
web = get_wsgi_application()

import logging  # noqa: E402
from collections.abc import Awaitable, Callable  # noqa: E402
from typing import Any  # noqa: E402

from a2wsgi import WSGIMiddleware  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.http import UnreadablePostError  # noqa: E402
from django.urls import re_path  # noqa: E402

from imsite.realtime import dispatch, hub  # noqa: E402
from imsite.realtime.consumer import SocketConsumer  # noqa: E402

dispatch.autodiscover()

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

bridge = WSGIMiddleware(web, workers=settings.HTTP_THREADS)


class ClientGone(ConnectionResetError):
    """The client left before it had sent its whole request."""


async def http(scope: Scope, receive: Receive, send: Send) -> None:
    """A request through Django. A body that breaks off is an error to its reader, and not a shorter body."""

    async def receive_whole() -> dict[str, Any]:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message

    hub.current()  # what a view publishes reaches the sockets here
    await bridge(scope, receive_whole, send)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """A WebSocket at a path that has none."""
    await receive()
    await send({"type": "websocket.close"})


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # lifespan.startup
    hub.current()
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    hub.stop()
    await send({"type": "lifespan.shutdown.complete"})


def _is_ours(record: logging.LogRecord) -> bool:
    """Nobody can mend a client that left in the middle of a request: not an error of the server, no traceback."""
    return not (record.exc_info and isinstance(record.exc_info[1], UnreadablePostError))


logging.getLogger("django.request").addFilter(_is_ours)

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter([re_path(r"^socket\.io/?$", SocketConsumer.as_asgi()), re_path(r"", refuse)]),
        "lifespan": lifespan,
    }
)
