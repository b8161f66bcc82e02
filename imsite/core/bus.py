"""Pushes on their way from any thread or process to every socket. The only module that knows the channel layer.

In the serving process calls go straight to its hub. With Redis they also go out once a process: one thread publishes
what all others put down, in their order, and hands what other processes sent to the hub here. Without either, nothing
happens.
A push may be lost on the way; stored rows are the truth, and clients sync.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from imsite.core.mailbox import Mailbox

if TYPE_CHECKING:
    from imsite.core.events import Event

logger = logging.getLogger(__name__)

GROUP = "imsite.bus"
QUEUED_MAX = 20_000  # calls that wait for Redis; beyond it the oldest are dropped
BATCH_MAX = 500  # calls in one message of the layer
FLUSH_S = 2.0  # what a command waits at its end for its last pushes
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One frame for everyone at `topics`, once a socket however many of its topics match.

    skip: the session that must not get it. device_class: only sessions of that class. ends: it logs its receivers out.
    version: (topic, version of its membership) as the sender knew it. event_id, message_id: of what is stored and comes
    by sync too, else 0; receipt_keys: of the receipt changes in it.
    """

    topics: tuple[str, ...]
    frame: bytes  # a whole Engine.IO text frame
    skip: str | None = None
    device_class: str | None = None
    ends: bool = False
    version: tuple[str, int] | None = None
    event_id: int = 0
    message_id: int = 0
    receipt_keys: tuple[int, ...] = ()


_members = attrgetter(*(field.name for field in fields(Delivery)))


class LocalHub(Protocol):
    """The hub of this process, as the bus calls it: in its event loop."""

    def deliver(self, delivery: Delivery) -> None: ...
    def join(self, topic: str, user_ids: Sequence[int], version: int | None) -> None: ...
    def leave(self, topic: str, user_ids: Sequence[int], version: int | None) -> None: ...


# What callers use, from any thread


def deliver(delivery: Delivery) -> None:
    """Have the frame written to every socket at its topics, in all processes."""
    if not delivery.frame:  # none was made where nobody could receive it
        return
    if local := _hub:
        local.mailbox.post(local.hub.deliver, delivery)
    if remote := _remote():
        remote.put(("deliver", *_members(delivery)))


def join(topic: str, user_ids: Sequence[int], version: int | None = None) -> None:
    """These users' sockets get what goes to `topic` from here on; `version` is that of the membership with them."""
    _send(("join", topic, tuple(user_ids), version))


def leave(topic: str, user_ids: Sequence[int], version: int | None = None) -> None:
    """These users' sockets get nothing more of `topic`; `version` is that of the membership without them."""
    _send(("leave", topic, tuple(user_ids), version))


def announce(name: str, value: Any) -> None:
    """Call every `@heard(name)` function with `value`, in all processes: here at once, elsewhere soon.

    For what caches must forget. `value` is JSON-like. Elsewhere it may be lost when Redis fails: let caches expire too.
    """
    _hear(name, value)
    if remote := _remote():
        remote.put(("announce", name, value))


