"""Named requests and named pushes: two tables and the flow that all share. Synchronous, and without a socket.

A realtime module of an app registers its handlers with `@on` and its renderings with `@pushed`. `handle` takes one
request through the rules of the wire (acknowledge, repeat by rid, check, call, refuse or answer), whatever the event.
Source: Web SDK, requests and replies.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson
from django.apps import apps
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from imsite.core import bus
from imsite.core.deadlocks import unless_deadlocked
from imsite.core.errors import ImError, Invalid, TooFast
from imsite.realtime import shapes
from imsite.realtime.socketio import event_frame

if TYPE_CHECKING:
    from imsite.core.events import Event
    from imsite.realtime.session import Session

logger = logging.getLogger(__name__)

RID_MAX = 2**53  # a JavaScript number
REMEMBERED_S = 600  # 5 transmissions, 30 s apart, and a reconnection
INTERNAL_ERROR = {"code": 882001, "message": "server internal error"}

Scope = Literal["user", "application", "connection"]
Data = dict[str, Any]


class UnknownEvent(ImError):
    """No such event."""

    sdk_code = 882003


class SessionEnded(ImError):
    """The session ended before the request was done."""

    sdk_code = 882004


# Tables


@dataclass(frozen=True, slots=True)
class Route:
    """How requests of one event name are handled."""

    name: str
    handler: Callable[[Session, Data], Data | Followed | Pending | None]
    shape: shapes.Shape = None
    codes: Mapping[type[ImError], int] = field(default_factory=dict)
    reply_as: str = ""
    open_to_all: bool = False
    only_ack: bool = False
    pipelined: bool = False
    remember: Scope | None = "user"
    uncounted: bool = False


_routes: dict[str, Route] = {}
_renders: dict[type, Callable[[Any], tuple[str, Data]]] = {}
_count: Callable[[Session], None] | None = None
Handler = TypeVar("Handler", bound=Callable[..., Any])


def on(
    name: str,
    shape: shapes.Shape = None,
    *,
    codes: Mapping[type[ImError], int] | None = None,
    reply_as: str | None = None,
    open_to_all: bool = False,
    only_ack: bool = False,
    pipelined: bool = False,
    remember: bool | Scope = True,
    uncounted: bool = False,
) -> Callable[[Handler], Handler]:
    """Register `handler(session, data)` for the requests named `name`.

    It returns the members of the answer, None for an answer without any, Followed where pushes go behind it, or a
    Pending. It may raise any ImError.
    `shape`: a Serializer class, or a function from dict to dict; the handler gets what it makes of the request, without
    rid. `codes`: the Web SDK code that a refusal has here, where it differs from the error's own.
    `reply_as`: the answer's event name, where it is not the request's. `open_to_all`: allowed before login.
    `only_ack`: no answer. `pipelined`: the next pipelined request of the connection may start while this one's Pending
    waits. `remember`: whose repetitions are answered from memory and not done again. True is "user", or "connection"
    with open_to_all; "application" is for what no user does yet (register); False for handlers that are idempotent
    themselves (these get the rid among their data) and for those that only read. `uncounted`: limits leave it out, because
    what comes to a client, and not the client, decides how often it is sent.
    """
    scope: Scope | None = None
    if remember is True:
        scope = "connection" if open_to_all else "user"
    elif remember:
        scope = remember

    def register(handler: Handler) -> Handler:
        if name in _routes:
            raise ImproperlyConfigured(f"the event {name!r} has two handlers")
        _routes[name] = Route(
            name, handler, shape, codes or {}, reply_as or name, open_to_all, only_ack, pipelined, scope, uncounted
        )
        return handler

    return register


def pushed(event_class: type[Event]) -> Callable[[Handler], Handler]:
    """Register `render(event)` for events of this class: the push's name and its one argument, a dict without rid."""

    def register(render: Handler) -> Handler:
        if event_class in _renders:
            raise ImproperlyConfigured(f"{event_class.__name__} has two renderings")
        _renders[event_class] = render
        return render

    return register


def count_with(function: Callable[[Session], None]) -> None:
    """Have `function(session)` called before each request is done; it raises TooFast where there are too many.

    Answers from memory are not counted, and what is refused so may be tried again under the same rid.
    """
    global _count
    _count = function


def registered_events() -> dict[str, Route]:
    """The routes by event name, in alphabetical order."""
    return dict(sorted(_routes.items()))


def registered_pushes() -> dict[str, Callable[[Any], tuple[str, Data]]]:
    """The renderings by the name of the event class, in alphabetical order."""
    return dict(sorted((event_class.__name__, render) for event_class, render in _renders.items()))


@functools.cache
def autodiscover() -> None:
    """Import the realtime module (or package) of every installed app that has one, so that the tables are full."""
    for app in apps.get_app_configs():
        if app.module is not None and app.name != "imsite" and module_has_submodule(app.module, "realtime"):
            importlib.import_module(f"{app.name}.realtime")


