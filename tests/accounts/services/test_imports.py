"""Accounts and friend lists of another system."""

from datetime import UTC, datetime

import pytest

from accounts import passwords
from accounts.actors import Actor
from accounts.errors import (
    BadNote,
    BadUsername,
    BadValue,
    CrossApplication,
    ImError,
    NoSuchUser,
    NotAllowed,
    UserExists,
)
from accounts.models import Friendship, User
from accounts.passwords import md5_hex
from accounts.services import Note, delete_user
from accounts.services.imports import check_users, import_friends, import_users

LONG_AGO = datetime(2015, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def system(application):
    return Actor.system(application)


def test_users_come_with_what_they_were(application, system):
    stored = []
    results = import_users(
        application,
        [
            {
                "username": "anna",
                "password": md5_hex("secret"),
                "nickname": "A",
                "is_admin": True,
                "created_at": LONG_AGO,
                "updated_at": LONG_AGO,
            },
            {"username": "bert", "password": None, "disabled": True},
        ],
        by=system,
        stored=stored.extend,
    )
    anna, bert = User.objects.of(application).order_by("pk")
    assert stored == [anna, bert] == results
    assert passwords.verify(anna, md5_hex("secret"))
    assert (anna.nickname, anna.is_admin, anna.disabled) == ("A", True, False)
    assert (anna.created_at, anna.updated_at) == (LONG_AGO, LONG_AGO)
    assert (bert.password, bert.is_admin, bert.disabled) == ("", False, True)
    assert bert.created_at > LONG_AGO
    assert not passwords.verify(bert, md5_hex(""))


def test_one_that_cannot_come_loses_no_other(application, system, alice):
    profiles = [
        {"username": "x", "password": None},
        {"username": "alice", "password": None},
        {"username": "anna", "password": "no md5"},
        {"username": "bert", "password": None},
        {"username": "bert", "password": None},
    ]
    checked = check_users(application, profiles)
    assert not User.objects.filter(username="bert").exists()
    results = import_users(application, profiles, by=system)
    expected = [BadUsername, UserExists, BadValue, User, UserExists]
    assert [type(result) for result in checked] == [type(result) for result in results] == expected
    assert User.objects.filter(username="bert").count() == 1


def test_what_is_noted_is_true(application, system):
    """A note that fails takes the users with it."""

    def fail(users):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        import_users(application, [{"username": "anna", "password": None}], by=system, stored=fail)
    assert not User.objects.filter(username="anna").exists()


def test_users_do_not_import(application, alice, bob):
    by = Actor.of(alice)
    with pytest.raises(NotAllowed):
        import_users(application, [{"username": "anna", "password": None}], by=by)
    with pytest.raises(NotAllowed):
        import_friends(alice, [Note(bob)], by=by)
    assert not Friendship.objects.exists()


def test_friends_in_silence(alice, bob, carol, system, published):
    import_friends(alice, [Note(bob, "Bobby", "from work"), Note(carol)], by=system)
    import_friends(bob, [Note(alice, "Al")], by=system)
    import_friends(alice, [Note(bob, "", "")], by=system)  # what was noted before stays
    rows = Friendship.objects.values_list("owner__username", "friend__username", "note_name", "others")
    assert set(rows) == {
        ("alice", "bobby", "Bobby", "from work"),
        ("alice", "carol", "", ""),
        ("bobby", "alice", "Al", ""),
        ("carol", "alice", "", ""),
    }
    assert published == []


def test_friends_who_cannot_be(alice, bob, carol, eve, system):
    for refusal, notes in (
        (BadNote, [Note(carol), Note(bob, "x" * 65)]),
        (BadNote, [Note(carol), Note(bob, "", "名" * 84)]),
        (BadValue, [Note(carol), Note(alice)]),
        (CrossApplication, [Note(carol), Note(eve)]),
    ):
        with pytest.raises(refusal):
            import_friends(alice, notes, by=system)
    delete_user(bob, by=system)
    with pytest.raises(NoSuchUser):
        import_friends(alice, [Note(carol), Note(bob)], by=system)
    assert not Friendship.objects.exists()


def test_a_list_costs_the_same_however_long(application, alice, system, django_assert_max_num_queries):
    results = import_users(application, [{"username": f"user{n:04}", "password": None} for n in range(300)], by=system)
    friends = [user for user in results if not isinstance(user, ImError)]
    with django_assert_max_num_queries(14):
        import_friends(alice, [Note(friend, "x") for friend in friends], by=system)
    assert alice.friendships.count() == 300
