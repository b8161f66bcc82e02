"""Refusals about groups. REST API and Web SDK: error codes."""

from __future__ import annotations

from imsite.core.errors import BadValue, Invalid, NotAllowed, NotFound
from messaging.errors import NotMember

__all__ = ["BadValue", "Invalid", "NotAllowed", "NotFound", "NotMember"]


class NoSuchGroup(NotFound):
    """There is no such group."""

    status, code, sdk_code = 403, 899006, 880204


class AlreadyMember(NotAllowed):
    """The user is in the group already."""

    status, code, sdk_code = 400, 899011, 880607


class GroupFull(NotAllowed):
    """The group would have more members than its capacity."""

    status, code, sdk_code = 403, 899012, 880608


class TooManyGroups(NotAllowed):
    """The user is in too many groups."""

    status, code, sdk_code = 403, 899015, 880403


class NotGroupManager(NotAllowed):
    """Only the owner and the keepers of the group may do this."""

    status, code, sdk_code = 403, 899020, 880614


class NoMembersNamed(Invalid):
    """Name at least one member."""

    status, code, sdk_code = 400, 899003, 880602
