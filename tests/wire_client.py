"""A client of the realtime wire, written from the protocol's description alone: nothing of the server is imported.

Engine.IO 3 and Socket.IO 2 over a WebSocket, as the vendor's SDK speaks them: requests by rid, an ack and then the answer,
pushes that are acknowledged by themselves. `WireClient` is for asyncio, `BlockingClient` for plain code; both read

    async with await WireClient.connect("http://127.0.0.1:8000") as alice:
        await alice.sign_in(appkey, secret, "alice", "secret")      # c_init, login, sync_check
        reply = await alice.send_text("bobby", "hi")                # {"code": 0, "msg_id": ..., "ctime_ms": ...}
        push = await alice.next_push("msg_sync")                    # {"messages": [{...}]}
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import random
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_blocking

Data = dict[str, Any]

PATIENCE = 10.0  # seconds for an answer or a push
# These names are pushes whatever they carry; any other event with a rid is an answer.
PUSHES = {"msg_sync", "event_notification", "sync_conversation", "sync_event", "sync_receipt", "receipt_change"}
ROAMING = 1


class Refused(Exception):
    """An answer with another code than 0; `reply` has it whole."""

    def __init__(self, name: str, reply: Data) -> None:
        super().__init__(f"{name}: {reply.get('code')} {reply.get('message')}")
        self.reply = reply
        self.code = reply.get("code")


class Closed(Exception):
    """The connection is closed; `code` is that of the close frame."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the connection is closed ({code})")
        self.code = code


