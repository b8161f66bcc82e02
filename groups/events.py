"""What happens to groups, on its way to sockets and stored for those who are away. Source: Web SDK, event_notification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from accounts.models import User, briefs
from groups.models import Group
from imsite.core.events import Event

NAMED_MOST = 100  # in one's own copy of a group's end


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


@dataclass(frozen=True, kw_only=True)
class GroupDissolved(GroupEvent):
    """The group is gone; `users` are those who were in it, everyone's own copy with themself first."""

    is_personal: ClassVar[bool] = True
    user_ids: Sequence[int] = ()  # of `users`

    @classmethod
    def to(cls, group: Group, users: Sequence[User]) -> Self:
        return replace(cls.of(group, users, by=None), user_ids=tuple(user.pk for user in users))

    def seen_by(self, user_id: int) -> Self:
        """With this user first: clients take the first for the one who has gone. At most NAMED_MOST are named.

        Everybody's copy with everybody in it would make the end of a group of 2,000 cost 400 MB of frames.
        """
        if user_id not in self.user_ids:
            return replace(self, users=self.users[:NAMED_MOST], user_ids=())
        place = self.user_ids.index(user_id)
        others = [*self.users[: min(place, NAMED_MOST)], *self.users[place + 1 : NAMED_MOST + 1]]
        return replace(self, users=[self.users[place], *others[: NAMED_MOST - 1]], user_ids=())


class MembersSilenced(GroupEvent):
    """`users` may not speak in the group any more."""


class SilenceLifted(GroupEvent):
    """`users` may speak in the group again."""


class KeepersAdded(GroupEvent):
    """`users` are keepers of the group now."""


class KeepersRemoved(GroupEvent):
    """`users` are plain members of the group now."""


class OwnerChanged(GroupEvent):
    """`users` is the new owner; the old one is named as who acted, whoever did."""


class MembersAdded(GroupEvent):
    """`users` are in the group now."""


class MembersAdmitted(GroupEvent):
    """`users` are in the group now, because they had asked."""


@dataclass(frozen=True, kw_only=True)
class JoinRequested(GroupEvent):
    """`users` is who would like to come in, or whom a member would like to have in."""

    request_id: int  # how answers name it: the same for all who are asked
    by_self: bool
    reason: str = ""

    @classmethod
    def to(cls, group: Group, user: User, *, request_id: int, inviter: User | None, reason: str) -> Self:
        asked = GroupEvent.of(group, [user], by=inviter or user)
        return cls(**vars(asked), request_id=request_id, by_self=inviter is None, reason=reason)


@dataclass(frozen=True, kw_only=True)
class JoinRefused(GroupEvent):
    """`users` is who may not come in; told to the one who had asked."""

    reason: str = ""
    request_id: int = 0

    @classmethod
    def because(cls, group: Group, user: User, reason: str, *, by: User | None, request_id: int = 0) -> Self:
        return replace(cls.of(group, [user], by=by), reason=reason, request_id=request_id)


class JoinRefusedElsewhere(JoinRefused):
    """The same, told to the others who could have answered."""


class MembersRemoved(GroupEvent):
    """`users` were taken out of the group."""


class GroupInfoChanged(GroupEvent):
    """Name, description or avatar are other ones; `users` is who changed them."""


# What a user sees of groups, told to that user alone


@dataclass(frozen=True, kw_only=True)
class ShieldsChanged(Event):
    """The user's shields against groups were changed by the server or an operator; clients read them again."""


@dataclass(frozen=True, kw_only=True)
class OwnGroupSetting(Event):
    """The user changed how groups reach them, on another device."""

    user_id: int
    username: str
    appkey: str
    groups: Sequence[dict[str, Any]]  # group objects of the wire
    on: bool

    @classmethod
    def to(cls, user: User, groups: Sequence[dict[str, Any]], *, on: bool) -> Self:
        return cls(
            application_id=user.application_id,
            user_id=user.pk,
            username=user.username,
            appkey=user.application.appkey,
            groups=groups,
            on=on,
        )


class OwnShieldsChanged(OwnGroupSetting):
    """The user shielded groups, or lifted that."""


class OwnGroupNoDisturbChanged(OwnGroupSetting):
    """The user is not to be disturbed by groups, or is again."""
