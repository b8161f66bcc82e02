"""The operations on groups. Each keeps Membership and messaging's Participant in step, and tells everyone concerned.

Rows are locked in one order: users by id, the group, its conversation, the participants.
"""

from groups.services.common import lock_group
from groups.services.groups import create_group, dissolve, restore, update_info
from groups.services.members import change_members, leave_all_groups, leave_group, lock_all_groups
from groups.services.quiet import change_no_disturb, change_shields
from groups.services.roles import add_keepers, remove_keepers, silence_members, transfer_group, unsilence_members

__all__ = [
    "add_keepers",
    "change_members",
    "change_no_disturb",
    "change_shields",
    "create_group",
    "dissolve",
    "leave_all_groups",
    "leave_group",
    "lock_all_groups",
    "lock_group",
    "remove_keepers",
    "restore",
    "silence_members",
    "transfer_group",
    "unsilence_members",
    "update_info",
]
