"""What happens to groups, on its way to sockets and stored for those who are away. Source: Web SDK, event_notification 8 to 12."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from accounts.models import User, briefs
from groups.models import Group
from imsite.core.events import Event


@dataclass(frozen=True, kw_only=True)
class GroupEvent(Event):
    """Who did what to a group. The application's server, operators and the system have no name on the wire: "" and 0."""

    gid: int
    group_name: str
    group_avatar: str
    from_username: str = ""
    from_appkey: str = ""
    from_uid: int = 0
    from_nickname: str = ""
    users: Sequence[dict[str, Any]] = ()  # brief users whom it concerns
    new_owner: dict[str, str] | None = None  # appkey and username, where the owner went

    @classmethod
    def of(cls, group: Group, users: Sequence[User], *, by: User | None, new_owner: User | None = None) -> Self:
        """`by` is the user who acted, None for the others. All users come with their application loaded."""
        return cls(
            application_id=group.application_id,
            gid=group.pk,
            group_name=group.name,
            group_avatar=group.avatar,
            from_username=by.username if by else "",
            from_appkey=by.application.appkey if by else "",
            from_uid=by.pk if by else 0,
            from_nickname=by.nickname if by else "",
            users=briefs(users),
            new_owner={"appkey": new_owner.application.appkey, "username": new_owner.username} if new_owner else None,
        )


class GroupCreated(GroupEvent):
    """The group exists, or exists again; `users` is its owner."""


class MemberLeft(GroupEvent):
    """`users` is the one who left, who is also the one who acted."""


class GroupDissolved(GroupEvent):
    """The group is gone; `users` are those who were in it."""


class MembersAdded(GroupEvent):
    """`users` are in the group now."""


class MembersRemoved(GroupEvent):
    """`users` were taken out of the group."""


class GroupInfoChanged(GroupEvent):
    """Name, description or avatar are other ones; `users` is who changed them."""
