"""What a client missed: messages that no device has, the history, events of the time they were there."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.actors import Actor
from accounts.events import ProfileChanged
from accounts.models import Device
from groups import services as groups
from groups.events import GroupCreated, GroupDissolved, GroupInfoChanged, MembersAdded, MembersRemoved
from imsite.core.events import Audience, Event, publish
from imsite.core.models import StoredEvent
from messaging.models import Message, Participant
from messaging.services import delivered, reading, sync
from tests.messaging.conftest import announce, say

pytestmark = pytest.mark.django_db(transaction=True)


def missed(user):
    """(who the conversation is with, seqs, unread) of each portion."""
    return [seen(portion) for portion in sync.missed_messages(user)]


def seen(portion):
    with_whom = portion.peer.username if portion.peer else portion.place.conversation.pk
    return with_whom, [message.seq for message in portion.messages], portion.unread_count


def receive(user, *sent):
    for one in sent:
        delivered.acknowledge(user.pk, one.message_id)


# Messages


def test_what_nobody_received_is_missed_conversation_by_conversation(club, alice, bob, carol):
    say(alice, club)
    say(alice, bob)
    say(carol, bob)
    say(alice, club)
    assert missed(bob) == [("alice", [1], 1), ("carol", [1], 1), (club.pk, [1, 2], 2)]
    assert missed(alice) == missed(carol) == []


def test_what_was_received_is_not_missed_whatever_gaps_there_are(club, alice, bob):
    sent = [say(alice, club, str(number)) for number in range(5)]
    receive(bob, sent[1], sent[3])
    assert missed(bob) == [(club.pk, [1, 3, 5], 3)]
    receive(bob, sent[0])
    assert missed(bob) == [(club.pk, [3, 5], 2)]
    receive(bob, sent[2], sent[4])
    assert missed(bob) == []
    assert Participant.objects.get(user=bob, conversation_id=club.pk).delivered_seq == 5


def test_ones_own_are_not_missed_and_leave_no_gap(alice, bob):
    first = say(alice, bob, "one")
    announce(bob, alice, "own")
    say(bob, alice, "own")
    third = say(alice, bob, "two")
    assert missed(bob) == [("alice", [1, 4], 2)]
    receive(bob, first, third)
    assert missed(bob) == []
    assert Participant.objects.get(user=bob).delivered_seq == 4


def test_what_was_retracted_is_not_missed_and_leaves_no_gap(alice, bob):
    sent = [say(alice, bob, str(number)) for number in range(3)]
    Message.objects.filter(pk=sent[0].message_id).update(state=Message.State.RETRACTED)
    assert missed(bob) == [("alice", [2, 3], 2)]
    receive(bob, sent[1], sent[2])
    assert missed(bob) == []
    assert Participant.objects.get(user=bob).delivered_seq == 3


def test_what_is_not_kept_for_those_away_is_not_missed(alice, bob):
    say(alice, bob, no_offline=True)
    assert missed(bob) == []


def test_members_miss_what_was_said_while_they_are_in(club, alice, bob, carol, server):
    say(alice, club, "before")
    groups.change_members(club, add=[carol], by=server)
    say(alice, club, "during")
    assert missed(carol) == [(club.pk, [2], 1)]
    groups.change_members(club, remove=[carol], by=server)
    say(alice, club, "after")
    assert missed(carol) == [(club.pk, [2], 1)]
    sync.acknowledge(carol, {club.pk: 2})
    assert missed(carol) == []
    groups.change_members(club, add=[carol], by=server)
    assert missed(carol) == []
    say(alice, club, "again")
    assert missed(carol) == [(club.pk, [4], 1)]


def test_what_came_under_a_shield_is_not_missed(club, alice, bob):
    Participant.objects.filter(user=bob).update(shield=True)
    say(alice, club)
    assert missed(bob) == []
    assert sync.history(bob) == []


def test_more_than_fits_into_a_packet_comes_with_the_next_ones(club, alice, bob, settings):
    settings.SYNC_MESSAGES = 3
    for number in range(5):
        say(alice, club, str(number))
    say(alice, bob)
    assert missed(bob) == [(club.pk, [1, 2, 3], 3)]
    sync.acknowledge(bob, {club.pk: 3})
    assert missed(bob) == [(club.pk, [4, 5], 2), ("alice", [1], 1)]
    sync.acknowledge(bob, {club.pk: 5})
    assert missed(bob) == [("alice", [1], 1)]


def test_a_history_is_the_newest_of_the_newest_conversations(club, alice, bob, settings):
    settings.ROAMING_MESSAGES, settings.SYNC_MESSAGES = 3, 4
    for number in range(5):
        say(alice, club, str(number))
    for number in range(2):
        say(alice, bob, str(number))
    assert [seen(portion) for portion in sync.history(bob)] == [(club.pk, [4, 5], 2), ("alice", [1, 2], 2)]


def test_what_was_offered_and_acknowledged_is_delivered(club, alice, bob):
    say(alice, club)
    say(alice, club)
    sync.acknowledge(bob, {club.pk: 1})
    assert missed(bob) == [(club.pk, [2], 1)]
    sync.acknowledge(bob, {club.pk: 2})
    sync.acknowledge(bob, {club.pk: 1, 123456789: 7})  # never back
    assert missed(bob) == []


def test_the_history_has_ones_own_too_and_what_is_unread_at_its_end(club, alice, bob):
    say(alice, bob, "one")
    say(bob, alice, "two")
    last = say(alice, bob, "three")
    retracted = say(alice, bob, "four")
    Message.objects.filter(pk=retracted.message_id).update(state=Message.State.RETRACTED)
    say(alice, bob, no_offline=True)
    assert [seen(portion) for portion in sync.history(bob)] == [("alice", [1, 2, 3], 1)]
    assert [seen(portion) for portion in sync.history(alice)] == [("bobby", [1, 2, 3], 0)]
    receive(bob, last)
    assert [seen(portion) for portion in sync.history(bob)] == [("alice", [1, 2, 3], 1)]
    reading.mark_read(Participant.objects.get(user=bob, conversation__kind="single"), by=Actor.of(bob))
    assert [seen(portion) for portion in sync.history(bob)] == [("alice", [1, 2, 3], 0)]


def test_the_history_is_capped_and_its_unread_with_it(club, alice, bob, settings):
    settings.ROAMING_MESSAGES = 3
    for number in range(5):
        say(alice, club, str(number))
    assert [seen(portion) for portion in sync.history(bob)] == [(club.pk, [3, 4, 5], 3)]


def test_a_portion_without_some_of_its_messages(club, alice, bob):
    for number in range(5):
        say(alice, club, str(number))
    say(bob, club)
    say(alice, club)
    (portion,) = sync.history(bob)
    assert seen(portion) == (club.pk, [1, 2, 3, 4, 5, 6, 7], 1)
    assert seen(portion.only(portion.messages[:-1])) == (club.pk, [1, 2, 3, 4, 5, 6], 0)
    assert seen(portion.only(portion.messages[2:])) == (club.pk, [3, 4, 5, 6, 7], 1)


# Events


def missed_events(user, seen=(), device_class="web"):
    return [type(event) for event in sync.missed_events(user, device_class, seen)]


def device(user, device_class="web", delivered_event_id=0):
    return Device.objects.create(user=user, device_class=device_class, delivered_event_id=delivered_event_id)


def test_who_is_told_of_a_group_is_who_is_in_it_then(club, alice, bob, carol, dave, server):
    groups.update_info(club, name="Circle", by=server)
    groups.change_members(club, add=[carol], by=server)
    groups.update_info(club, name="Ring", by=server)
    groups.change_members(club, remove=[bob], by=server)
    groups.update_info(club, name="Band", by=server)
    changed = GroupInfoChanged
    assert missed_events(alice) == [GroupCreated, changed, MembersAdded, changed, MembersRemoved, changed]
    assert missed_events(bob) == [GroupCreated, changed, MembersAdded, changed, MembersRemoved]
    assert missed_events(carol) == [MembersAdded, changed, MembersRemoved, changed]
    assert missed_events(dave) == []
    groups.change_members(club, add=[bob], by=server)
    assert missed_events(bob)[-1:] == [MembersAdded]
    groups.dissolve(club, by=server)
    assert missed_events(bob)[-1] is missed_events(alice)[-1] is GroupDissolved


def test_events_for_a_user_are_for_them_alone(alice, bob, server):
    accounts.update_profile(bob, {"nickname": "Bobby"}, by=server)
    assert [event.__name__ for event in missed_events(bob)] == ["ProfileChanged"]
    assert missed_events(alice) == []


def test_events_that_a_device_has_are_not_missed(club, alice, server):
    device(alice)
    groups.update_info(club, name="Circle", by=server)
    groups.update_info(club, name="Ring", by=server)
    first, second, third = StoredEvent.objects.order_by("pk").values_list("pk", flat=True)
    assert missed_events(alice, {second}) == [GroupCreated, GroupInfoChanged]
    assert sync.acknowledge_events(alice, "web", {second}) == 0  # the first is missing
    assert sync.acknowledge_events(alice, "web", {first, second}) == second
    assert missed_events(alice) == [GroupInfoChanged]
    assert sync.acknowledge_events(alice, "web", {third}) == third
    assert sync.acknowledge_events(alice, "web", {first}) == third  # never back
    assert missed_events(alice) == []


def test_each_device_class_has_its_own_cursor_and_a_new_one_begins_where_the_others_are(club, alice, server):
    device(alice)
    first = StoredEvent.objects.latest("pk").pk
    sync.acknowledge_events(alice, "web", {first})
    device(alice, "mobile")
    groups.update_info(club, name="Circle", by=server)
    assert missed_events(alice, device_class="mobile") == [GroupInfoChanged]
    second = StoredEvent.objects.latest("pk").pk
    sync.acknowledge_events(alice, "mobile", {second})
    assert missed_events(alice, device_class="mobile") == []
    assert missed_events(alice, device_class="web") == [GroupInfoChanged]


def test_what_comes_while_a_device_is_away_is_not_old_to_it(alice, server):
    device(alice)
    device(alice, "mobile")
    for name in ("web", "mobile"):
        assert sync.acknowledge_events(alice, name, ()) == 0  # both have all that there is: nothing
    accounts.update_profile(alice, {"nickname": "Ally"}, by=server)
    newest = StoredEvent.objects.latest("pk").pk
    assert sync.acknowledge_events(alice, "mobile", {newest}) == newest
    assert len(missed_events(alice, device_class="web")) == 1
    assert sync.acknowledge_events(alice, "web", {newest}) == newest


def test_an_event_that_this_version_does_not_know_is_passed_over(club, alice, server):
    device(alice)
    StoredEvent.objects.update(kind="NeverHeardOf")
    groups.update_info(club, name="Circle", by=server)
    assert missed_events(alice) == [GroupInfoChanged]
    newest = StoredEvent.objects.latest("pk").pk
    assert sync.acknowledge_events(alice, "web", {newest}) == newest


def test_more_events_than_fit_come_in_turns(alice, monkeypatch):
    device(alice)
    monkeypatch.setattr(sync, "EVENTS_MOST", 3)
    for _ in range(7):
        publish(ProfileChanged.of(alice), to=Audience(users=[alice.pk]), keep=True)
    turns = []
    while events := sync.missed_events(alice, "web", ()):
        turns.append(len(events))
        assert all(isinstance(event, Event) for event in events)
        sync.acknowledge_events(alice, "web", {event.id for event in events})
    assert turns == [3, 3, 1]


def test_events_take_few_queries_whatever_their_number(club, alice, server):
    def count():
        with CaptureQueriesContext(connection) as queries:
            sync.missed_events(alice, "web", ())
        return len(queries)

    few = count()
    for number in range(5):
        groups.update_info(club, name=f"Name {number}", by=server)
    assert count() == few == 2
