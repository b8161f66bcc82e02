"""The console's page about chat rooms: what it shows, and that every change goes through the services."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts import services as accounts
from accounts.models import Application
from chatrooms import services
from chatrooms.models import ChatRoom

LIST = reverse("admin:chatrooms_chatroom_changelist")


@pytest.fixture
def console(client, db):
    """A client that is signed in as a superuser."""
    operator, _ = accounts.create_operator("root")
    client.force_login(operator)
    return client


@pytest.fixture
def change(lobby):
    return reverse("admin:chatrooms_chatroom_change", args=[lobby.pk])


def form(**changes):
    return {"name": "Lobby", "description": "all welcome", "add_members": "", "remove_members": "", **changes}


def inside(room):
    return set(room.memberships.values_list("user__username", flat=True))


def test_the_list_finds_filters_and_counts(console, lobby, alice, bob, server):
    hall = services.create_room("Hall", owner=bob, members=[alice], by=server)
    gone = services.create_room("Gone", owner=alice, by=server)
    services.delete_room(gone, by=server)

    def shown(**query):
        response = console.get(LIST, query)
        assert response.status_code == 200
        return {room.name: room.member_count for room in response.context["cl"].result_list}

    assert shown() == {"Lobby": 1, "Hall": 2}
    assert shown(state="deleted") == {"Gone": 0}
    assert shown(q="lob") == {"Lobby": 1}
    assert shown(q=str(hall.pk)) == {"Hall": 2}
    assert shown(q="bobby") == {"Hall": 2}


def test_the_list_costs_the_same_however_many(console, alice, server, django_assert_max_num_queries):
    for number in range(30):
        services.create_room(f"r{number}", owner=alice, by=server)
    with django_assert_max_num_queries(12):
        console.get(LIST)


def test_changes_are_made_by_the_services(console, lobby, change, bob, carol):
    assert console.get(change).status_code == 200
    changes = form(name="Hall", description="", add_members="bobby\ncarol", remove_members="alice")
    assert console.post(change, changes, follow=True).status_code == 200
    lobby.refresh_from_db()
    assert (lobby.name, lobby.description, inside(lobby)) == ("Hall", "", {"bobby", "carol"})


@pytest.mark.parametrize(
    "changes", [{"add_members": "nobody"}, {"add_members": "eve22"}, {"name": ""}, {"name": "名" * 22}]
)
def test_what_the_form_refuses_stands_beside_the_field(console, lobby, change, eve, changes):
    response = console.post(change, form(**{"description": "x", **changes}))
    assert response.status_code == 200
    assert response.context["adminform"].form.errors
    lobby.refresh_from_db()
    assert (lobby.name, lobby.description, inside(lobby)) == ("Lobby", "all welcome", {"alice"})


def test_a_refusal_of_the_services_is_a_message_and_changes_nothing(console, lobby, change, bob):
    response = console.post(change, form(name="Hall", remove_members="bobby"), follow=True)
    assert [str(message) for message in response.context["messages"]] == ["not in the chat room: bobby"]
    lobby.refresh_from_db()
    assert lobby.name == "Lobby"


def test_a_new_room(console, application, alice, bob):
    add = reverse("admin:chatrooms_chatroom_add")
    assert console.get(add).status_code == 200
    body = {"application": application.pk, "name": "New", "description": "", "owner_name": "alice", "members": "bobby"}
    assert console.post(add, body, follow=True).status_code == 200
    room = ChatRoom.objects.get()
    assert (room.name, room.owner, inside(room)) == ("New", alice, {"alice", "bobby"})
    for wrong in ({"owner_name": "eve22"}, {"owner_name": ""}, {"members": "nobody"}, {"name": ""}):
        assert console.post(add, {**body, **wrong}).context["adminform"].form.errors
    Application.objects.filter(pk=application.pk).update(settings={"room_capacity": 1})
    response = console.post(add, body, follow=True)
    assert [str(message) for message in response.context["messages"]] == ["the chat room takes at most 1 members"]
    assert ChatRoom.objects.count() == 1


def test_deleting_goes_through_the_services(console, lobby, change, bob, server):
    hall = services.create_room("Hall", owner=bob, by=server)
    delete = reverse("admin:chatrooms_chatroom_delete", args=[lobby.pk])
    assert b"Lobby" in console.get(delete).content
    console.post(delete, {"post": "yes"})
    console.post(LIST, {"action": "delete_selected", "_selected_action": [hall.pk], "post": "yes"})
    for room in (lobby, hall):
        room.refresh_from_db()
        assert room.deleted_at is not None
        assert inside(room) == set()
    assert console.get(change).status_code == 200
    assert console.post(change, form(name="x")).status_code == 403


def test_permissions(client, lobby, change):
    operator, _ = accounts.create_operator("clerk", superuser=False)
    client.force_login(operator)
    assert client.get(LIST).status_code == 403
    permission = Permission.objects.get(codename="view_chatroom")
    operator.user_permissions.add(permission)
    assert client.get(change).status_code == 200
    assert client.post(change, form(name="x")).status_code == 403
    delete = reverse("admin:chatrooms_chatroom_delete", args=[lobby.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    lobby.refresh_from_db()
    assert (lobby.name, lobby.deleted_at) == ("Lobby", None)


# Bans


BANS = reverse("admin:chatrooms_roomban_changelist")


def test_bans_are_made_shown_and_lifted_on_the_page_of_the_room(console, lobby, change):
    assert console.post(change, form(ban_members="alice"), follow=True).status_code == 200
    ban = lobby.bans.get()
    assert (ban.user.username, ban.banned_by.username) == ("alice", "root")
    assert b"alice" in console.get(change).content
    console.post(change, form(lift_bans="alice"), follow=True)
    assert not lobby.bans.exists()


def test_a_ban_of_who_is_not_inside_is_refused(console, lobby, change, bob):
    response = console.post(change, form(name="Hall", ban_members="bobby"), follow=True)
    assert [str(message) for message in response.context["messages"]] == ["not in the chat room: bobby"]
    lobby.refresh_from_db()
    assert (lobby.name, lobby.bans.exists()) == ("Lobby", False)


def test_the_list_of_bans_finds_and_lifts(console, lobby, alice, twin, server, django_assert_max_num_queries):
    services.change_members(lobby, add=[twin], by=server)
    for user in (alice, twin):
        services.ban_member(lobby, user, by=server)
    with django_assert_max_num_queries(12):
        response = console.get(BANS, {"q": "lobby"})
    assert [ban.user for ban in response.context["cl"].result_list] == [twin, alice]
    assert console.get(BANS, {"q": "nobody"}).context["cl"].result_count == 0
    first, second = lobby.bans.order_by("pk")
    assert console.get(reverse("admin:chatrooms_roomban_change", args=[first.pk])).status_code == 200
    delete = reverse("admin:chatrooms_roomban_delete", args=[first.pk])
    assert console.get(delete).status_code == 200
    console.post(delete, {"post": "yes"})
    console.post(BANS, {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"})
    assert not lobby.bans.exists()
    assert console.get(reverse("admin:chatrooms_roomban_add")).status_code == 403


def test_bans_are_lifted_with_permission_alone(client, lobby, alice, server):
    services.ban_member(lobby, alice, by=server)
    operator, _ = accounts.create_operator("clerk", superuser=False)
    operator.user_permissions.add(Permission.objects.get(codename="view_roomban"))
    client.force_login(operator)
    assert client.get(BANS).status_code == 200
    delete = reverse("admin:chatrooms_roomban_delete", args=[lobby.bans.get().pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert lobby.bans.exists()
