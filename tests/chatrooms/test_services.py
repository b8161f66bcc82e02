"""The operations on chat rooms: who may, who is in, who listens."""

import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.errors import CrossApplication, NoSuchUser, SignedInElsewhere
from accounts.models import Application, Session, User
from chatrooms import services
from chatrooms.errors import (
    AlreadyInRoom,
    BadValue,
    Invalid,
    NoSuchRoom,
    NotForUsers,
    NotInRoom,
    RoomFull,
)
from chatrooms.models import ChatRoom
from imsite.core import clock, hooks
from messaging.models import Conversation


def inside(room):
    return set(room.memberships.values_list("user__username", flat=True))


def connect(user, sid="sid"):
    """A live session of a user."""
    now = clock.now()
    return Session.objects.create(user=user, sid=sid, device_class="web", platform="j", login_at=now, seen_at=now)


@pytest.fixture
def small(application):
    """The application, with rooms for two."""
    Application.objects.filter(pk=application.pk).update(settings={"room_capacity": 2})
    return Application.objects.get(pk=application.pk)


# Creation, change, end


def test_create(application, alice, bob, server, heard):
    with heard() as calls:
        room = services.create_room("Lobby", owner=alice, description="hi", members=[bob, alice], by=server)
    room.refresh_from_db()
    assert (room.name, room.description, room.owner, room.capacity) == ("Lobby", "hi", alice, 10_000)
    assert room.conversation.kind == Conversation.Kind.ROOM
    assert inside(room) == {"alice", "bobby"}
    # Members who are connected at that moment listen from now on.
    assert calls == [("join", f"room:{room.pk}", [alice.pk, bob.pk])]


@pytest.mark.parametrize(
    "given", [{"name": ""}, {"name": "名" * 21 + "xx"}, {"name": "x", "description": "述" * 83 + "xx"}]
)
def test_create_within_limits(alice, server, given):
    with pytest.raises(BadValue):
        services.create_room(given["name"], owner=alice, description=given.get("description", ""), by=server)
    assert not ChatRoom.objects.exists()
    services.create_room("名" * 21 + "x", owner=alice, description="述" * 83 + "x", by=server)


def test_create_with_too_many_members(small, alice, bob, carol):
    by = Actor.server(small)
    with pytest.raises(RoomFull):
        services.create_room("Lobby", owner=alice, members=[bob, carol], by=by)
    assert services.create_room("Lobby", owner=alice, members=[bob], by=by).capacity == 2


def test_nobody_of_another_owner_comes_in(alice, eve, server, lobby):
    with pytest.raises(CrossApplication):
        services.create_room("Lobby", owner=alice, members=[eve], by=server)
    with pytest.raises(CrossApplication):
        services.change_members(lobby, add=[eve], by=server)
    assert ChatRoom.objects.count() == 1
    assert inside(lobby) == {"alice"}


def test_update(lobby, bob, server):
    services.update_room(lobby, name="Hall", by=server)
    services.update_room(lobby, description="", by=server)
    lobby.refresh_from_db()
    assert (lobby.name, lobby.description, lobby.owner.username) == ("Hall", "", "alice")
    with pytest.raises(NotInRoom):
        services.update_room(lobby, name="Bob's", owner=bob, by=server)
    services.change_members(lobby, add=[bob], by=server)
    services.update_room(lobby, owner=bob, by=server)
    lobby.refresh_from_db()
    assert (lobby.name, lobby.owner) == ("Hall", bob)


def test_an_owner_who_is_away_may_be_named_again(lobby, alice, server):
    services.leave_room(lobby, alice, by=server)
    services.update_room(lobby, name="Hall", owner=alice, by=server)
    lobby.refresh_from_db()
    assert lobby.name == "Hall"


def test_update_refuses(lobby, server):
    for refusal, given in ((Invalid, {}), (BadValue, {"name": ""}), (BadValue, {"description": "x" * 251})):
        with pytest.raises(refusal):
            services.update_room(lobby, **given, by=server)
    lobby.refresh_from_db()
    assert (lobby.name, lobby.description) == ("Lobby", "all welcome")


