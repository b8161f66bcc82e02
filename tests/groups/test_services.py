"""The operations on groups: who may, what changes, who is told."""

import pytest
from django.db import IntegrityError, transaction

from accounts import services as accounts
from accounts.actors import Actor
from accounts.errors import CrossApplication, NoSuchUser
from accounts.models import Application, User
from groups import services
from groups.errors import (
    AlreadyMember,
    DescTooLong,
    GroupFull,
    Invalid,
    MayNotAdd,
    MayNotRemove,
    NameTooLong,
    NobodyLeft,
    NoMembersNamed,
    NoSuchGroup,
    NoSuchMember,
    NotGroupManager,
    NotMember,
    ProtectedMember,
    TooManyGroups,
)
from groups.events import (
    GroupCreated,
    GroupDissolved,
    GroupInfoChanged,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
)
from groups.models import Group, Membership
from imsite.core.models import StoredEvent
from messaging.models import Conversation, Participant

Role = Membership.Role


def members(group):
    """Usernames and roles in the order of joining."""
    return {
        membership.user.username: Role(membership.role)
        for membership in group.memberships.select_related("user").order_by("pk")
    }


def active(group):
    """Usernames of those who may speak, and of those among them who moderate."""
    rows = Participant.objects.filter(conversation_id=group.pk, active=True).values_list("user__username", "moderates")
    return set(rows)


def names(event):
    return [user["username"] for user in event.users]


def with_settings(application, **settings):
    """The application under other limits."""
    Application.objects.filter(pk=application.pk).update(settings=settings)
    return Application.objects.get(pk=application.pk)


def keep(group, user):
    """Make a keeper of a member."""
    group.memberships.filter(user=user).update(role=Role.KEEPER)
    Participant.objects.filter(conversation_id=group.pk, user=user).update(moderates=True)


@pytest.fixture
def crowd(application):
    """200 users."""
    User.objects.bulk_create(
        User(application=application, username=f"crowd{number:03}", updated_at=application.created_at)
        for number in range(200)
    )
    return list(User.objects.of(application).filter(username__startswith="crowd").order_by("pk"))


# Creation


def test_a_group_of_its_creator_alone(alice, published):
    group = services.create_group(
        "Club", owner=alice, desc="ours", avatar="media", type=Group.Type.PUBLIC, by=Actor.of(alice)
    )

    group.refresh_from_db()
    assert (group.name, group.desc, group.avatar, group.type, group.capacity) == ("Club", "ours", "media", 2, 500)
    assert group.conversation.kind == Conversation.Kind.GROUP
    assert members(group) == {"alice": Role.OWNER}
    assert active(group) == {("alice", True)}
    (event,) = published
    assert isinstance(event, GroupCreated)
    assert (event.gid, event.group_name, event.group_avatar) == (group.pk, "Club", "media")
    assert (event.from_username, event.from_uid) == ("alice", alice.pk)
    assert names(event) == ["alice"]


def test_a_group_made_by_the_server_is_told_to_all_members_without_a_sender(application, alice, bob, server, published):
    group = services.create_group("Club", owner=alice, members=[bob], by=server)

    assert members(group) == {"alice": Role.OWNER, "bobby": Role.MEMBER}
    assert active(group) == {("alice", True), ("bobby", False)}
    (told,) = published.told
    assert told.keep
    assert told.to.conversation == group.pk
    assert set(told.to.users) == {alice.pk, bob.pk}
    assert (told.event.from_username, told.event.from_appkey, told.event.from_uid) == ("", "", 0)
    assert names(told.event) == ["alice"]


def test_the_owner_may_stand_among_the_members(alice, bob, server):
    group = services.create_group("Club", owner=alice, members=[bob, alice, bob], by=server)
    assert members(group) == {"alice": Role.OWNER, "bobby": Role.MEMBER}


