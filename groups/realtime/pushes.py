"""How events of groups look on the wire. Source: Web SDK, event_notification."""

from __future__ import annotations

from typing import Any

from accounts.events import NoDisturbChange
from accounts.serializers import notification
from groups.events import (
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    GroupInfoChanged,
    JoinRefused,
    JoinRefusedElsewhere,
    JoinRequested,
    KeepersAdded,
    KeepersRemoved,
    MemberLeft,
    MembersAdded,
    MembersAdmitted,
    MembersRemoved,
    MembersSilenced,
    OwnerChanged,
    OwnGroupNoDisturbChanged,
    OwnGroupSetting,
    OwnShieldsChanged,
    ShieldsChanged,
    SilenceLifted,
)
from imsite.realtime.dispatch import pushed

Data = dict[str, Any]

CREATED, LEFT, ADDED, REMOVED, INFO_CHANGED = 8, 9, 10, 11, 12  # event types
JOIN_REQUESTED, JOIN_REFUSED, JOIN_REFUSED_ELSEWHERE = 56, 57, 58
BY_SELF, BY_MEMBER = 59, 10  # `extra` of JOIN_REQUESTED
ADMITTED = 2  # `extra` of an ADDED that answers a request
SILENCE, KEEPERS, OWNER = 65, 80, 82
SHIELDS, OWN_NO_DISTURB, OWN_SHIELDS = 39, 102, 103
ON, OFF = 1, 2  # `extra` of SILENCE, KEEPERS, OWN_SHIELDS
DISSOLVED = 69  # `extra` of a LEFT that is the group's end


def rendered(event: GroupEvent, event_type: int, *, extra: int = 0, **more: Any) -> tuple[str, Data]:
    """What all events of groups carry, and `more`."""
    members = {
        "gid": event.gid,
        "from_gid": event.gid,
        "group_name": event.group_name,
        "media_id": event.group_avatar,
        "from_username": event.from_username,
        "from_appkey": event.from_appkey,
        "from_uid": event.from_uid,
        "from_nickname": event.from_nickname,
        "to_usernames": list(event.users),
        **more,
    }
    if event.new_owner:
        members["new_owner"] = event.new_owner
    return notification(event, event_type, extra=extra, **members)


@pushed(GroupCreated)
def group_created(event: GroupCreated) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 8."""
    return rendered(event, CREATED)


@pushed(MemberLeft)
def member_left(event: MemberLeft) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 9."""
    return rendered(event, LEFT)


@pushed(GroupDissolved)
def group_dissolved(event: GroupDissolved) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 9 with extra 69."""
    return rendered(event, LEFT, extra=DISSOLVED)


@pushed(MembersAdded)
def members_added(event: MembersAdded) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 10."""
    return rendered(event, ADDED)


@pushed(MembersAdmitted)
def members_admitted(event: MembersAdmitted) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 10 with extra 2."""
    return rendered(event, ADDED, extra=ADMITTED)


@pushed(JoinRequested)
def join_requested(event: JoinRequested) -> tuple[str, Data]:
    """`event_id` names the request for its answer. Source: Web SDK, event_notification, type 56 with extra 59 or 10."""
    if event.by_self:
        return rendered(event, JOIN_REQUESTED, extra=BY_SELF, event_id=event.request_id, description=event.reason)
    return rendered(event, JOIN_REQUESTED, extra=BY_MEMBER, event_id=event.request_id)


@pushed(JoinRefused)
def join_refused(event: JoinRefused) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 57."""
    return rendered(event, JOIN_REFUSED, description=event.reason)


@pushed(JoinRefusedElsewhere)
def join_refused_elsewhere(event: JoinRefusedElsewhere) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 58."""
    return rendered(event, JOIN_REFUSED_ELSEWHERE, description=event.reason, from_eventid=event.request_id)


@pushed(MembersRemoved)
def members_removed(event: MembersRemoved) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 11."""
    return rendered(event, REMOVED)


@pushed(GroupInfoChanged)
def group_info_changed(event: GroupInfoChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 12."""
    return rendered(event, INFO_CHANGED)


@pushed(MembersSilenced)
def members_silenced(event: MembersSilenced) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 65 with extra 1."""
    return rendered(event, SILENCE, extra=ON)


@pushed(SilenceLifted)
def silence_lifted(event: SilenceLifted) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 65 with extra 2."""
    return rendered(event, SILENCE, extra=OFF)


@pushed(KeepersAdded)
def keepers_added(event: KeepersAdded) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 80 with extra 1."""
    return rendered(event, KEEPERS, extra=ON)


@pushed(KeepersRemoved)
def keepers_removed(event: KeepersRemoved) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 80 with extra 2."""
    return rendered(event, KEEPERS, extra=OFF)


@pushed(OwnerChanged)
def owner_changed(event: OwnerChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 82."""
    return rendered(event, OWNER)


@pushed(ShieldsChanged)
def shields_changed(event: ShieldsChanged) -> tuple[str, Data]:
    """It tells no details: clients read their shields again. Source: Web SDK, event_notification, type 39."""
    return notification(event, SHIELDS)


@pushed(OwnShieldsChanged)
def own_shields_changed(event: OwnShieldsChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 103."""
    return _own(event, OWN_SHIELDS, ON if event.on else OFF)


@pushed(OwnGroupNoDisturbChanged)
def own_no_disturb_changed(event: OwnGroupNoDisturbChanged) -> tuple[str, Data]:
    """Source: Web SDK, event_notification, type 102 with extra 33 or 34."""
    return _own(event, OWN_NO_DISTURB, NoDisturbChange.GROUP_ON if event.on else NoDisturbChange.GROUP_OFF)


def _own(event: OwnGroupSetting, event_type: int, extra: int) -> tuple[str, Data]:
    own = {"from_username": event.username, "from_appkey": event.appkey, "from_uid": event.user_id}
    return notification(event, event_type, extra=int(extra), to_groups=list(event.groups), **own)