def test_delete(lobby, application, alice, bob, server, heard):
    services.change_members(lobby, add=[bob], by=server)
    with heard() as calls:
        services.delete_room(lobby, by=server)
    assert not ChatRoom.objects.of(application).exists()
    assert inside(lobby) == set()
    assert calls == [("leave", f"room:{lobby.pk}", [alice.pk, bob.pk])]
    with pytest.raises(NoSuchRoom):
        services.delete_room(lobby, by=server)
    with pytest.raises(NoSuchRoom):
        services.enter_room(lobby, bob, by=Actor.of(bob))


@pytest.mark.parametrize(
    "operation",
    [
        lambda room, user, by: services.create_room("Mine", owner=user, by=by),
        lambda room, user, by: services.update_room(room, name="Mine", by=by),
        lambda room, user, by: services.delete_room(room, by=by),
        lambda room, user, by: services.change_members(room, add=[user], by=by),
        lambda room, user, by: services.change_members(room, remove=[user], by=by),
    ],
)
def test_users_manage_no_rooms(lobby, alice, operation):
    with pytest.raises(NotForUsers):
        operation(lobby, alice, Actor.of(alice))
    lobby.refresh_from_db()
    assert (lobby.name, lobby.deleted_at, inside(lobby)) == ("Lobby", None, {"alice"})
    assert ChatRoom.objects.count() == 1


@pytest.mark.parametrize(
    "operation",
    [
        lambda room, user, by: services.update_room(room, name="Mine", by=by),
        lambda room, user, by: services.delete_room(room, by=by),
        lambda room, user, by: services.change_members(room, add=[user], by=by),
        lambda room, user, by: services.change_members(room, remove=[user], by=by),
        lambda room, user, by: services.enter_room(room, user, by=by),
        lambda room, user, by: services.leave_room(room, user, by=by),
    ],
)
def test_another_application_does_not_find_the_room(lobby, eve, other_application, operation):
    with pytest.raises(NoSuchRoom):
        operation(lobby, eve, Actor.server(other_application))
    lobby.refresh_from_db()
    assert (lobby.name, lobby.deleted_at, inside(lobby)) == ("Lobby", None, {"alice"})


# Coming and going


def test_enter_and_leave(lobby, bob, heard):
    with heard() as calls:
        services.enter_room(lobby, bob, by=Actor.of(bob))
        assert calls == []  # nothing is told before it is true
    assert inside(lobby) == {"alice", "bobby"}
    assert calls == [("join", f"room:{lobby.pk}", [bob.pk])]
    with heard() as calls:
        services.leave_room(lobby, bob, by=Actor.of(bob))
    assert inside(lobby) == {"alice"}
    assert calls == [("leave", f"room:{lobby.pk}", [bob.pk])]


def test_enter_and_leave_refuse(lobby, alice, bob, heard):
    with heard() as calls:
        with pytest.raises(AlreadyInRoom):
            services.enter_room(lobby, alice, by=Actor.of(alice))
        with pytest.raises(NotInRoom):
            services.leave_room(lobby, bob, by=Actor.of(bob))
        with pytest.raises(NotForUsers):
            services.enter_room(lobby, bob, by=Actor.of(alice))
        with pytest.raises(NotForUsers):
            services.leave_room(lobby, alice, by=Actor.of(bob))
    assert inside(lobby) == {"alice"}
    assert calls == []


def test_a_full_room(small, alice, bob, carol):
    room = services.create_room("Lobby", owner=alice, members=[bob], by=Actor.server(small))
    with pytest.raises(RoomFull):
        services.enter_room(room, carol, by=Actor.of(carol))
    with pytest.raises(RoomFull):
        services.change_members(room, add=[bob, carol], by=Actor.server(small))
    services.leave_room(room, alice, by=Actor.of(alice))
    services.enter_room(room, carol, by=Actor.of(carol))
    assert inside(room) == {"bobby", "carol"}


def test_who_went_away_while_entering_stays_out(lobby, bob):
    session = connect(bob)
    by = Actor.of(bob, sid=session.sid, login_id=session.pk)
    accounts.end_session(session.pk, Session.Ended.LOST)
    with pytest.raises(SignedInElsewhere):
        services.enter_room(lobby, bob, by=by)
    assert inside(lobby) == {"alice"}