def test_name_and_description_are_limited_in_bytes(alice, published):
    by = Actor.of(alice)
    services.create_group("名" * 21 + "x", owner=alice, desc="述" * 83 + "x", by=by)
    for refusal, given in (
        (NameTooLong, {"name": "名" * 21 + "xx"}),
        (DescTooLong, {"name": "x", "desc": "述" * 83 + "xx"}),
    ):
        with pytest.raises(refusal):
            services.create_group(given["name"], owner=alice, desc=given.get("desc", ""), by=by)
    assert Group.objects.count() == 1
    assert len(published) == 1


def test_a_group_takes_no_more_than_its_capacity(application, alice, bob, carol, published):
    small = with_settings(application, group_capacity=2)
    group = services.create_group("Pair", owner=alice, members=[bob], by=Actor.server(small))
    assert group.capacity == 2
    with pytest.raises(GroupFull):
        services.create_group("Three", owner=alice, members=[bob, carol], by=Actor.server(small))
    with pytest.raises(GroupFull):
        services.change_members(group, add=[carol], by=Actor.server(small))
    services.change_members(group, add=[carol], remove=[bob], by=Actor.server(small))
    assert members(group) == {"alice": Role.OWNER, "carol": Role.MEMBER}
    assert Group.objects.count() == 1


def test_a_user_is_in_no_more_groups_than_allowed(application, alice, bob, server, published):
    by = Actor.server(with_settings(application, groups_per_user=1))
    club = services.create_group("Club", owner=alice, by=by)
    with pytest.raises(TooManyGroups, match="alice"):
        services.create_group("Second", owner=bob, members=[alice], by=by)
    other = services.create_group("Other", owner=bob, by=by)
    with pytest.raises(TooManyGroups, match="bobby"):
        services.change_members(club, add=[bob], by=by)
    # A dissolved group does not count.
    services.dissolve(other, by=by)
    services.change_members(club, add=[bob], by=by)
    assert Group.objects.of(application).count() == 1


def test_nobody_of_another_owner_comes_in(alice, bob, eve, server, club, published):
    with pytest.raises(CrossApplication):
        services.create_group("Club", owner=alice, members=[eve], by=server)
    with pytest.raises(CrossApplication):
        services.create_group("Club", owner=eve, by=server)
    with pytest.raises(CrossApplication):
        services.change_members(club, add=[eve], by=server)
    assert members(club) == {"alice": Role.OWNER, "bobby": Role.MEMBER}
    assert Group.objects.count() == 1


def test_a_deleted_user_does_not_come_in(alice, dave, server, club):
    accounts.delete_user(dave, by=server)
    with pytest.raises(NoSuchUser):
        services.change_members(club, add=[dave], by=Actor.of(alice))
    with pytest.raises(NoSuchUser):
        services.create_group("Club", owner=dave, by=server)


# Another application's hands


@pytest.mark.parametrize(
    "operation",
    [
        lambda group, user, by: services.update_info(group, name="Mine", by=by),
        lambda group, user, by: services.change_members(group, add=[user], by=by),
        lambda group, user, by: services.change_members(group, remove=[user], by=by),
        lambda group, user, by: services.leave_group(group, user, by=by),
        lambda group, user, by: services.dissolve(group, by=by),
        lambda group, user, by: services.restore(group, by=by),
    ],
)
def test_another_application_does_not_find_the_group(club, eve, other_application, published, operation):
    published.clear()
    with pytest.raises(NoSuchGroup):
        operation(club, eve, Actor.server(other_application))
    club.refresh_from_db()
    assert (club.name, club.dissolved_at) == ("Club", None)
    assert members(club) == {"alice": Role.OWNER, "bobby": Role.MEMBER}
    assert published == []


# Information


def test_any_member_changes_what_the_group_is_called(club, bob, published):
    published.clear()
    before = club.updated_at
    services.update_info(club, name="Clubs", desc="all", by=Actor.of(bob))

    club.refresh_from_db()
    assert (club.name, club.desc, club.avatar, club.info_seq) == ("Clubs", "all", "", 1)
    assert club.updated_at > before
    (told,) = published.told
    assert isinstance(told.event, GroupInfoChanged)
    assert told.keep
    assert told.to.conversation == club.pk
    assert told.event.group_name == "Clubs"
    assert names(told.event) == ["bobby"]


