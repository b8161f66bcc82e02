"""The people of the bench: `python -m bench.world USERS` makes tables, an application, users and a group; prints them as JSON."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import Any

PASSWORD = "bench"
GROUP_SIZE = 500
PAIRS = 50
ADMIN = "backend"


@dataclass(frozen=True)
class World:
    """Users are u0000, u0001, ...; the first `GROUP_SIZE` are the group's members, the owner first."""

    appkey: str
    secret: str
    gid: int
    users: int

    @staticmethod
    def name(number: int) -> str:
        return f"u{number:04}"


def make(users: int) -> World:
    from accounts import passwords, services
    from accounts.actors import Actor
    from groups.services import create_group

    application, secret = services.create_application("Bench")
    by = Actor.server(application)
    password = passwords.md5_hex(PASSWORD)
    profiles: list[dict[str, Any]] = [{"username": World.name(n), "password": password} for n in range(users)]
    people = []
    for start in range(0, users, 500):
        people += services.register(application, profiles[start : start + 500], by=by)
    services.register_admin(application, {"username": ADMIN, "password": password}, by=by)
    group = create_group("Everyone", owner=people[0], members=people[1:GROUP_SIZE], by=by)
    return World(application.appkey, secret, group.pk, users)


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "imsite.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    print(json.dumps(asdict(make(int(sys.argv[1])))))


if __name__ == "__main__":
    main()
