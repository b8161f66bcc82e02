import pytest
from django.test import Client

from accounts import services


@pytest.fixture
def root(db):
    """A superuser."""
    return services.create_operator("root1")[0]


@pytest.fixture
def console(root):
    """A browser in which the superuser is signed in."""
    client = Client()
    client.force_login(root)
    return client
