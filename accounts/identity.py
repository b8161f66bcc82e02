"""From appkey to application, and to its owner, without a query a request: remembered for 5 s at most, forgotten when it changes."""

from __future__ import annotations

from accounts.models import Application, forget_limits
from imsite.core import bus
from imsite.core.cache import ShortCache

REMEMBERED_S = 5.0  # a command in another process may not reach the bus

_known: ShortCache[str, Application] = ShortCache(REMEMBERED_S)
_owners: ShortCache[int, int] = ShortCache(REMEMBERED_S)
_origins: ShortCache[str, list[str]] = ShortCache(REMEMBERED_S)


def application_of(appkey: str) -> Application:
    """The application, shared and not to be changed; NoSuchApplication (899009, 880101)."""
    # What does not exist is not remembered: anyone may invent appkeys.
    return _known.get(appkey, lambda: Application.objects.find(appkey))


def owner_of(application_id: int) -> int:
    """The id of the organisation that owns the application; where there is none, the application stands alone."""

    def load() -> int:
        owners = Application.objects.filter(pk=application_id).values_list("owner_id", flat=True)
        return owners.first() or application_id

    return _owners.get(application_id, load)


def origins_of_all() -> list[str]:
    """The patterns of all applications; none, which allows any origin, where one of them has none."""

    def load() -> list[str]:
        lists = list(Application.objects.values_list("origins", flat=True))
        return sorted({pattern for patterns in lists for pattern in patterns}) if all(lists) else []

    return _origins.get("all", load)


def forget(appkey: str) -> None:
    """Read it anew at the next request, in all processes. Call it after the commit."""
    bus.announce("application", appkey)


@bus.heard("application")
def _forget_here(appkey: str) -> None:
    _known.forget(appkey)
    _owners.clear()
    _origins.clear()
    forget_limits(appkey)