def heard(name: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Have the function called with what is announced under `name`. It must be quick and touch no database."""

    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        _listeners.setdefault(name, []).append(function)
        return function

    return register


def is_open() -> bool:
    """Whether anything is behind the bus: a hub here, or other processes."""
    return _hub is not None or bool(settings.REDIS_URL)


def set_encoder(function: Callable[[Event], bytes]) -> None:
    """Let the realtime door say how events become frames: this module stands below it."""
    global _encoder
    _encoder = function


def encode(event: Event) -> bytes:
    """The frame of an event, encoded once for all its receivers; empty where nobody could receive it."""
    return _encoder(event) if _encoder and is_open() else b""


# The serving process


def start(hub: LocalHub, loop: asyncio.AbstractEventLoop) -> None:
    """Deliver to `hub` from now on, in `loop`, and hear other processes where there is a Redis."""
    global _hub
    _hub = _Local(hub, Mailbox(loop))
    if remote := _remote():
        remote.listen()


def stop() -> None:
    """Forget the hub, and let what waits for Redis go out."""
    global _hub
    _hub = None
    _close()


@dataclass(frozen=True, slots=True)
class _Local:
    hub: LocalHub
    mailbox: Mailbox

    def put(self, call: tuple[Any, ...]) -> None:
        kind, *args = call
        match kind:
            case "deliver":
                self.mailbox.post(self.hub.deliver, Delivery(*args))
            case "join":
                self.mailbox.post(self.hub.join, *args)
            case "leave":
                self.mailbox.post(self.hub.leave, *args)


_hub: _Local | None = None
_encoder: Callable[[Event], bytes] | None = None
_listeners: dict[str, list[Callable[[Any], None]]] = {}


def _send(call: tuple[Any, ...]) -> None:
    if local := _hub:
        local.put(call)
    if remote := _remote():
        remote.put(call)


def _hear(name: str, value: Any) -> None:
    for function in _listeners.get(name, ()):
        function(value)


# Between processes


class _Remote:
    """The thread that talks to the channel layer: one publisher, and in a serving process one subscriber."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.origin = secrets.token_hex(8)
        self.dropped = 0  # calls, since the start
        self.failures = 0  # of the layer, since the start
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._loop = asyncio.new_event_loop()
        self._mailbox = Mailbox(self._loop)
        self._wake = asyncio.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._stopping = False
        self._listener: asyncio.Task[None] | None = None
        self._listening = threading.Event()
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="imsite-bus", daemon=True)
        self._thread.start()

    def put(self, call: tuple[Any, ...]) -> None:
        if len(self._waiting) >= QUEUED_MAX:
            self._waiting.popleft()
            self.dropped += 1
        self._idle.clear()
        self._waiting.append(call)
        self._mailbox.post(self._wake.set)

    def listen(self, seconds: float = 5.0) -> None:
        """Subscribe, and wait a while until it is done: what is published after the start shall be heard."""
        self._mailbox.post(self._start_listening)
        self._listening.wait(seconds)

    def close(self) -> None:
        """Let what waits go out, for a while, and end."""
        self._idle.wait(FLUSH_S)
        self._stopping = True
        self._mailbox.post(self._wake.set)
        self._thread.join(FLUSH_S)

    def _start_listening(self) -> None:
        if self._listener is None:
            self._listener = self._loop.create_task(self._listen())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._publish())
        finally:
            self._loop.close()

    async def _publish(self) -> None:
        layer = _layer()
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
                await self._publish_batch(layer, batch)
            self._idle.set()
            if self._waiting:  # put down between the last look and the flag
                self._wake.set()
        if self._listener:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        if hasattr(layer, "flush"):
            await layer.flush()

    async def _publish_batch(self, layer: Any, batch: list[tuple[Any, ...]]) -> None:
        try:
            await layer.group_send(GROUP, {"type": GROUP, "origin": self.origin, "calls": batch})
        except Exception as error:  # of any layer and its client library
            self._failed(error, lost=len(batch))
            await asyncio.sleep(RETRY_S)
        else:
            self._recovered()

    async def _listen(self) -> None:
        layer = _layer()
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                self._recovered()
                self._listening.set()
                while True:
                    message = await layer.receive(channel)
                    if message["origin"] != self.origin:
                        self._received(message["calls"])
            except Exception as error:
                self._failed(error, lost=0)
                await asyncio.sleep(RETRY_S)

    def _received(self, calls: list[Any]) -> None:
        local = _hub
        for call in calls:
            match call:
                case ["announce", name, value]:
                    _hear(name, value)
                case ["deliver", *members] if local:
                    # Lists were tuples before they travelled.
                    as_sent = (tuple(member) if isinstance(member, list) else member for member in members)
                    local.put(("deliver", *as_sent))
                case ["join" | "leave", _, _, _] if local:
                    local.put(tuple(call))

    def _failed(self, error: Exception, lost: int) -> None:
        self.failures += 1
        self.dropped += lost
        if not self._broken:
            self._broken = True
            logger.error("pushes do not reach the other processes: %s: %s", type(error).__name__, error)

    def _recovered(self) -> None:
        if self._broken:
            self._broken = False
            logger.error("pushes reach the other processes again; %d were dropped since the start", self.dropped)


_remote_lock = threading.Lock()
_remote_now: _Remote | None = None


def _remote() -> _Remote | None:
    """The thread to the other processes, started on first use; one of its own after a fork. None without Redis."""
    global _remote_now
    if not settings.REDIS_URL:
        return None
    remote = _remote_now
    if remote is None or remote.pid != os.getpid():
        with _remote_lock:
            remote = _remote_now
            if remote is None or remote.pid != os.getpid():
                remote = _remote_now = _Remote()
    return remote


def _close() -> None:
    global _remote_now
    remote, _remote_now = _remote_now, None
    if remote is not None and remote.pid == os.getpid():
        remote.close()


atexit.register(_close)


def _layer() -> Any:
    from channels.layers import channel_layers

    # One of our own rather than the shared one: its connections belong to this thread's loop.
    return channel_layers.make_backend("default")
