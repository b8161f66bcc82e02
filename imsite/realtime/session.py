"""One connection's state, from its handshake to its end; logged in or not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

logger = logging.getLogger(__name__)

PUSHED, SYNCED = "pushed", "synced"
SEEN_MOST = 4_096

Topics = Mapping[str, int | None]  # topic to the version of its membership, None where nobody counts it


class Link(Protocol):
    """What a session needs of the hub and the socket under it; calls come from worker threads."""

    def enter(self, user_id: int) -> None: ...
    def subscribe(self, topics: Topics) -> None: ...
    def leave(self) -> None: ...


class Session:
    """State of one connection. `memory` is for the apps: what they must remember of it between requests.

    base_url: `https://host` as the handshake named it, for addresses in answers; "" where it is not known.
    """

    __slots__ = (
        "__weakref__", "actor", "address", "application", "base_url", "device_class", "link", "memory", "origin",
        "platform", "seen", "sid", "signed_out", "synced", "user_agent",
    )  # fmt: skip

    def __init__(
        self, sid: str, *, address: str = "", user_agent: str = "", origin: str = "", base_url: str = ""
    ) -> None:
        self.sid = sid
        self.address = address
        self.user_agent = user_agent
        self.origin = origin
        self.base_url = base_url
        self.application: Any = None  # set by c_init
        self.actor: Any = None  # set by log_in
        self.device_class = "web"  # mobile, pc or web
        self.platform = "j"  # a Android, i iOS, j JS, w Windows
        self.memory: dict[str, Any] = {}
        self.link: Link | None = None
        self.signed_out = False  # by the client itself; else the connection was lost, or the end came from elsewhere
        self.seen: dict[int, str] = {}  # message ids, and stored events by their negative id: PUSHED or SYNCED
        self.synced = False  # the client has caught up once since its login

    @property
    def logged_in(self) -> bool:
        return self.actor is not None

    @property
    def user_id(self) -> int:
        return self.actor.user.pk if self.actor is not None else 0

    @property
    def username(self) -> str:
        return self.actor.user.username if self.actor is not None else ""

    @property
    def appkey(self) -> str:
        return self.application.appkey if self.application is not None else ""

    def log_in(self, actor: Any, topics: Topics | Callable[[], Topics]) -> None:
        """Log `actor` in; pushes to its user and to `topics` come to this connection, behind the answer of the request.

        Give `topics` as a function: it reads them when the hub already notes who joins and leaves, so that a change in
        between is not lost. Called in the thread of a handler.
        """
        self.memory, self.seen, self.synced = {}, {}, False
        # Before all that takes time: a session that is ended meanwhile (by a login elsewhere) must find someone to log out.
        self.actor = actor
        try:
            if self.link:
                self.link.enter(actor.user.pk)
            read = topics() if callable(topics) else topics
            if self.link:
                self.link.subscribe(read)
        except BaseException:
            self.log_out()
            raise

    def log_out(self) -> Any:
        """Log out; pushes cease. Returns the actor that was logged in, or None. May be called in any thread."""
        actor, self.actor = self.actor, None
        if self.link and actor is not None:
            self.link.leave()
        return actor

    # A message that is stored while its receiver catches up is found by the sync and pushed as well. Whoever names it first
    # brings it, the other leaves it: setdefault is atomic among threads, so nothing comes twice and nothing is left out.

    def takes_push(self, key: int) -> bool:
        """Whether what is pushed under this key is to be written: a sync has not brought it."""
        if len(self.seen) >= SEEN_MOST:  # of a client that acknowledges nothing
            self.seen.clear()
        return self.seen.setdefault(key, PUSHED) is PUSHED

    def takes_sync(self, key: int) -> bool:
        """Whether what a sync has found under this key is to be offered: neither a push nor a sync has brought it."""
        return key not in self.seen and self.seen.setdefault(key, SYNCED) is SYNCED

    def forget_push(self, key: int) -> None:
        """The client has what was pushed under this key, so that no sync finds it again."""
        if self.synced and self.seen.get(key) is PUSHED:
            self.seen.pop(key, None)

    def __repr__(self) -> str:
        return f"<Session {self.sid} {self.username or 'not logged in'}>"


EndHook = Callable[[Session, Any], None]
_end_hooks: list[EndHook] = []


def on_end(function: EndHook) -> EndHook:
    """Have `function(session, actor)` called, in a worker thread, once for each logged-in session that ended.

    The session is logged out by then; `actor` is who it was. A decorator.
    """
    _end_hooks.append(function)
    return function


BeatHook = Callable[[list[Any]], None]
_beat_hooks: list[BeatHook] = []


def on_beat(function: BeatHook) -> BeatHook:
    """Have `function(actors)` called, in a worker thread, once a minute with those who are logged in in this process."""
    _beat_hooks.append(function)
    return function


def tell_beat(actors: list[Any]) -> None:
    """Call the hooks; one that breaks does not keep the others from their work."""
    for hook in _beat_hooks:
        try:
            hook(actors)
        except Exception:
            logger.exception("%s failed at a beat", getattr(hook, "__qualname__", hook))


def tell_end(session: Session, actor: Any) -> None:
    """Call the hooks; what one of them breaks is logged and does not keep the others from their work."""
    for hook in _end_hooks:
        try:
            hook(session, actor)
        except Exception:
            logger.exception("%s failed at the end of a session", getattr(hook, "__qualname__", hook))
