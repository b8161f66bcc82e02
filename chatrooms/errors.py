"""Refusals about chat rooms. REST API and Web SDK: error codes."""

from __future__ import annotations

from imsite.core.errors import BadValue, ImError, Invalid, NotAllowed, NotFound

__all__ = ["BadValue", "ImError", "Invalid", "NotAllowed", "NotFound"]


class NoSuchRoom(NotFound):
    """There is no such chat room."""

    status, code, sdk_code = 403, 899081, 881503


class NotInRoom(NotAllowed):
    """The user is not in the chat room."""

    status, code, sdk_code = 403, 899082, 881501


class BannedInRoom(NotAllowed):
    """The user may not speak in this chat room."""

    status, code, sdk_code = 403, 899016, 881502


class AlreadyInRoom(NotAllowed):
    """The user is in the chat room already."""

    status, code, sdk_code = 400, 899011, 881507


class RoomFull(NotAllowed):
    """The chat room is full."""

    status, code, sdk_code = 403, 899012, 881508


class NotForUsers(NotAllowed):
    """Chat rooms are managed by the application, and entered and left for oneself."""
