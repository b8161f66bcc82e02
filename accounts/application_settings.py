"""Switches and limits of an application, typed, each with its default and a sentence for the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from django.utils.translation import gettext_lazy as _


def setting(default: Any, text: Any, *, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"text": text, "choices": choices})


@dataclass(frozen=True, kw_only=True)
class ApplicationSettings:
    registration: bool = setting(
        True, _("Clients may register users themselves (PUT /v1/sdkregister/status). REST always may.")
    )
    words_filter: bool = setting(True, _("Sensitive words are looked for (PUT /v1/sensitiveword/status)."))
    words_limit: int = setting(100, _("How many sensitive words the REST API takes."))
    web_sessions: str = setting(
        "one",
        _("A second login of one device class: 'one' ends the first session, 'many' lets tabs live side by side."),
        choices=("one", "many"),
    )
    friends_only: bool = setting(False, _("Single messages are for friends alone."))
    retract_seconds: int = setting(180, _("How long after sending a message may be retracted."))
    group_capacity: int = setting(500, _("Most members of a group, its owner included."))
    room_capacity: int = setting(10_000, _("Most members of a chat room."))
    groups_per_user: int = setting(2_000, _("How many groups one user may be in."))
    signature_check: bool = setting(True, _("c_init must carry a signature that is not older than ten minutes."))
    retention_days: int = setting(0, _("Messages are deleted after so many days; 0 keeps them."))

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The stored values over the defaults; a name or type that is not known is left out."""
        known = {one.name: type(one.default) for one in fields(cls)}
        sound: dict[str, Any] = {
            name: value for name, value in stored.items() if name in known and type(value) is known[name]
        }
        return cls(**sound)
