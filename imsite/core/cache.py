"""A small cache of this process for what changes rarely and may be some seconds old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ShortCache(Generic[K, V]):
    """Values for at most `seconds`, at most `most` of them; the oldest go first. Safe among threads.

    What was loaded while `forget` or `clear` was called is handed out but not kept: it may be older than the change.
    """

    def __init__(self, seconds: float, most: int = 10_000) -> None:
        self.seconds, self.most = seconds, most
        self._values: dict[K, tuple[float, V]] = {}
        self._lock = threading.Lock()
        self._generation = 0

    def get(self, key: K, load: Callable[[], V]) -> V:
        """The value of `key`, loaded when it is missing or too old. What `load` raises is not kept."""
        found = self._values.get(key)
        now = time.monotonic()
        if found is not None and found[0] > now:
            return found[1]
        generation = self._generation
        value = load()
        with self._lock:
            if generation == self._generation:
                self._values.pop(key, None)
                while len(self._values) >= self.most:
                    del self._values[next(iter(self._values))]
                self._values[key] = (now + self.seconds, value)
        return value

    def forget(self, key: K) -> None:
        with self._lock:
            self._generation += 1
            self._values.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._generation += 1
            self._values.clear()
