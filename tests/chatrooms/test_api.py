"""The REST API of chat rooms: paths, shapes, limits, codes."""

import re

import pytest

from accounts.models import Application, User
from chatrooms import services
from chatrooms.models import ChatRoom
from tests.door import Rest, refusal

WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.fixture
def path(lobby):
    return f"/v1/chatroom/{lobby.pk}"


def inside(room):
    return set(room.memberships.values_list("user__username", flat=True))


def crowd(application, size):
    User.objects.bulk_create(
        User(application=application, username=f"user{number:04}", updated_at=application.created_at)
        for number in range(size)
    )
    return [f"user{number:04}" for number in range(size)]


# Creation


def test_create(rest, alice, bob):
    response = rest.post(
        "/v1/chatroom/",
        {
            "owner_username": "alice",
            "name": "Lobby",
            "description": "all welcome",
            "members_username": ["bobby", "alice", "bobby"],
            "flag": 1,
        },
    )
    room = ChatRoom.objects.get()
    assert (response.status_code, response.json()) == (201, {"chatroom_id": room.pk})
    assert (room.name, room.description, room.owner) == ("Lobby", "all welcome", alice)
    assert inside(room) == {"alice", "bobby"}


def test_create_with_the_least(rest, alice):
    body = {"owner_username": "alice", "name": "x" * 64, "description": None, "members_username": None}
    assert rest.post("/v1/chatroom", body).status_code == 201
    body = {"owner_username": "alice", "name": "名" * 21 + "x", "description": "述" * 83 + "x"}
    assert rest.post("/v1/chatroom", body).status_code == 201
    assert inside(ChatRoom.objects.first()) == {"alice"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "r"}, (400, 899003)),
        ({"owner_username": "alice"}, (400, 899003)),
        ({"owner_username": "alice", "name": ""}, (400, 899003)),
        ({"owner_username": "alice", "name": "名" * 21 + "xx"}, (400, 899003)),
        ({"owner_username": "alice", "name": "r", "description": "x" * 251}, (400, 899003)),
        ({"owner_username": "alice", "name": 5}, (400, 899003)),
        ({"owner_username": "alice", "name": "a\0b"}, (400, 899003)),
        ({"owner_username": "alice", "name": "r", "members_username": "bobby"}, (400, 899003)),
        ({"owner_username": "alice", "name": "r", "members_username": ["x"] * 3001}, (400, 899003)),
        ({"owner_username": "nobody", "name": "r"}, (403, 899002)),
        ({"owner_username": "eve22", "name": "r"}, (403, 899002)),
        ({"owner_username": "alice", "name": "r", "members_username": ["nobody"]}, (403, 899002)),
        ({"owner_username": "alice", "name": "r", "members_username": ["eve22"]}, (403, 899002)),
        ([], (400, 899003)),
        (None, (400, 899003)),
        (b"{", (400, 899003)),
    ],
)
def test_create_refuses(rest, alice, eve, body, expected):
    assert refusal(rest.post("/v1/chatroom", body)) == expected
    assert not ChatRoom.objects.exists()


def test_create_with_too_many(application, alice, bob):
    Application.objects.filter(pk=application.pk).update(settings={"room_capacity": 1})
    body = {"owner_username": "alice", "name": "r", "members_username": ["bobby"]}
    assert refusal(Rest(application).post("/v1/chatroom", body)) == (403, 899012)
    assert not ChatRoom.objects.exists()


# Reading


def shown(room, application, members):
    return {
        "id": room.pk,
        "owner_username": room.owner.username,
        "max_member_count": 10_000,
        "appkey": application.appkey,
        "name": room.name,
        "description": room.description,
        "total_member_count": members,
    }


def without_time(rooms):
    for room in rooms:
        assert WIRE_TIME.fullmatch(room.pop("ctime"))
    return rooms


