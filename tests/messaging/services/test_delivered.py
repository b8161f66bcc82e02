"""Acknowledgements: gathered in memory, written together, over what is contiguous."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from groups import services as groups
from messaging.models import Participant
from messaging.services import delivered
from tests.backing import wait_until
from tests.cast import register
from tests.messaging.conftest import say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def by_hand(monkeypatch):
    """Nothing is written by the clock."""
    monkeypatch.setattr(delivered, "FLUSH_SECONDS", 3600)


def cursor(user, group):
    return Participant.objects.get(user=user, conversation_id=group.pk).delivered_seq


def test_the_cursor_moves_over_what_is_contiguous(club, alice, bob):
    sent = [say(alice, club, str(number)) for number in range(5)]
    delivered.acknowledge(bob.pk, sent[0].message_id)
    delivered.acknowledge(bob.pk, sent[1].message_id)
    delivered.acknowledge(bob.pk, sent[3].message_id)
    delivered.flush(bob.pk)
    assert cursor(bob, club) == 2
    assert delivered.held(bob.pk) == {club.pk: {4}}
    delivered.acknowledge(bob.pk, sent[2].message_id)
    delivered.flush()
    assert cursor(bob, club) == 4
    assert delivered.held(bob.pk) == {}


def test_repeated_acknowledgements_and_older_ones_change_nothing(club, alice, bob):
    sent = [say(alice, club, str(number)) for number in range(3)]
    for _ in range(3):
        for one in sent:
            delivered.acknowledge(bob.pk, one.message_id)
        delivered.flush()
    assert cursor(bob, club) == 3
    delivered.acknowledge(bob.pk, sent[0].message_id)
    delivered.flush()
    assert cursor(bob, club) == 3
    assert delivered._acknowledged == {}


def test_who_sends_a_message_has_it(club, alice, bob, pushes):
    say(alice, club)
    delivered.flush()
    assert (cursor(alice, club), cursor(bob, club)) == (1, 0)


def test_what_this_process_did_not_send_is_looked_up(club, alice, bob):
    sent = say(alice, club)
    delivered.forget()
    delivered.acknowledge(bob.pk, sent.message_id)
    delivered.flush()
    assert cursor(bob, club) == 1


def test_ids_that_mean_nothing_to_the_user_change_nothing(club, alice, bob, dave):
    sent = say(alice, club)
    passing = say(alice, club, no_offline=True)
    before = list(Participant.objects.order_by("pk").values())
    for remembered in (True, False):
        if not remembered:
            delivered.forget()
        delivered.acknowledge(dave.pk, sent.message_id)
        delivered.acknowledge(bob.pk, passing.message_id)
        delivered.acknowledge(bob.pk, 123456789)
        delivered.acknowledge(bob.pk, 2**53)
        delivered.flush(bob.pk)
        delivered.flush(dave.pk)
    assert list(Participant.objects.order_by("pk").values()) == before
    assert not any(user_id == dave.pk for user_id, _ in delivered._acknowledged)


def test_many_users_are_written_together(alice, application, server):
    crowd = list(register(application, *(f"crowd{number}" for number in range(30))).values())
    group = groups.create_group("Crowd", owner=alice, members=crowd, by=server)
    sent = say(alice, group)
    delivered.flush()
    for user in crowd:
        delivered.acknowledge(user.pk, sent.message_id)
    with CaptureQueriesContext(connection) as queries:
        delivered.flush()
    assert sum("SELECT" in query["sql"] for query in queries) <= 2
    assert set(Participant.objects.filter(conversation_id=group.pk).values_list("delivered_seq", flat=True)) == {1}


def test_more_than_a_portion_of_cursors(alice, bob, server, monkeypatch):
    monkeypatch.setattr(delivered._portions, "__defaults__", (3,))
    clubs = [groups.create_group(f"Club {number}", owner=alice, members=[bob], by=server) for number in range(10)]
    for club in clubs:
        delivered.acknowledge(bob.pk, say(alice, club).message_id)
    delivered.flush()
    assert [cursor(bob, club) for club in clubs] == [1] * 10


def test_what_cannot_be_written_is_written_later(club, alice, bob, monkeypatch):
    sent = say(alice, club)
    delivered.flush()
    delivered.acknowledge(bob.pk, sent.message_id)
    real = delivered._write

    def fail(gathered):
        raise DatabaseError("gone")

    monkeypatch.setattr(delivered, "_write", fail)
    with pytest.raises(DatabaseError):
        delivered.flush()
    assert delivered.held(bob.pk) == {club.pk: {1}}
    monkeypatch.setattr(delivered, "_write", real)
    delivered.flush()
    assert cursor(bob, club) == 1


def test_the_clock_writes(club, alice, bob, monkeypatch):
    sent = say(alice, club)
    delivered.forget()
    monkeypatch.setattr(delivered, "FLUSH_SECONDS", 0.01)
    delivered.acknowledge(bob.pk, sent.message_id)
    wait_until(lambda: cursor(bob, club) == 1, "the cursor")


def test_the_clock_goes_on_when_the_database_was_away(club, alice, bob, monkeypatch, caplog):
    sent = say(alice, club)
    delivered.forget()
    real, failed = delivered._write, threading.Event()

    def fail_once(gathered):
        monkeypatch.setattr(delivered, "_write", real)
        failed.set()
        raise DatabaseError("gone")

    monkeypatch.setattr(delivered, "_write", fail_once)
    monkeypatch.setattr(delivered, "FLUSH_SECONDS", 0.01)
    delivered.acknowledge(bob.pk, sent.message_id)
    wait_until(lambda: cursor(bob, club) == 1, "the cursor")
    assert failed.is_set()
    assert "cannot be written yet" in caplog.text


def test_a_cursor_that_somebody_holds_locked_is_not_waited_for(club, alice, bob, carol, server):
    """A send, or a change of members, and this would otherwise wait for each other."""
    if connection.vendor == "sqlite":
        return  # one writer at a time: nothing to wait for in another order
    groups.change_members(club, add=[carol], by=server)
    sent = say(alice, club)
    delivered.flush()
    for user in (bob, carol):
        delivered.acknowledge(user.pk, sent.message_id)
    locked, done = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                Participant.objects.select_for_update().get(user=bob, conversation_id=club.pk)
                locked.set()
                done.wait(20)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(20)
    delivered.flush()
    assert (cursor(bob, club), cursor(carol, club)) == (0, 1)
    assert delivered.held(bob.pk) == {club.pk: {1}}  # so that no sync offers it
    done.set()
    holder.join()
    delivered.flush()
    assert cursor(bob, club) == 1


def test_a_gap_does_not_fill_the_memory(club, alice, bob, monkeypatch):
    monkeypatch.setattr(delivered, "SEQS_MOST", 3)
    sent = [say(alice, club, str(number)) for number in range(6)]
    for one in sent[1:]:
        delivered.acknowledge(bob.pk, one.message_id)
    assert delivered.held(bob.pk) == {club.pk: {2, 3, 4}}


def test_the_places_of_old_messages_are_forgotten(club, alice, bob, monkeypatch, pushes):
    monkeypatch.setattr(delivered, "REMEMBERED_MOST", 2)
    sent = [say(alice, club, str(number)) for number in range(4)]
    assert list(delivered._places) == [one.message_id for one in sent[2:]]
