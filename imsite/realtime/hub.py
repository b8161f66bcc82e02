"""The sockets of this process and what they listen to. One hub an event loop; everything here runs in that loop.

A topic is a name with the connections that get what is delivered to it: `user:<id>` for all sockets of a user, and the
apps' own (`conversation:<id>`, `room:<id>`). A topic whose membership has a version is checked against it: when a
change was missed, deliveries wait until the members were read again, so that nobody who was removed is written to.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any

from django.conf import settings

from imsite.core import bus
from imsite.core.bus import Delivery
from imsite.core.mailbox import Mailbox
from imsite.realtime import workers
from imsite.realtime.connection import LEAVE_S, Connection
from imsite.realtime.session import Topics, tell_beat
from imsite.realtime.transports import ready_frame

logger = logging.getLogger(__name__)

BEAT_S = 60.0
SWEEP_S = 5
HELD_MAX = 1000  # deliveries that wait for one topic; beyond it the oldest are dropped, and clients sync
RELOAD_AGAIN_S = 1.0
LOAD_ATTEMPTS = 3

Loader = Callable[[str], tuple[int, Iterable[int]]]
_loaders: dict[str, Loader] = {}


def set_loader(prefix: str, loader: Loader) -> None:
    """Have `loader(topic)`, in a worker thread, read (version, user ids) of the topics named `<prefix>:...`."""
    _loaders[prefix] = loader


class Topic:
    """Connections under one name. While `held` is a list its members are being read; deliveries and changes wait."""

    __slots__ = ("changes", "connections", "held", "name", "version")

    def __init__(self, name: str, version: int | None = None) -> None:
        self.name = name
        self.version = version
        self.connections: set[Connection] = set()
        self.held: list[Delivery] | None = None
        self.changes: list[tuple[bool, Sequence[int], int | None]] = []

    @property
    def is_stale(self) -> bool:
        return self.held is not None

    def names(self, delivery: Delivery) -> int:
        """The version of this topic's membership that the delivery was made for; 0 where it says none."""
        return delivery.version[1] if delivery.version and delivery.version[0] == self.name else 0

    def is_ahead(self, version: int) -> bool:
        """Whether anything that waits here was made for a later version of the membership."""
        return any(self.names(delivery) > version for delivery in self.held or ())


