"""Several at once: what one may and a group holds stays true."""

import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Application, User
from groups import services
from groups.errors import AlreadyMember, GroupFull, NoSuchGroup, NotMember, TooManyGroups
from groups.models import Group, Membership
from messaging.models import Message, Participant
from messaging.services.sending import Draft, send
from messaging.targets import resolve
from tests.together import kinds, together

pytestmark = pytest.mark.django_db(transaction=True)


def active(group):
    return set(
        Participant.objects.filter(conversation_id=group.pk, active=True).values_list("user__username", flat=True)
    )


def members(group):
    return set(group.memberships.values_list("user__username", flat=True))


def test_one_user_is_added_once(club, alice, carol):
    results = together(*[lambda: services.change_members(club, add=[carol], by=Actor.of(alice))] * 4)
    assert kinds(results) == ["AlreadyMember"] * 3 + ["NoneType"]
    assert isinstance(results[0], AlreadyMember | None)
    assert members(club) == active(club) == {"alice", "bobby", "carol"}


def test_the_last_place_is_given_once(club, carol, dave, server):
    Group.objects.filter(pk=club.pk).update(capacity=3)
    results = together(
        *[lambda user=user: services.change_members(club, add=[user], by=server) for user in (carol, dave)]
    )
    assert kinds(results) == [GroupFull.__name__, "NoneType"]
    assert len(members(club)) == 3
    assert members(club) == active(club)


def test_the_last_group_is_given_once(application, alice):
    Application.objects.filter(pk=application.pk).update(settings={"groups_per_user": 1})
    by = Actor.server(Application.objects.get(pk=application.pk))
    results = together(*[lambda: services.create_group("Club", owner=alice, by=by)] * 3)
    assert kinds(results) == ["Group", TooManyGroups.__name__, TooManyGroups.__name__]


def test_all_leave_at_once(club, alice, bob, carol, dave, server):
    services.change_members(club, add=[carol, dave], by=server)
    users = (alice, bob, carol, dave)
    results = together(*[lambda user=user: services.leave_group(club, user, by=Actor.of(user)) for user in users])
    assert kinds(results) == ["NoneType"] * 4
    club.refresh_from_db()
    assert club.dissolved_at is not None
    assert members(club) == active(club) == set()


def test_leaving_and_dissolving(club, bob, server):
    results = together(
        lambda: services.leave_group(club, bob, by=Actor.of(bob)),
        lambda: services.dissolve(club, by=server),
        lambda: services.dissolve(club, by=server),
    )
    assert set(kinds(results)) <= {"NoneType", NoSuchGroup.__name__, NotMember.__name__}
    assert active(club) == set()


def test_there_is_always_one_owner(club, alice, bob, carol, dave, server):
    services.change_members(club, add=[carol, dave], by=server)
    together(
        lambda: services.leave_group(club, alice, by=Actor.of(alice)),
        lambda: services.change_members(club, remove=[bob], by=server),
        lambda: services.leave_group(club, carol, by=Actor.of(carol)),
    )
    club.refresh_from_db()
    assert members(club) == active(club) == {"dave1"}
    assert club.owner == dave
    assert club.memberships.get().role == Membership.Role.OWNER


def test_who_is_deleted_meanwhile_is_not_in(club, alice, carol, server):
    together(
        lambda: services.change_members(club, add=[carol], by=Actor.of(alice)),
        lambda: accounts.delete_user(carol, by=server),
    )
    assert not User.objects.of(club.application).filter(username="carol").exists()
    assert members(club) == active(club) == {"alice", "bobby"}


def test_who_found_a_group_before_it_was_dissolved_says_nothing_in_it(club, application, alice, server):
    """The application's server too, which stands above the rules for members."""
    target = resolve(application, "group", str(club.pk), by=server, sender=alice)
    services.dissolve(club, by=server)
    hello = Draft(type="text", body={"text": "hi"})
    with pytest.raises(NoSuchGroup):
        send(target, hello, by=server, sender=alice).result(10)
    with pytest.raises(NotMember):
        send(target, hello, by=Actor.of(alice)).result(10)
    assert not Message.objects.exists()
