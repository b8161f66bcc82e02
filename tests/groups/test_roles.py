"""Silence, keepers, owners: who may, what changes, who is told."""

from datetime import timedelta

import pytest

from accounts import services as accounts
from accounts.actors import Actor
from groups import services
from groups.errors import (
    NoMembersNamed,
    NoSuchGroup,
    NoSuchMember,
    NotGroupManager,
    NotMember,
    ProtectedMember,
    TooManyKeepers,
)
from groups.events import KeepersAdded, KeepersRemoved, MembersSilenced, OwnerChanged, SilenceLifted
from groups.models import Group, Membership
from imsite.core import clock
from messaging.models import FOREVER_MS, Participant
from tests.cast import register
from tests.together import kinds, together

Role = Membership.Role


@pytest.fixture
def club(club, carol, dave, server):
    """alice owns it, bob keeps it, carol and dave are in it."""
    services.change_members(club, add=[carol, dave], by=server)
    services.add_keepers(club, [club.memberships.get(user__username="bobby").user], by=server)
    return club


@pytest.fixture(autouse=True)
def quiet(club, published):
    """What made the group is not looked at."""
    published.clear()


def roles(group):
    found = {membership.user.username: membership.role for membership in group.members()}
    moderators = set(
        Participant.objects.filter(conversation_id=group.pk, moderates=True).values_list("user", flat=True)
    )
    assert moderators == {membership.user_id for membership in group.members() if membership.role != Role.MEMBER}
    owner = Group.objects.get(pk=group.pk).owner.username
    assert [name for name, role in found.items() if role == Role.OWNER] == [owner]
    return found


def silenced(group):
    until = dict(group.memberships.values_list("user__username", "silenced_until"))
    places = dict(
        Participant.objects.filter(conversation_id=group.pk).values_list("user__username", "silenced_until_ms")
    )
    assert {name: clock.to_ms(at) if at else 0 for name, at in until.items()} == places
    return {name for name, at in until.items() if at}


def told(published):
    return [(type(event), event.from_username, [user["username"] for user in event.users]) for event in published]


AT_FIRST = {"alice": Role.OWNER, "bobby": Role.KEEPER, "carol": Role.MEMBER, "dave1": Role.MEMBER}


# Silence


def test_silence_is_told_once_of_those_it_is_new_for(club, alice, carol, dave, server, published):
    services.silence_members(club, [carol], by=server)
    services.silence_members(club, [carol, dave, dave], by=Actor.of(alice))
    assert silenced(club) == {"carol", "dave1"}
    services.silence_members(club, [carol], by=server)
    services.unsilence_members(club, [carol], by=Actor.of(alice))
    services.unsilence_members(club, [carol], by=server)
    assert silenced(club) == {"dave1"}
    assert told(published) == [
        (MembersSilenced, "", ["carol"]),
        (MembersSilenced, "alice", ["dave1"]),
        (SilenceLifted, "alice", ["carol"]),
    ]
    assert all(one.keep and one.to.conversation == club.pk and not one.to.skip for one in published.told)
    assert Participant.objects.get(user=dave).silenced_until_ms == FOREVER_MS


def test_silence_may_end_by_itself(club, carol, server):
    until = clock.now() + timedelta(hours=1)
    services.silence_members(club, [carol], until=until, by=server)
    assert club.memberships.get(user=carol).silenced_until == until
    assert silenced(club) == {"carol"}
    services.silence_members(club, [carol], by=server)
    assert Participant.objects.get(user=carol).silenced_until_ms == FOREVER_MS


@pytest.mark.parametrize("change", [services.silence_members, services.unsilence_members])
@pytest.mark.parametrize(
    ("by", "whom", "refusal"),
    [
        ("bobby", "carol", None),
        ("alice", "bobby", None),
        ("carol", "dave1", NotGroupManager),
        ("bobby", "alice", ProtectedMember),
        ("erik1", "carol", NotMember),
        ("alice", "erik1", NoSuchMember),
        ("server", "alice", None),
        ("server", "erik1", NoSuchMember),
    ],
)
def test_who_may_silence_whom(club, application, cast, server, published, change, by, whom, refusal):
    people = cast | register(application, "erik1")
    published.clear()
    actor = server if by == "server" else Actor.of(people[by])
    if refusal is None:
        change(club, [people[whom]], by=actor)
        return
    with pytest.raises(refusal):
        change(club, [people[whom]], by=actor)
    assert silenced(club) == set()
    assert published == []


def test_keepers_silence_no_keepers(club, bob, carol, server, published):
    services.add_keepers(club, [carol], by=server)
    published.clear()
    with pytest.raises(ProtectedMember):
        services.silence_members(club, [carol], by=Actor.of(bob))
    assert (silenced(club), published) == (set(), [])


def test_a_manager_takes_back_their_own_silence(club, alice, bob, server):
    services.silence_members(club, [alice, bob], by=server)
    for user in (alice, bob):
        services.unsilence_members(club, [user], by=Actor.of(user))
    assert silenced(club) == set()


def test_who_leaves_and_comes_back_speaks(club, carol, server):
    services.silence_members(club, [carol], by=server)
    services.change_members(club, remove=[carol], by=server)
    services.change_members(club, add=[carol], by=server)
    assert silenced(club) == set()


