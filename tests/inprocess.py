"""The whole socket side of the server in this process, without a server: consumer, pipeline, dispatch, hub and bus in an
event loop of their own thread; clients that are the tests' own speak to it frame by frame."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from imsite.realtime import dispatch, workers
from imsite.realtime import hub as hubs
from imsite.realtime.consumer import SocketConsumer
from tests.wire_client import PATIENCE, BlockingClient, Closed

SCOPE = {
    "type": "websocket",
    "scheme": "ws",
    "path": "/socket.io/",
    "query_string": b"EIO=3&transport=websocket",
    "headers": [(b"host", b"testserver")],
    "client": ("127.0.0.1", 5555),
}


class Server:
    """with Server() as server: client = server.connect()"""

    def __enter__(self) -> Self:
        dispatch.autodiscover()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="sockets", daemon=True)
        self._thread.start()
        self.hub = self.run(self._open())
        self.clients: list[InProcessClient] = []
        return self

    def __exit__(self, *problem: object) -> None:
        for client in self.clients:
            client.cut()
        self.run(self._close())
        workers.pool().shutdown()  # the ends of sessions are noted
        workers.pool.cache_clear()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def connect(self, **kwargs: Any) -> "InProcessClient":
        client = InProcessClient(**kwargs)
        client.open(self)
        self.clients.append(client)
        return client

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    async def _open(self) -> hubs.Hub:
        return hubs.current()

    async def _close(self) -> None:
        hubs.stop()


class InProcessClient(BlockingClient):
    """The blocking client with the ASGI calls of a server in place of a socket. What is `deaf` gets nothing any more, as
    behind a network that was lost without a word."""

    deaf = False

    def open(self, server: Server) -> None:
        self._server = server
        self._changed = threading.Condition()
        self._done = threading.Event()
        self._close_code: int | None = None
        server.loop.call_soon_threadsafe(self._start)
        self._until(lambda: self.connected)

    def _start(self) -> None:
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = self._server.loop.create_task(SocketConsumer()(dict(SCOPE), self._inbox.get, self._receive))
        self._task.add_done_callback(lambda task: self._done.set())

    async def _receive(self, message: dict[str, Any]) -> None:
        with self._changed:
            if message["type"] == "websocket.close":
                self._close_code = message.get("code", 1000)
                self._inbox.put_nowait({"type": "websocket.disconnect", "code": self._close_code})
            elif message["type"] == "websocket.send" and not self.deaf:
                answers, _ = self.take(message["text"])
                for answer in answers:
                    self._inbox.put_nowait({"type": "websocket.receive", "text": answer})
            self._changed.notify_all()

    def send_frame(self, frame: str | bytes) -> None:
        message = {"type": "websocket.receive", "text": frame}
        self._server.loop.call_soon_threadsafe(self._inbox.put_nowait, message)

    def cut(self) -> None:
        """The connection is lost; returns when the server has noticed."""
        message = {"type": "websocket.disconnect", "code": 1006}
        self._server.loop.call_soon_threadsafe(self._inbox.put_nowait, message)
        assert self._done.wait(PATIENCE)

    close = cut

    def _until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        with self._changed:
            while not condition():
                if self._close_code is not None:
                    raise Closed(self._close_code)
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError("the server does not answer")
