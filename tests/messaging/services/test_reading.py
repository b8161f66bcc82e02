"""What a participant sees: pages, lists, unread counts, read marks."""

import json
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.actors import Actor
from groups import services as groups
from messaging.errors import NoSuchConversation
from messaging.events import ConversationRead
from messaging.models import Hidden, Message, Participant
from messaging.services import reading
from tests.cast import register
from tests.messaging.conftest import announce, say
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def place(user, to):
    if hasattr(to, "username"):
        return reading.find_place_with(user, to)
    return Participant.objects.select_related("conversation").get(user=user, conversation_id=to.pk)


def texts(messages):
    return [json.loads(message.content)["msg_body"]["text"] for message in messages]


def unread(user, to):
    mine = place(user, to)
    return reading.unread_counts([mine])[mine.conversation_id]


# Pages


def test_a_page_is_the_newest_then_what_is_before_or_after(alice, bob):
    for number in range(1, 11):
        say(alice, bob, str(number))
    mine = place(bob, alice)

    def page(**kwargs):
        rows, more = reading.page(mine, **kwargs)
        return [row.seq for row in rows], more

    assert page(limit=3) == ([8, 9, 10], True)
    assert page(limit=10) == (list(range(1, 11)), False)
    assert page(before=8, limit=3) == ([5, 6, 7], True)
    assert page(before=4, limit=3) == ([1, 2, 3], False)
    assert page(before=1, limit=3) == ([], False)
    assert page(after=0, limit=3) == ([1, 2, 3], True)
    assert page(after=7, limit=3) == ([8, 9, 10], False)
    assert page(after=10, limit=3) == ([], False)
    assert page(before=99, limit=2) == ([9, 10], True)


def test_a_page_is_one_query(alice, bob, django_assert_num_queries):
    for number in range(5):
        say(alice, bob, str(number))
    mine = place(bob, alice)
    with django_assert_num_queries(1):
        rows, _ = reading.page(mine)
        assert {(row.sender.username, row.sender.application.name) for row in rows} == {("alice", "Shop")}


def test_members_see_what_was_said_while_they_were_in(club, alice, carol, server):
    say(alice, club, "before")
    groups.change_members(club, add=[carol], by=server)
    say(alice, club, "during")
    assert texts(reading.page(place(carol, club))[0]) == ["during"]
    groups.change_members(club, remove=[carol], by=server)
    say(alice, club, "after")
    assert texts(reading.page(place(carol, club))[0]) == ["during"]
    groups.change_members(club, add=[carol], by=server)
    assert reading.page(place(carol, club)) == ([], False)
    say(alice, club, "again")
    assert texts(reading.page(place(carol, club))[0]) == ["again"]
    assert texts(reading.page(place(alice, club))[0]) == ["before", "during", "after", "again"]


def test_what_is_cleared_hidden_held_or_removed_is_not_seen(alice, bob):
    sent = [say(alice, bob, str(number)) for number in range(1, 7)]
    Participant.objects.filter(user=bob).update(clear_seq=1)
    Hidden.objects.create(user=bob, message_id=sent[1].message_id)
    for index, state in ((2, Message.State.REMOVED), (3, Message.State.RETRACTED)):
        Message.objects.filter(pk=sent[index].message_id).update(state=state)
    Message.objects.filter(pk=sent[4].message_id).update(state=Message.State.HELD, seq=None, count_no=None)
    assert [row.seq for row in reading.page(place(bob, alice))[0]] == [4, 6]  # the retracted one shows that it was
    assert [row.seq for row in reading.page(place(alice, bob))[0]] == [1, 2, 4, 6]


def test_a_group_is_for_its_members(club, alice, bob, dave, server):
    assert reading.place_in_group(bob, club.pk).user == bob
    groups.change_members(club, remove=[bob], by=server)
    for user, gid in ((bob, club.pk), (dave, club.pk), (alice, 123456789), (alice, say(alice, bob).conversation_id)):
        with pytest.raises(NoSuchConversation):
            reading.place_in_group(user, gid)
    assert reading.find_place_with(alice, dave) is None


# Lists


def rows_of(user):
    return [
        (row.peer.username if row.peer else row.about["name"], row.unread_count)
        for row in reading.list_conversations(user)
    ]


