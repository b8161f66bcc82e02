from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

from imsite.core import bus

if TYPE_CHECKING:
    from imsite.core.events import Event


class ImsiteConfig(AppConfig):
    """The wiring above the slices: pages, commands that touch every slice."""

    name = "imsite"
    verbose_name = "imsite"

    def ready(self) -> None:
        bus.set_encoder(_encode)


def _encode(event: Event) -> bytes:
    """The frame of an event in a process that has no socket: a command imports the handlers only when it pushes."""
    from imsite.realtime import dispatch

    dispatch.autodiscover()
    return dispatch.encode_event(event)
