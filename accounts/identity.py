"""From appkey to application without a query a request: remembered for 5 s at most, forgotten when it changes."""

from __future__ import annotations

import time

from accounts.models import Application
from imsite.core import bus

REMEMBERED_S = 5.0  # a command in another process may not reach the bus

_known: dict[str, tuple[float, Application]] = {}


def application_of(appkey: str) -> Application:
    """The application, shared and not to be changed; NoSuchApplication (899009, 880101)."""
    known = _known.get(appkey)
    if known and known[0] > time.monotonic():
        return known[1]
    _known.pop(appkey, None)
    # Unknown keys are not remembered: anyone may invent them.
    application = Application.objects.find(appkey)
    _known[appkey] = time.monotonic() + REMEMBERED_S, application
    return application


def forget(appkey: str) -> None:
    """Read it anew at the next request, in all processes. Call it after the commit."""
    bus.announce("application", appkey)


@bus.heard("application")
def _forget_here(appkey: str) -> None:
    _known.pop(appkey, None)
