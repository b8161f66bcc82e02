"""Making users for tests, through the services."""

from accounts import services
from accounts.actors import Actor
from accounts.models import Application, User
from accounts.passwords import md5_hex

PASSWORD = "secret"
PASSWORD_MD5 = md5_hex(PASSWORD)


def register(application: Application, *usernames: str, **profile: object) -> dict[str, User]:
    """Users of these names by name, all with the password `secret` and the same profile."""
    wanted = [{"username": name, "password": PASSWORD_MD5, **profile} for name in usernames]
    users = services.register(application, wanted, by=Actor.server(application))
    for user in users:
        if isinstance(user, Exception):
            raise user
    return {user.username: user for user in users}
