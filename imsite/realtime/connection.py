"""One socket of this process as the hub and the consumer see it."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from imsite.realtime import workers
from imsite.realtime.session import Session, Topics, tell_end
from imsite.realtime.transports import Writer, ready_frame

if TYPE_CHECKING:
    from imsite.realtime.hub import Hub, Topic

ENTER_S = 10  # what a login waits for the event loop at most
LEAVE_S = 10  # a client whose session was ended closes the connection itself, or we do after this


class Connection:
    """A session, the way out to its socket, its place in the hub. The event loop's, but for the session's link."""

    __slots__ = (
        "answer_bytes", "closed", "dirty", "held", "hub", "left", "out", "paused", "seen_at", "session", "topics",
        "user_id", "writer",
    )  # fmt: skip

    def __init__(self, session: Session, writer: Writer, hub: Hub) -> None:
        self.session = session
        self.writer = writer
        self.hub = hub
        self.seen_at = hub.loop.time()  # the last frame of the peer
        self.paused = False  # nobody reads: silence then says nothing about the peer
        self.closed = False
        self.user_id = 0
        self.topics: set[Topic] = set()
        self.left: set[str] | None = None  # topics left while the login reads its list
        self.out: list[Any] = []  # frames of this tick, in the writer's form
        self.held: list[Any] | None = None  # pushes that wait for the answer of the login
        self.dirty = False
        self.answer_bytes = 0  # of the largest answer that is perhaps not read yet
        session.link = self

    def say(self, frame: bytes) -> None:
        """Write an answer, at the end of this tick."""
        self.out.append(ready_frame(frame) if self.writer.is_ready else frame.decode())
        if len(frame) > self.answer_bytes:
            self.answer_bytes = len(frame)
        self.hub.touch(self)

    def release(self) -> None:
        """The answer of the login is out: the pushes behind it may follow."""
        if self.held is not None:
            held, self.held = self.held, None
            if held:
                self.out.extend(held)
                self.hub.touch(self)

    def move(self, writer: Writer) -> None:
        """Write to another socket from here on. The writer so far took texts, and has none left."""
        self.writer = writer
        if writer.is_ready:
            self.out = [ready_frame(text.encode()) for text in self.out]
            if self.held is not None:
                self.held = [ready_frame(text.encode()) for text in self.held]

    def flush(self) -> None:
        self.dirty = False
        frames, self.out = self.out, []
        if frames and not self.closed:
            self.writer.write(frames)

    def close(self, code: int = 1000) -> None:
        """End the connection after all that was said."""
        if not self.closed:
            self.flush()
            self.writer.close(code)

    def end_session(self) -> None:
        """Log out, and have the apps told."""
        if (actor := self.session.log_out()) is not None:
            workers.submit(tell_end, self.session, actor)

    # The session's link: called in worker threads

    def enter(self, user_id: int) -> None:
        entered: Future[None] = Future()
        self.hub.mailbox.post(self._enter, user_id, entered)
        entered.result(ENTER_S)

    def _enter(self, user_id: int, entered: Future[None]) -> None:
        self.hub.enter(self, user_id)
        entered.set_result(None)

    def subscribe(self, topics: Topics) -> None:
        self.hub.mailbox.post(self.hub.subscribe, self, topics)

    def leave(self) -> None:
        if self.hub.is_in_loop():
            self.hub.exit(self)
        else:
            self.hub.mailbox.post(self.hub.exit, self)