def test_the_list_has_what_was_written_last_first(club, alice, bob, carol):
    say(bob, club)
    say(carol, alice)
    say(bob, alice)
    say(bob, alice)
    assert rows_of(alice) == [("bobby", 2), ("carol", 1), ("Club", 1)]
    say(alice, club)
    assert rows_of(alice) == [("Club", 0), ("bobby", 2), ("carol", 1)]
    last = {row.conversation.pk: row.last_message for row in reading.list_conversations(alice)}
    assert last[club.pk].sender == alice


def test_the_list_shows_groups_without_messages_but_no_pairs(club, alice, bob, carol):
    say(carol, bob)
    Participant.objects.filter(user=bob, conversation__kind="single").update(clear_seq=1)
    assert rows_of(alice) == [("Club", 0)]
    assert rows_of(bob) == [("Club", 0)]


def test_the_list_leaves_out_groups_that_are_left_or_gone(club, alice, bob, server):
    say(alice, club)
    groups.change_members(club, remove=[bob], by=server)
    assert rows_of(bob) == []
    groups.dissolve(club, by=server)
    assert rows_of(alice) == []


def test_the_last_message_is_one_that_the_reader_may_see(club, alice, carol, server):
    say(alice, club, "before")
    groups.change_members(club, add=[carol], by=server)
    (row,) = reading.list_conversations(carol)
    assert (row.last_message, row.unread_count) == (None, 0)
    say(alice, club, "after")
    (row,) = reading.list_conversations(carol)
    assert (texts([row.last_message]), row.unread_count) == (["after"], 1)


def test_the_list_takes_the_same_number_of_queries_whatever_its_length(application, alice, bob, server):
    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            reading.list_conversations(alice)
        return len(queries)

    say(bob, alice)
    groups.create_group("First", owner=alice, by=server)
    few = count()
    for name, user in register(application, *(f"user{number}" for number in range(8))).items():
        say(user, alice)
        say(user, groups.create_group(name, owner=alice, members=[user], by=server))
    assert len(reading.list_conversations(alice)) == 18
    assert count() == few <= 8


def test_who_is_deleted_stays_in_the_list(alice, bob, server):
    say(bob, alice)
    accounts.delete_user(bob, by=server)
    assert rows_of(alice) == [("bobby", 1)]


# Unread


def test_unread_counts_what_others_wrote_after_the_mark(club, alice, bob):
    for number in range(3):
        say(alice, club, str(number))
    say(alice, club, "passing", no_offline=True)
    assert (unread(bob, club), unread(alice, club)) == (3, 0)
    reading.mark_read(place(bob, club), 2, by=Actor.of(bob))
    assert unread(bob, club) == 1
    say(bob, club)  # by socket: everything before it is read
    assert (unread(bob, club), unread(alice, club)) == (0, 1)


def test_ones_own_over_rest_are_not_unread_and_read_nothing(alice, bob):
    say(bob, alice, "one")
    announce(alice, bob, "two")
    announce(alice, bob, "three")
    say(bob, alice, "four")
    assert (unread(alice, bob), unread(bob, alice)) == (2, 0)
    assert reading.mark_read(place(alice, bob), 1, by=Actor.of(alice)) == 1
    assert reading.mark_read(place(alice, bob), 2, by=Actor.of(alice)) == 1
    assert reading.mark_read(place(alice, bob), by=Actor.of(alice)) == 0
    announce(alice, bob, "five")
    assert unread(alice, bob) == 0


def test_what_is_retracted_hidden_or_removed_is_not_unread(alice, bob):
    sent = [say(alice, bob, str(number)) for number in range(6)]
    Message.objects.filter(pk=sent[1].message_id).update(state=Message.State.RETRACTED)
    Message.objects.filter(pk=sent[2].message_id).update(state=Message.State.REMOVED)
    Hidden.objects.create(user=bob, message_id=sent[3].message_id)
    Hidden.objects.create(user=alice, message_id=sent[4].message_id)
    assert unread(bob, alice) == 3
    reading.mark_read(place(bob, alice), 3, by=Actor.of(bob))
    assert unread(bob, alice) == 2