def test_batch(rest, application, lobby, bob, server):
    hall = services.create_room("Hall", owner=bob, members=[lobby.owner], by=server)
    response = rest.post("/v1/chatroom/batch", [hall.pk, str(lobby.pk), hall.pk])
    assert response.status_code == 200
    assert without_time(response.json()) == [shown(hall, application, 2), shown(lobby, application, 1)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([0], (403, 899081)),
        (["77"], (403, 899081)),
        ([], (400, 899003)),
        (["abc"], (400, 899003)),
        ([None], (400, 899003)),
        ([True], (400, 899003)),
        ([2**53], (400, 899003)),
        (list(range(1, 502)), (400, 899003)),
        ({"ids": [1]}, (400, 899003)),
        (None, (400, 899003)),
    ],
)
def test_batch_refuses(rest, application, body, expected):
    assert refusal(rest.post("/v1/chatroom/batch", body)) == expected


def test_pages(rest, application, alice, server):
    rooms = [services.create_room(f"r{number}", owner=alice, by=server) for number in range(5)]
    page = rest.get("/v1/chatroom/", start=1, count=2).json()
    assert without_time(page.pop("rooms")) == [shown(room, application, 1) for room in rooms[1:3]]
    assert page == {"total": 5, "start": 1, "count": 2}
    assert rest.get("/v1/chatroom").json()["count"] == 5
    assert rest.get("/v1/chatroom", start=5).json() == {"total": 5, "start": 5, "count": 0, "rooms": []}
    for query in ({"start": -1}, {"count": 0}, {"count": 501}, {"count": "x"}):
        assert refusal(rest.get("/v1/chatroom", **query)) == (400, 899003)


def test_rooms_of_a_user(rest, application, lobby, bob, server):
    hall = services.create_room("Hall", owner=bob, members=[lobby.owner], by=server)
    answer = rest.get("/v1/users/alice/chatroom").json()
    assert without_time(answer) == [shown(lobby, application, 1), shown(hall, application, 2)]
    assert [room["id"] for room in rest.get("/v1/users/bobby/chatroom/").json()] == [hall.pk]
    assert refusal(rest.get("/v1/users/nobody/chatroom")) == (403, 899002)
    assert refusal(rest.get("/v1/users/eve22/chatroom")) == (403, 899002)


# Change and end


def test_update(rest, path, lobby, bob, server):
    body = {"owner_username": "alice", "name": "名" * 21, "description": "d" * 250}
    response = rest.put(path, body)
    assert (response.status_code, response.content) == (204, b"")
    assert refusal(rest.put(path, {"owner_username": "bobby"})) == (403, 899082)
    services.change_members(lobby, add=[bob], by=server)
    assert rest.put(path + "/", {"owner_username": "bobby", "name": None}).status_code == 204
    lobby.refresh_from_db()
    assert (lobby.name, lobby.description, lobby.owner) == ("名" * 21, "d" * 250, bob)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, 899003)),
        (None, (400, 899003)),
        ([], (400, 899003)),
        ({"name": ""}, (400, 899003)),
        ({"name": "x" * 65}, (400, 899003)),
        ({"description": "x" * 251}, (400, 899003)),
        ({"owner_username": 5}, (400, 899003)),
        ({"owner_username": "nobody", "name": "x"}, (403, 899002)),
        ({"owner_username": "eve22", "name": "x"}, (403, 899002)),
    ],
)
def test_update_refuses(rest, path, lobby, eve, body, expected):
    assert refusal(rest.put(path, body)) == expected
    lobby.refresh_from_db()
    assert (lobby.name, lobby.owner.username) == ("Lobby", "alice")


