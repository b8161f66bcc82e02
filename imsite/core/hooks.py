"""What a lower slice announces to higher ones without knowing them.

Filled in `AppConfig.ready`, called inside the announcer's transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Hook:
    """A list of functions that are all called, in the order in which they were added."""

    def __init__(self) -> None:
        self.functions: list[Callable[..., Any]] = []

    def add(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if function not in self.functions:
            self.functions.append(function)
        return function

    def __call__(self, *args: Any, **kwargs: Any) -> list[Any]:
        return [function(*args, **kwargs) for function in self.functions]


users_leaving = Hook()
"""`users_leaving(users)`: these accounts are about to go, all in one transaction; lock what `user_deleted` will change."""

user_deleted = Hook()
"""`user_deleted(user, by=actor)`: the account is about to go; leave groups, rooms, lists."""

user_logged_in = Hook()
"""`user_logged_in(user) -> dict[topic, version]`: what the new session listens to. Every answer is joined."""

session_ended = Hook()
"""`session_ended(user)`: the last session of this user in this process is gone; chat rooms are left."""
