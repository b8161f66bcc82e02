"""Refusals about groups. REST API and Web SDK: error codes."""

from __future__ import annotations

from imsite.core.errors import BadValue, ImError, Invalid, NotAllowed, NotFound
from messaging.errors import NotMember

__all__ = ["BadValue", "ImError", "Invalid", "NotAllowed", "NotFound", "NotMember"]


class NoSuchGroup(NotFound):
    """There is no such group."""

    status, code, sdk_code = 403, 899006, 880204


class NoSuchMember(NotMember):
    """Who is to be removed is not in the group."""

    sdk_code = 880703


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


class MayNotAdd(NotGroupManager):
    """Only the owner and the keepers add members to a public group."""

    sdk_code = 880604


class MayNotRemove(NotGroupManager):
    """Only the owner and the keepers remove members."""

    sdk_code = 880704


class ProtectedMember(NotGroupManager):
    """The owner is not removed by members, a keeper only by the owner."""

    sdk_code = 880705


class NoMembersNamed(Invalid):
    """Name at least one member."""

    status, code, sdk_code = 400, 899003, 880602


class NameTooLong(BadValue):
    """A group's name has at most 64 bytes in UTF-8."""

    sdk_code = 880404


class DescTooLong(BadValue):
    """A group's description has at most 250 bytes in UTF-8."""

    sdk_code = 880405


class NobodyLeft(NotAllowed):
    """The group has no member any more, so it cannot be restored."""