def test_delete(rest, path, lobby):
    response = rest.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert refusal(rest.delete(path)) == (403, 899081)
    assert refusal(rest.post("/v1/chatroom/batch", [lobby.pk])) == (403, 899081)
    assert rest.get("/v1/chatroom").json()["total"] == 0
    assert rest.get("/v1/users/alice/chatroom").json() == []


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        ("77", (403, 899081)),
        ("0", (403, 899081)),
        ("9" * 20, (403, 899081)),
        ("abc", (400, 899003)),
        ("-1", (400, 899003)),
    ],
)
def test_no_such_room(rest, application, room, expected):
    path = f"/v1/chatroom/{room}"
    for response in (
        rest.put(path, {"name": "x"}),
        rest.delete(path),
        rest.get(f"{path}/members"),
        rest.put(f"{path}/members", ["alice"]),
        rest.delete(f"{path}/members", ["alice"]),
        rest.put(f"{path}/forbidden/alice?status=1"),
        rest.post(f"/v1/cross/chatroom/{room}/members", [{"appkey": application.appkey, "add": ["alice"]}]),
    ):
        assert refusal(response) == expected


def test_another_application_sees_nothing(other_application, lobby, path, eve):
    elsewhere = Rest(other_application)
    for response in (
        elsewhere.put(path, {"name": "Mine"}),
        elsewhere.put(f"{path}/forbidden/alice?status=1"),
        elsewhere.post(f"/v1/cross{path.removeprefix('/v1')}/members", [{"appkey": "x" * 24, "add": ["eve22"]}]),
        elsewhere.delete(path),
        elsewhere.get(f"{path}/members"),
        elsewhere.put(f"{path}/members", ["eve22"]),
        elsewhere.delete(f"{path}/members", ["eve22"]),
        elsewhere.post("/v1/chatroom/batch", [lobby.pk]),
    ):
        assert refusal(response) == (403, 899081)
    assert refusal(elsewhere.get("/v1/users/alice/chatroom")) == (403, 899002)
    assert elsewhere.get("/v1/chatroom").json()["total"] == 0
    lobby.refresh_from_db()
    assert (lobby.name, lobby.deleted_at, inside(lobby)) == ("Lobby", None, {"alice"})


# Members


def test_members(rest, path, lobby, bob, carol, server):
    response = rest.put(f"{path}/members", ["bobby", "carol", "alice", "bobby"])
    assert (response.status_code, response.content) == (204, b"")
    services.ban_member(lobby, bob, by=server)
    page = rest.get(f"{path}/members", start=0, count=2).json()
    users = page.pop("users")
    for user in users:
        for time in ("ctime", "mtime", "room_ctime"):
            assert WIRE_TIME.fullmatch(user.pop(time))
    assert users == [{"username": "alice", "flag": 0}, {"username": "bobby", "flag": 1}]
    assert page == {"total": 3, "start": 0, "count": 2}
    assert rest.delete(f"{path}/members/", ["bobby", "alice"]).status_code == 204
    assert inside(lobby) == {"carol"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], (400, 899003)),
        (None, (400, 899003)),
        ({"add": ["bobby"]}, (400, 899003)),
        ([5], (400, 899003)),
        ([None], (400, 899003)),
        (["x"] * 3001, (400, 899003)),
        (["bobby", "nobody"], (403, 899002)),
        (["bobby", "a\0b"], (403, 899002)),
        (["eve22"], (403, 899002)),
    ],
)
def test_members_refuse(rest, path, lobby, bob, eve, body, expected):
    assert refusal(rest.put(f"{path}/members", body)) == expected
    assert refusal(rest.delete(f"{path}/members", body)) == expected
    assert inside(lobby) == {"alice"}


def test_who_is_not_there_is_not_taken_out(rest, path, lobby, bob):
    assert refusal(rest.delete(f"{path}/members", ["alice", "bobby"])) == (403, 899082)
    assert inside(lobby) == {"alice"}


def test_no_query_is_done_for_each_row(rest, application, alice, server, lobby, path, django_assert_max_num_queries):
    names = crowd(application, 1000)
    for number in range(20):
        services.create_room(f"r{number}", owner=alice, by=server)
    with django_assert_max_num_queries(24):
        assert rest.put(f"{path}/members", names).status_code == 204
    with django_assert_max_num_queries(4):
        assert rest.get(f"{path}/members").json()["count"] == 500
    with django_assert_max_num_queries(3):
        assert rest.get("/v1/chatroom").json()["rooms"][0]["total_member_count"] == 1001
    with django_assert_max_num_queries(3):
        assert len(rest.get("/v1/users/alice/chatroom").json()) == 21
    with django_assert_max_num_queries(24):
        assert rest.delete(f"{path}/members", names).status_code == 204


