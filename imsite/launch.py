"""What stands before serving: an address, a data folder of one's own, a database, static files. Then the server itself.

Each `require_*` and `listen` refuses in one sentence (CommandError); nothing is changed before all of them agreed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import CommandError

APPLICATION = "imsite.asgi:application"
GOING_AWAY = 1001  # WebSocket close code
CLOSE_SECONDS = 10  # what runs when the server is asked to stop has so long to end
BACKLOG = 2048  # connections that wait to be accepted: all clients of a restarted server come at once


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on that address; the port is held from here on, so nobody takes it in between."""
    if not 0 <= port <= 65535:
        raise CommandError(f"IM_PORT must be between 1 and 65535, not {port}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise CommandError(f"IM_HOST: {host!r} is not an address of this machine ({error}).") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # Twisted takes it as it is
    except OSError as error:
        listener.close()
        raise CommandError(_why_not(error, host, port)) from error
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: stop the program that has it, or set IM_PORT to another one."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} may not be opened by this user: set IM_PORT to one above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"IM_HOST: {host} is not an address of this machine."
    return f"{host}:{port} cannot be opened: {error.strerror}."


def url_of(listener: socket.socket, host: str) -> str:
    """What to open in a browser on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{listener.getsockname()[1]}"


def require_folder() -> None:
    """The data folder exists, made for its owner alone, and may be written to."""
    folder: Path = settings.DATA_DIR
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(
            f"IM_DATA_DIR: cannot write to {folder}: {error.strerror}. Choose a folder that you may write to."
        ) from error


@contextlib.contextmanager
def only_server() -> Iterator[None]:
    """Without Redis one process holds all sockets: a second one on the same data would reach only its own."""
    if settings.REDIS_URL:
        yield
        return
    with (settings.DATA_DIR / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(
                f"Another server runs on the data folder {settings.DATA_DIR}: stop it, or set IM_DATA_DIR to another "
                "(several processes need IM_REDIS_URL)."
            ) from error
        yield


def require_redis() -> None:
    """The Redis that is named answers."""
    if not settings.REDIS_URL:
        return
    import redis

    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5).ping()
    except (redis.RedisError, ValueError) as error:
        raise CommandError(f"IM_REDIS_URL: Redis does not answer: {error}") from error


def collect_static() -> None:
    """Hash and compress the static files into the data folder, when they are not those of the last start."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = os.stat(storage.path(path))
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    # Older copies stay: a page that was opened before the restart may still ask for them.
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(digest.hexdigest())


# Servers: both take the socket that is already open, end their sockets and requests when asked to stop, and return.


def run_uvicorn(listener: socket.socket, ready: Callable[[], None]) -> None:
    import uvicorn

    from imsite.realtime import polling

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            polling.stop()  # it waits for requests to end, and these wait for news
            await super().shutdown(sockets)

    config = uvicorn.Config(
        APPLICATION,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # costs more than it saves on short messages, and the hub writes ready frames
        ws_ping_interval=None,  # Engine.IO has pings of its own
        ws_max_size=settings.SOCKET_FRAME_BYTES,
        backlog=BACKLOG,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # it would believe whatever comes from this machine; imsite.core.addresses decides
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_ours)
    # uvicorn repeats the signal to whoever listened before; being asked to stop is no failure.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, _exit)
    Server(config).run(sockets=[listener])


def _is_ours(record: logging.LogRecord) -> bool:
    """Not the traceback of a client's frame that is no UTF-8: anybody could fill the log with those."""
    return not (record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError))


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def run_daphne(listener: socket.socket, ready: Callable[[], None]) -> None:
    from daphne.server import Server
    from daphne.ws_protocol import WebSocketProtocol
    from twisted.internet import defer, reactor

    from imsite.asgi import application
    from imsite.bodies import BoundedFactory
    from imsite.realtime import hub, polling

    class Graceful(Server):
        """Daphne cancels everything at once; this one first closes the sockets and lets requests end."""

        def kill_all_applications(self) -> Any:
            return defer.Deferred.fromFuture(asyncio.ensure_future(self.close_all()))

        async def close_all(self) -> None:
            polling.stop()
            for protocol in list(self.connections):
                if isinstance(protocol, WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
                    protocol.sendCloseFrame(code=GOING_AWAY)  # serverClose refuses the codes that are meant for servers
            running = [
                one["application_instance"] for one in self.connections.values() if "application_instance" in one
            ]
            if running:
                await asyncio.wait(running, timeout=CLOSE_SECONDS)

    def adopt() -> None:
        # Who sends too much, or what is no UTF-8, hears so in a close frame (1009, 1007) and is not just cut off.
        server.ws_factory.setProtocolOptions(failByDrop=False)
        reactor.adoptStreamPort(listener.fileno(), listener.family, BoundedFactory(server))
        listener.close()  # the reactor has its own copy
        ready()

    server = Graceful(
        application,
        endpoints=["none"],  # it insists on one; a description of an endpoint cannot name an open socket of IPv6
        ping_interval=math.inf,  # Engine.IO has pings of its own
        websocket_timeout=-1,  # a socket lives as long as its page
        websocket_max_message_size=settings.SOCKET_FRAME_BYTES,
        websocket_max_frame_size=settings.SOCKET_FRAME_BYTES,
        application_close_timeout=CLOSE_SECONDS,
        ready_callable=lambda: reactor.callWhenRunning(adopt),
        server_name="imsite",
    )
    server.endpoints.clear()
    server.run()
    # What is still running must end before the interpreter does: it does not survive waiting coroutines.
    loop = asyncio.get_event_loop()
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    hub.stop()


SERVERS = {"daphne": run_daphne, "uvicorn": run_uvicorn}
