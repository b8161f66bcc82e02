"""What a new version does to the rows of an old one."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.actors import Actor
from accounts.models import User
from messaging.errors import RequestKeyReused
from messaging.models import Conversation, Message
from messaging.sends import RequestKey
from messaging.services import sending
from tests.cast import register
from tests.messaging.conftest import target_of, text

pytestmark = pytest.mark.django_db(transaction=True)


def state_at(name):
    """The tables of messaging taken to this migration, all others left as they are; the models of that moment."""
    executor = MigrationExecutor(connection)
    executor.migrate([("messaging", name)])
    executor.loader.build_graph()
    others = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] != "messaging"]
    return executor.loader.project_state([*others, ("messaging", name)]).apps


@pytest.fixture
def newest_again():
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_keys_of_the_first_version_are_kept_for_the_first_of_an_application(alice, bob, eve, newest_again):
    register(eve.application, "frank")
    talk = Conversation.objects.create(application=alice.application, kind="group")
    old = state_at("0001_initial").get_model("messaging", "Message")

    def sent(sender, client_id):
        return old.objects.create(
            application_id=sender.application_id, conversation_id=talk.pk, sender_id=sender.pk, client_id=client_id,
            fingerprint="f" * 32, type="text", content="{}", created_ms=1,
        ).pk  # fmt: skip

    first, second = sent(alice, "key:order-7"), sent(bob, "key:order-7")
    theirs, plain, like = sent(eve, "key:order-7"), sent(alice, "own:order-7"), sent(alice, "keyring")

    new = state_at("0002_message_request_key").get_model("messaging", "Message")
    keys = dict(new.objects.values_list("pk", "request_key"))
    assert keys == {first: "order-7", second: None, theirs: "order-7", plain: None, like: None}
    state_at("0001_initial")
    assert old.objects.count() == 5


def test_a_key_of_the_first_version_is_a_conflict_and_no_second_message(alice, bob, newest_again):
    talk = Conversation.objects.create(application=alice.application, kind="group")
    old = state_at("0001_initial").get_model("messaging", "Message")
    for sender in (alice, bob):
        old.objects.create(
            application_id=sender.application_id, conversation_id=talk.pk, sender_id=sender.pk, client_id="key:order-7",
            fingerprint="f" * 32, type="text", content="{}", created_ms=1,
        )  # fmt: skip
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    by = Actor.server(alice.application)
    for sender in User.objects.filter(pk__in=(alice.pk, bob.pk)):
        with pytest.raises(RequestKeyReused):
            sending.send(
                target_of(alice, bob, by=by), text("hi"), by=by, sender=sender, request=RequestKey("order-7", "g" * 32)
            ).result(20)
    assert Message.objects.count() == 2
