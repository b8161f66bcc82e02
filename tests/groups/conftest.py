import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Application
from groups import services
from tests.cast import register
from tests.door import Rest


@pytest.fixture
def club(application, alice, bob):
    """alice's private group, with bob in it."""
    return services.create_group("Club", owner=alice, members=[bob], by=Actor.server(application))


@pytest.fixture
def server(application):
    return Actor.server(application)


@pytest.fixture
def sister(application):
    """Another application of the same owner, in another time zone."""
    made, _ = accounts.create_application("Sister", by=None)
    Application.objects.filter(pk=made.pk).update(owner=application.owner, time_zone="Europe/Paris")
    return Application.objects.select_related("owner").get(pk=made.pk)


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.fixture
def elsewhere(other_application):
    return Rest(other_application)


@pytest.fixture
def sisters(sister):
    """Users of the sister application by name; one bears a name that alice's friends know."""
    return register(sister, "sara1", "steve", "bobby")
