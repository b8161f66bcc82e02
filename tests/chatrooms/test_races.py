"""Several at once: a room holds no more than it takes, and nobody twice."""

import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Session
from chatrooms import services
from chatrooms.models import ChatRoom
from imsite.core import clock
from tests.together import kinds, together

pytestmark = pytest.mark.django_db(transaction=True)


def inside(room):
    return set(room.memberships.values_list("user__username", flat=True))


def test_one_user_enters_once(lobby, bob):
    results = together(*[lambda: services.enter_room(lobby, bob, by=Actor.of(bob))] * 4)
    assert kinds(results) == ["AlreadyInRoom"] * 3 + ["NoneType"]


def test_the_last_place_is_given_once(lobby, bob, carol, dave):
    ChatRoom.objects.filter(pk=lobby.pk).update(capacity=2)
    results = together(
        *[lambda user=user: services.enter_room(lobby, user, by=Actor.of(user)) for user in (bob, carol, dave)]
    )
    assert kinds(results) == ["NoneType", "RoomFull", "RoomFull"]
    assert len(inside(lobby)) == 2


def test_entering_while_going_away(lobby, bob):
    now = clock.now()
    for number in range(5):
        session = Session.objects.create(
            user=bob, sid=f"sid{number}", device_class="web", platform="j", login_at=now, seen_at=now
        )
        by = Actor.of(bob, sid=session.sid, login_id=session.pk)
        together(
            lambda by=by: services.enter_room(lobby, bob, by=by),
            lambda session=session: accounts.end_session(session.pk, Session.Ended.LOST),
        )
        assert inside(lobby) == {"alice"}


def test_entering_while_the_room_is_deleted(lobby, bob, carol, server):
    together(
        lambda: services.enter_room(lobby, bob, by=Actor.of(bob)),
        lambda: services.delete_room(lobby, by=server),
        lambda: services.enter_room(lobby, carol, by=Actor.of(carol)),
    )
    assert inside(lobby) == set()