def encode_event(event: Event) -> bytes:
    """The frame of a push: rendered and encoded once for all its receivers."""
    render = _render_of(event)
    if render is None:
        # Another thread may have begun to fill the tables: this waits for its imports.
        autodiscover()
        render = _render_of(event)
    if render is None:
        raise ImproperlyConfigured(f"nothing is @pushed for {type(event).__name__}")
    return event_frame(*render(event))


def _render_of(event: Event) -> Callable[[Any], tuple[str, Data]] | None:
    return next((_renders[event_class] for event_class in type(event).__mro__ if event_class in _renders), None)


bus.set_encoder(encode_event)


# One request


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that another thread completes: `future`'s result, made into the answer's members by `finish`.

    An ImError set on the future becomes a refusal. `finish` runs in the thread that completes the future (the writer's,
    for sends): it builds a dict and does nothing slow.
    """

    future: Future[Any]
    finish: Callable[[Any], Data | None] = lambda result: result


@dataclass(frozen=True, slots=True)
class Followed:
    """An answer's members, and the pushes that go out right behind it, on this connection alone."""

    members: Data | None
    pushes: tuple[tuple[str, Data], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be answered: it has a usable rid."""

    name: str
    rid: int
    data: Data
    route: Route | None

    @property
    def is_open_to_all(self) -> bool:
        return self.route is not None and self.route.open_to_all

    @property
    def is_pipelined(self) -> bool:
        return self.route is not None and self.route.pipelined

    @property
    def reply_name(self) -> str:
        return self.route.reply_as if self.route else self.name

    def is_for(self, session: Session) -> bool:
        """Whether it may be acknowledged and answered at all: before login little is (Web SDK: idempotence)."""
        return self.is_open_to_all or session.logged_in


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it goes out. One that a bug of ours caused does not last: the request may be tried again."""

    frame: bytes
    lasts: bool = True
    behind: tuple[bytes, ...] = ()  # pushes that follow it; a repeated answer comes without them


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a request: an ack or none; an answer, one to come (`later`, which never fails), or none."""

    ack: bool = False
    rid: int = 0
    answer: Answer | None = None
    later: Future[Answer] | None = None

    def wait(self, seconds: float = 30) -> Answer | None:
        return self.later.result(seconds) if self.later else self.answer

    @property
    def name(self) -> str | None:
        """The event name of the answer, waited for where it is to come; None without one."""
        return self._read()[0]

    @property
    def reply(self) -> Data | None:
        """The members of the answer, rid too, waited for where it is to come; None without one."""
        return self._read()[1]

    @property
    def pushes(self) -> list[tuple[str, Data]]:
        """What follows the answer on the same connection, by event name."""
        answer = self.wait()
        return [tuple(orjson.loads(frame[2:])) for frame in answer.behind] if answer else []

    def _read(self) -> tuple[str | None, Data | None]:
        answer = self.wait()
        return tuple(orjson.loads(answer.frame[2:])) if answer else (None, None)  # behind "42"


IGNORED = Outcome()


def read(name: str, data: Any) -> Request | None:
    """The request in a decoded event; None where nothing could be answered to it."""
    if not isinstance(data, dict):
        return None
    rid = data.get("rid")
    if type(rid) is not int or not 1 <= rid <= RID_MAX:
        return None
    return Request(name, rid, data, _routes.get(name))


def handle(session: Session, name: str, data: Any) -> Outcome:
    """Take one decoded event through everything, in this thread."""
    request = read(name, data)
    if request is None or not request.is_for(session):
        return IGNORED
    return perform(session, request)


def perform(session: Session, request: Request) -> Outcome:
    """Do what `request` asks, or find the answer it had before. The caller has seen that it `is_for` the session."""
    route = request.route
    if route is None:
        return _outcome(request, _refusal(request, UnknownEvent(f"unknown event {request.name[:64]}")))
    if route.only_ack:
        _call(session, request)
        return Outcome(ack=True, rid=request.rid)
    if route.remember is None:
        return _outcome(request, _call(session, request))
    try:
        key = _memory_key(session, request, route.remember)
    except TypeError:  # nested deeper than the encoder goes
        return _outcome(request, _refusal(request, Invalid("the request is nested too deep")))
    return _once(session, request, key)


def _outcome(request: Request, result: Answer | Pending, done: Callable[[Answer], None] | None = None) -> Outcome:
    """The outcome of a call; `done` is told the answer once it stands."""
    if isinstance(result, Answer):
        if done:
            done(result)
        return Outcome(ack=True, rid=request.rid, answer=result)
    later: Future[Answer] = Future()

    def settle(future: Future[Any]) -> None:
        answer = _settled(request, result, future)
        if done:
            done(answer)
        later.set_result(answer)

    result.future.add_done_callback(settle)
    return Outcome(ack=True, rid=request.rid, later=later)


def _call(session: Session, request: Request) -> Answer | Pending:
    route = request.route
    assert route is not None
    if _count and not route.uncounted:
        try:
            _count(session)
        except TooFast as refusal:
            return replace(_refusal(request, refusal), lasts=False)
    try:
        # A handler that is idempotent by itself needs the rid: it tells a retransmission by it.
        keeps_rid = route.remember is None
        wanted = {name: value for name, value in request.data.items() if name != "rid" or keeps_rid}
        checked = shapes.check(route.shape, wanted)
        result = unless_deadlocked(lambda: route.handler(session, checked))
        return result if isinstance(result, Pending) else _success(request, result)
    except ImError as refusal:
        return _refusal(request, refusal)
    except Exception:
        if not request.is_for(session):
            # Its session ended under it: there is nobody to act for any more. The next connection may ask again.
            return replace(_refusal(request, SessionEnded()), lasts=False)
        return _broken(request)


def _settled(request: Request, pending: Pending, future: Future[Any]) -> Answer:
    try:
        return _success(request, pending.finish(future.result()))
    except ImError as refusal:
        return _refusal(request, refusal)
    except (Exception, CancelledError):
        return _broken(request)


def _success(request: Request, result: Data | Followed | None) -> Answer:
    members, pushes = (result.members, result.pushes) if isinstance(result, Followed) else (result, ())
    reply = {"code": 0, "message": "success", **(members or {}), "rid": request.rid}
    behind = tuple(event_frame(name, data) for name, data in pushes)
    return Answer(event_frame(request.reply_name, reply), behind=behind)


def _refusal(request: Request, refusal: ImError) -> Answer:
    codes = request.route.codes if request.route else {}
    code = next((codes[kind] for kind in type(refusal).__mro__ if kind in codes), refusal.sdk_code)
    return Answer(event_frame(request.reply_name, {"code": code, "message": str(refusal), "rid": request.rid}))


def _broken(request: Request) -> Answer:
    """Our own bug: the log gets the traceback, never what people wrote; the connection lives on."""
    logger.exception("%s failed", request.name)
    return Answer(event_frame(request.reply_name, {**INTERNAL_ERROR, "rid": request.rid}), lasts=False)


# Repetitions

_running: dict[str, tuple[str, Future[Answer]]] = {}
_running_lock = threading.Lock()


def _memory_key(session: Session, request: Request, scope: Scope) -> str:
    """(appkey, username, event, rid, hash of the body); the connection stands for both where it is what changes."""
    owner = {
        "user": (session.appkey, session.username),
        "application": (session.appkey, ""),
        "connection": (session.sid, ""),
    }[scope]
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
    parts = orjson.dumps([*owner, request.name, request.rid, hashlib.sha256(body).hexdigest()])
    return "rid:" + hashlib.sha256(parts).hexdigest()


def _once(session: Session, request: Request, key: str) -> Outcome:
    """Do it, unless it was done (same answer again) or is being done.

    A repetition on the same connection while the first is being done is only acknowledged. On another connection it
    waits for the first one's answer: the connection that the first came on may be gone, and its answer with it.
    """
    later: Future[Answer] = Future()
    with _running_lock:
        sid, first = _running.setdefault(key, (session.sid, later))
    if first is not later:
        same_connection = sid == session.sid
        return Outcome(ack=True, rid=request.rid, later=None if same_connection else first)

    def done(answer: Answer) -> None:
        with _running_lock:
            del _running[key]
        later.set_result(answer)

    def remember(answer: Answer) -> None:
        if answer.lasts:
            _remember(key, answer)
        done(answer)

    # Looked up after the claim: else the first might end between the look and the claim, and be done twice.
    if known := _recall(key):
        done(known)
        return Outcome(ack=True, rid=request.rid, answer=known)
    return _outcome(request, _call(session, request), remember)


def _recall(key: str) -> Answer | None:
    try:
        frame = caches["answers"].get(key)
    except Exception:  # of any cache library: without its memory the server still serves
        logger.exception("the memory of answers cannot be read")
        return None
    return Answer(frame) if frame is not None else None


def _remember(key: str, answer: Answer) -> None:
    try:
        caches["answers"].set(key, answer.frame, REMEMBERED_S)
    except Exception:
        logger.exception("the memory of answers cannot be written")


# Every page acknowledges the event that ended its session, at a moment when it has none any more.
@on("event_notification", open_to_all=True, only_ack=True, uncounted=True)
def acknowledge_notification(session: Session, data: Data) -> None:
    """Only acknowledged. Source: Web SDK, Messages, event_notification."""
