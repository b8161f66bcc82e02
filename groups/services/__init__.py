"""The operations on groups. Each keeps Membership and messaging's Participant in step, and tells everyone concerned.

Rows are locked in one order: users by id, the group, its conversation, the participants.
"""

from groups.services.common import lock_group
from groups.services.groups import create_group, dissolve, restore, update_info
from groups.services.members import change_members, leave_all_groups, leave_group

__all__ = [
    "change_members",
    "create_group",
    "dissolve",
    "leave_all_groups",
    "leave_group",
    "lock_group",
    "restore",
    "update_info",
]
