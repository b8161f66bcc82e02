"""The small site of tests/realtime/server on a real server, and a client that speaks the wire's protocol."""

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from websockets.asyncio.client import connect

from tests.backing import free_port, listens, wait_until

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 10  # for anything that is on its way
APPLICATION = "imsite.asgi:application"
COMMANDS = {
    "uvicorn": ["uvicorn", APPLICATION, "--ws", "websockets-sansio", "--ws-per-message-deflate", "false"],
    "uvicorn-websockets": ["uvicorn", APPLICATION, "--ws", "websockets", "--ws-per-message-deflate", "false"],
    "uvicorn-deflate": ["uvicorn", APPLICATION, "--ws", "websockets-sansio"],
    "daphne": ["daphne", APPLICATION],
}


class Site:
    """A process that serves the small site."""

    def __init__(self, kind: str, **environment: str):
        self.kind = kind
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}/socket.io/?EIO=3&transport=websocket"
        self.log = Path(tempfile.mkstemp(prefix=f"site-{kind}-")[1])
        module, *arguments = COMMANDS[kind]
        if module == "uvicorn":
            arguments += ["--port", str(self.port), "--log-level", "warning", "--no-access-log"]
        else:
            arguments += ["-p", str(self.port), "-v", "0"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
        kept |= {"DJANGO_SETTINGS_MODULE": "tests.realtime.server.settings", **environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=ROOT, env=kept, stdout=log, stderr=log
            )

    def __enter__(self):
        wait_until(lambda: self.process.poll() is not None or listens(self.port), self.kind)
        if self.process.poll() is not None:
            raise AssertionError(self.printed())
        return self

    def __exit__(self, *problem):
        self.stop()
        self.log.unlink()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def printed(self) -> str:
        return self.log.read_text()


class Client:
    """One page: `await client.ask("echo", text="hi")`; `client.acks`, `client.pushes`."""

    rids = itertools.count(1)

    def __init__(self, socket):
        self.socket = socket
        self.acks: list[int] = []
        self.frames: list[str] = []  # as they came
        self.pushes: list[tuple[str, dict]] = []
        self.replies: dict[int, list[dict]] = {}
        self.changed = asyncio.Condition()
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        with contextlib.suppress(Exception):
            async for frame in self.socket:
                async with self.changed:
                    self.frames.append(frame)
                    if frame.startswith("42"):
                        self._take(*json.loads(frame[2:]))
                    self.changed.notify_all()
        async with self.changed:
            self.changed.notify_all()

    def _take(self, name, data):
        if name == "ack":
            self.acks.append(data["rid"])
        elif "rid" in data:
            self.replies.setdefault(data["rid"], []).append({"name": name, **data})
        else:
            self.pushes.append((name, data))

    async def until(self, ready, what="what was waited for"):
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: ready() or self.reader.done())
        assert ready(), f"{what} did not come; the last frames: {self.frames[-5:]}"

    async def say(self, frame: str):
        await self.socket.send(frame)

    async def send(self, name, rid=None, **data) -> int:
        rid = rid or next(self.rids)
        await self.say("42" + json.dumps([name, {**data, "rid": rid}], ensure_ascii=False))
        return rid

    async def answer(self, rid, count=1) -> dict:
        await self.until(lambda: len(self.replies.get(rid, ())) >= count, f"answer {rid}")
        return self.replies[rid][count - 1]

    async def ask(self, name, **data) -> dict:
        return await self.answer(await self.send(name, **data))

    async def log_in(self, user, **data) -> dict:
        await self.ask("c_init", appkey="a" * 24)
        answer = await self.ask("login", user=user, **data)
        assert answer["code"] == 0
        return answer

    def numbers(self) -> list[int]:
        return [data["n"] for name, data in self.pushes if name == "pushed"]

    async def pushed(self, *numbers):
        await self.until(lambda: len(self.numbers()) >= len(numbers), f"pushes {numbers}")
        assert self.numbers() == list(numbers)

    async def close(self):
        await self.socket.close()
        await self.reader

    async def closed(self) -> int:
        """Wait until the server has closed; the code of its close frame."""
        async with asyncio.timeout(PATIENCE_S):
            await self.socket.wait_closed()
        return self.socket.close_code


async def eventually(ready) -> None:
    """Ask `await ready()` until it is true."""
    deadline = time.monotonic() + PATIENCE_S
    for _ in itertools.count():
        if await ready():
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def clients(site: Site, count: int = 1, **options):
    """`count` open connections behind their handshake."""
    async with contextlib.AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            socket = await stack.enter_async_context(
                connect(
                    site.socket_url,
                    **({"compression": None} | options),
                    ping_interval=None,
                    close_timeout=1,
                    proxy=None,
                )
            )
            opened.append(Client(socket))
            await opened[-1].until(lambda: len(opened[-1].frames) >= 2, "open packet")
        yield opened if count > 1 else opened[0]