def socket_url(url: str) -> str:
    """`http://host:port` or `ws://host:port` as the address of the handshake."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc}/socket.io/?EIO=3&transport=websocket"


def md5_hex(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def signature(appkey: str, secret: str, timestamp: int | str, random_str: str) -> str:
    return md5_hex(f"appkey={appkey}&timestamp={timestamp}&random_str={random_str}&key={secret}")


def encode(name: str, data: Any) -> str:
    return "42" + json.dumps([name, data], ensure_ascii=False, separators=(",", ":"))


def text_content(target_type: str, target_id: str, text: str, sender: str, **more: Any) -> Data:
    """`content` of a text as the SDK builds it."""
    return {
        "version": 1,
        "target_type": target_type,
        "from_platform": "web",
        "target_id": target_id,
        "from_id": sender,
        "create_time": int(time.time() * 1000),
        "msg_type": "text",
        "msg_body": {"text": text, **more},
    }


class Wire:
    """What both clients share: frames in and out, without a socket."""

    def __init__(
        self,
        *,
        platform: str = "j",
        acknowledges: bool = True,
        on_push: Callable[[str, Data], None] | None = None,
    ) -> None:
        self.platform = platform  # a Android, i iOS, j a browser, w Windows: one session of each class may live
        self.acknowledges = acknowledges
        self.on_push = on_push
        self.opened: Data = {}  # the server's open packet
        self.connected = False  # its `40` came
        self.ended = False  # its `41` came
        self.pongs: list[str] = []
        self.acks: list[int] = []  # rids, in the order of arrival
        self.replies: list[tuple[str, Data]] = []  # (event name, data), in the order of arrival
        self.pushes: list[tuple[str, Data]] = []  # that nobody asked for yet, in the order of arrival
        self.log: list[str] = []  # kinds of what came, in order: "ack 7", "reply 7", "push msg_sync"
        self.username = ""
        self.appkey = ""

    @staticmethod
    def new_rid() -> int:
        return random.randint(1, 2**31 - 1)

    def take(self, frame: str) -> tuple[list[str], int]:
        """Take a frame of the server: the frames to send back, and the rid that was answered (0: none)."""
        kind, text = frame[:1], frame[1:]
        if kind == "0":
            self.opened = json.loads(text)
        elif kind == "3":
            self.pongs.append(text)
        elif kind == "4" and text[:1] == "0":
            self.connected = True
        elif kind == "4" and text[:1] == "1":
            self.ended = True
        elif kind == "4" and text[:1] == "2":
            return self._take_event(json.loads(text[1:]))
        elif kind != "6":
            raise AssertionError(f"a frame that the protocol does not know: {frame[:80]}")
        return [], 0

    def _take_event(self, event: Any) -> tuple[list[str], int]:
        name, data = event  # exactly one argument
        assert isinstance(data, dict), f"{name} came without an object"
        if name == "ack":
            self.acks.append(data["rid"])
            self.log.append(f"ack {data['rid']}")
            return [], 0
        if "rid" in data and name not in PUSHES:
            self.replies.append((name, data))
            self.log.append(f"reply {data['rid']}")
            return [], data["rid"]
        self.pushes.append((name, data))
        self.log.append(f"push {name}")
        if self.on_push:
            self.on_push(name, data)
        return (self._acknowledgements(name, data) if self.acknowledges else []), 0

    def _acknowledgements(self, name: str, data: Data) -> list[str]:
        """What the SDK sends back by itself."""
        if name == "msg_sync":
            members = ("msg_id", "msg_type", "from_uid", "from_gid")
            bodies = [{key: message[key] for key in members} for message in data["messages"]]
            return [encode("msg_recv_v2", {**body, "rid": self.new_rid()}) for body in bodies]
        if name in ("sync_conversation", "sync_event", "sync_receipt"):
            return [encode(f"{name}_ack", {"sync_key": data["sync_key"], "rid": self.new_rid()})]
        if name == "event_notification" and data["event_type"] == 1:
            members = {key: data.get(key, 0) for key in ("event_id", "event_type", "from_uid", "gid")}
            return [encode("event_notification", {**members, "rid": self.new_rid()})]
        return []

    def reply_to(self, rid: int) -> tuple[str, Data] | None:
        """The last answer to this rid."""
        return next(((name, data) for name, data in reversed(self.replies) if data["rid"] == rid), None)

    def take_push(self, *names: str) -> tuple[str, Data] | None:
        """The first push of these names (of any name without), taken out."""
        for index, (name, _) in enumerate(self.pushes):
            if not names or name in names:
                return self.pushes.pop(index)
        return None

    def messages(self) -> list[Data]:
        """The messages that were pushed live and not taken yet, in the order of arrival."""
        return [message for name, data in self.pushes if name == "msg_sync" for message in data["messages"]]

    # Bodies of requests

    def c_init_body(self, appkey: str, secret: str, flag: int | None) -> Data:
        timestamp, random_str = int(time.time() * 1000), f"{random.getrandbits(120):030x}"
        self.appkey = appkey
        return {
            "appkey": appkey,
            "random_str": random_str,
            "timestamp": timestamp,
            "signature": signature(appkey, secret, timestamp, random_str),
            "fromPlatForm": self.platform,
            **({} if flag is None else {"flag": flag}),
        }

    def login_body(self, username: str, password: str) -> Data:
        self.username = username
        return {"username": username, "password": md5_hex(password), "version": "2.5.0"}

    @staticmethod
    def sync_body(sync_key: int, sync_type: int) -> Data:
        return {"sync_key": sync_key, "sync_type": sync_type, "sync_event_key": 0, "msg_receipt_key": 0}

    def single_body(self, username: str, text: str, **more: Any) -> Data:
        return {
            "content": text_content("single", username, text, self.username),
            "no_offline": False,
            "no_notification": False,
            "target_id": username,
            **more,
        }

    def group_body(self, gid: int, text: str, **more: Any) -> Data:
        return {
            "content": text_content("group", str(gid), text, self.username),
            "no_offline": False,
            "no_notification": False,
            "target_gid": str(gid),
            **more,
        }

    def room_body(self, room_id: int, text: str, **more: Any) -> Data:
        return {
            **self.group_body(room_id, text),
            "content": text_content("chatroom", str(room_id), text, self.username),
            **more,
        }


def checked(name: str, reply: Data, check: bool) -> Data:
    if check and reply.get("code", 0) != 0:
        raise Refused(name, reply)
    return reply


class WireClient(Wire):
    """For asyncio. A task reads all the time, so pushes are there as soon as they came."""

    @classmethod
    async def connect(cls, url: str, **kwargs: Any) -> Self:
        """Connect and wait for the server's greeting. kwargs as of Wire."""
        client = cls(**kwargs)
        client.socket = await connect_async(socket_url(url), compression=None, ping_interval=None, max_size=None)
        client._changed = asyncio.Event()
        client._waiting: dict[int, asyncio.Future[Data]] = {}
        client._tasks = [asyncio.create_task(client._read())]
        await client._until(lambda: client.connected)
        client._tasks.append(asyncio.create_task(client._ping_on()))
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.socket.close()

    def cut(self) -> None:
        """Drop the connection without a word, as a lost network does."""
        for task in self._tasks:
            task.cancel()
        self.socket.transport.abort()

    async def send_frame(self, frame: str | bytes) -> None:
        await self.socket.send(frame)

    async def request(
        self,
        name: str,
        data: Data | None = None,
        *,
        rid: int | None = None,
        check: bool = True,
        seconds: float = PATIENCE,
    ) -> Data:
        """Send a request and return its answer, `rid` among it; Refused unless its code is 0, or `check` is off."""
        rid = rid or self.new_rid()
        self._waiting[rid] = asyncio.get_running_loop().create_future()
        await self.send_frame(encode(name, {**(data or {}), "rid": rid}))
        try:
            reply = await asyncio.wait_for(self._waiting[rid], seconds)
        finally:
            self._waiting.pop(rid, None)
        return checked(name, reply, check)

    async def next_push(self, *names: str, seconds: float = PATIENCE) -> Data:
        """The next push of these names (of any without), waited for."""
        found: list[tuple[str, Data]] = []

        def taken() -> bool:
            if (push := self.take_push(*names)) is not None:
                found.append(push)
            return bool(found)

        await self._until(taken, seconds)
        return found[0][1]

    async def until(self, condition: Callable[[Self], Any], seconds: float = PATIENCE) -> None:
        """Wait until `condition(self)` holds; asked again after every frame."""
        await self._until(lambda: condition(self), seconds)

    async def ping(self) -> None:
        """A round trip: what the server wrote before its pong has arrived."""
        text = f"probe{random.getrandbits(32)}"
        await self.send_frame("2" + text)
        await self._until(lambda: text in self.pongs)

    async def c_init(self, appkey: str, secret: str, *, flag: int | None = ROAMING, **kwargs: Any) -> Data:
        return await self.request("c_init", self.c_init_body(appkey, secret, flag), **kwargs)

    async def login(self, username: str, password: str, **kwargs: Any) -> Data:
        return await self.request("login", self.login_body(username, password), **kwargs)

    async def sync(self, sync_key: int = 0, sync_type: int = 0, **kwargs: Any) -> Data:
        return await self.request("sync_check", self.sync_body(sync_key, sync_type), **kwargs)

    async def sign_in(
        self, appkey: str, secret: str, username: str, password: str, *, sync_type: int | None = 0
    ) -> Data:
        """c_init, login and, unless sync_type is None, the first sync_check; its answer, else that of the login."""
        await self.c_init(appkey, secret)
        reply = await self.login(username, password)
        return reply if sync_type is None else await self.sync(sync_type=sync_type)

    async def send_text(
        self, username: str, text: str, *, check: bool = True, rid: int | None = None, **more: Any
    ) -> Data:
        return await self.request(
            "s_across_single_text", self.single_body(username, text, **more), check=check, rid=rid
        )

    async def send_group_text(
        self, gid: int, text: str, *, check: bool = True, rid: int | None = None, **more: Any
    ) -> Data:
        return await self.request("send_group_msg", self.group_body(gid, text, **more), check=check, rid=rid)

    async def send_room_text(
        self, room_id: int, text: str, *, check: bool = True, rid: int | None = None, **more: Any
    ) -> Data:
        return await self.request("send_room_msg", self.room_body(room_id, text, **more), check=check, rid=rid)

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                answers, rid = self.take(frame)
                for answer in answers:
                    await self.socket.send(answer)
                if (waiting := self._waiting.get(rid)) and not waiting.done():
                    waiting.set_result(self.replies[-1][1])
                self._changed.set()
        except ConnectionClosed:
            pass
        finally:
            self._changed.set()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Closed(self.socket.close_code))

    async def _ping_on(self) -> None:
        while True:
            await asyncio.sleep(self.opened["pingInterval"] / 1000)
            await self.socket.send("2")

    async def _until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                if self._tasks[0].done():
                    self._tasks[0].result()
                    if condition():
                        return
                    raise Closed(self.socket.close_code)
                self._changed.clear()
                await self._changed.wait()