def test_only_what_is_given_changes(club, server, published):
    published.clear()
    services.update_info(club, avatar="media", by=server)
    club.refresh_from_db()
    assert (club.name, club.desc, club.avatar) == ("Club", "", "media")
    assert names(published[0]) == []


def test_strangers_do_not_change_the_group(club, dave, published):
    published.clear()
    with pytest.raises(NotMember):
        services.update_info(club, name="Mine", by=Actor.of(dave))
    for given, refusal in (({}, Invalid), ({"name": "x" * 65}, NameTooLong), ({"desc": "x" * 251}, DescTooLong)):
        with pytest.raises(refusal):
            services.update_info(club, **given, by=Actor.server(club.application))
    club.refresh_from_db()
    assert club.name == "Club"
    assert published == []


# Members


def test_any_member_adds_to_a_private_group(club, bob, carol, dave, published):
    published.clear()
    services.change_members(club, add=[carol, dave], by=Actor.of(bob))

    assert members(club) == {"alice": Role.OWNER, "bobby": Role.MEMBER, "carol": Role.MEMBER, "dave1": Role.MEMBER}
    assert active(club) == {("alice", True), ("bobby", False), ("carol", False), ("dave1", False)}
    (told,) = published.told
    assert isinstance(told.event, MembersAdded)
    assert told.keep
    assert told.to.conversation == club.pk
    assert set(told.to.users) == {carol.pk, dave.pk}
    assert (told.event.from_username, told.event.from_nickname) == ("bobby", bob.nickname)
    assert names(told.event) == ["carol", "dave1"]


def test_a_stranger_adds_nobody(club, carol, dave, published):
    published.clear()
    with pytest.raises(NotMember):
        services.change_members(club, add=[carol], by=Actor.of(dave))
    with pytest.raises(NotMember):
        services.change_members(club, add=[dave], by=Actor.of(dave))
    assert members(club) == {"alice": Role.OWNER, "bobby": Role.MEMBER}
    assert published == []


def test_in_a_public_group_owner_and_keepers_add(club, alice, bob, carol, dave, published):
    Group.objects.filter(pk=club.pk).update(type=Group.Type.PUBLIC)
    published.clear()
    with pytest.raises(MayNotAdd):
        services.change_members(club, add=[carol], by=Actor.of(bob))
    assert published == []
    services.change_members(club, add=[carol], by=Actor.of(alice))
    keep(club, bob)
    services.change_members(club, add=[dave], by=Actor.of(bob))
    assert set(members(club)) == {"alice", "bobby", "carol", "dave1"}


def test_all_or_nothing(club, alice, bob, carol, dave, server, published):
    published.clear()
    with pytest.raises(AlreadyMember, match="bobby"):
        services.change_members(club, add=[carol, bob], by=server)
    with pytest.raises(NoSuchMember, match="dave1"):
        services.change_members(club, add=[carol], remove=[bob, dave], by=server)
    with pytest.raises(NoMembersNamed):
        services.change_members(club, by=server)
    assert members(club) == {"alice": Role.OWNER, "bobby": Role.MEMBER}
    assert active(club) == {("alice", True), ("bobby", False)}
    assert published == []


def test_adding_and_removing_in_one_step(club, bob, carol, server, published):
    published.clear()
    services.change_members(club, add=[carol], remove=[bob], by=server)
    assert members(club) == {"alice": Role.OWNER, "carol": Role.MEMBER}
    assert [type(event) for event in published] == [MembersAdded, MembersRemoved]