# Bans


def flags(rest, path):
    return {user["username"]: user["flag"] for user in rest.get(f"{path}/members").json()["users"]}


def test_a_ban_and_its_end(rest, path, lobby, alice, bob, server):
    services.change_members(lobby, add=[bob], by=server)
    for _ in range(2):
        response = rest.put(f"{path}/forbidden/bobby?status=1")
        assert (response.status_code, response.content) == (204, b"")
    assert flags(rest, path) == {"alice": 0, "bobby": 1}
    assert rest.delete(f"{path}/members", ["bobby"]).status_code == 204
    assert rest.put(f"{path}/members", ["bobby"]).status_code == 204
    assert flags(rest, path) == {"alice": 0, "bobby": 1}
    for _ in range(2):
        assert rest.put(f"{path}/forbidden/bobby/?status=0").status_code == 204
    assert flags(rest, path) == {"alice": 0, "bobby": 0}


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("alice", (400, 899003)),
        ("alice?status=", (400, 899003)),
        ("alice?status=2", (400, 899003)),
        ("alice?status=-1", (400, 899003)),
        ("alice?status=yes", (400, 899003)),
        ("bobby?status=1", (403, 899082)),
        ("bobby?status=0", (403, 899082)),
        ("nobody?status=1", (403, 899002)),
        ("eve22?status=1", (403, 899002)),
        ("a%00b?status=1", (403, 899002)),
    ],
)
def test_a_ban_refuses(rest, path, lobby, eve, who, expected):
    assert refusal(rest.put(f"{path}/forbidden/{who}")) == expected
    assert not lobby.bans.exists()


def test_a_ban_takes_no_body_and_no_other_method(rest, path, lobby):
    assert refusal(rest.post(f"{path}/forbidden/alice?status=1")) == (405, 899003)
    assert rest.put(f"{path}/forbidden/alice?status=True", b"{").status_code == 204
    assert flags(rest, path) == {"alice": 1}


def test_a_ban_of_a_member_of_another_application(rest, path, lobby, sister, twin, server, other_application):
    services.change_members(lobby, add=[twin], by=server)
    ban = f"{path}/forbidden/alice?status=1&appkey="
    assert refusal(rest.put(ban + other_application.appkey)) == (403, 899020)
    assert refusal(rest.put(ban + "x" * 24)) == (400, 899009)
    assert not lobby.bans.exists()
    assert rest.put(ban + sister.appkey).status_code == 204
    assert lobby.bans.get().user == twin


# Members of other applications


@pytest.fixture(params=["/v1/cross/chatroom/{}/members", "/cross/chatroom/{}/members/"])
def across(request, lobby):
    return request.param.format(lobby.pk)


def people(room):
    return set(room.memberships.values_list("user__application__name", "user__username"))


def test_members_across(rest, across, path, application, sister, lobby, alice, bob, twin):
    own, other = application.appkey, f" {sister.appkey} "
    response = rest.post(
        across, [{"appkey": other, "add": ["alice"], "remove": None}, {"appkey": own, "add": ["bobby"]}]
    )
    assert (response.status_code, response.content) == (204, b"")
    assert people(lobby) == {("Shop", "alice"), ("Shop", "bobby"), ("Sister", "alice")}
    assert rest.post(across, {"appkey": other, "add": ["alice"], "star": 1}).status_code == 204
    listed = [(user["username"], user.get("appkey")) for user in rest.get(f"{path}/members").json()["users"]]
    assert listed == [("alice", None), ("alice", sister.appkey), ("bobby", None)]
    assert rest.post(across, [{"appkey": own, "remove": ["alice"]}]).status_code == 204
    assert people(lobby) == {("Shop", "bobby"), ("Sister", "alice")}


