"""What a shield keeps away: neither pushed nor synced nor unread, whatever comes before and behind it; history shows it."""

import random

import pytest

from accounts import services as accounts
from accounts.actors import Actor
from groups import services as groups
from messaging.models import Hidden, Message, Participant, Span
from messaging.services import delivered, participants, reading, sync
from tests.cast import PASSWORD_MD5
from tests.messaging.conftest import announce, say

pytestmark = pytest.mark.django_db(transaction=True)


def place(user, group):
    return Participant.objects.select_related("conversation").get(user=user, conversation_id=group.pk)


def unread(user, group):
    return reading.unread_counts([place(user, group)])[group.pk]


def missed(user):
    return [message.seq for portion in sync.missed_messages(user) for message in portion.messages]


def history(user):
    return [
        ([message.seq for message in portion.messages], portion.unread_count)
        for portion in sync.history(user)
        if portion.place.conversation.kind == "group"
    ]


def shield(user, group, server):
    groups.change_shields(user, add=[group], by=server)


def unshield(user, group, server):
    groups.change_shields(user, remove=[group], by=server)


def test_what_came_before_a_shield_is_brought_and_unread_what_comes_under_it_is_not(club, alice, bob, server):
    say(alice, club, "before")
    shield(bob, club, server)
    say(alice, club, "under")
    assert (missed(bob), unread(bob, club), history(bob)) == ([1], 1, [([1], 1)])
    unshield(bob, club, server)
    assert (missed(bob), unread(bob, club), history(bob)) == ([1], 1, [([1], 1)])
    say(alice, club, "behind")
    assert (missed(bob), unread(bob, club), history(bob)) == ([1, 3], 2, [([1, 3], 2)])
    rows, _ = reading.page(place(bob, club))
    assert [row.seq for row in rows] == [1, 2, 3]
    assert (missed(alice), unread(alice, club)) == ([], 0)


def test_a_shielded_group_stands_in_the_list_with_its_last_message_and_nothing_unread(club, alice, bob, server):
    shield(bob, club, server)
    sent = say(alice, club, "under")
    (row,) = reading.list_conversations(bob)
    assert (row.unread_count, row.last_message.pk, row.participant.shield) == (0, sent.message_id, True)


def test_nothing_under_a_shield_goes_to_the_one_who_has_it(club, alice, bob, server, pushes):
    shield(bob, club, server)
    assert ("leave", f"conversation:{club.pk}", (bob.pk,), 2) in pushes
    assert participants.listeners(f"conversation:{club.pk}") == (2, [alice.pk])
    assert participants.topics_of(bob) == {}
    unshield(bob, club, server)
    assert ("join", f"conversation:{club.pk}", (bob.pk,), 3) in pushes
    assert participants.topics_of(bob) == {f"conversation:{club.pk}": 3}


def test_what_a_group_tells_of_itself_comes_through_a_shield_in_one_push(club, alice, bob, carol, server, pushes):
    groups.change_members(club, add=[carol], by=server)
    shield(bob, club, server)
    pushes.clear()
    groups.update_info(club, name="Other", by=Actor.of(alice))
    ((topics, _, data),) = pushes.delivered
    assert set(topics) == {f"conversation:{club.pk}", f"user:{bob.pk}"}
    assert data["event_type"] == 12
    assert [type(event).__name__ for event in sync.missed_events(bob, "web", ())][-1] == "GroupInfoChanged"


def test_acknowledgements_go_on_behind_a_shield(club, alice, bob, server):
    first = say(alice, club)
    shield(bob, club, server)
    say(alice, club)
    say(alice, club)
    unshield(bob, club, server)
    fourth = say(alice, club)
    for sent in (first, fourth):
        delivered.acknowledge(bob.pk, sent.message_id)
    delivered.flush()
    assert place(bob, club).delivered_seq == 4


def test_history_is_without_what_came_under_a_shield_when_all_was_received_and_read(club, alice, bob, server):
    for _ in range(3):
        shield(bob, club, server)
        say(alice, club)
        unshield(bob, club, server)
        say(alice, club)
    sync.acknowledge(bob, {club.pk: 6})
    reading.mark_read(place(bob, club), by=Actor.of(bob))
    assert (missed(bob), unread(bob, club), history(bob)) == ([], 0, [([2, 4, 6], 0)])


def test_a_shield_under_which_nothing_came_leaves_no_trace(club, alice, bob, server):
    say(alice, club)
    shield(bob, club, server)
    unshield(bob, club, server)
    assert place(bob, club).shields == []
    assert (missed(bob), unread(bob, club)) == ([1], 1)


def test_of_many_shields_the_oldest_is_forgotten_first(club, alice, bob, server, monkeypatch):
    monkeypatch.setattr(participants, "SPANS_MOST", 2)
    for _ in range(3):
        shield(bob, club, server)
        say(alice, club)
        unshield(bob, club, server)
    assert [Span(*span)[:3:2] for span in place(bob, club).shields] == [(1, 2), (2, 3)]
    assert (missed(bob), unread(bob, club)) == ([1], 1)