def test_the_owner_removes_members_and_they_are_told(club, alice, bob, published):
    published.clear()
    services.change_members(club, remove=[bob], by=Actor.of(alice))

    assert members(club) == {"alice": Role.OWNER}
    assert active(club) == {("alice", True)}
    (told,) = published.told
    assert isinstance(told.event, MembersRemoved)
    assert told.to.users == [bob.pk]
    assert told.to.conversation == club.pk
    assert told.event.new_owner is None
    # The event that tells of it is the last one that the removed member hears.
    stored = StoredEvent.objects.latest("id")
    assert Participant.objects.get(conversation_id=club.pk, user=bob).until_event_id == stored.pk


def test_who_may_remove_whom(club, alice, bob, carol, dave, server, published):
    services.change_members(club, add=[carol], by=server)
    published.clear()
    with pytest.raises(MayNotRemove):
        services.change_members(club, remove=[carol], by=Actor.of(bob))
    with pytest.raises(NotMember):
        services.change_members(club, remove=[bob], by=Actor.of(dave))
    keep(club, bob)
    with pytest.raises(ProtectedMember):
        services.change_members(club, remove=[alice], by=Actor.of(bob))
    with pytest.raises(ProtectedMember):
        services.change_members(club, remove=[bob], by=Actor.of(bob))
    with pytest.raises(ProtectedMember):
        services.change_members(club, remove=[alice], by=Actor.of(alice))
    assert published == []
    services.change_members(club, remove=[carol], by=Actor.of(bob))
    services.change_members(club, remove=[bob], by=Actor.of(alice))
    assert members(club) == {"alice": Role.OWNER}


def test_a_removed_owner_is_succeeded(club, alice, bob, carol, server, published):
    services.change_members(club, add=[carol], by=server)
    published.clear()
    services.change_members(club, remove=[alice], by=server)

    club.refresh_from_db()
    assert club.owner == bob
    assert members(club) == {"bobby": Role.OWNER, "carol": Role.MEMBER}
    assert active(club) == {("bobby", True), ("carol", False)}
    assert published[0].new_owner == {"appkey": club.application.appkey, "username": "bobby"}


def test_a_group_left_without_members_is_dissolved(club, alice, bob, server, published):
    published.clear()
    services.change_members(club, remove=[alice, bob], by=server)
    club.refresh_from_db()
    assert club.dissolved_at is not None
    assert active(club) == set()
    (told,) = published.told
    assert names(told.event) == ["alice", "bobby"]
    with pytest.raises(NobodyLeft):
        services.restore(club, by=server)


def test_two_members_of_one_name_are_refused_by_the_database(club, bob):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(group=club, user=bob)


# Leaving


def test_leaving_is_told_to_all_and_to_the_leaver(club, alice, bob, published):
    published.clear()
    services.leave_group(club, bob, by=Actor.of(bob))

    assert members(club) == {"alice": Role.OWNER}
    assert active(club) == {("alice", True)}
    (told,) = published.told
    assert isinstance(told.event, MemberLeft)
    assert told.keep
    assert (told.to.conversation, told.to.users) == (club.pk, [bob.pk])
    assert (told.event.from_username, names(told.event)) == ("bobby", ["bobby"])
    assert told.event.new_owner is None


def test_an_owner_who_leaves_hands_over_to_a_keeper_else_to_the_longest_member(
    club, alice, bob, carol, dave, server, published
):
    services.change_members(club, add=[carol, dave], by=server)
    keep(club, carol)
    services.leave_group(club, alice, by=Actor.of(alice))
    club.refresh_from_db()
    assert club.owner == carol
    services.leave_group(club, carol, by=Actor.of(carol))
    club.refresh_from_db()
    assert club.owner == bob
    assert members(club) == {"bobby": Role.OWNER, "dave1": Role.MEMBER}
    assert active(club) == {("bobby", True), ("dave1", False)}
    assert [event.new_owner["username"] for event in published.of(MemberLeft)] == ["carol", "bobby"]


