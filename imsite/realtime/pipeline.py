"""The requests of one connection: acknowledged on receipt, done in the order of arrival, in worker threads."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from imsite.realtime import dispatch, workers
from imsite.realtime.connection import Connection
from imsite.realtime.dispatch import Answer, Outcome, Request

logger = logging.getLogger(__name__)

WAITING_MAX = 256  # requests of one connection; beyond it we stop reading from it
LOGIN = "login"


class Pipeline:
    """Runs in the event loop; at most one handler of a connection at a time.

    A handler may leave a Pending behind. Then the next request may start if both are pipelined (sends are); any other
    waits until everything before it is answered.
    """

    __slots__ = ("_connection", "_logins", "_pending", "_room", "_running", "_waiting")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[tuple[Request, bool]] | None = None
        self._running = False
        self._pending = 0  # answers to come
        self._logins = 0  # login requests waiting or being done
        self._room: asyncio.Event | None = None

    def receive(self, name: str, data: object) -> None:
        """Take an event of the client. Before login only few are: the others are neither acknowledged nor answered."""
        request = dispatch.read(name, data)
        if request is None:
            return
        welcome = request.is_for(self._connection.session)
        if welcome:
            self._acknowledge(request)
        elif not self._logins:
            return
        # Behind a login its turn decides: only then is it known whether it may be acknowledged.
        if name == LOGIN:
            self._logins += 1
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((request, welcome))
        self._advance()

    @property
    def is_full(self) -> bool:
        return self._waiting is not None and len(self._waiting) >= WAITING_MAX

    async def wait_for_room(self) -> None:
        self._room = asyncio.Event()
        if self.is_full:
            await self._room.wait()
        self._room = None

    def stop(self) -> None:
        """The connection is gone: what waits is not begun. The client sends it again where it matters."""
        self._waiting = None
        if self._room:
            self._room.set()

    def _acknowledge(self, request: Request) -> None:
        self._connection.say(b'42["ack",{"rid":%d}]' % request.rid)

    def _advance(self) -> None:
        while self._waiting and not self._running:
            request, acknowledged = self._waiting[0]
            if self._pending and not request.is_pipelined:
                return
            self._waiting.popleft()
            if self._room and not self.is_full:
                self._room.set()
            if self._admit(request, acknowledged):
                self._running = True
                work = workers.submit(dispatch.perform, self._connection.session, request)
                work.add_done_callback(partial(self._post, self._worked, request))
        if not self._waiting:
            self._waiting = None  # most connections wait for nothing most of the time

    def _admit(self, request: Request, acknowledged: bool) -> bool:
        if not request.is_for(self._connection.session):
            return False
        if not acknowledged:
            self._acknowledge(request)
        return True

    def _post(self, function: Callable[..., None], *args: object) -> None:
        self._connection.hub.mailbox.post(function, *args)

    def _worked(self, request: Request, work: Future[Outcome]) -> None:
        self._running = False
        if request.name == LOGIN:
            self._logins -= 1
        if error := work.exception():
            logger.error("%s failed outside of its handler", request.name, exc_info=error)
        else:
            self._answer(work.result())
        self._connection.release()
        if self._connection.closed:  # it went away during a login: nobody else ends this session
            self._connection.end_session()
        self._advance()

    def _answer(self, outcome: Outcome) -> None:
        if outcome.later is not None:
            self._pending += 1
            outcome.later.add_done_callback(lambda done: self._post(self._settled, done))
        elif outcome.answer is not None:
            self._say(outcome.answer)

    def _settled(self, later: Future[Answer]) -> None:
        self._pending -= 1
        self._say(later.result())
        self._advance()

    def _say(self, answer: Answer) -> None:
        self._connection.say(answer.frame)
        for frame in answer.behind:
            self._connection.say(frame)
