"""Django's WSGI handler under an ASGI server: one hop into a thread a request.

The body is read before a thread is taken and the response is sent after it was given back, so that slow clients hold no
thread; a body without a length (chunked) gets one; a client that leaves in the middle of its body is nobody's request.
a2wsgi does the same with four hops and the thread held all the time, at a third to a half of the requests per second.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from django.db import close_old_connections

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

IN_MEMORY_BYTES = 256 * 1024  # a longer body waits in a file
BLOCK_BYTES = 256 * 1024  # of a file, read in one go
TOO_LARGE = b'{"error":{"code":899003,"message":"the request is too large"}}'


class TooLarge(Exception):
    """The body is longer than this server takes."""


class ClientGone(Exception):
    """The client left before its request was whole, or before it had its answer."""


class WSGIBridge:
    """`app`, any WSGI application, as an ASGI application for `http` scopes.

    Bodies over `body_bytes` are answered with 413 and not read on.
    """

    def __init__(self, app: Callable[..., Any], *, threads: int, body_bytes: int) -> None:
        self.app = app
        self.body_bytes = body_bytes
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as body:
                try:
                    length = await self._read(scope, receive, body)
                except TooLarge:
                    await refuse_size(send)
                else:
                    await self._answer(environ_of(scope, body, length), send)
        except ClientGone:
            pass  # no traceback: nobody can mend it

    async def _read(self, scope: Scope, receive: Receive, body: IO[bytes]) -> int:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self.body_bytes:
            raise TooLarge
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            if part := message.get("body"):
                length += len(part)
                if length > self.body_bytes:
                    raise TooLarge
                body.write(part)
            if not message.get("more_body"):
                body.seek(0)
                return length

    async def _answer(self, environ: dict[str, Any], send: Send) -> None:
        response = await self._in_thread(Response, self.app, environ)
        try:
            await _say(send, {"type": "http.response.start", "status": response.status, "headers": response.headers})
            part = response.first
            while response.rest is not None:
                await _say(send, {"type": "http.response.body", "body": part, "more_body": True})
                part = await self._in_thread(response.read)
            await _say(send, {"type": "http.response.body", "body": part})
        finally:
            if response.rest is not None:
                await self._in_thread(response.close)

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self.pool, context.run, function, *args)


class File:
    """A file to answer with, as Django hands it over (`wsgi.file_wrapper`), read in larger blocks than Django's."""

    streaming = True

    def __init__(self, file: IO[bytes], block_bytes: int = 0) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        while True:
            block = self.file.read(BLOCK_BYTES)
            yield block
            if len(block) < BLOCK_BYTES:
                return

    def close(self) -> None:
        self.file.close()


class Response:
    """What the application answered. Made, read and closed in worker threads."""

    def __init__(self, app: Callable[..., Any], environ: dict[str, Any]) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self._result: Iterable[bytes] = app(environ, self._start)
        self.rest: Iterator[bytes] | None = iter(self._result)  # None when the response is whole and closed
        if getattr(self._result, "streaming", False):
            self.first = self.read()
            close_old_connections()  # of the view: the parts that follow may be read in other threads
        else:
            self.first = self._read_whole(self.rest)

    def read(self) -> bytes:
        """The next part, or nothing; `rest` is None behind the last one."""
        assert self.rest is not None
        try:
            part = next(self.rest)
            if isinstance(self._result, File) and len(part) < BLOCK_BYTES:
                self.close()
        except StopIteration:
            self.close()
            return b""
        except BaseException:
            self.close()
            raise
        return part

    def close(self) -> None:
        """End the request: Django closes files and database connections here."""
        self.rest = None
        if close := getattr(self._result, "close", None):
            close()

    def _read_whole(self, parts: Iterator[bytes]) -> bytes:
        try:
            return b"".join(parts)
        finally:
            self.close()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return _no_write


def _no_write(part: bytes) -> None:
    raise NotImplementedError("the write() of WSGI's past")


async def _say(send: Send, message: dict[str, Any]) -> None:
    try:
        await send(message)
    except (OSError, RuntimeError) as error:  # servers and their transports say it either way
        raise ClientGone from error


def environ_of(scope: Scope, body: IO[bytes], length: int) -> dict[str, Any]:
    """The WSGI environment of an HTTP scope (PEP 3333)."""
    root = scope.get("root_path", "")
    path = scope["path"].removeprefix(root)
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root.encode().decode("latin-1"),
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "CONTENT_LENGTH": str(length),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": File,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client := scope.get("client"):
        environ["REMOTE_ADDR"] = client[0]
        environ["REMOTE_PORT"] = str(client[1])
    for name, value in scope["headers"]:
        _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def _add_header(environ: dict[str, Any], name: str, value: str) -> None:
    if name == "content-type":
        environ["CONTENT_TYPE"] = value
    elif name not in ("content-length", "transfer-encoding") and "_" not in name:  # a_b would pass for a-b
        key = "HTTP_" + name.upper().replace("-", "_")
        # RFC 9110 joins with a comma, RFC 6265 cookies with a semicolon.
        joint = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = environ[key] + joint + value if key in environ else value


async def refuse_size(send: Send) -> None:
    """413 in the vendor's words for a bad parameter."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(TOO_LARGE)),
        (b"connection", b"close"),
    ]
    await _say(send, {"type": "http.response.start", "status": 413, "headers": headers})
    await _say(send, {"type": "http.response.body", "body": TOO_LARGE})
