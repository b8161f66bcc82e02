"""Friend lists: both directions, notes, invitations, and who is told."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.actors import Actor
from accounts.errors import (
    AlreadyFriends,
    BadNote,
    BadValue,
    CrossApplication,
    NoInvitation,
    NoSuchUser,
    NotAFriend,
    NotAllowed,
)
from accounts.events import (
    FriendInvited,
    FriendRemoved,
    FriendsChanged,
    InvitationAnswered,
    OwnFriendsChanged,
)
from accounts.models import FriendRequest, Friendship
from accounts.services import Note
from imsite.core.models import StoredEvent
from tests.cast import register
from tests.together import kinds, together


def friends(user):
    return [row.friend.username for row in user.friendships.select_related("friend").order_by("pk")]


def requests():
    return [(row.sender.username, row.receiver.username, row.state) for row in FriendRequest.objects.order_by("pk")]


def audience(told):
    return list(told.to.users), told.to.skip, told.keep


# Over REST


def test_friends_are_made_both_ways(alice, bob, carol, server, published):
    services.add_friends(alice, [bob, carol, bob], by=server)
    assert friends(alice) == ["bobby", "carol"]
    assert friends(bob) == friends(carol) == ["alice"]
    assert {row.source for row in Friendship.objects.all()} == {"rest"}
    (told,) = published.told
    assert isinstance(told.event, FriendsChanged)
    assert audience(told) == ([alice.pk, bob.pk, carol.pk], None, True)
    kept = StoredEvent.objects.filter(kind="FriendsChanged").order_by("pk")
    assert [row.audience_id for row in kept] == [alice.pk, bob.pk, carol.pk]


@pytest.mark.parametrize(
    ("named", "refusal"),
    [(["carol", "bobby"], AlreadyFriends), (["carol", "alice"], BadValue), (["eve22"], CrossApplication)],
)
def test_a_refused_addition_changes_nothing(cast, server, published, named, refusal):
    services.add_friends(cast["alice"], [cast["bobby"]], by=server)
    published.clear()
    with pytest.raises(refusal):
        services.add_friends(cast["alice"], [cast[name] for name in named], by=server)
    assert Friendship.objects.count() == 2
    assert published == []


def test_users_make_no_friends_without_asking(alice, bob, published):
    with pytest.raises(NotAllowed):
        services.add_friends(alice, [bob], by=Actor.of(alice))
    assert friends(alice) == []
    assert published == []


def test_what_they_asked_each_other_is_settled(alice, bob, carol, dave, server):
    services.invite_friend(alice, bob, why="", by=Actor.of(alice))
    services.invite_friend(carol, alice, why="", by=Actor.of(carol))
    services.invite_friend(dave, alice, why="", by=Actor.of(dave))
    services.add_friends(alice, [bob, carol], by=server)
    assert requests() == [
        ("alice", "bobby", "accepted"), ("carol", "alice", "accepted"), ("dave1", "alice", "open"),
    ]  # fmt: skip


def test_a_friendship_ends_for_both_and_takes_the_notes_along(alice, bob, carol, dave, server, published):
    services.add_friends(alice, [bob, carol], by=server)
    services.note_friends(alice, [Note(bob, "Bob")], by=server)
    published.clear()
    services.remove_friends(alice, [bob, dave], by=server)
    assert (friends(alice), friends(bob), friends(carol)) == (["carol"], [], ["alice"])
    (told,) = published.told
    assert isinstance(told.event, FriendsChanged)
    assert audience(told) == ([alice.pk, bob.pk], None, True)
    services.add_friends(bob, [alice], by=server)
    assert alice.friendships.get(friend=bob).note_name == ""


def test_who_was_no_friend_is_told_nothing(alice, bob, server, published):
    services.remove_friends(alice, [bob], by=server)
    assert published == []


def test_notes_are_the_owners_alone(alice, bob, carol, server, published):
    services.add_friends(alice, [bob, carol], by=server)
    published.clear()
    services.note_friends(alice, [Note(bob, "Bob", "from work"), Note(carol, others="two\nlines")], by=server)
    services.note_friends(alice, [Note(bob, others=""), Note(carol), Note(bob, "B")], by=server)
    rows = [(row.note_name, row.others) for row in alice.friendships.order_by("pk")]
    assert rows == [("B", ""), ("", "two\nlines")]
    assert (bob.friendships.get().note_name, bob.friendships.get().others) == ("", "")
    assert [audience(told) for told in published.told] == [([alice.pk], None, True)] * 2
    assert alice.friendships.get(friend=bob).updated_at > alice.friendships.get(friend=bob).created_at


def test_notes_on_a_stranger_change_nothing(alice, bob, carol, server, published):
    services.add_friends(alice, [bob], by=server)
    published.clear()
    with pytest.raises(NotAFriend):
        services.note_friends(alice, [Note(bob, "Bob"), Note(carol, "Carol")], by=server)
    assert alice.friendships.get().note_name == ""
    assert published == []


def test_limits_of_notes_count_bytes(alice, bob, server):
    services.add_friends(alice, [bob], by=server)
    services.note_friends(alice, [Note(bob, "好" * 21 + "a", "🎉" * 62 + "ab")], by=server)
    row = alice.friendships.get()
    assert (len(row.note_name.encode()), len(row.others.encode())) == (64, 250)
    for bad in (Note(bob, "好" * 21 + "ab"), Note(bob, others="🎉" * 62 + "abc"), Note(bob, "a\nb"), Note(bob, "a\rb"),
                Note(bob, "a\0"), Note(bob, others="\ud800")):  # fmt: skip
        with pytest.raises(BadNote):
            services.note_friends(alice, [bad], by=server)
    assert alice.friendships.get().note_name == row.note_name


def test_friends_of_other_applications_of_the_owner(alice, frank, server, published):
    services.add_friends(alice, [frank], by=server)
    services.note_friends(alice, [Note(frank, "F")], by=server)
    assert (friends(alice), friends(frank)) == (["frank"], ["alice"])
    services.remove_friends(alice, [frank], by=server)
    assert Friendship.objects.count() == 0


def test_another_server_has_no_say(alice, bob, server, other_application, published):
    services.add_friends(alice, [bob], by=server)
    published.clear()
    by = Actor.server(other_application)
    for attempt in (
        lambda: services.add_friends(bob, [alice], by=by),
        lambda: services.remove_friends(alice, [bob], by=by),
        lambda: services.note_friends(alice, [Note(bob, "x")], by=by),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert friends(alice) == ["bobby"]
    assert published == []


def test_the_deleted_leave_friend_lists(alice, bob, carol, server, published):
    services.add_friends(alice, [bob, carol], by=server)
    services.delete_user(bob, by=server)
    assert friends(alice) == ["carol"]
    with pytest.raises(NoSuchUser):
        services.add_friends(alice, [bob], by=server)
    with pytest.raises(NoSuchUser):
        services.add_friends(bob, [alice], by=server)


def test_many_cost_as_many_queries_as_few(application, alice, server):
    many = list(register(application, *(f"user{number}" for number in range(300))).values())
    services.add_friends(alice, many[:1], by=server)

    def cost(act):
        with CaptureQueriesContext(connection) as queries:
            act()
        return len(queries)

    assert cost(lambda: services.add_friends(alice, many[1:100], by=server)) <= 14
    assert cost(lambda: services.note_friends(alice, [Note(user, "n") for user in many[:100]], by=server)) <= 10
    assert cost(lambda: services.remove_friends(alice, many[:100], by=server)) <= 12
    assert Friendship.objects.count() == 0


# By users


def test_an_invitation_is_told_to_the_invited(alice, bob, published):
    services.invite_friend(alice, bob, why="hello", by=Actor.of(alice, sid="s1"))
    services.invite_friend(alice, bob, why="hello?", by=Actor.of(alice, sid="s1"))
    assert requests() == [("alice", "bobby", "open")]
    assert FriendRequest.objects.get().why == "hello?"
    assert [event.why for event in published.of(FriendInvited)] == ["hello", "hello?"]
    assert published[0].username == "alice"
    assert [user["username"] for user in published[0].users] == ["bobby"]
    assert audience(published.told[0]) == ([bob.pk], None, True)


def test_a_yes_makes_friends(alice, bob, published):
    services.invite_friend(alice, bob, why="", by=Actor.of(alice))
    services.invite_friend(bob, alice, why="", by=Actor.of(bob))
    published.clear()
    services.accept_friend(bob, alice, why="yes", by=Actor.of(bob, sid="s2"))
    assert (friends(alice), friends(bob)) == (["bobby"], ["alice"])
    assert {row.source for row in Friendship.objects.all()} == {"request"}
    assert {state for _, _, state in requests()} == {"accepted"}
    own, answer = published.told
    assert (own.event.change, [user["username"] for user in own.event.users]) == (5, ["alice"])
    assert audience(own) == ([bob.pk], "s2", False)
    assert (answer.event.accepted, answer.event.why, answer.event.username) == (True, "yes", "bobby")
    assert audience(answer) == ([alice.pk], None, True)


def test_a_no_makes_none_and_may_be_followed_by_another_try(alice, bob, published):
    services.invite_friend(alice, bob, why="", by=Actor.of(alice))
    published.clear()
    services.decline_friend(bob, alice, why="no", by=Actor.of(bob))
    assert friends(alice) == friends(bob) == []
    (answer,) = published
    assert isinstance(answer, InvitationAnswered)
    assert not answer.accepted
    services.invite_friend(alice, bob, why="please", by=Actor.of(alice))
    assert requests() == [("alice", "bobby", "declined"), ("alice", "bobby", "open")]


def test_only_an_open_invitation_is_answered(alice, bob, published):
    services.invite_friend(alice, bob, why="", by=Actor.of(alice))
    published.clear()
    for answer in (services.accept_friend, services.decline_friend):
        with pytest.raises(NoInvitation):
            answer(alice, bob, why="", by=Actor.of(alice))
    assert friends(alice) == []
    assert published == []
    services.decline_friend(bob, alice, why="", by=Actor.of(bob))
    with pytest.raises(NoInvitation):
        services.accept_friend(bob, alice, why="", by=Actor.of(bob))


@pytest.mark.parametrize(
    ("name", "refusal"), [("bobby", AlreadyFriends), ("alice", BadValue), ("eve22", CrossApplication)]
)
def test_whom_one_cannot_invite(cast, server, published, name, refusal):
    services.add_friends(cast["alice"], [cast["bobby"]], by=server)
    published.clear()
    with pytest.raises(refusal):
        services.invite_friend(cast["alice"], cast[name], why="", by=Actor.of(cast["alice"]))
    assert requests() == []
    assert published == []


def test_a_user_ends_a_friendship(alice, bob, server, published):
    services.add_friends(alice, [bob], by=server)
    published.clear()
    services.remove_friends(alice, [bob], by=Actor.of(alice, sid="s1"))
    assert friends(alice) == friends(bob) == []
    removed, own = published.told
    assert isinstance(removed.event, FriendRemoved)
    assert (removed.event.username, audience(removed)) == ("alice", ([bob.pk], None, True))
    assert isinstance(own.event, OwnFriendsChanged)
    assert (own.event.change, audience(own)) == (6, ([alice.pk], "s1", False))
    published.clear()
    with pytest.raises(NotAFriend):
        services.remove_friends(alice, [bob], by=Actor.of(alice))
    assert published == []


def test_a_users_note_is_told_to_other_sessions(alice, bob, server, published):
    services.add_friends(alice, [bob], by=server)
    published.clear()
    services.note_friends(alice, [Note(bob, "Bob", "from work")], by=Actor.of(alice, sid="s1"))
    (told,) = published.told
    assert (told.event.change, told.event.note_name, told.event.others) == (7, "Bob", "from work")
    assert audience(told) == ([alice.pk], "s1", False)


def test_users_act_for_themselves(alice, bob, carol, server, published):
    services.add_friends(alice, [bob], by=server)
    services.invite_friend(carol, alice, why="", by=Actor.of(carol))
    published.clear()
    by = Actor.of(bob)
    for attempt in (
        lambda: services.remove_friends(alice, [bob], by=by),
        lambda: services.note_friends(alice, [Note(bob, "x")], by=by),
        lambda: services.invite_friend(alice, carol, why="", by=by),
        lambda: services.accept_friend(alice, carol, why="", by=by),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert friends(alice) == ["bobby"]
    assert published == []


# At once


@pytest.mark.django_db(transaction=True)
def test_two_who_are_made_friends_from_both_sides_at_once(application, server):
    cast = register(application, "alice", "bobby")
    alice, bob = cast.values()
    results = together(
        lambda: services.add_friends(alice, [bob], by=server),
        lambda: services.add_friends(bob, [alice], by=server),
    )
    assert kinds(results) == ["AlreadyFriends", "NoneType"]
    assert Friendship.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_friends_of_one_who_is_deleted_meanwhile(application, server):
    cast = register(application, "alice", "bobby", "carol")
    alice, bob, carol = cast.values()
    together(
        lambda: services.add_friends(alice, [bob, carol], by=server),
        lambda: services.delete_user(bob, by=server),
        lambda: services.add_friends(carol, [bob], by=server),
    )
    assert not Friendship.objects.filter(friend=bob).exists()
    assert not Friendship.objects.filter(owner=bob).exists()