def test_members_added_and_removed_by_the_server(lobby, alice, bob, carol, server, heard):
    with heard() as calls:
        services.change_members(lobby, add=[alice, bob, carol], by=server)
    assert calls == [("join", f"room:{lobby.pk}", [bob.pk, carol.pk])]
    with heard() as calls:
        services.change_members(lobby, remove=[bob, carol], by=server)
    assert calls == [("leave", f"room:{lobby.pk}", [bob.pk, carol.pk])]
    with pytest.raises(NotInRoom, match="bobby"):
        services.change_members(lobby, remove=[alice, bob], by=server)
    assert inside(lobby) == {"alice"}


def test_members_are_changed_in_one_step_or_not_at_all(small, alice, bob, carol, dave, heard):
    by = Actor.server(small)
    room = services.create_room("Lobby", owner=alice, members=[bob], by=by)
    with heard() as calls:
        services.change_members(room, add=[bob, carol], remove=[alice, alice], by=by)
    assert inside(room) == {"bobby", "carol"}
    assert calls == [("join", f"room:{room.pk}", [carol.pk]), ("leave", f"room:{room.pk}", [alice.pk])]
    for refusal, add, remove in (
        (NotInRoom, [dave], [bob, alice]),
        (RoomFull, [alice, dave], [bob]),
        (Invalid, [], []),
    ):
        with heard() as calls, pytest.raises(refusal):
            services.change_members(room, add=add, remove=remove, by=by)
        assert inside(room) == {"bobby", "carol"}
        assert calls == []


# Members of other applications of the same owner


def test_the_server_puts_users_of_a_sister_application_in(lobby, alice, twin, server, heard):
    with heard() as calls:
        services.change_members(lobby, add=[twin], by=server)
    assert set(lobby.memberships.values_list("user", flat=True)) == {alice.pk, twin.pk}
    assert calls == [("join", f"room:{lobby.pk}", [twin.pk])]
    assert services.topics_of(twin) == {f"room:{lobby.pk}": None}
    services.change_members(lobby, remove=[alice], by=server)
    assert list(lobby.memberships.values_list("user", flat=True)) == [twin.pk]


def test_they_come_and_go_themselves(lobby, alice, twin):
    services.enter_room(lobby, twin, by=Actor.of(twin))
    with pytest.raises(AlreadyInRoom):
        services.enter_room(lobby, twin, by=Actor.of(twin))
    services.leave_room(lobby, twin, by=Actor.of(twin))
    services.enter_room(lobby, twin, by=Actor.of(twin))
    services.leave_when_gone(twin)
    assert list(lobby.memberships.values_list("user", flat=True)) == [alice.pk]


def test_users_of_another_owner_do_not(lobby, eve):
    with pytest.raises(NoSuchRoom):
        services.enter_room(lobby, eve, by=Actor.of(eve))
    assert inside(lobby) == {"alice"}


def test_the_sister_application_itself_has_no_such_room(lobby, sister, twin):
    by = Actor.server(sister)
    for operation in (
        lambda: services.change_members(lobby, add=[twin], by=by),
        lambda: services.ban_member(lobby, twin, by=by),
        lambda: services.delete_room(lobby, by=by),
    ):
        with pytest.raises(NoSuchRoom):
            operation()
    assert inside(lobby) == {"alice"}


def test_a_deleted_user_leaves_the_rooms_of_all_applications(lobby, alice, twin, server, sister):
    services.change_members(lobby, add=[twin], by=server)
    services.ban_member(lobby, twin, by=server)
    accounts.delete_user(twin, by=Actor.server(sister))
    assert list(lobby.memberships.values_list("user", flat=True)) == [alice.pk]
    assert not lobby.bans.exists()


# Bans


def banned(room):
    return set(room.bans.values_list("user__username", flat=True))


def test_a_ban_outlasts_the_stay(lobby, bob, server):
    services.change_members(lobby, add=[bob], by=server)
    services.ban_member(lobby, bob, by=server)
    services.ban_member(lobby, bob, by=server)
    assert banned(lobby) == {"bobby"}
    services.leave_room(lobby, bob, by=Actor.of(bob))
    services.ban_member(lobby, bob, by=server)
    services.enter_room(lobby, bob, by=Actor.of(bob))
    assert {row.user.username: row.banned for row in lobby.memberships.in_order()} == {"alice": False, "bobby": True}
    services.lift_ban(lobby, bob, by=server)
    services.lift_ban(lobby, bob, by=server)
    assert banned(lobby) == set()


