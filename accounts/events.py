"""Facts about accounts, sessions and what users are to each other. Source: Web SDK, event_notification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

from accounts.models import User, briefs
from imsite.core.events import Event


class OfflineReason(IntEnum):
    """Why a session was ended: `extra` of event 1."""

    OTHER_LOGIN = 0
    DISABLED = 1
    DELETED = 2


@dataclass(frozen=True, kw_only=True)
class _OfUser(Event):
    user_id: int
    username: str
    appkey: str

    @classmethod
    def of(cls, user: User) -> Self:
        application = user.application
        return cls(application_id=application.pk, user_id=user.pk, username=user.username, appkey=application.appkey)


@dataclass(frozen=True, kw_only=True)
class ForcedOffline(_OfUser):
    """A session was ended from elsewhere. Told to that session alone, never stored."""

    reason: int = OfflineReason.OTHER_LOGIN

    @classmethod
    def because(cls, user: User, reason: OfflineReason) -> Self:
        application = user.application
        return cls(
            application_id=application.pk,
            user_id=user.pk,
            username=user.username,
            appkey=application.appkey,
            reason=int(reason),
        )


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(_OfUser):
    """The password changed: every session but the one that changed it is over. Never stored."""


@dataclass(frozen=True, kw_only=True)
class ProfileChanged(_OfUser):
    """The user's own profile was changed by the server or an operator; clients read it again."""


# What others changed of the user's lists: told to all sessions, and kept for those who are away


@dataclass(frozen=True, kw_only=True)
class FriendsChanged(Event):
    """Friend lists were changed by the server or an operator; clients read them again."""

    description: str = "API"


@dataclass(frozen=True, kw_only=True)
class BlacklistChanged(_OfUser):
    """The user's blacklist was changed by the server or an operator; clients read it again."""


@dataclass(frozen=True, kw_only=True)
class NoDisturbChanged(_OfUser):
    """Whom the user is not to be disturbed by was changed by the server or an operator; clients read it again."""


@dataclass(frozen=True, kw_only=True)
class _FromUser(_OfUser):
    nickname: str
    avatar: str

    @classmethod
    def of(cls, user: User, **more: Any) -> Self:
        return cls(
            application_id=user.application_id,
            user_id=user.pk,
            username=user.username,
            appkey=user.application.appkey,
            nickname=user.nickname,
            avatar=user.avatar,
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class FriendInvited(_FromUser):
    """Somebody would like to be friends; told to the one who is asked."""

    why: str
    users: Sequence[dict[str, Any]]  # the one who is asked


@dataclass(frozen=True, kw_only=True)
class InvitationAnswered(_FromUser):
    """Somebody said yes or no; told to the one who had asked."""

    accepted: bool
    why: str
    users: Sequence[dict[str, Any]]  # the one who had asked


@dataclass(frozen=True, kw_only=True)
class FriendRemoved(_FromUser):
    """Somebody ended the friendship; told to the other one."""


# What the user changed: told to the user's other sessions, never stored, since the lists can be read


class FriendChange(IntEnum):
    """`extra` of event 100."""

    ADDED = 5
    REMOVED = 6
    NOTED = 7


class BlacklistChange(IntEnum):
    """`extra` of event 101."""

    ADDED = 1
    REMOVED = 2


class NoDisturbChange(IntEnum):
    """`extra` of event 102."""

    USER_ON = 31
    USER_OFF = 32
    GROUP_ON = 33
    GROUP_OFF = 34
    ALL_ON = 35
    ALL_OFF = 36


@dataclass(frozen=True, kw_only=True)
class _OwnChange(_OfUser):
    change: int
    users: Sequence[dict[str, Any]] = ()  # brief users whom it concerns

    @classmethod
    def to(cls, user: User, change: IntEnum, users: Sequence[User] = (), **more: Any) -> Self:
        """All users come with their application loaded."""
        return cls(
            application_id=user.application_id,
            user_id=user.pk,
            username=user.username,
            appkey=user.application.appkey,
            change=int(change),
            users=briefs(users),
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class OwnFriendsChanged(_OwnChange):
    """The user added, removed or noted friends on another device."""

    note_name: str = ""
    others: str = ""


@dataclass(frozen=True, kw_only=True)
class OwnBlacklistChanged(_OwnChange):
    """The user changed the blacklist on another device."""


@dataclass(frozen=True, kw_only=True)
class OwnNoDisturbChanged(_OwnChange):
    """The user changed on another device by whom, or whether at all, they are not to be disturbed."""
