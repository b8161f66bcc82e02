"""Switches and limits of an application, typed, each with its default, its name and a sentence for the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from django.utils.translation import gettext_lazy as _


def setting(default: Any, name: Any, text: Any, *, choices: Mapping[str, Any] | None = None) -> Any:
    return field(default=default, metadata={"name": name, "text": text, "choices": dict(choices or {})})


@dataclass(frozen=True, kw_only=True)
class ApplicationSettings:
    registration: bool = setting(
        True, _("Registration by clients"), _("Clients may register users themselves. The REST API always may.")
    )
    signature_check: bool = setting(
        True, _("Signature check"), _("Clients must bring a signature that is not older than ten minutes.")
    )
    web_sessions: str = setting(
        "one",
        _("Browser sessions"),
        _("What a second login in a browser does to the first."),
        choices={"one": _("it ends the first"), "many": _("both live side by side")},
    )
    friends_only: bool = setting(False, _("Friends only"), _("Single messages are for friends alone."))
    words_filter: bool = setting(True, _("Word filter"), _("Sensitive words are looked for in messages."))
    words_limit: int = setting(100, _("Words"), _("How many sensitive words the REST API takes."))
    retract_seconds: int = setting(
        180, _("Time to retract"), _("Seconds after sending in which a message may be retracted.")
    )
    retention_days: int = setting(0, _("Retention"), _("Messages are deleted after so many days; 0 keeps them."))
    strip_metadata: bool = setting(
        True, _("Pictures without metadata"), _("Place, camera and other metadata are taken out of uploaded pictures.")
    )
    group_capacity: int = setting(500, _("Group capacity"), _("Most members of a group, its owner included."))
    groups_per_user: int = setting(2_000, _("Groups of a user"), _("How many groups one user may be in."))
    room_capacity: int = setting(10_000, _("Chat room capacity"), _("Most members of a chat room."))
    # A sixth of each may come at once. 0: no limit.
    rest_per_minute: int = setting(
        6_000, _("REST requests a minute"), _("Of the application. A sixth of it may come at once; 0 sets no limit.")
    )
    server_sends_per_minute: int = setting(
        3_000, _("Sends over REST a minute"), _("Messages in the name of one user. 0 sets no limit.")
    )
    sends_per_minute: int = setting(
        600, _("Sends a minute"), _("Messages of one user, by their own clients. 0 sets no limit.")
    )
    requests_per_minute: int = setting(
        3_000, _("Client requests a minute"), _("All that the clients of one user ask for. 0 sets no limit.")
    )
    uploads_per_minute: int = setting(300, _("Uploads a minute"), _("Of one user. 0 sets no limit."))
    logins_per_minute: int = setting(120, _("Sign-ins a minute"), _("Of one user. 0 sets no limit."))
    address_logins_per_minute: int = setting(
        3_000,
        _("Sign-ins of an address a minute"),
        _("Attempts from one internet address, behind which a whole office may be. 0 sets no limit."),
    )
    registrations_per_minute: int = setting(
        300, _("Registrations of an address a minute"), _("By clients at one internet address. 0 sets no limit.")
    )

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The stored values over the defaults; a name or type that is not known is left out."""
        known = {one.name: type(one.default) for one in fields(cls)}
        sound: dict[str, Any] = {
            name: value for name, value in stored.items() if name in known and type(value) is known[name]
        }
        return cls(**sound)
