"""What the processes tell each other of their token buckets, through Redis: one thread reports, nobody waits for it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings

if TYPE_CHECKING:
    from imsite.core.limits import Key, Limiter

logger = logging.getLogger(__name__)

REPORT_S = 0.5
KEYS_AT_ONCE = 500
TIMEOUT_S = 2.0  # of Redis; without it every process goes by its own buckets
PREFIX = "imsite-limits:"
# Redis' own clock, because those of the processes' machines differ. Microseconds, in which a double is exact.
SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local missing = {}
for place, key in ipairs(KEYS) do
  local full_at = math.max(tonumber(redis.call('GET', key) or '0'), now) + ARGV[place]
  redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
  missing[place] = full_at - now
end
return missing
"""

_lock = threading.Lock()
_reporter: Reporter | None = None


def wake(limiter: Limiter) -> None:
    """Something was let through: report it within half a second."""
    reporter = _reporter
    if reporter is None or reporter.pid != os.getpid() or reporter.limiter is not limiter:
        reporter = _start(limiter)
    if not reporter.woken.is_set():
        reporter.woken.set()


def _start(limiter: Limiter) -> Reporter:
    global _reporter
    with _lock:
        if _reporter is None or _reporter.pid != os.getpid() or _reporter.limiter is not limiter:
            _reporter = Reporter(limiter)
            threading.Thread(target=_reporter.run, name="imsite-limits", daemon=True).start()
        return _reporter


class Reporter:
    """The thread of one process, and its connection."""

    def __init__(self, limiter: Limiter, url: str = "") -> None:
        self.pid = os.getpid()
        self.limiter = limiter
        self.woken = threading.Event()
        client: Any = redis.Redis.from_url(
            url or settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._script = client.register_script(SCRIPT)
        self._pause = threading.Event()  # never set: waits like sleep, and ends with the interpreter
        self._broken = False

    def run(self) -> None:
        while True:
            self.woken.wait()
            self._pause.wait(REPORT_S)
            self.woken.clear()
            self.report()

    def report(self) -> None:
        """Tell what this process let through, and hear what all did. What Redis does not take is not told again."""
        spent = self.limiter.unreported()
        if not (keys := list(spent)):
            return
        try:
            for start in range(0, len(keys), KEYS_AT_ONCE):
                part = keys[start : start + KEYS_AT_ONCE]
                missing = self._exchange(part, [spent[key] for key in part])
                self.limiter.heard(dict(zip(part, missing, strict=True)))
        except redis.RedisError as error:
            if not self._broken:
                self._broken = True
                logger.error("limits hold in each process alone: %s: %s", type(error).__name__, error)
        else:
            if self._broken:
                self._broken = False
                logger.error("limits hold over all processes again")

    def _exchange(self, keys: Sequence[Key], spent_s: Sequence[float]) -> list[float]:
        names = [f"{PREFIX}{kind}:{whose}" for kind, whose in keys]
        return [us / 1e6 for us in self._script(keys=names, args=[round(spent * 1e6) for spent in spent_s])]