def test_the_last_one_out_ends_the_group(club, alice, bob, application):
    for user in (alice, bob):
        services.leave_group(club, user, by=Actor.of(user))
    assert not Group.objects.of(application).exists()
    with pytest.raises(NoSuchGroup):
        services.leave_group(club, bob, by=Actor.of(bob))


def test_one_leaves_only_for_oneself_and_only_once(club, alice, bob, dave, published):
    published.clear()
    with pytest.raises(NotMember):
        services.leave_group(club, dave, by=Actor.of(dave))
    with pytest.raises(NotGroupManager):
        services.leave_group(club, bob, by=Actor.of(alice))
    assert published == []


def test_who_comes_back_hears_what_follows(club, alice, bob):
    services.leave_group(club, bob, by=Actor.of(bob))
    services.change_members(club, add=[bob], by=Actor.of(alice))
    participant = Participant.objects.get(conversation_id=club.pk, user=bob)
    joined = StoredEvent.objects.latest("id")
    assert participant.active
    assert participant.until_event_id is None
    assert participant.since_event_id == joined.pk


# The end


def test_dissolving_tells_all_members_and_takes_them_out(club, alice, bob, published):
    published.clear()
    services.dissolve(club, by=Actor.of(alice))

    club.refresh_from_db()
    assert club.dissolved_at is not None
    assert active(club) == set()
    (told,) = published.told
    assert isinstance(told.event, GroupDissolved)
    assert told.keep
    assert told.to.conversation == club.pk
    assert (told.event.from_username, told.event.from_appkey, told.event.from_uid) == ("", "", 0)
    assert names(told.event) == ["alice", "bobby"]


def test_only_the_owner_dissolves_and_only_once(club, alice, bob, server, published):
    published.clear()
    keep(club, bob)
    with pytest.raises(NotGroupManager):
        services.dissolve(club, by=Actor.of(bob))
    assert published == []
    services.dissolve(club, by=server)
    with pytest.raises(NoSuchGroup):
        services.dissolve(club, by=server)


def test_a_dissolution_is_taken_back(club, alice, bob, server, published):
    keep(club, bob)
    services.dissolve(club, by=server)
    published.clear()
    with pytest.raises(NotGroupManager):
        services.restore(club, by=Actor.of(alice))
    services.restore(club, by=server)
    services.restore(club, by=server)

    club.refresh_from_db()
    assert club.dissolved_at is None
    assert members(club) == {"alice": Role.OWNER, "bobby": Role.KEEPER}
    assert active(club) == {("alice", True), ("bobby", True)}
    assert [type(event) for event in published] == [GroupCreated]


def test_a_deleted_user_leaves_all_groups(club, alice, bob, carol, server, published):
    second = services.create_group("Second", owner=alice, members=[carol], by=server)
    gone = services.create_group("Gone", owner=alice, members=[bob], by=server)
    services.dissolve(gone, by=server)
    published.clear()
    accounts.delete_user(alice, by=server)

    for group, owner in ((club, bob), (second, carol), (gone, bob)):
        group.refresh_from_db()
        assert group.owner == owner
        assert members(group) == {owner.username: Role.OWNER}
    assert [event.gid for event in published.of(MemberLeft)] == [club.pk, second.pk]
    assert {event.from_username for event in published.of(MemberLeft)} == {"alice"}


# Costs


def test_no_query_is_done_for_each_member(application, alice, bob, carol, crowd, server, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        group = services.create_group("Crowd", owner=alice, members=crowd, by=server)
    assert group.memberships.count() == 201
    with django_assert_max_num_queries(35):
        services.change_members(group, add=[bob, carol], remove=crowd[:100], by=server)
    with django_assert_max_num_queries(30):
        services.change_members(group, add=crowd[:100], by=Actor.of(alice))
    with django_assert_max_num_queries(30):
        services.dissolve(group, by=server)
    with django_assert_max_num_queries(30):
        services.restore(group, by=server)
    assert Participant.objects.filter(conversation_id=group.pk, active=True).count() == 203
