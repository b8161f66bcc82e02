"""The conversation of two users: one, whoever writes first, and only once somebody may."""

import pytest
from django.db import connection, transaction

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Application, Block, Friendship
from imsite.core.errors import ImError
from messaging.errors import Blocked, NoSuchTarget, NotFriends, TooLong
from messaging.models import Conversation, Message, Participant
from messaging.services import sending
from messaging.services.pairs import open_pair, pair_id
from messaging.targets import resolve
from tests.cast import register
from tests.messaging.conftest import announce, say, target_of, text
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pair_has_one_conversation_from_both_sides(alice, bob):
    opened = open_pair(alice, bob)
    assert open_pair(bob, alice) == opened
    assert (opened.kind, opened.key, opened.application) == ("single", f"{alice.pk}:{bob.pk}", alice.application)
    assert set(opened.participants.values_list("user_id", flat=True)) == {alice.pk, bob.pk}


def test_a_conversation_with_oneself_has_one_participant(alice):
    assert open_pair(alice, alice).participants.count() == 1
    assert say(alice, alice).seq == 1


def test_a_pair_that_many_open_at_once_is_one(alice, bob):
    opened = together(*[lambda: open_pair(alice, bob).pk, lambda: open_pair(bob, alice).pk] * 4)
    assert len(set(opened)) == 1
    assert Participant.objects.count() == 2


def test_two_who_write_each_other_first_at_once_share_a_conversation(alice, bob):
    def first(sender, receiver):
        return lambda: say(sender, receiver).conversation_id

    assert len(set(together(*[first(alice, bob), first(bob, alice)] * 3))) == 1
    assert Conversation.objects.get().last_seq == 6


def test_finding_a_user_opens_nothing(alice, bob):
    target = target_of(alice, bob)
    assert (target.conversation_id, target.peer, target.target_id) == (0, bob, "bobby")
    assert not Conversation.objects.exists()
    conversation_id = say(alice, bob).conversation_id
    assert target_of(alice, bob).conversation_id == target_of(bob, alice).conversation_id == conversation_id


def test_a_refused_first_message_opens_nothing(alice, bob, application, settings):
    Block.objects.create(owner=bob, target=alice)
    with pytest.raises(Blocked):
        say(alice, bob)
    with pytest.raises(TooLong):
        say(bob, alice, "x" * settings.SOCKET_CONTENT_BYTES)
    Application.objects.filter(pk=application.pk).update(settings={"friends_only": True})
    alice.application = application = Application.objects.get(pk=application.pk)
    with pytest.raises(NotFriends):
        say(alice, register(application, "frida")["frida"])
    assert not Conversation.objects.exists()
    assert not Participant.objects.exists()


def test_only_friends_of_the_receiver_write_where_the_application_asks_for_it(alice, bob, carol, application):
    Application.objects.filter(pk=application.pk).update(settings={"friends_only": True})
    for user in (alice, bob, carol):
        user.application = Application.objects.get(pk=application.pk)
    Friendship.objects.create(owner=bob, friend=alice)  # bob has alice in his list
    assert say(alice, bob).seq == 1
    with pytest.raises(NotFriends):
        say(bob, alice)
    Friendship.objects.all().delete()
    with pytest.raises(NotFriends):
        say(alice, bob)
    assert announce(carol, bob).seq == 1  # the application's own


@pytest.mark.parametrize("name", ["nobody", "Alice", "a\0b", "", "x" * 200])
def test_a_name_that_nobody_has_is_no_target(alice, name):
    with pytest.raises(NoSuchTarget):
        resolve(alice.application, "single", name, by=Actor.of(alice), sender=alice)


def test_another_owners_application_is_out_of_reach(alice, eve):
    with pytest.raises(ImError) as refused:
        target_of(alice, eve)
    assert refused.value.sdk_code == 880203
    assert not Conversation.objects.exists()


def test_applications_of_one_owner_share_conversations(alice, application):
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    zoe = register(sister, "zoe22")["zoe22"]
    sent = say(alice, zoe)
    assert say(zoe, alice).conversation_id == sent.conversation_id
    assert Conversation.objects.get().application == alice.application  # of the lower user id
    rows = Message.objects.order_by("seq").values_list("application_id", flat=True)
    assert list(rows) == [application.pk, sister.pk]  # the sender's


def test_a_deleted_users_name_is_a_new_person_at_once(alice, bob, server, application):
    first = say(alice, bob)
    accounts.delete_user(bob, by=server)
    with pytest.raises(NoSuchTarget):
        say(alice, bob)
    reborn = register(application, "bobby")["bobby"]
    second = say(alice, reborn)
    assert second.conversation_id != first.conversation_id
    assert second.seq == 1


def test_what_a_transaction_finds_is_not_remembered(alice, bob):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sending.insert(target_of(alice, bob), text("lost"), by=Actor.of(alice))
        assert pair_id(alice, bob)
        raise ZeroDivisionError
    assert pair_id(alice, bob) == 0
    assert say(alice, bob).seq == 1


def test_a_pair_is_found_without_a_query_once_it_is_known(alice, bob, django_assert_num_queries):
    say(alice, bob)
    target_of(alice, bob)
    with django_assert_num_queries(0):
        target_of(alice, bob)
        sending.prepare(target_of(alice, bob), text("hi"), by=Actor.of(alice))
    assert connection.in_atomic_block is False