def test_a_ban_is_lifted_of_who_is_away(lobby, alice, server):
    services.ban_member(lobby, alice, by=server)
    services.leave_room(lobby, alice, by=server)
    services.lift_ban(lobby, alice, by=server)
    assert banned(lobby) == set()


def test_who_was_never_there_is_neither_banned_nor_pardoned(lobby, bob, eve, server):
    for operation in (services.ban_member, services.lift_ban):
        with pytest.raises(NotInRoom):
            operation(lobby, bob, by=server)
    with pytest.raises(CrossApplication):
        services.ban_member(lobby, eve, by=server)
    assert banned(lobby) == set()


def test_the_owner_of_the_room_bans_and_nobody_else_inside(lobby, alice, bob, carol, server):
    services.change_members(lobby, add=[bob, carol], by=server)
    with pytest.raises(NotForUsers):
        services.ban_member(lobby, carol, by=Actor.of(bob))
    services.ban_member(lobby, bob, by=Actor.of(alice))
    with pytest.raises(NotForUsers):
        services.lift_ban(lobby, bob, by=Actor.of(bob))
    assert banned(lobby) == {"bobby"}
    services.lift_ban(lobby, bob, by=Actor.of(alice))
    assert banned(lobby) == set()


def test_it_is_known_which_operator_banned(lobby, application, alice):
    operator, _ = accounts.create_operator("root")
    services.ban_member(lobby, alice, by=Actor.operator_of(application, operator))
    assert lobby.bans.get().banned_by == operator


def test_no_ban_stays_of_a_deleted_room(lobby, alice, server):
    services.ban_member(lobby, alice, by=server)
    services.delete_room(lobby, by=server)
    assert banned(lobby) == set()


# Sessions and accounts


def test_a_login_listens_to_the_rooms_that_the_user_is_in(lobby, alice, bob):
    assert services.topics_of(alice) == {f"room:{lobby.pk}": None}
    assert services.topics_of(bob) == {}
    assert services.topics_of in hooks.user_logged_in.functions


def test_the_end_of_the_last_session_leaves_all_rooms(lobby, alice, bob, server, heard):
    hall = services.create_room("Hall", owner=bob, members=[alice], by=server)
    first, second = connect(alice, "first"), connect(alice, "second")
    accounts.end_session(first.pk, Session.Ended.LOST)
    assert inside(lobby) == {"alice"}
    with heard() as calls:
        accounts.end_session(second.pk, Session.Ended.LOGGED_OUT)
    assert inside(lobby) == set()
    assert inside(hall) == {"bobby"}
    assert calls == [("leave", f"room:{room.pk}", [alice.pk]) for room in (lobby, hall)]


def test_a_deleted_user_leaves_all_rooms_and_the_room_stays(lobby, application, alice, bob, server):
    services.change_members(lobby, add=[bob], by=server)
    accounts.delete_user(alice, by=server)
    assert inside(lobby) == {"bobby"}
    room = ChatRoom.objects.of(application).get()
    assert room.owner == alice
    with pytest.raises(NoSuchUser):
        services.change_members(lobby, add=[alice], by=server)


# Reading


def test_members_are_counted_in_the_query_of_the_rooms(
    application, alice, bob, server, lobby, django_assert_num_queries
):
    services.create_room("Hall", owner=bob, members=[alice], by=server)
    services.leave_room(lobby, alice, by=server)
    with django_assert_num_queries(1):
        rooms = ChatRoom.objects.of(application).in_order()
        assert [(room.name, room.member_count, room.owner.username) for room in rooms] == [
            ("Lobby", 0, "alice"),
            ("Hall", 2, "bobby"),
        ]


def test_no_query_is_done_for_each_member(application, alice, server, lobby, django_assert_max_num_queries):
    users = User.objects.bulk_create(
        User(application=application, username=f"user{number:04}", updated_at=application.created_at)
        for number in range(200)
    )
    with django_assert_max_num_queries(12):
        services.change_members(lobby, add=users, by=server)
    with django_assert_max_num_queries(12):
        services.change_members(lobby, remove=users, by=server)
    with django_assert_max_num_queries(12):
        room = services.create_room("Hall", owner=alice, members=users, by=server)
    with django_assert_max_num_queries(8):
        services.delete_room(room, by=server)
