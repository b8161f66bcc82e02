"""Who talks to the servers: members of the product by its realtime protocol, its backend over REST, and plain sockets."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench.client import Failed, HttpLink, Loop, Socket, Trial, frame
from bench.world import ADMIN, PASSWORD, World

TEXT = "the quick brown fox jumps over the lazy dog"
AT_ONCE = 64  # sign-ins on their way
PUSH, ACK, EVENT = b'42["msg_sync"', b'42["ack"', b'42["'
RIDS_FROM = 1_000_000_000  # ten digits: every request of a kind has the same length


class Tally:
    """Frames of many sockets together."""

    __slots__ = ("frames",)

    def __init__(self) -> None:
        self.frames = 0


class Member(Socket):
    """A person signed in to the product. Sends are prepared with `talk_to` or `talk_in`.

    The places (`seq`) of the messages that come are kept, to see that none is missing or out of order, unless they are
    only counted (`only_count`). `acknowledges`: every message is answered with msg_recv_v2, as the vendor's SDK does.
    """

    __slots__ = (
        "_asked_at", "_on_reply", "_template", "acknowledges", "answered", "name", "pongs", "push_bytes", "pushes",
        "replies", "rid", "seqs", "tally",
    )  # fmt: skip

    def __init__(self, port: int, name: str) -> None:
        super().__init__(port, "/socket.io/?EIO=3&transport=websocket")
        self.name = name
        self.rid = RIDS_FROM
        self.tally = Tally()
        self.pushes = self.replies = self.pongs = 0
        self.push_bytes = 0  # of the last one that was read
        self.acknowledges = False
        self.seqs: dict[int, list[int]] = {}
        self._asked_at: dict[int, float] = {}
        self._template = b""
        self._on_reply: Callable[[Member, float], None] | None = None
        self.answered = 0  # the rid of the last answer

    def take(self, payload: bytes) -> None:
        if payload.startswith(PUSH):
            self.count(1)
            self._read(payload)
        elif payload.startswith(ACK):
            pass
        elif payload.startswith(EVENT):
            at = payload.rfind(b'"rid":')
            if at > 0:
                self._take_answer(payload, int(payload[at + 6 : -2]))
        elif payload[:1] == b"3":
            self.pongs += 1

    def count(self, number: int) -> None:
        self.pushes += number
        self.tally.frames += number

    def only_count(self) -> None:
        """Look at no message that comes: a client that reads for hundreds would be slower than the server."""
        self.counts = PUSH

    def _take_answer(self, payload: bytes, rid: int) -> None:
        if b'"code":0,' not in payload:
            raise Failed(f"{self.name}: {payload[:300]!r}")
        self.answered = rid
        asked_at = self._asked_at.pop(rid, None)
        if asked_at is not None and self._on_reply is not None:
            self.replies += 1
            self._on_reply(self, time.perf_counter() - asked_at)

    def _read(self, payload: bytes) -> None:
        (message,) = json.loads(payload[2:])[1]["messages"]
        self.push_bytes = len(payload)
        self.seqs.setdefault(message["conversation_id"], []).append(message["seq"])
        if self.acknowledges:
            body = {name: message[name] for name in ("msg_id", "msg_type", "from_uid", "from_gid")}
            self._request("msg_recv_v2", body)

    def _request(self, name: str, body: dict[str, Any]) -> int:
        self.rid += 1
        self.send(frame(b"42" + json.dumps([name, {**body, "rid": self.rid}], separators=(",", ":")).encode()))
        return self.rid

    def ping(self) -> None:
        self.send(frame(b"2"))

    # Signing in, step by step as the vendor's SDK does it: the answer to one comes before the next

    def init(self, world: World) -> int:
        timestamp, random_str = str(int(time.time() * 1000)), "bench"
        text = f"appkey={world.appkey}&timestamp={timestamp}&random_str={random_str}&key={world.secret}"
        signature = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        body = {"appkey": world.appkey, "timestamp": timestamp, "random_str": random_str, "signature": signature}
        return self._request("c_init", {**body, "fromPlatForm": "j"})

    def log_in(self) -> int:
        password = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
        return self._request("login", {"username": self.name, "password": password, "version": "2.5.0"})

    def catch_up(self) -> int:
        return self._request("sync_check", {"sync_key": 0, "sync_type": 0, "sync_event_key": 0, "msg_receipt_key": 0})

    # Sending

    def talk_to(self, world: World, peer: str, on_reply: Callable[[Member, float], None]) -> None:
        body = {"target_id": peer, "appkey": world.appkey}
        self._prepare("s_across_single_text", "single", peer, body, on_reply)

    def talk_in(self, world: World, gid: int, on_reply: Callable[[Member, float], None]) -> None:
        body = {"target_gid": str(gid), "appkey": world.appkey}
        self._prepare("send_group_msg", "group", str(gid), body, on_reply)

    def _prepare(
        self, event: str, kind: str, target: str, body: dict[str, Any], on_reply: Callable[[Member, float], None]
    ) -> None:
        content = {
            "version": 1, "target_type": kind, "from_platform": "web", "target_id": target, "target_name": target,
            "from_id": self.name, "create_time": int(time.time() * 1000), "msg_type": "text", "msg_body": {"text": TEXT},
        }  # fmt: skip
        data = {"content": content, "no_offline": False, "no_notification": False, "target_name": target, **body}
        text = b"42" + json.dumps([event, {**data, "rid": RIDS_FROM}], separators=(",", ":")).encode()
        self._template = frame(text).replace(b"%", b"%%").replace(str(RIDS_FROM).encode(), b"%d")
        self._on_reply = on_reply

    def say(self) -> None:
        """Send the prepared message once more."""
        self.rid += 1
        self._asked_at[self.rid] = time.perf_counter()
        self.send(self._template % self.rid)

    def require_in_order(self) -> None:
        """What came of each conversation came once, without a gap, in order."""
        for conversation, seqs in self.seqs.items():
            if seqs != list(range(seqs[0], seqs[0] + len(seqs))):
                raise Failed(f"{self.name}: conversation {conversation} came out of order: {seqs[:20]} ...")


def sign_in(loop: Loop, port: int, world: World, numbers: Sequence[int]) -> list[Member]:
    """Members of these numbers, each on a socket of its own, signed in."""
    members = [Member(port, World.name(number)) for number in numbers]
    for some in portions(members):
        for member in some:
            member.enter(loop)
            member.feed(member.rest)
        for step in (lambda member: member.init(world), Member.log_in, Member.catch_up):
            rids = {member: step(member) for member in some}
            loop.require(lambda: all(one.answered == rid for one, rid in rids.items()), "sign-in")  # noqa: B023
    return members


def portions(members: Sequence[Member]) -> Iterator[Sequence[Member]]:
    return (members[start : start + AT_ONCE] for start in range(0, len(members), AT_ONCE))


class Plain(Socket):
    """A socket to a reference. It counts what comes behind the greeting."""

    __slots__ = ("_asked_at", "_frame", "_text", "greeted", "on_frame", "tally")

    def __init__(self, port: int) -> None:
        super().__init__(port, "/")
        self.greeted = False
        self._text = self._frame = b""
        self.tally = Tally()
        self.on_frame: Callable[[Plain, float], None] | None = None
        self._asked_at: list[float] = []

    def take(self, payload: bytes) -> None:
        if not self.greeted:
            self.greeted = True
        elif self.on_frame is not None:
            self.on_frame(self, time.perf_counter() - self._asked_at.pop(0))  # an echo keeps the order

    def count(self, number: int) -> None:
        self.tally.frames += number

    def prepare(self, text: bytes) -> None:
        """What `say` says."""
        self._text = text
        self._frame = frame(text)

    def only_count(self) -> None:
        """What comes is what was prepared."""
        self.counts = self._text[: len(PUSH)]

    def say(self) -> None:
        if self.on_frame is not None:
            self._asked_at.append(time.perf_counter())
        self.send(self._frame)


def open_plain(loop: Loop, port: int, count: int) -> list[Plain]:
    sockets = [Plain(port) for _ in range(count)]
    for one in sockets:
        one.enter(loop)
        one.feed(one.rest)
    loop.require(lambda: all(one.greeted for one in sockets), "greetings")
    return sockets


class Backend(HttpLink):
    """The application's server on a connection of its own: POST /v1/messages, again and again."""

    __slots__ = ("_asked_at", "_request", "trial")

    def __init__(self, port: int, world: World, peer: str) -> None:
        super().__init__(port)
        body = json.dumps(
            {
                "version": 1, "target_type": "single", "target_id": peer, "from_type": "admin", "from_id": ADMIN,
                "msg_type": "text", "msg_body": {"text": TEXT},
            }
        ).encode()  # fmt: skip
        key = base64.b64encode(f"{world.appkey}:{world.secret}".encode()).decode()
        head = (
            f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._asked_at = 0.0
        self.trial: Trial | None = None

    def say(self) -> None:
        self._asked_at = time.perf_counter()
        self.send(self._request)

    def take(self, payload: bytes) -> None:
        if payload[9:12] != b"201" or self.trial is None:
            raise Failed(f"POST /v1/messages: {payload[:500]!r}")
        self.trial.finished(time.perf_counter() - self._asked_at)
        if self.trial.running:
            self.trial.asked += 1
            self.say()