# Keepers


def test_keepers_come_and_go(club, alice, bob, carol, server, published):
    services.add_keepers(club, [carol, bob, carol], by=Actor.of(alice))
    assert roles(club) == AT_FIRST | {"carol": Role.KEEPER}
    services.add_keepers(club, [carol], by=server)
    services.remove_keepers(club, [bob, carol], by=Actor.of(alice))
    services.remove_keepers(club, [bob], by=server)
    assert roles(club) == AT_FIRST | {"bobby": Role.MEMBER}
    assert told(published) == [(KeepersAdded, "alice", ["carol"]), (KeepersRemoved, "alice", ["bobby", "carol"])]
    assert all(one.keep and one.to.conversation == club.pk for one in published.told)


@pytest.mark.parametrize(
    ("change", "by", "whom", "refusal"),
    [
        (services.add_keepers, "bobby", ["carol"], NotGroupManager),
        (services.add_keepers, "carol", ["carol"], NotGroupManager),
        (services.add_keepers, "erik1", ["carol"], NotMember),
        (services.add_keepers, "alice", ["alice"], ProtectedMember),
        (services.add_keepers, "alice", ["carol", "erik1"], NoSuchMember),
        (services.add_keepers, "alice", [], NoMembersNamed),
        (services.remove_keepers, "bobby", ["bobby"], NotGroupManager),
        (services.remove_keepers, "alice", ["bobby", "erik1"], NoSuchMember),
        (services.remove_keepers, "alice", [], NoMembersNamed),
    ],
)
def test_keepers_are_the_owners_to_name(club, application, cast, published, change, by, whom, refusal):
    people = cast | register(application, "erik1")
    published.clear()
    with pytest.raises(refusal):
        change(club, [people[name] for name in whom], by=Actor.of(people[by]))
    assert roles(club) == AT_FIRST
    assert published == []


def test_a_group_has_15_keepers(club, application, carol, server):
    people = [*register(application, *(f"keeper{number:02}" for number in range(14))).values()]
    services.change_members(club, add=people, by=server)
    services.add_keepers(club, people, by=server)
    with pytest.raises(TooManyKeepers) as refused:
        services.add_keepers(club, [carol], by=server)
    assert refused.value.sdk_code == 880608
    assert sum(role == Role.KEEPER for role in roles(club).values()) == 15


# Owner


@pytest.mark.parametrize("heir", ["bobby", "carol"])
@pytest.mark.parametrize("by", ["alice", "server"])
def test_a_new_owner(club, cast, server, published, heir, by):
    services.transfer_group(club, cast[heir], by=server if by == "server" else Actor.of(cast["alice"]))
    assert roles(club) == AT_FIRST | {heir: Role.OWNER, "alice": Role.MEMBER}
    assert told(published) == [(OwnerChanged, "alice", [heir])]
    assert published.told[0].keep
    assert published.told[0].to.conversation == club.pk
    services.transfer_group(club, cast[heir], by=server)
    assert len(published) == 1


@pytest.mark.parametrize(
    ("by", "whom", "refusal"),
    [("bobby", "bobby", NotGroupManager), ("carol", "carol", NotGroupManager), ("alice", "erik1", NoSuchMember)],
)
def test_the_owner_hands_over_to_a_member(club, application, cast, published, by, whom, refusal):
    people = cast | register(application, "erik1")
    published.clear()
    with pytest.raises(refusal):
        services.transfer_group(club, people[whom], by=Actor.of(people[by]))
    assert roles(club) == AT_FIRST
    assert published == []


def test_a_user_who_is_deleted_does_not_become_the_owner(club, carol, server):
    accounts.delete_user(carol, by=server)
    with pytest.raises(NoSuchMember):
        services.transfer_group(club, carol, by=server)


@pytest.mark.parametrize("change", [services.silence_members, services.add_keepers, services.remove_keepers])
def test_another_application_changes_nothing(club, carol, other_application, published, change):
    with pytest.raises(NoSuchGroup):
        change(club, [carol], by=Actor.server(other_application))
    with pytest.raises(NoSuchGroup):
        services.transfer_group(club, carol, by=Actor.server(other_application))
    assert (roles(club), published) == (AT_FIRST, [])


@pytest.mark.django_db(transaction=True)
def test_of_two_transfers_at_once_both_are_done_one_after_the_other(club, bob, carol, server):
    results = together(*[lambda user=user: services.transfer_group(club, user, by=server) for user in (bob, carol)])
    assert kinds(results) == ["NoneType", "NoneType"]
    assert sorted(roles(club).values()) == [Role.MEMBER, Role.MEMBER, Role.MEMBER, Role.OWNER]


@pytest.mark.django_db(transaction=True)
def test_an_owner_who_goes_while_handing_over_leaves_one_owner(club, alice, carol, server):
    together(
        lambda: services.transfer_group(club, carol, by=server),
        lambda: services.leave_group(club, alice, by=Actor.of(alice)),
        lambda: services.change_members(club, remove=[carol], by=server),
    )
    assert list(roles(club).values()).count(Role.OWNER) == 1
