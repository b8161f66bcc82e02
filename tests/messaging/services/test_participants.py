"""Who is in a conversation, from which message to which, and what the hubs are told."""

import pytest
from django.db import transaction

from groups import services as groups
from imsite.core.models import StoredEvent
from messaging.models import Conversation, Participant
from messaging.services import participants
from tests.messaging.conftest import say

pytestmark = pytest.mark.django_db(transaction=True)


def place(user, group):
    return Participant.objects.get(user=user, conversation_id=group.pk)


def test_who_joins_starts_at_the_end(club, alice, carol, server):
    for number in range(3):
        say(alice, club, str(number))
    groups.change_members(club, add=[carol], by=server)
    mine = place(carol, club)
    assert (mine.active, mine.join_seq, mine.leave_seq) == (True, 3, None)
    assert (mine.delivered_seq, mine.read_seq, mine.read_no, mine.own_after_read) == (3, 3, 3, 0)


def test_who_leaves_keeps_the_place_where_it_was(club, alice, bob, server):
    say(alice, club)
    groups.change_members(club, remove=[bob], by=server)
    say(alice, club)
    mine = place(bob, club)
    assert (mine.active, mine.join_seq, mine.leave_seq) == (False, 0, 1)
    assert mine.until_event_id == StoredEvent.objects.latest("pk").pk


def test_who_comes_back_starts_over(club, alice, bob, server):
    say(alice, club)
    groups.change_members(club, remove=[bob], by=server)
    say(alice, club)
    Participant.objects.filter(user=bob).update(shield=True, silenced_until_ms=5, own_after_read=7)
    before = place(bob, club).pk
    groups.change_members(club, add=[bob], by=server)
    mine = place(bob, club)
    assert mine.pk == before
    assert (mine.active, mine.join_seq, mine.leave_seq, mine.until_event_id) == (True, 2, None, None)
    assert (mine.read_seq, mine.read_no, mine.own_after_read, mine.shield, mine.silenced_until_ms) == (
        2,
        2,
        0,
        False,
        0,
    )
    assert mine.since_event_id == StoredEvent.objects.latest("pk").pk


def test_every_change_moves_the_version_and_tells_the_hubs_after_the_commit(club, bob, carol, pushes, server):
    version = Conversation.objects.get(pk=club.pk).member_seq
    topic = f"conversation:{club.pk}"
    groups.change_members(club, add=[carol], by=server)
    groups.change_members(club, remove=[bob], by=server)
    told = [call for call in pushes if call[0] in ("join", "leave")]
    assert told == [("join", topic, (carol.pk,), version + 1), ("leave", topic, (bob.pk,), version + 2)]
    # Who leaves hears of it first.
    assert pushes[-1] == told[-1]
    assert f"user:{bob.pk}" in pushes[-2][1] or topic in pushes[-2][1]
    pushes.clear()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        participants.join(club.conversation, [bob])
        raise ZeroDivisionError
    assert pushes == []
    assert Conversation.objects.get(pk=club.pk).member_seq == version + 2


def test_a_message_carries_the_version_of_the_membership_that_it_was_sent_to(club, alice, carol, pushes, server):
    say(alice, club)
    groups.change_members(club, add=[carol], by=server)
    say(alice, club)
    versions = [call[4].version for call in pushes if call[0] == "deliver" and call[2] == "msg_sync"]
    now = Conversation.objects.get(pk=club.pk).member_seq
    assert versions == [(f"conversation:{club.pk}", now - 1), (f"conversation:{club.pk}", now)]


def test_nobody_is_no_change(club, pushes):
    before = Conversation.objects.get(pk=club.pk).member_seq
    participants.join(club.conversation, [])
    participants.leave(club.conversation, [], until_event_id=1)
    assert Conversation.objects.get(pk=club.pk).member_seq == before
    assert pushes == []


def test_a_session_listens_to_the_groups_that_its_user_is_in(club, alice, bob, carol, server):
    say(alice, bob)  # pairs are told by user
    other = groups.create_group("Other", owner=alice, members=[bob], by=server)
    groups.change_members(other, remove=[bob], by=server)
    version = Conversation.objects.get(pk=club.pk).member_seq
    assert participants.topics_of(bob) == {f"conversation:{club.pk}": version}
    Participant.objects.filter(user=bob).update(shield=True)
    assert participants.topics_of(bob) == {}
    assert participants.topics_of(carol) == {}


def test_listeners_are_those_who_are_in_it_and_do_not_shield_it(club, alice, bob, carol, server):
    groups.change_members(club, add=[carol], by=server)
    groups.change_members(club, remove=[alice], by=server)
    Participant.objects.filter(user=carol).update(shield=True)
    version = Conversation.objects.get(pk=club.pk).member_seq
    assert participants.listeners(f"conversation:{club.pk}") == (version, [bob.pk])
    assert participants.listeners("conversation:123456789") == (0, [])