class Hub:
    """Sockets by topic. See the module."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.mailbox = Mailbox(loop)
        self.sockets: set[Connection] = set()
        self.topics: dict[str, Topic] = {}
        self.users: dict[int, Topic] = {}
        self.buffer_bytes = settings.SOCKET_BUFFER_BYTES
        self.silence_s = settings.PING_INTERVAL_S + settings.PING_TIMEOUT_S
        self.dropped_slow = 0  # sockets closed because their peer did not read
        self.dropped_silent = 0  # sockets closed because nothing came from their peer
        self.dropped_held = 0  # deliveries given up because the members of a topic could not be read
        self.malformed = 0  # frames that were no event
        self.reloads = 0
        self._touched: list[Connection] = []
        self._flushing = False
        self._thread = threading.get_ident()
        self._beat_at = loop.time() + BEAT_S
        self._sweeper: asyncio.TimerHandle | None = loop.call_later(SWEEP_S, self._sweep)

    def is_in_loop(self) -> bool:
        return threading.get_ident() == self._thread

    def stop(self) -> None:
        if self._sweeper:
            self._sweeper.cancel()
            self._sweeper = None

    def count(self) -> dict[str, int]:
        """Numbers for people and tests."""
        return {
            "sockets": len(self.sockets),
            "sessions": sum(len(topic.connections) for topic in self.users.values()),
            "users": len(self.users),
            "topics": len(self.topics),
            "dropped_slow": self.dropped_slow,
            "dropped_silent": self.dropped_silent,
            "dropped_held": self.dropped_held,
            "malformed": self.malformed,
        }

    # Sockets

    def add(self, connection: Connection) -> None:
        """A socket was accepted; it hears nothing before its session has entered."""
        self.sockets.add(connection)

    def remove(self, connection: Connection) -> None:
        """The socket is gone."""
        connection.closed = True
        self.sockets.discard(connection)
        self.exit(connection)

    def enter(self, connection: Connection, user_id: int) -> None:
        """The session belongs to this user from here on: what concerns the user is held for it until `release`."""
        if connection.closed:
            return
        self.exit(connection)
        connection.user_id = user_id
        connection.left = set()
        connection.held = []
        topic = self.users.get(user_id)
        if topic is None:
            topic = self.users[user_id] = self._topic(f"user:{user_id}")
        self._put(connection, topic)

    def subscribe(self, connection: Connection, topics: Topics) -> None:
        """Add what the login read. What the hub heard since `enter` is newer and wins."""
        if connection.left is None:  # closed or ended meanwhile
            return
        for name, version in topics.items():
            if name in connection.left:
                continue
            topic = self.topics.get(name) or self._topic(name, version)
            if version is not None and topic.version is not None and version < topic.version:
                # Read before a change that the hub knows: who is in it has to be read again.
                self._put(connection, topic)
                self._reload(topic)
            else:
                self._put(connection, topic)
        connection.left = None

    def exit(self, connection: Connection) -> None:
        """The session has ended; the socket may live on."""
        topics, connection.topics = connection.topics, set()
        connection.user_id = 0
        connection.left = None
        for topic in topics:
            topic.connections.discard(connection)
            if not topic.connections:
                self._forget(topic)

    def _topic(self, name: str, version: int | None = None) -> Topic:
        topic = self.topics[name] = Topic(name, version)
        return topic

    def _put(self, connection: Connection, topic: Topic) -> None:
        topic.connections.add(connection)
        connection.topics.add(topic)

    def _forget(self, topic: Topic) -> None:
        self.topics.pop(topic.name, None)
        if topic.name.startswith("user:"):
            self.users.pop(int(topic.name[5:]), None)
        if topic.held:
            held, topic.held = topic.held, None
            for delivery in held:  # for their other topics
                self.deliver(delivery)

    # Members

    def join(self, name: str, user_ids: Sequence[int], version: int | None = None) -> None:
        """The users are members of the topic from `version` on."""
        self._change(True, name, user_ids, version)

    def leave(self, name: str, user_ids: Sequence[int], version: int | None = None) -> None:
        """The users are members no longer from `version` on."""
        self._change(False, name, user_ids, version)

    def _change(self, joins: bool, name: str, user_ids: Sequence[int], version: int | None) -> None:
        connections = self._connections(user_ids)
        for connection in connections:
            if connection.left is not None:
                (connection.left.discard if joins else connection.left.add)(name)
        topic = self.topics.get(name)
        if topic is None:
            if joins and connections:
                topic = self._topic(name, version)
                for connection in connections:
                    self._put(connection, topic)
            return
        if topic.is_stale:
            topic.changes.append((joins, user_ids, version))
            return
        self._apply(topic, joins, connections, version)

    def _apply(self, topic: Topic, joins: bool, connections: list[Connection], version: int | None) -> None:
        if topic.version is None:
            topic.version = version
        elif version is not None:
            # Late, and already so (the list of a login had it): nothing to do. Late or early otherwise: read who is in.
            if version <= topic.version and all((one in topic.connections) == joins for one in connections):
                return
            if version != topic.version + 1:
                self._reload(topic)
                return
            topic.version = version
        for connection in connections:
            if joins:
                self._put(connection, topic)
            else:
                self._take(connection, topic)

    def _take(self, connection: Connection, topic: Topic) -> None:
        connection.topics.discard(topic)
        topic.connections.discard(connection)
        if not topic.connections:
            self._forget(topic)

    def _connections(self, user_ids: Iterable[int]) -> list[Connection]:
        users = self.users
        return [one for user_id in user_ids if (topic := users.get(user_id)) for one in topic.connections]

    def _reload(self, topic: Topic) -> None:
        """Read the members anew; deliveries and changes wait for it."""
        if topic.is_stale:
            return
        loader = _loaders.get(topic.name.partition(":")[0])
        if loader is None:
            topic.version = None  # nobody can say who is in it: it is not counted any more
            logger.error("a change of %s was missed, and no loader is set for it", topic.name)
            return
        topic.held = []
        self._load(topic, loader)

    def _load(self, topic: Topic, loader: Loader, attempt: int = 1) -> None:
        self.reloads += 1
        loading = workers.submit(_read_members, loader, topic.name)
        loading.add_done_callback(lambda done: self.mailbox.post(self._loaded, topic, loader, attempt, done))

    def _loaded(self, topic: Topic, loader: Loader, attempt: int, loading: Future[tuple[int, list[int]]]) -> None:
        if self.topics.get(topic.name) is not topic or topic.held is None or loading.cancelled():
            return
        if error := loading.exception():
            logger.error("the members of %s cannot be read", topic.name, exc_info=error)
            self.loop.call_later(RELOAD_AGAIN_S, self._load, topic, loader)
            return
        version, user_ids = loading.result()
        if topic.is_ahead(version):
            # Something was sent after these members were read.
            if attempt < LOAD_ATTEMPTS:
                self._load(topic, loader, attempt + 1)
                return
            logger.error("%s: deliveries are ahead of the stored version %s", topic.name, version)
        self._become(topic, version, user_ids)

    def _become(self, topic: Topic, version: int, user_ids: list[int]) -> None:
        """Set the members, then let what waited for them happen."""
        topic.version = version
        now = set(self._connections(user_ids))
        held, topic.held = topic.held or [], None
        changes, topic.changes = topic.changes, []
        for connection in topic.connections - now:
            connection.topics.discard(topic)
        topic.connections = now
        for connection in now:
            connection.topics.add(topic)
        if not now:
            self._forget(topic)
        for joins, ids, changed_to in changes:
            if changed_to is None or changed_to > version:
                self._change(joins, topic.name, ids, changed_to)
        for delivery in held:
            if topic.version is not None and topic.names(delivery) > topic.version and not topic.is_stale:
                self.dropped_held += 1  # who may have it is not known; clients sync
            else:
                self._deliver(delivery)

    # Deliveries

    def deliver(self, delivery: Delivery) -> None:
        """Write the frame to every socket at its topics, once; or hold it while a topic's members are being read."""
        topic = self.topics.get(delivery.version[0]) if delivery.version else None
        if topic and topic.version is not None and topic.names(delivery) > topic.version:
            self._reload(topic)
        self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        topics = [topic for name in delivery.topics if (topic := self.topics.get(name))]
        for topic in topics:
            if topic.held is not None:
                topic.held.append(delivery)
                if len(topic.held) > HELD_MAX:
                    topic.held.pop(0)
                    self.dropped_held += 1
                return
        if len(topics) == 1 and not delivery.ends:
            self._write(delivery, topics[0].connections)
        elif topics:
            self._write(delivery, set().union(*(topic.connections for topic in topics)))

    def _write(self, delivery: Delivery, connections: Iterable[Connection]) -> None:
        ready = text = None
        skip, device_class, event_id = delivery.skip, delivery.device_class, delivery.event_id
        key = delivery.message_id or -event_id
        touched = self._touched
        for connection in connections:
            session = connection.session
            if device_class is not None and session.device_class != device_class:
                continue
            if event_id:
                session.memory.setdefault("live_events", set()).add(event_id)
            if session.sid == skip:  # what it did itself is no news to it
                if key and not session.synced:
                    session.takes_push(key)
                continue
            if key and not session.takes_push(key):
                continue
            if delivery.receipt_keys:
                session.memory.setdefault("live_receipts", set()).update(delivery.receipt_keys)
            frame: Any
            if connection.writer.is_ready:
                frame = ready = ready or ready_frame(delivery.frame)
            else:
                frame = text = text or delivery.frame.decode()
            if connection.held is not None:
                connection.held.append(frame)
            else:
                connection.out.append(frame)
                if not connection.dirty:
                    connection.dirty = True
                    touched.append(connection)
            if delivery.ends:
                self._end(connection)
        if touched:
            self._flush_soon()

    def _end(self, connection: Connection) -> None:
        connection.end_session()
        self.loop.call_later(LEAVE_S, self._close_unless_back, connection)

    def _close_unless_back(self, connection: Connection) -> None:
        """Close a socket whose session was ended; a client may have logged in on it again."""
        if not connection.session.logged_in:
            connection.close()

    # Flushing

    def touch(self, connection: Connection) -> None:
        """The connection has frames to write in this tick."""
        if not connection.dirty:
            connection.dirty = True
            self._touched.append(connection)
            self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        touched, self._touched = self._touched, []
        limit = self.buffer_bytes
        for connection in touched:
            connection.flush()
            unsent = connection.writer.unsent_bytes()
            if unsent > limit + connection.answer_bytes:
                if not connection.closed:
                    self.dropped_slow += 1
                    self._drop(connection)
            elif unsent <= limit:
                # One answer may be as long as it is: the history of a login would cut a client again and again else.
                connection.answer_bytes = 0

    def _drop(self, connection: Connection) -> None:
        """Cut the connection; the consumer sees its end and cleans up."""
        connection.closed = True
        self.exit(connection)
        connection.writer.abort()

    def _sweep(self) -> None:
        """Cut connections from which nothing came for so long that a client would have pinged."""
        self._sweeper = self.loop.call_later(SWEEP_S, self._sweep)
        now = self.loop.time()
        if now >= self._beat_at:
            self._beat_at = now + BEAT_S
            actors = [one.session.actor for one in self.sockets]
            workers.submit(tell_beat, [actor for actor in actors if actor is not None])
        oldest = now - self.silence_s
        for connection in [one for one in self.sockets if one.seen_at < oldest and not (one.paused or one.closed)]:
            self.dropped_silent += 1
            self._drop(connection)


def _read_members(loader: Loader, name: str) -> tuple[int, list[int]]:
    version, user_ids = loader(name)
    return version, list(user_ids)


_current: Hub | None = None


def current() -> Hub:
    """The hub of the running event loop, made and put behind the bus on first use (Daphne has no start-up event)."""
    global _current
    loop = asyncio.get_running_loop()
    if _current is None or _current.loop is not loop:
        if _current is not None:
            _current.stop()
        _current = Hub(loop)
        bus.start(_current, loop)
    return _current


def stop() -> None:
    """The process ends: no more deliveries."""
    global _current
    if _current is not None:
        _current.stop()
        _current = None
        bus.stop()
