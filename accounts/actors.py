"""Who performs an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from accounts.models import Application, Operator, User


@dataclass(frozen=True, slots=True)
class Actor:
    """A user in a session, the application's server, an operator at the console, or the system. Passed as `by`."""

    kind: Literal["user", "server", "operator", "system"]
    application: Application
    user: User | None = None
    operator: Operator | None = None
    sid: str | None = None  # the connection that asked: it is not told of its own doing
    device_class: str | None = None
    login_id: int = 0  # the Session row: a connection may log in again after its session was ended

    @classmethod
    def of(cls, user: User, *, sid: str | None = None, device_class: str | None = None, login_id: int = 0) -> Self:
        return cls("user", user.application, user=user, sid=sid, device_class=device_class, login_id=login_id)

    @classmethod
    def server(cls, application: Application) -> Self:
        return cls("server", application)

    @classmethod
    def operator_of(cls, application: Application, operator: Operator) -> Self:
        return cls("operator", application, operator=operator)

    @classmethod
    def system(cls, application: Application) -> Self:
        return cls("system", application)

    @property
    def is_user(self) -> bool:
        return self.kind == "user"

    @property
    def user_id(self) -> int:
        """The id of the acting user, 0 for the others."""
        return self.user.pk if self.user else 0

    @property
    def is_privileged(self) -> bool:
        """Server, operator and system stand above the rules for members."""
        return self.kind != "user"

    def __str__(self) -> str:
        return f"{self.kind} {self.user or self.operator or self.application}"
