"""Passwords of chat accounts: Argon2id over md5(password), since the Web SDK brings nothing but the md5.

The cost is a setting; a hash of another cost is replaced at the next login. 500 registrations must answer within 30 s.
Source: Web SDK, register, login.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError
from django.conf import settings

if TYPE_CHECKING:
    from accounts.models import User


def md5_hex(plain: str) -> str:
    """Lower-case hex md5 of the plain password's UTF-8 bytes, as clients send it."""
    return hashlib.md5(plain.encode(), usedforsecurity=False).hexdigest()


def hash_md5(md5: str) -> str:
    """The salted hash to store for a lower-case hex md5."""
    return _hasher(settings.ARGON2_TIME, settings.ARGON2_MEMORY_KIB).hash(md5)


def hash_many(md5s: Sequence[str]) -> list[str]:
    """The hashes in the same order, computed on all cores: Argon2 runs without the interpreter's lock."""
    return list(_pool().map(hash_md5, md5s)) if len(md5s) > 1 else [hash_md5(md5) for md5 in md5s]


def verify(user: User, md5: str) -> bool:
    """Whether `md5` (hex, any letter case) is that of the user's password."""
    try:
        return _hasher(settings.ARGON2_TIME, settings.ARGON2_MEMORY_KIB).verify(user.password, md5.lower())
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made at another cost than today's."""
    return _hasher(settings.ARGON2_TIME, settings.ARGON2_MEMORY_KIB).check_needs_rehash(stored)


@cache
def _hasher(time_cost: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 2, thread_name_prefix="imsite-hash")
