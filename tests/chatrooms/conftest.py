import pytest

from accounts.actors import Actor
from chatrooms import services
from imsite.core import bus


@pytest.fixture
def server(application):
    return Actor.server(application)


@pytest.fixture
def lobby(application, alice, server):
    """alice's room, with nobody else in it."""
    return services.create_room("Lobby", owner=alice, description="all welcome", by=server)


@pytest.fixture
def heard(monkeypatch, django_capture_on_commit_callbacks):
    """What the hub was told when a block of code committed: `with heard() as calls`; calls are (what, topic, user ids)."""
    from contextlib import contextmanager

    @contextmanager
    def listen():
        calls = []
        for what in ("join", "leave"):
            monkeypatch.setattr(
                bus, what, lambda topic, user_ids, version, what=what: calls.append((what, topic, list(user_ids)))
            )
        with django_capture_on_commit_callbacks(execute=True):
            yield calls

    return listen


@pytest.fixture
def sister(application):
    """Another application of the same owner."""
    from accounts import services

    return services.create_application("Sister", owner=application.owner.name, by=None)[0]


@pytest.fixture
def twin(sister):
    """A user of the sister application who has the name of alice."""
    from tests.cast import register

    return register(sister, "alice")["alice"]
