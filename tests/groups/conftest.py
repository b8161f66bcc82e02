import pytest

from accounts.actors import Actor
from groups import services


@pytest.fixture
def club(application, alice, bob):
    """alice's private group, with bob in it."""
    return services.create_group("Club", owner=alice, members=[bob], by=Actor.server(application))


@pytest.fixture
def server(application):
    return Actor.server(application)