def test_nothing_is_unread_in_a_group_that_was_left(club, alice, bob, server):
    say(alice, club)
    groups.change_members(club, remove=[bob], by=server)
    assert unread(bob, club) == 0


@pytest.mark.parametrize("seed", range(4))
def test_unread_counts_are_those_of_a_naive_model(club, alice, bob, carol, server, seed):
    chance = random.Random(seed)
    groups.change_members(club, add=[carol], by=server)
    people = [alice, bob, carol]
    messages = []  # (sender, over rest, gone)
    marks = dict.fromkeys(people, 0)
    for _ in range(60):
        who = chance.choice(people)
        match chance.choice(["say", "say", "rest", "passing", "mark", "mark all", "retract"]):
            case "say":
                say(who, club)
                messages.append([who, False])
                marks[who] = len(messages)
            case "rest":
                announce(who, club)
                messages.append([who, False])
            case "passing":
                say(who, club, no_offline=True)
            case "mark":
                upto = chance.randint(0, len(messages) + 2)
                reading.mark_read(place(who, club), upto, by=Actor.of(who))
                marks[who] = max(marks[who], min(upto, len(messages)))
            case "mark all":
                reading.mark_read(place(who, club), by=Actor.of(who))
                marks[who] = len(messages)
            case "retract" if messages:
                index = chance.randrange(len(messages))
                messages[index][1] = True
                Message.objects.filter(conversation_id=club.pk, seq=index + 1).update(state=Message.State.RETRACTED)
        for reader in people:
            expected = sum(sender != reader and not gone for sender, gone in messages[marks[reader] :])
            assert unread(reader, club) == expected


# Read marks


def test_a_mark_never_goes_back(alice, bob):
    for number in range(5):
        say(alice, bob, str(number))
    by = Actor.of(bob)
    assert reading.mark_read(place(bob, alice), 3, by=by) == 2
    assert reading.mark_read(place(bob, alice), 1, by=by) == 2
    assert reading.mark_read(place(bob, alice), 0, by=by) == 2
    assert place(bob, alice).read_seq == 3
    assert reading.mark_read(place(bob, alice), 99, by=by) == 0
    assert (place(bob, alice).read_seq, place(bob, alice).read_no) == (5, 5)


def test_a_mark_stands_where_what_came_before_was_deleted(alice, bob):
    for number in range(6):
        say(alice, bob, str(number))
    Message.objects.filter(seq__lte=4).delete()
    assert reading.mark_read(place(bob, alice), 3, by=Actor.of(bob)) == 2  # those that are there
    assert reading.mark_read(place(bob, alice), 5, by=Actor.of(bob)) == 1
    Message.objects.all().delete()
    assert reading.mark_read(place(bob, alice), 6, by=Actor.of(bob)) == 0


def test_the_users_other_sessions_are_told(club, alice, bob, published):
    sent = [say(alice, club, str(number)) for number in range(3)]
    reading.mark_read(place(bob, club), 2, by=Actor.of(bob, sid="this one"))
    (told,) = published.told
    assert (told.to.users, told.to.skip, told.keep) == ([bob.pk], "this one", False)
    event = told.event
    assert event.conversation == {"type": 4, "gid": club.pk}
    assert (event.username, event.appkey, event.user_id) == ("bobby", bob.application.appkey, bob.pk)
    assert (event.conversation_id, event.read_seq, event.unread_count) == (club.pk, 2, 1)
    assert event.read_ms == sent[1].created_ms  # what came later is unread there too
    published.clear()
    say(alice, bob)
    reading.mark_read(place(bob, alice), by=Actor.of(bob))
    (event,) = published.of(ConversationRead)
    assert event.conversation == {"type": 3, "appkey": alice.application.appkey, "username": "alice"}
    assert (event.read_ms, event.unread_count) == (0, 0)


def test_marks_of_one_reader_at_once_end_at_the_highest(alice, bob):
    for number in range(20):
        say(alice, bob, str(number))
    order = list(range(1, 21))
    random.Random(1).shuffle(order)

    def mark(seq):
        return lambda: reading.mark_read(place(bob, alice), seq, by=Actor.of(bob))

    together(*[mark(seq) for seq in order[:12]])
    assert place(bob, alice).read_seq == place(bob, alice).read_no == max(order[:12])
