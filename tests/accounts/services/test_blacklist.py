"""Who may not send to whom."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.actors import Actor
from accounts.errors import (
    AdminNotBlockable,
    AlreadyBlocked,
    BadValue,
    CrossApplication,
    NoSuchUser,
    NotAllowed,
    NotBlocked,
)
from accounts.events import BlacklistChanged, OwnBlacklistChanged
from accounts.models import Block
from tests.cast import register
from tests.together import kinds, together


def blocked(user):
    return [row.target.username for row in user.blocks.select_related("target").order_by("pk")]


def audience(told):
    return list(told.to.users), told.to.skip, told.keep


def test_a_block_has_one_direction(alice, bob, carol, server, published):
    services.block(alice, [bob, carol, bob], by=server)
    assert (blocked(alice), blocked(bob)) == (["bobby", "carol"], [])
    (told,) = published.told
    assert isinstance(told.event, BlacklistChanged)
    assert audience(told) == ([alice.pk], None, True)
    services.block(bob, [alice], by=server)
    services.unblock(alice, [carol], by=server)
    assert (blocked(alice), blocked(bob)) == (["bobby"], ["alice"])
    assert [list(told.to.users) for told in published.told] == [[alice.pk], [bob.pk], [alice.pk]]


@pytest.mark.parametrize(
    ("named", "refusal"),
    [
        (["carol", "bobby"], AlreadyBlocked),
        (["carol", "admin"], AdminNotBlockable),
        (["carol", "alice"], BadValue),
        (["carol", "eve22"], CrossApplication),
    ],
)
def test_a_refused_block_changes_nothing(application, cast, server, published, named, refusal):
    cast |= register(application, "admin")
    services.grant_admin(cast["admin"], by=server)
    services.block(cast["alice"], [cast["bobby"]], by=server)
    published.clear()
    with pytest.raises(refusal):
        services.block(cast["alice"], [cast[name] for name in named], by=server)
    assert blocked(cast["alice"]) == ["bobby"]
    assert published == []


def test_a_refused_unblock_changes_nothing(alice, bob, carol, server, published):
    services.block(alice, [bob], by=server)
    published.clear()
    with pytest.raises(NotBlocked):
        services.unblock(alice, [bob, carol], by=server)
    assert blocked(alice) == ["bobby"]
    assert published == []


def test_who_became_an_admin_may_be_unblocked(alice, bob, server):
    services.block(alice, [bob], by=server)
    services.grant_admin(bob, by=server)
    services.unblock(alice, [bob], by=server)
    assert blocked(alice) == []


def test_users_of_other_applications_of_the_owner(alice, frank, server):
    services.block(alice, [frank], by=server)
    assert blocked(alice) == ["frank"]
    services.unblock(alice, [frank], by=server)
    assert blocked(alice) == []


def test_what_a_user_blocks_is_told_to_other_sessions(alice, bob, published):
    by = Actor.of(alice, sid="s1")
    services.block(alice, [bob], by=by)
    services.unblock(alice, [bob], by=by)
    assert [(event.change, event.users[0]["username"]) for event in published.of(OwnBlacklistChanged)] == [
        (1, "bobby"),
        (2, "bobby"),
    ]
    assert [audience(told) for told in published.told] == [([alice.pk], "s1", False)] * 2


def test_who_may_block(alice, bob, carol, other_application, published):
    for by in (Actor.of(bob), Actor.server(other_application)):
        for act in (services.block, services.unblock):
            with pytest.raises(NotAllowed):
                act(alice, [carol], by=by)
    assert blocked(alice) == []
    assert published == []


def test_the_deleted_leave_blacklists(alice, bob, server):
    services.block(alice, [bob], by=server)
    services.delete_user(bob, by=server)
    assert blocked(alice) == []
    with pytest.raises(NoSuchUser):
        services.block(alice, [bob], by=server)


def test_many_cost_as_many_queries_as_few(application, alice, server):
    many = list(register(application, *(f"user{number}" for number in range(60))).values())
    with CaptureQueriesContext(connection) as few:
        services.block(alice, many[:1], by=server)
    with CaptureQueriesContext(connection) as lots:
        services.block(alice, many[1:], by=server)
    assert len(lots) <= len(few) < 12
    with CaptureQueriesContext(connection) as back:
        services.unblock(alice, many, by=server)
    assert len(back) < 12
    assert not Block.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_blocks_of_one_user_at_once(application, server):
    alice, bob = register(application, "alice", "bobby").values()
    results = together(*[lambda: services.block(alice, [bob], by=server)] * 2)
    assert kinds(results) == ["AlreadyBlocked", "NoneType"]
