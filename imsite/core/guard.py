"""Who guesses secrets has to wait, longer after each wrong one; who has the right one elsewhere notices nothing.

Wrong ones are counted for an address and a name (an appkey, a username) together, for an address with all names, and for a name
from all addresses. The last one never locks anybody out: while a name is under attack, addresses that have never had its
secret right are given fewer tries. Counts are told to all processes over the bus, and only wrong ones cost more than a look
into a table.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from imsite.core import bus
from imsite.core.addresses import network_of
from imsite.core.errors import TooFast

FREE = 10  # wrong ones of an address for one name before it has to wait
FREE_OF_ADDRESS = 100  # for all names
FORGETS_ONE_S = 30.0  # of an address: many who share it mistype all day, one by one, and none of them is a guesser
ATTACK = 200  # wrong ones for a name from all addresses: from here on a new address has ATTACK_FREE
ATTACK_FREE = 2
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0  # it doubles with each wrong one
FORGOTTEN_S = 900.0  # after the last wrong one
PROVEN_S = 3600.0  # how long an address that had the secret right counts as one that knows it
KEPT_MOST = 50_000
UNKNOWN = "?"  # a name that nobody has, whichever it is

EVERYWHERE = "*"  # for an address; who comes through a Unix socket has none, and that is ""

Place = tuple[str, str]  # address and name; the name is "" for all


@dataclass(slots=True)
class Wrong:
    count: float
    last_at: float
    open_at: float  # no try before


class Guard:
    """The counts of one door. Safe among threads; `clock` gives seconds. A name that nobody has is passed as "".

    `secrets_are_random`: no guess will ever hit, so an address that had the right one lately is let through with it whatever
    its neighbours behind the same address do. With passwords that people choose it is not.
    """

    def __init__(
        self,
        door: str,
        *,
        secrets_are_random: bool = False,
        clock: Callable[[], float] = time.monotonic,
        most: int = KEPT_MOST,
    ) -> None:
        self.door, self.secrets_are_random, self.clock, self.most = door, secrets_are_random, clock, most
        self._wrong: dict[Place, Wrong] = {}
        self._proven: dict[Place, float] = {}
        self._lock = threading.Lock()
        _guards[door] = self

    def wait(self, address: str, name: str) -> float:
        """Seconds until this address may try this name's secret again; 0 where it may now."""
        if not self._wrong or not settings.RATE_LIMITS:
            return 0.0
        network, now = network_of(address), self.clock()
        is_proven = self._proven.get((network, name), 0.0) > now
        if is_proven and self.secrets_are_random:
            return 0.0
        pair = (network, name or UNKNOWN)
        places: tuple[Place, ...] = (pair,) if is_proven else (pair, (network, ""))
        found = [wrong for place in places if (wrong := self._wrong.get(place))]  # another thread may take one away
        return max([0.0, *(wrong.open_at - now for wrong in found)])

    def require_open(self, address: str, name: str) -> None:
        """This address may try this name's secret now; TooFast (429 and 899030; 880209) otherwise."""
        if wait := self.wait(address, name):
            raise TooFast(wait, "too many failed attempts")

    def failed(self, address: str, name: str) -> None:
        """The secret was wrong."""
        if settings.RATE_LIMITS:
            bus.announce("guess", [self.door, network_of(address), name])

    def passed(self, address: str, name: str) -> None:
        """The secret was right."""
        place = (network_of(address), name)
        if len(self._proven) >= self.most and place not in self._proven:
            self._forget_old(self.clock())
        self._proven[place] = self.clock() + PROVEN_S
        if not self.secrets_are_random and place in self._wrong:
            with self._lock:
                self._wrong.pop(place, None)

    def clear(self) -> None:
        with self._lock:
            self._wrong.clear()
            self._proven.clear()

    def count(self, network: str, name: str) -> None:
        """One more wrong one, here or in another process."""
        now = self.clock()
        with self._lock:
            if len(self._wrong) + 3 > self.most:
                self._forget_old(now)
            attacked = bool(name) and self._add((EVERYWHERE, name), now, ATTACK).count > ATTACK
            is_new = attacked and self._proven.get((network, name), 0.0) <= now
            self._add((network, name or UNKNOWN), now, ATTACK_FREE if is_new else FREE)
            self._add((network, ""), now, FREE_OF_ADDRESS, forgets_one_s=FORGETS_ONE_S)

    def _add(self, place: Place, now: float, free: int, *, forgets_one_s: float = math.inf) -> Wrong:
        wrong = self._wrong.get(place)
        if wrong is None or wrong.last_at + FORGOTTEN_S < now:
            wrong = self._wrong[place] = Wrong(0, now, now)
        wrong.count = max(0.0, wrong.count - (now - wrong.last_at) / forgets_one_s) + 1
        wrong.last_at = now
        if wrong.count >= free:
            wrong.open_at = now + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(wrong.count - free, 30))
        return wrong

    def _forget_old(self, now: float) -> None:
        """Make room: what is over, and where that is not enough the older half."""
        self._wrong = {place: wrong for place, wrong in self._wrong.items() if wrong.last_at + FORGOTTEN_S > now}
        self._proven = {place: until for place, until in [*self._proven.items()] if until > now}
        for kept in (self._wrong, self._proven):
            if len(kept) + 3 > self.most:
                for place in list(kept)[: self.most // 2]:
                    kept.pop(place, None)


_guards: dict[str, Guard] = {}


@bus.heard("guess")
def _count(told: list[str]) -> None:
    door, network, name = told
    if guard := _guards.get(door):
        guard.count(network, name)


def forget() -> None:
    """Start over: for tests."""
    for guard in _guards.values():
        guard.clear()