def test_who_was_removed_gets_what_came_before_the_shield(club, alice, bob, server):
    say(alice, club, "before")
    shield(bob, club, server)
    say(alice, club, "under")
    groups.change_members(club, remove=[bob], by=server)
    say(alice, club, "after")
    assert missed(bob) == [1]
    groups.change_members(club, add=[bob], by=server)
    assert (missed(bob), unread(bob, club), place(bob, club).shield) == ([], 0, False)
    say(alice, club)
    assert (missed(bob), unread(bob, club)) == ([4], 1)


def test_a_shield_outlives_the_end_of_a_group_that_is_restored(club, alice, bob, server, pushes):
    say(alice, club, "before")
    shield(bob, club, server)
    groups.dissolve(club, by=server)
    pushes.clear()
    groups.restore(club, by=server)
    assert [(kind, ids) for kind, _, ids, *_ in pushes if kind == "join"] == [("join", (alice.pk,))]
    say(alice, club, "under")
    assert (missed(bob), unread(bob, club)) == ([1], 1)
    unshield(bob, club, server)
    assert (missed(bob), unread(bob, club)) == ([1], 1)


@pytest.fixture
def boss(application, club, server):
    """A member in whose name the server speaks."""
    boss = accounts.register_admin(application, {"username": "boss", "password": PASSWORD_MD5}, by=server)
    groups.change_members(club, add=[boss], by=server)
    return boss


def test_what_was_retracted_or_hidden_under_a_shield_is_not_left_out_twice(club, alice, bob, server):
    say(alice, club, "before")
    shield(bob, club, server)
    under = [say(alice, club), say(alice, club)]
    Message.objects.filter(pk=under[0].message_id).update(state=Message.State.RETRACTED)
    Hidden.objects.create(user=bob, message_id=under[1].message_id)
    assert unread(bob, club) == 1
    unshield(bob, club, server)
    assert unread(bob, club) == 1


def test_ones_own_under_a_shield_are_not_left_out_twice(club, alice, boss, server):
    for _ in range(3):
        say(alice, club, "before")
    shield(boss, club, server)
    announce(boss, club, "own")
    announce(boss, club, "own")
    assert unread(boss, club) == 3
    unshield(boss, club, server)
    assert unread(boss, club) == 3
    assert reading.mark_read(place(boss, club), 1, by=Actor.of(boss)) == 2
    announce(boss, club, "own")
    assert reading.mark_read(place(boss, club), 2, by=Actor.of(boss)) == 1


class Model:
    """One member's place, the naive way."""

    def __init__(self):
        self.log = []  # (seq, sender, under a shield, message id)
        self.shielded = False
        self.read = 0
        self.gone = set()
        self.received = set()

    def said(self, sender, sent):
        self.log.append((sent.seq, sender, self.shielded, sent.message_id))

    def open_to(self, name):
        return [one for one in self.log if one[1] != name and not one[2] and one[3] not in self.gone]

    @property
    def unread(self):
        return sum(seq > self.read for seq, *_ in self.open_to("boss"))

    @property
    def missed(self):
        return [seq for seq, *_ in self.open_to("boss") if seq not in self.received]


@pytest.mark.parametrize("seed", range(4))
def test_unread_and_missed_are_those_of_a_naive_model_whatever_happens(seed, club, alice, boss, server):
    chance = random.Random(seed)
    model = Model()

    def acknowledge(seq):
        if seq not in model.received and seq in model.missed:
            delivered.note(boss.pk, club.pk, seq)
            model.received.add(seq)

    def mark(upto):
        reading.mark_read(place(boss, club), upto, by=Actor.of(boss))
        model.read = max(model.read, min(upto, len(model.log)))

    for step in range(120):
        match chance.choice("aaaaoobsskkrmMhRy"):
            case "a":
                model.said("alice", say(alice, club))
            case "o":  # in the user's own name, over REST
                sent = announce(boss, club)
                model.said("boss", sent)
                model.received.add(sent.seq)
            case "b":  # from a socket: read up to there
                sent = say(boss, club)
                model.said("boss", sent)
                model.received.add(sent.seq)
                model.read = sent.seq
            case "s":
                (unshield if model.shielded else shield)(boss, club, server)
                model.shielded = not model.shielded
            case "k" if model.missed:  # some of what was pushed
                acknowledge(chance.choice(model.missed))
            case "m":
                mark(chance.randint(0, len(model.log) + 1))
            case "M":
                mark(len(model.log))
            case "r" | "h" if model.log:  # retracted, or hidden by the user
                _, sender, _, message_id = chance.choice(model.log)
                if sender == "alice" and message_id not in model.gone:
                    model.gone.add(message_id)
                    if chance.random() < 0.5:
                        Message.objects.filter(pk=message_id).update(state=Message.State.RETRACTED)
                    else:
                        Hidden.objects.create(user=boss, message_id=message_id)
            case "R":
                sync.history(boss)
            case "y":  # a sync, and its acknowledgement
                for portion in sync.missed_messages(boss):
                    sync.acknowledge(boss, {club.pk: portion.last_seq})
                    model.received |= {seq for seq, *_ in model.log if seq <= portion.last_seq}
        assert unread(boss, club) == model.unread, step
        assert missed(boss) == model.missed, step
