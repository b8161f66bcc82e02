"""Events for tests. Users are their numbers; what a real app keeps in tables the client says in the request."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace

from imsite.core import bus
from imsite.core.errors import NotAllowed
from imsite.realtime import hub
from imsite.realtime.dispatch import Pending, on
from imsite.realtime.session import on_end
from imsite.realtime.socketio import event_frame

ended: list[int] = []
gates: dict[str, threading.Event] = {}
writer = ThreadPoolExecutor(1)


def gate(name: str) -> threading.Event:
    return gates.setdefault(name, threading.Event())


def pass_gate(name: str) -> None:
    if name and not gate(name).wait(10):
        raise TimeoutError(name)


@on("c_init", open_to_all=True)
def init(session, data):
    session.application = SimpleNamespace(appkey=data["appkey"])


@on("login", open_to_all=True)
def log_in(session, data):
    pass_gate(data.get("gate", ""))
    if data.get("password") == "wrong":
        raise NotAllowed("wrong password")
    session.device_class = data.get("device_class", "web")
    user = SimpleNamespace(pk=data["user"], username=str(data["user"]))
    session.log_in(SimpleNamespace(user=user), lambda: dict.fromkeys(data.get("topics", []), data.get("version")))
    pass_gate(data.get("gate_inside", ""))
    return {"sid": session.sid}


@on("echo")
def echo(session, data):
    pass_gate(data.get("gate", ""))
    return {"echo": data.get("text")}


@on("send", pipelined=True, remember=False)
def send(session, data):
    """Answered by another thread once the gate is open."""
    future: Future = Future()

    def write() -> None:
        pass_gate(data.get("gate", ""))
        future.set_result(data["n"])

    writer.submit(write)
    return Pending(future, lambda n: {"n": n})


@on("open_gate", open_to_all=True)
def open_gate(session, data):
    gate(data["gate"]).set()


@on("crash")
def crash(session, data):
    raise KeyError("no such thing")


@on("push")
def push(session, data):
    bus.deliver(
        bus.Delivery(
            topics=tuple(data["topics"]),
            frame=event_frame("pushed", {"n": data.get("n", 0), "text": data.get("text", "") * data.get("times", 1)}),
            skip=session.sid if data.get("skip") else None,
            device_class=data.get("device_class"),
            ends=data.get("ends", False),
        )
    )


@on("flood")
def flood(session, data):
    """Push `count` times in one go, and say how long the caller was kept."""
    frame = event_frame("pushed", {"text": "x" * data.get("size", 100)})
    started = time.perf_counter()
    for _ in range(data["count"]):
        bus.deliver(bus.Delivery(tuple(data["topics"]), frame))
    return {"seconds": time.perf_counter() - started}


@on("change")
def change(session, data):
    (bus.join if data["joins"] else bus.leave)(data["topic"], data["users"], data.get("version"))


@on("state")
def state(session, data):
    return {"count": hub._current.count(), "ended": list(ended), "writer": type(session.link.writer).__name__}


@on_end
def note_end(session, actor):
    ended.append(actor.user.pk)
