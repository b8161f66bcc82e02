"""REST: groups. Source: REST API, Group."""

from groups.api.across import CrossGroupMembers, CrossGroupsOfUser
from groups.api.groups import AddedMembers, GroupMembers, Groups, GroupsOfUser, OneGroup, RemovedMembers
from groups.api.members import Owner, Silence
from groups.api.quiet import CrossUserNoDisturb, GroupsShield, UserNoDisturb

__all__ = [
    "AddedMembers",
    "CrossGroupMembers",
    "CrossGroupsOfUser",
    "CrossUserNoDisturb",
    "GroupMembers",
    "Groups",
    "GroupsOfUser",
    "GroupsShield",
    "OneGroup",
    "Owner",
    "RemovedMembers",
    "Silence",
    "UserNoDisturb",
]
