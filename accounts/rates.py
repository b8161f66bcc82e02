"""What the limits of an application count, and for whom; `imsite.core.limits` says how. Settings: accounts.application_settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imsite.core.addresses import network_of
from imsite.core.guard import Guard
from imsite.core.limits import Quota, limiter

if TYPE_CHECKING:
    from accounts.actors import Actor
    from accounts.models import Application, User

secrets = Guard("rest", secrets_are_random=True)  # master secrets, by appkey
passwords = Guard("login")  # of chat accounts, by application and username
console = Guard("console")  # of operators

OPEN_PER_MINUTE = 600  # requests of one connection that is not logged in


def account_name(application: Application, username: str) -> str:
    """By what `passwords` knows a chat account."""
    return f"{application.pk}:{username}"


def take_rest(application: Application) -> Quota | None:
    """Count a REST request of the application; where it stands then. None without a limit."""
    return limiter.quota(("rest", application.pk), application.limits.rest_per_minute)


def require_sends(by: Actor, sender: User | None) -> None:
    """One more message of this sender, by themself or in their name; TooFast (899030, 880209)."""
    assert sender is not None, "a message is from somebody"
    limits = by.application.limits
    if by.is_user:
        limiter.require(("sends", sender.pk), limits.sends_per_minute)
    elif by.kind == "server":
        limiter.require(("server sends", sender.pk), limits.server_sends_per_minute)


def require_commands(by: Actor) -> None:
    """One more transparent command of this user: as many as messages, counted apart; TooFast (880209)."""
    limiter.require(("commands", by.user_id), by.application.limits.sends_per_minute)


def require_uploads(by: Actor) -> None:
    """One more upload of this user; TooFast (899030)."""
    if by.is_user:
        limiter.require(("uploads", by.user_id), by.application.limits.uploads_per_minute)


def require_logins(application: Application, user: User) -> None:
    """One more login with the right password; TooFast (880209). Wrong ones are for `passwords`: nobody can use this up for others."""
    limiter.require(("logins", user.pk), application.limits.logins_per_minute)


def require_address_logins(application: Application, address: str) -> None:
    """One more attempt to log in from this address; TooFast (880209)."""
    _require_of_address("address logins", application, address, application.limits.address_logins_per_minute)


def require_registrations(application: Application, address: str) -> None:
    """One more registration by a client at this address; TooFast (880209)."""
    _require_of_address("registrations", application, address, application.limits.registrations_per_minute)


def _require_of_address(kind: str, application: Application, address: str, per_minute: int) -> None:
    limiter.require((kind, f"{application.pk}:{network_of(address)}"), per_minute)


def require_socket_request(application: Application | None, user_id: int, sid: str) -> None:
    """One more request of this user's connections, or of a connection that is nobody's yet; TooFast (880209)."""
    if user_id and application is not None:
        limiter.require(("requests", user_id), application.limits.requests_per_minute)
    else:
        limiter.require(("open", sid), OPEN_PER_MINUTE)


def require_right(guard: Guard, is_right: bool, address: str, name: str) -> bool:
    """Whether a secret is right, in the guard's eyes; TooFast where this address must wait, right or wrong."""
    guard.require_open(address, name)
    if is_right:
        guard.passed(address, name)
    else:
        guard.failed(address, name)
    return is_right
