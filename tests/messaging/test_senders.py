import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.errors import NoSuchUser
from messaging.services import sending

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sender_is_read_once_for_many_sends(alice, django_assert_num_queries):
    application = alice.application
    first = sending.sender_named(application, "alice")
    with django_assert_num_queries(0):
        assert sending.sender_named(application, "alice") is first


def test_a_deleted_sender_is_forgotten_at_once(alice):
    application = alice.application
    assert sending.sender_named(application, "alice") == alice
    accounts.delete_user(alice, by=Actor.server(application))
    with pytest.raises(NoSuchUser):
        sending.sender_named(application, "alice")


def test_a_sender_of_another_application_is_not_found(alice, eve):
    assert sending.sender_named(eve.application, "eve22") == eve
    with pytest.raises(NoSuchUser):
        sending.sender_named(alice.application, "eve22")