def test_members_across_are_changed_together_or_not_at_all(rest, across, application, sister, lobby, bob, twin):
    own, other = application.appkey, sister.appkey
    for body, expected in (
        ([{"appkey": other, "add": ["alice"]}, {"appkey": own, "remove": ["bobby"]}], (403, 899082)),
        ([{"appkey": other, "add": ["alice"]}, {"appkey": own, "add": ["nobody"]}], (403, 899002)),
        ([{"appkey": own, "add": ["bobby"]}, {"appkey": other, "add": ["bobby"]}], (403, 899002)),
        ([{"appkey": own, "add": ["bobby"]}, {"appkey": other, "remove": ["alice"]}], (403, 899082)),
    ):
        assert refusal(rest.post(across, body)) == expected
        assert people(lobby) == {("Shop", "alice")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, (400, 899003)),
        ([], (400, 899003)),
        ("own", (400, 899003)),
        ([["bobby"]], (400, 899003)),
        ([{"add": ["bobby"]}], (400, 899003)),
        ([{"appkey": 5, "add": ["bobby"]}], (400, 899003)),
        ([{"appkey": "own"}], (400, 899003)),
        ([{"appkey": "own", "add": [], "remove": None}], (400, 899003)),
        ([{"appkey": "own", "add": "bobby"}], (400, 899003)),
        ([{"appkey": "own", "add": [5]}], (400, 899003)),
        ([{"appkey": "own", "add": ["x" * 129]}], (400, 899003)),
        ([{"appkey": "own", "add": ["bobby"] * 1501}, {"appkey": "own", "remove": ["bobby"] * 1500}], (400, 899003)),
        ([{"appkey": "own", "add": ["bobby"]}] * 501, (400, 899003)),
        ([{"appkey": "x" * 24, "add": ["bobby"]}], (400, 899009)),
        ([{"appkey": "strange", "add": ["eve22"]}], (403, 899020)),
    ],
)
def test_members_across_refuse(rest, across, application, other_application, lobby, bob, eve, body, expected):
    keys = {"own": application.appkey, "strange": other_application.appkey}
    if isinstance(body, list):
        body = [
            {**change, "appkey": keys.get(change["appkey"], change["appkey"])} if "appkey" in change else change
            for change in body
        ]
    assert refusal(rest.post(across, body)) == expected
    assert people(lobby) == {("Shop", "alice")}


def test_members_across_of_a_full_room(application, across, sister, lobby, twin):
    ChatRoom.objects.filter(pk=lobby.pk).update(capacity=1)
    assert refusal(Rest(application).post(across, [{"appkey": sister.appkey, "add": ["alice"]}])) == (403, 899012)
    assert people(lobby) == {("Shop", "alice")}


def test_a_sister_application_sees_none_of_it(across, path, sister, twin, lobby, server):
    services.change_members(lobby, add=[twin], by=server)
    elsewhere = Rest(sister)
    for response in (
        elsewhere.post(across, [{"appkey": sister.appkey, "remove": ["alice"]}]),
        elsewhere.put(f"{path}/forbidden/alice?status=1"),
        elsewhere.get(f"{path}/members"),
        elsewhere.post("/v1/chatroom/batch", [lobby.pk]),
        elsewhere.delete(path),
    ):
        assert refusal(response) == (403, 899081)
    assert elsewhere.get("/v1/users/alice/chatroom").json() == []
    assert people(lobby) == {("Shop", "alice"), ("Sister", "alice")}
    assert not lobby.bans.exists()


def test_no_query_is_done_for_each_of_them(rest, across, application, sister, lobby, django_assert_max_num_queries):
    names = crowd(sister, 1000)
    half, rest_of_them = names[:500], names[500:]
    body = [{"appkey": sister.appkey, "add": half}, {"appkey": sister.appkey, "add": rest_of_them}]
    with django_assert_max_num_queries(24):
        assert rest.post(across, body).status_code == 204
    with django_assert_max_num_queries(4):
        assert rest.get(f"/v1/chatroom/{lobby.pk}/members").json()["total"] == 1001
