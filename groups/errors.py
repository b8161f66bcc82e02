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


class TooManyKeepers(NotAllowed):
    """A group has at most 15 keepers."""

    status, code, sdk_code = 403, 899012, 880608


class NoSuchGroupToQuiet(NotFound):
    """There is no such group."""

    status, code, sdk_code = 403, 899045, 881103


class NotMemberToQuiet(NotAllowed):
    """The user is not in the group."""

    status, code, sdk_code = 403, 899046, 881104


class AlreadyQuietGroup(NotAllowed):
    """Do-not-disturb is set for the group already."""

    status, code, sdk_code = 403, 899047, 881105


class NotQuietGroup(NotAllowed):
    """Do-not-disturb is not set for the group."""

    status, code, sdk_code = 403, 899049, 881106


class NoSuchGroupToShield(NotFound):
    """There is no such group."""

    status, code, sdk_code = 403, 899051, 881201


class NotMemberToShield(NotAllowed):
    """The user is not in the group."""

    status, code, sdk_code = 403, 899046, 881202


class AlreadyShielded(NotAllowed):
    """The messages of the group are shielded already."""

    status, code, sdk_code = 403, 899052, 881203


class NotShielded(NotAllowed):
    """The messages of the group are not shielded."""

    status, code, sdk_code = 403, 899053, 881204


class AlreadyInGroup(NotAllowed):
    """You are in the group already."""

    status, code, sdk_code = 400, 899011, 880610


class GroupNotPublic(NotAllowed):
    """Only public groups can be asked for."""

    sdk_code = 880611


class RequestNotOpen(NotAllowed):
    """No such request waits for an answer."""

    sdk_code = 880612
