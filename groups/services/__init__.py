"""The operations on groups. Each keeps Membership and messaging's Participant in step, and tells everyone concerned.

Rows are locked in one order: users by id, the group, its conversation, the participants.
"""

from groups.services.common import lock_group
from groups.services.groups import create_group, dissolve, restore, update_info
from groups.services.joining import accept_request, ask_to_join, invite, refuse_request
from groups.services.members import change_members, leave_all_groups, leave_group, lock_all_groups
from groups.services.quiet import change_no_disturb, change_shields
from groups.services.roles import (
    FOREVER,
    add_keepers,
    remove_keepers,
    silence_members,
    transfer_group,
    unsilence_members,
)

__all__ = [
    "FOREVER",
    "accept_request",
    "add_keepers",
    "ask_to_join",
    "change_members",
    "change_no_disturb",
    "change_shields",
    "create_group",
    "dissolve",
    "invite",
    "leave_all_groups",
    "leave_group",
    "lock_all_groups",
    "lock_group",
    "refuse_request",
    "remove_keepers",
    "restore",
    "silence_members",
    "transfer_group",
    "unsilence_members",
    "update_info",
]
