"""Facts about accounts and sessions. Source: Web SDK, event_notification, types 1, 2 and 40."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from accounts.models import User
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
