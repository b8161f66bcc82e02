"""Lookups within an application."""

import pytest

from accounts import services
from accounts.actors import Actor
from accounts.application_settings import ApplicationSettings
from accounts.errors import NoSuchUser
from accounts.models import User, briefs


def test_lookups_stay_within_the_application(application, alice, eve):
    users = User.objects.of(application)
    assert users.find("alice") == alice
    with pytest.raises(NoSuchUser):
        users.find("eve22")
    assert eve not in users


@pytest.mark.parametrize("username", ["", "al\0ce", 5, None, ["alice"]])
def test_find_takes_anything(application, alice, username):
    with pytest.raises(NoSuchUser):
        User.objects.of(application).find(username)


def test_named_keeps_the_order_and_takes_each_once(application, alice, bob, carol):
    users = User.objects.of(application)
    assert users.named(["carol", "alice", "carol"]) == [carol, alice]
    assert users.named([]) == []
    with pytest.raises(NoSuchUser) as refusal:
        users.named(["alice", "nobody", "eve22"])
    assert str(refusal.value) == "no such user: nobody, eve22"


def test_the_deleted_are_left_out(application, alice):
    services.delete_user(alice, by=Actor.server(application))
    with pytest.raises(NoSuchUser):
        User.objects.of(application).named(["alice"])


def test_brief_users_have_every_member(alice):
    (brief,) = briefs([alice])
    appkey = alice.application.appkey
    assert brief == {"username": "alice", "appkey": appkey, "nickname": "", "avatar": "", "memo_name": ""}


def test_settings_that_cannot_be_read_are_the_defaults():
    stored = {"retract_seconds": "60", "friends_only": 1, "unknown": 5, "room_capacity": 7}
    limits = ApplicationSettings.read(stored)
    assert (limits.retract_seconds, limits.friends_only, limits.room_capacity) == (180, False, 7)
