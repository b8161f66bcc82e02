"""Web SDK: friends, blacklist, do-not-disturb. Source: Web SDK, friends; event_notification, types 5 to 7, 37, 38, 100 to 102."""

from __future__ import annotations

from typing import Any

import orjson

from accounts.errors import NoInvitation
from accounts.events import (
    BlacklistChanged,
    FriendChange,
    FriendInvited,
    FriendRemoved,
    FriendsChanged,
    InvitationAnswered,
    NoDisturbChanged,
    OwnBlacklistChanged,
    OwnFriendsChanged,
    OwnNoDisturbChanged,
)
from accounts.serializers import notification
from imsite.realtime.dispatch import pushed

Data = dict[str, Any]

DECLINED = NoInvitation.sdk_code  # the return_code of a no; clients only ask whether it is 0


@pushed(FriendInvited)
def friend_invited(event: FriendInvited) -> tuple[str, Data]:
    """Event 5, extra 1: somebody would like to be friends; `description` is why. Source: Web SDK, event_notification."""
    return notification(event, 5, extra=1, **_from(event), to_usernames=list(event.users), description=event.why)


@pushed(InvitationAnswered)
def invitation_answered(event: InvitationAnswered) -> tuple[str, Data]:
    """Event 5, extra 2: the answer; `return_code` is 0 for a yes. Source: Web SDK, event_notification."""
    return notification(
        event,
        5,
        extra=2,
        **_from(event),
        to_usernames=list(event.users),
        description=event.why,
        return_code=0 if event.accepted else DECLINED,
    )


@pushed(FriendRemoved)
def friend_removed(event: FriendRemoved) -> tuple[str, Data]:
    """Event 6: somebody ended the friendship with the receiver. Source: Web SDK, event_notification."""
    return notification(event, 6, **_from(event))


@pushed(FriendsChanged)
def friends_changed(event: FriendsChanged) -> tuple[str, Data]:
    """Event 7: the friend list was changed over REST; it tells no details. Source: Web SDK, event_notification."""
    return notification(event, 7, description=event.description)


@pushed(NoDisturbChanged)
def no_disturb_changed(event: NoDisturbChanged) -> tuple[str, Data]:
    """Event 37: do-not-disturb was changed over REST; it tells no details. Source: Web SDK, event_notification."""
    return notification(event, 37)


@pushed(BlacklistChanged)
def blacklist_changed(event: BlacklistChanged) -> tuple[str, Data]:
    """Event 38: the blacklist was changed over REST; it tells no details. Source: Web SDK, event_notification."""
    return notification(event, 38)


@pushed(OwnFriendsChanged)
def own_friends_changed(event: OwnFriendsChanged) -> tuple[str, Data]:
    """Event 100: changed by another session of the user; `extra` 5 added, 6 removed, 7 noted.

    The note is JSON text, as the SDK parses it. Source: Web SDK, event_notification.
    """
    more: Data = {}
    if event.change == FriendChange.ADDED:
        more["media_id"] = event.users[0]["avatar"] if event.users else ""
    if event.change == FriendChange.NOTED:
        note = {"memo_name": event.note_name, "memo_others": event.others}
        more["description"] = orjson.dumps(note).decode()
    return notification(event, 100, extra=event.change, **_own(event), **more)


@pushed(OwnBlacklistChanged)
def own_blacklist_changed(event: OwnBlacklistChanged) -> tuple[str, Data]:
    """Event 101: changed by another session of the user; `extra` 1 added, 2 removed. Source: Web SDK, event_notification."""
    return notification(event, 101, extra=event.change, **_own(event))


@pushed(OwnNoDisturbChanged)
def own_no_disturb_changed(event: OwnNoDisturbChanged) -> tuple[str, Data]:
    """Event 102: changed by another session of the user; `extra` 31/32 for users, 35/36 global. Source: Web SDK, event_notification."""
    return notification(event, 102, extra=event.change, **_own(event))


def _from(event: FriendInvited | InvitationAnswered | FriendRemoved) -> Data:
    return {
        "from_username": event.username,
        "from_appkey": event.appkey,
        "from_uid": event.user_id,
        "from_nickname": event.nickname,
        "media_id": event.avatar,
    }


def _own(event: OwnFriendsChanged | OwnBlacklistChanged | OwnNoDisturbChanged) -> Data:
    return {
        "from_uid": event.user_id,
        "from_username": event.username,
        "from_appkey": event.appkey,
        "to_usernames": list(event.users),
    }
