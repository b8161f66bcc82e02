"""How often something may be done: token buckets in this process, and with Redis for all processes together.

A bucket holds ten seconds' worth of its rate, so 600 a minute lets 100 come at once. It is kept as one number, the moment at
which it is full again (the generic cell rate algorithm): a check costs about a microsecond, and a bucket that is full again
need not be kept at all. Libraries for this count windows or ask their store at every check; sends must not wait for Redis.

With Redis every process decides by what it knows and reports what it let through twice a second, several keys at a time; the
answer says what all have let through. So the rate holds over all processes, and what may come at once is at most a burst a
process, which the next seconds pay back.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from imsite.core.errors import TooFast

BURST_S = 10  # seconds' worth of a rate that may come at once
KEPT_MOST = 100_000  # buckets that are not full

Key = tuple[str, int | str]  # what is counted, and whose


@dataclass(frozen=True, slots=True)
class Quota:
    """Where a bucket stands after a check. Nothing was used where `wait_s`, the time until it would be let through, is above 0."""

    limit: int  # that may come at once
    remaining: int
    reset_s: int  # until the bucket is full again
    wait_s: float


class Limiter:
    """Buckets by key. Safe among threads; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = KEPT_MOST) -> None:
        self.clock, self.most = clock, most
        self._full_at: dict[Key, float] = {}
        self._unreported: dict[Key, float] = {}  # seconds of the bucket that other processes have not heard of
        self._lock = threading.Lock()

    def take(self, key: Key, per_minute: int) -> float:
        """Let one through, and 0; or none, and the seconds until there is room. 0 a minute: no limit."""
        if not per_minute or not settings.RATE_LIMITS:
            return 0.0
        now, step = self.clock(), 60 / per_minute
        with self._lock:
            full_at = max(self._full_at.get(key, 0.0), now) + step
            wait = full_at - now - depth_of(per_minute) * step
            if wait > 1e-9:  # a rounding error is no reason
                return wait
            if len(self._full_at) >= self.most and key not in self._full_at:
                self._make_room(now)
            self._full_at[key] = full_at
            if settings.REDIS_URL:
                self._unreported[key] = self._unreported.get(key, 0.0) + step
                _wake_reporter(self)
        return 0.0

    def quota(self, key: Key, per_minute: int) -> Quota | None:
        """The same, and where the bucket stands then; None where there is no limit."""
        if not per_minute or not settings.RATE_LIMITS:
            return None
        wait = self.take(key, per_minute)
        depth = depth_of(per_minute)
        missing_s = max(0.0, self._full_at.get(key, 0.0) - self.clock())
        used = math.ceil(missing_s * per_minute / 60 - 1e-6)
        return Quota(depth, max(0, depth - used), math.ceil(missing_s), wait)

    def require(self, key: Key, per_minute: int) -> None:
        """Let one through, or TooFast (429 and 899030; 880209)."""
        if wait := self.take(key, per_minute):
            raise TooFast(wait)

    def clear(self) -> None:
        with self._lock:
            self._full_at.clear()
            self._unreported.clear()

    def unreported(self) -> dict[Key, float]:
        """What was let through since the last call: seconds of each bucket."""
        with self._lock:
            spent, self._unreported = self._unreported, {}
        return spent

    def heard(self, missing_s: dict[Key, float]) -> None:
        """How much all processes together have taken out of these buckets, in seconds, as of now."""
        with self._lock:
            now = self.clock()
            for key, missing in missing_s.items():
                since = self._unreported.get(key, 0.0)
                self._full_at[key] = max(self._full_at.get(key, 0.0), now + missing + since)

    def _make_room(self, now: float) -> None:
        """Forget the buckets that are full again; where that is not enough, the older half: they are forgiven."""
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) >= self.most:
            for key in list(self._full_at)[: self.most // 2]:
                del self._full_at[key]


def _wake_reporter(limiter: Limiter) -> None:
    from imsite.core import shared_limits  # and the library of Redis with it, where there is one

    shared_limits.wake(limiter)


def depth_of(per_minute: int) -> int:
    """How many may come at once at this rate: ten seconds' worth, one at least."""
    return max(1, per_minute * BURST_S // 60)


limiter = Limiter()
