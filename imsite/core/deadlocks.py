"""Two transactions that wait for each other: PostgreSQL ends one of them, whose work can be done again.

Operations take their locks in one order (users, groups and rooms, conversations, participants, and the order of events as
the last), so that this is rare; what is left of it is nobody's fault who called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

Result = TypeVar("Result")

DEADLOCK = "40P01"  # the SQLSTATE
ATTEMPTS = 4


def is_deadlock(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") == DEADLOCK


def unless_deadlocked(call: Callable[[], Result]) -> Result:
    """What `call` returns; it is called again where its transaction was ended so. For doors, outside of a transaction."""
    for _ in range(ATTEMPTS - 1):
        try:
            return call()
        except OperationalError as error:
            if connection.in_atomic_block or not is_deadlock(error):
                raise
    return call()
