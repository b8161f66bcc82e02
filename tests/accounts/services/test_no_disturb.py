"""By whom users are not to be disturbed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.actors import Actor
from accounts.errors import (
    AlreadyMuted,
    AlreadyQuiet,
    CrossApplication,
    NoSuchUser,
    NotAllowed,
    NotMuted,
    NotQuiet,
)
from accounts.events import NoDisturbChanged, OwnNoDisturbChanged
from accounts.models import Mute, User
from imsite.core.models import StoredEvent
from tests.cast import register

change = services.change_no_disturb


def muted(user):
    return [mute.target.username for mute in user.mutes.select_related("target").order_by("pk")]


def is_quiet(user):
    return User.objects.get(pk=user.pk).muted_all


def test_add_and_remove_in_one_step_are_told_once(alice, bob, carol, dave, server, published):
    change(alice, add=[bob], by=server)
    published.clear()
    change(alice, add=[carol, dave, carol], remove=[bob], everyone=True, by=server)
    assert muted(alice) == ["carol", "dave1"]
    assert is_quiet(alice)
    (told,) = published.told
    assert (type(told.event), told.event.user_id) == (NoDisturbChanged, alice.pk)
    assert (list(told.to.users), told.keep) == ([alice.pk], True)
    assert StoredEvent.objects.filter(kind="NoDisturbChanged", audience_id=alice.pk).count() == 2


def test_the_other_direction_is_another_matter(alice, bob, server):
    change(alice, add=[bob], by=server)
    assert muted(bob) == []
    change(bob, add=[alice], by=server)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"add": ["bobby", "carol"]}, AlreadyMuted),
        ({"add": ["carol"], "remove": ["dave1"]}, NotMuted),
        ({"add": ["carol"], "remove": ["carol"]}, NotMuted),
        ({"add": ["carol"], "everyone": False}, NotQuiet),
    ],
)
def test_a_refusal_changes_nothing(cast, server, published, asked, refusal):
    alice = cast["alice"]
    change(alice, add=[cast["bobby"]], by=server)
    published.clear()
    named = {name: [cast[one] for one in value] if isinstance(value, list) else value for name, value in asked.items()}
    with pytest.raises(refusal):
        change(alice, **named, by=server)
    assert muted(alice) == ["bobby"]
    assert not is_quiet(alice)
    assert published == []


def test_global_is_on_or_off_once(alice, server):
    change(alice, everyone=True, by=server)
    with pytest.raises(AlreadyQuiet):
        change(alice, everyone=True, by=server)
    change(alice, everyone=False, by=server)
    with pytest.raises(NotQuiet):
        change(alice, everyone=False, by=server)
    assert not is_quiet(alice)


def test_nothing_asked_is_nothing_told(alice, server, published):
    change(alice, by=server)
    assert published == []


def test_a_caller_may_tell_for_itself(alice, bob, server, published):
    change(alice, add=[bob], everyone=True, by=server, tell=False)
    assert muted(alice) == ["bobby"]
    assert published == []


def test_users_of_other_applications_of_the_owner_alone(alice, frank, eve, server, published):
    change(alice, add=[frank], by=server)
    assert muted(alice) == ["frank"]
    published.clear()
    with pytest.raises(CrossApplication):
        change(alice, add=[eve], by=server)
    assert muted(alice) == ["frank"]
    assert published == []


def test_who_may_change_it(alice, bob, carol, other_application, published):
    for by in (Actor.of(bob), Actor.server(other_application)):
        with pytest.raises(NotAllowed):
            change(alice, add=[carol], by=by)
    assert muted(alice) == []
    assert published == []


def test_what_users_change_their_other_sessions_learn(alice, bob, carol, published):
    by = Actor.of(alice, sid="s1")
    change(alice, add=[bob, carol], by=by)
    change(alice, remove=[carol], by=by)
    change(alice, everyone=True, by=by)
    change(alice, everyone=False, by=by)
    events = published.of(OwnNoDisturbChanged)
    assert [(event.change, [user["username"] for user in event.users]) for event in events] == [
        (31, ["bobby", "carol"]),
        (32, ["carol"]),
        (35, []),
        (36, []),
    ]
    assert len(published) == 4
    assert all((list(told.to.users), told.to.skip, told.keep) == ([alice.pk], "s1", False) for told in published.told)


def test_the_deleted_are_no_users(alice, bob, server, published):
    services.delete_user(bob, by=server)
    published.clear()
    with pytest.raises(NoSuchUser):
        change(alice, add=[bob], by=server)
    services.delete_user(alice, by=server)
    published.clear()
    with pytest.raises(NoSuchUser):
        change(alice, everyone=True, by=server)
    assert published == []


def test_many_cost_as_many_queries_as_few(application, alice, server):
    many = register(application, *(f"user{number}" for number in range(60))).values()
    with CaptureQueriesContext(connection) as few:
        change(alice, add=[*many][:2], by=server)
    with CaptureQueriesContext(connection) as lots:
        change(alice, add=[*many][2:], by=server)
    assert len(lots) <= len(few) < 12
    assert Mute.objects.count() == 60
