"""REST: groups. Source: REST API, Group."""

from groups.api.groups import AddedMembers, GroupMembers, Groups, GroupsOfUser, OneGroup, RemovedMembers

__all__ = ["AddedMembers", "GroupMembers", "Groups", "GroupsOfUser", "OneGroup", "RemovedMembers"]
