"""The first lock of every operation that changes what users are to each other, or to groups and rooms."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.errors import NoSuchUser
from accounts.models import User


def lock_users(users: Sequence[User]) -> list[User]:
    """These users as they are now, each once, in the order given, locked until the transaction ends: none is deleted meanwhile.

    They may be of several applications, which are loaded with them; the caller has looked who may reach whom. Everyone
    locks by id, so that nobody waits in a circle. NoSuchUser (899002) where one was deleted.
    """
    rows = User.objects.filter(pk__in={user.pk for user in users}, deleted_at=None).select_related("application")
    found = {user.pk: user for user in rows.select_for_update(of=("self",), no_key=True).order_by("pk")}
    if missing := [user.username for user in users if user.pk not in found]:
        raise NoSuchUser(f"no such user: {', '.join(missing[:5])}")
    return [found[pk] for pk in dict.fromkeys(user.pk for user in users)]
