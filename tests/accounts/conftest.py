"""The doors of the own application, of one of the same owner, and of another owner."""

import pytest

from accounts import services
from accounts.actors import Actor
from tests.cast import register
from tests.door import Rest


@pytest.fixture
def server(application):
    return Actor.server(application)


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.fixture
def elsewhere(other_application):
    return Rest(other_application)


@pytest.fixture
def sister(application):
    """Another application of the owner of `application`."""
    return services.create_application("Blog", owner=application.owner.name, by=None)[0]


@pytest.fixture
def frank(sister):
    """A user of the sister application."""
    return register(sister, "frank")["frank"]
