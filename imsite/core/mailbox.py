"""A door from any thread into one event loop: calls arrive in order, many for one wake-up."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

CALLS_A_TICK = 2000  # beyond it the loop looks after its sockets before it goes on


class Mailbox:
    """Calls for one loop. `post` may be called from any thread, also from the loop's own."""

    __slots__ = ("_awake", "_calls", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._awake = False

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Call `function(*args)` in the loop soon. Nothing happens when the loop was closed."""
        self._calls.append((function, args))
        if self._awake:
            return
        self._awake = True
        try:
            self.loop.call_soon_threadsafe(self._drain)
        except RuntimeError:  # the loop is closed: nobody is left to hear it
            self._calls.clear()

    def _drain(self) -> None:
        # Cleared first: a call that comes while we drain is either seen below or wakes us again.
        self._awake = False
        calls = self._calls
        for _ in range(CALLS_A_TICK):
            if not calls:
                return
            function, args = calls.popleft()
            try:
                function(*args)
            except Exception:
                # One broken call must not take the ones behind it along.
                logger.exception("a call into the event loop failed")
        if calls and not self._awake:
            self._awake = True
            self.loop.call_soon(self._drain)