class BlockingClient(Wire):
    """For plain code. It reads while it waits for something: call `ping` before looking at what was pushed."""

    @classmethod
    def connect(cls, url: str, **kwargs: Any) -> Self:
        client = cls(**kwargs)
        client._open = contextlib.ExitStack()
        connection = connect_blocking(socket_url(url), compression=None, ping_interval=None, max_size=None)
        client.socket = client._open.enter_context(connection)
        client._until(lambda: client.connected)
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def cut(self) -> None:
        """Drop the connection without a word, as a lost network does."""
        with contextlib.suppress(OSError):
            self.socket.socket.shutdown(2)
        self.socket.socket.close()

    def send_frame(self, frame: str | bytes) -> None:
        self.socket.send(frame)

    def request(
        self,
        name: str,
        data: Data | None = None,
        *,
        rid: int | None = None,
        check: bool = True,
        seconds: float = PATIENCE,
    ) -> Data:
        """Send a request and return its answer, `rid` among it; Refused unless its code is 0, or `check` is off."""
        rid = rid or self.new_rid()
        before = sum(reply["rid"] == rid for _, reply in self.replies)
        self.send_frame(encode(name, {**(data or {}), "rid": rid}))
        self._until(lambda: sum(reply["rid"] == rid for _, reply in self.replies) > before, seconds)
        return checked(name, self.reply_to(rid)[1], check)

    def next_push(self, *names: str, seconds: float = PATIENCE) -> Data:
        """The next push of these names (of any without), waited for."""
        self._until(lambda: any(not names or name in names for name, _ in self.pushes), seconds)
        return self.take_push(*names)[1]

    def until(self, condition: Callable[[Self], Any], seconds: float = PATIENCE) -> None:
        self._until(lambda: condition(self), seconds)

    def ping(self) -> None:
        """A round trip: what the server wrote before its pong has arrived."""
        text = f"probe{random.getrandbits(32)}"
        self.send_frame("2" + text)
        self._until(lambda: text in self.pongs)

    def c_init(self, appkey: str, secret: str, *, flag: int | None = ROAMING, **kwargs: Any) -> Data:
        return self.request("c_init", self.c_init_body(appkey, secret, flag), **kwargs)

    def login(self, username: str, password: str, **kwargs: Any) -> Data:
        return self.request("login", self.login_body(username, password), **kwargs)

    def sync(self, sync_key: int = 0, sync_type: int = 0, **kwargs: Any) -> Data:
        return self.request("sync_check", self.sync_body(sync_key, sync_type), **kwargs)

    def sign_in(self, appkey: str, secret: str, username: str, password: str, *, sync_type: int | None = 0) -> Data:
        """c_init, login and, unless sync_type is None, the first sync_check; its answer, else that of the login."""
        self.c_init(appkey, secret)
        reply = self.login(username, password)
        return reply if sync_type is None else self.sync(sync_type=sync_type)

    def send_text(self, username: str, text: str, *, check: bool = True, rid: int | None = None, **more: Any) -> Data:
        return self.request("s_across_single_text", self.single_body(username, text, **more), check=check, rid=rid)

    def send_group_text(self, gid: int, text: str, *, check: bool = True, rid: int | None = None, **more: Any) -> Data:
        return self.request("send_group_msg", self.group_body(gid, text, **more), check=check, rid=rid)

    def send_room_text(
        self, room_id: int, text: str, *, check: bool = True, rid: int | None = None, **more: Any
    ) -> Data:
        return self.request("send_room_msg", self.room_body(room_id, text, **more), check=check, rid=rid)

    def _until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            try:
                frame = self.socket.recv(timeout=max(0.0, deadline - time.monotonic()))
            except ConnectionClosed as error:
                raise Closed(error.rcvd.code if error.rcvd else None) from None
            answers, _ = self.take(frame)
            for answer in answers:
                self.send_frame(answer)
