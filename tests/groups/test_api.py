"""The REST API of groups: paths, shapes, limits, codes."""

import re

import pytest

from accounts.models import Application, User
from groups import services
from groups.models import Group
from tests.door import Rest, refusal

WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture
def path(club):
    return f"/v1/groups/{club.pk}"


def usernames(group):
    return set(group.memberships.values_list("user__username", flat=True))


# Creation


def test_create(rest, application, alice, bob):
    response = rest.post(
        "/v1/groups/",
        {
            "owner_username": "alice",
            "name": "jpush",
            "members_username": ["bobby", "alice"],
            "desc": "our group",
            "avatar": "media id",
            "flag": 2,
        },
    )
    assert response.status_code == 201
    answer = response.json()
    assert WIRE_TIME.fullmatch(answer.pop("ctime"))
    assert WIRE_TIME.fullmatch(answer.pop("mtime"))
    group = Group.objects.get()
    assert answer == {
        "gid": group.pk,
        "owner_username": "alice",
        "name": "jpush",
        "members_username": ["bobby", "alice"],
        "desc": "our group",
        "avatar": "media id",
        "flag": 2,
        "appkey": application.appkey,
        "MaxMemberCount": 500,
    }
    assert usernames(group) == {"alice", "bobby"}


@pytest.mark.parametrize(
    "extra", [{}, {"desc": None, "avatar": None, "flag": None, "members_username": None}, {"flag": 0}]
)
def test_create_with_what_clients_leave_out(rest, alice, extra):
    response = rest.post("/v1/groups", {"owner_username": "alice", "name": "g", "item": ["x"], **extra})
    assert response.status_code == 201
    answer = response.json()
    assert (answer["desc"], answer["avatar"], answer["flag"], answer["members_username"]) == ("", "", 1, [])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "g"}, (400, 899003)),
        ({"owner_username": "alice"}, (400, 899003)),
        ({"owner_username": "alice", "name": ""}, (400, 899003)),
        ({"owner_username": "alice", "name": "名" * 21 + "xx"}, (400, 899003)),
        ({"owner_username": "alice", "name": "g\ud800"}, (400, 899003)),
        ({"owner_username": "alice", "name": "g", "desc": "述" * 83 + "xx"}, (400, 899003)),
        ({"owner_username": "alice", "name": "g", "flag": 3}, (400, 899003)),
        ({"owner_username": "alice", "name": "g", "flag": True}, (400, 899003)),
        ({"owner_username": "alice", "name": 5}, (400, 899003)),
        ({"owner_username": ["alice"], "name": "g"}, (400, 899003)),
        ({"owner_username": "alice", "name": "g", "members_username": "bobby"}, (400, 899003)),
        ({"owner_username": "alice", "name": "g", "members_username": [1]}, (400, 899003)),
        ({"owner_username": "nobody", "name": "g"}, (403, 899002)),
        ({"owner_username": "eve22", "name": "g"}, (403, 899002)),
        ({"owner_username": "", "name": "g"}, (403, 899002)),
        ({"owner_username": "alice", "name": "g", "members_username": ["bobby", "nobody"]}, (403, 899002)),
        ({"owner_username": "alice", "name": "g", "members_username": ["eve22"]}, (403, 899002)),
        ([], (400, 899003)),
        (None, (400, 899003)),
        (b'{"owner_username": "alice", ', (400, 899003)),
        (b'{"owner_username": "alice", "name": "\xff"}', (400, 899003)),
    ],
)
def test_create_refuses(rest, alice, bob, eve, body, expected):
    if isinstance(body, dict) and "\ud800" in str(body.get("name")):
        body = b'{"owner_username": "alice", "name": "g\\ud800"}'
    assert refusal(rest.post("/v1/groups", body)) == expected
    assert not Group.objects.exists()


def test_limits_in_bytes(rest, alice):
    for body in ({"name": "x" * 64, "desc": "x" * 250}, {"name": "😀" * 16, "desc": "述" * 83 + "x"}):
        response = rest.post("/v1/groups", {"owner_username": "alice", **body})
        assert response.status_code == 201
        assert response.json()["name"] == body["name"]


def test_a_group_takes_500_members_its_owner_included(rest, application, alice):
    User.objects.bulk_create(
        User(application=application, username=f"user{number:04}", updated_at=application.created_at)
        for number in range(500)
    )
    names = [f"user{number:04}" for number in range(500)]
    body = {"owner_username": "alice", "name": "g"}
    assert refusal(rest.post("/v1/groups", {**body, "members_username": names})) == (403, 899012)
    assert refusal(rest.post("/v1/groups", {**body, "members_username": [f"no{name}" for name in names]})) == (
        403,
        899012,
    )
    response = rest.post("/v1/groups", {**body, "members_username": [*names[:499], "alice"]})
    assert response.status_code == 201
    gid = response.json()["gid"]
    assert refusal(rest.post(f"/v1/groups/{gid}/members", {"add": names[499:]})) == (403, 899012)
    assert rest.post(f"/v1/groups/{gid}/members", {"add": names[499:], "remove": names[:1]}).status_code == 204
    assert Group.objects.get().memberships.count() == 500


def test_too_many_groups(application, alice):
    Application.objects.filter(pk=application.pk).update(settings={"groups_per_user": 1})
    rest = Rest(application)
    assert rest.post("/v1/groups", {"owner_username": "alice", "name": "g"}).status_code == 201
    assert refusal(rest.post("/v1/groups", {"owner_username": "alice", "name": "h"})) == (403, 899015)


# One group


def test_get(rest, path, club, application):
    answer = rest.get(path).json()
    for time in ("ctime", "mtime"):
        assert WIRE_TIME.fullmatch(answer.pop(time))
    assert answer == {
        "gid": club.pk,
        "name": "Club",
        "desc": "",
        "appkey": application.appkey,
        "avatar": "",
        "flag": 1,
        "owner_username": "alice",
        "MaxMemberCount": 500,
    }
    assert rest.get(path + "/").json()["gid"] == club.pk
    assert rest.get(f"/v1//groups///{club.pk}//").json()["gid"] == club.pk


@pytest.mark.parametrize(
    ("gid", "expected"),
    [
        ("1", (403, 899006)),
        ("0", (403, 899006)),
        ("99999999999999999999", (403, 899006)),
        ("abc", (400, 899003)),
        ("-1", (400, 899003)),
        ("1.5", (400, 899003)),
        ("١", (400, 899003)),
        ("1" * 30, (400, 899003)),
    ],
)
def test_no_such_group(rest, application, gid, expected):
    path = f"/v1/groups/{gid}"
    for response in (
        rest.get(path),
        rest.put(path, {"name": "x"}),
        rest.delete(path),
        rest.get(f"{path}/members"),
        rest.post(f"{path}/members", {"add": ["alice"]}),
        rest.post(f"/v2/groups/{gid}/addMembers", ["alice"]),
        rest.post(f"/v2/groups/{gid}/delMembers", ["alice"]),
    ):
        assert refusal(response) == expected


def test_another_application_sees_nothing(elsewhere, path, club, eve):
    for response in (
        elsewhere.get(path),
        elsewhere.put(path, {"name": "Mine"}),
        elsewhere.delete(path),
        elsewhere.get(f"{path}/members"),
        elsewhere.post(f"{path}/members", {"add": ["eve22"]}),
        elsewhere.post(f"/v2/groups/{club.pk}/addMembers", ["eve22"]),
        elsewhere.post(f"/v2/groups/{club.pk}/delMembers", ["eve22"]),
    ):
        assert refusal(response) == (403, 899006)
    assert refusal(elsewhere.get("/v1/users/alice/groups")) == (403, 899002)
    assert elsewhere.get("/v1/groups").json()["total"] == 0
    club.refresh_from_db()
    assert (club.name, club.dissolved_at, usernames(club)) == ("Club", None, {"alice", "bobby"})


def test_update(rest, path, club):
    assert rest.put(path, {"name": "名" * 21, "desc": None, "gid": 1, "star": 1}).status_code == 204
    assert rest.put(path, {"avatar": "a"}).status_code == 204
    response = rest.put(path, {"desc": "d" * 250})
    assert (response.status_code, response.content) == (204, b"")
    club.refresh_from_db()
    assert (club.name, club.desc, club.avatar) == ("名" * 21, "d" * 250, "a")


@pytest.mark.parametrize(
    "body",
    [{}, None, [], {"name": ""}, {"name": "x" * 65}, {"desc": "x" * 251}, {"name": 1}, {"desc": ["x"]}, {"name": "\0"}],
)
def test_update_refuses(rest, path, club, body):
    assert refusal(rest.put(path, body)) == (400, 899003)
    club.refresh_from_db()
    assert (club.name, club.desc, club.info_seq) == ("Club", "", 0)


def test_delete(rest, path, club):
    response = rest.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert refusal(rest.delete(path)) == (403, 899006)
    assert refusal(rest.get(path)) == (403, 899006)
    assert rest.get("/v1/users/alice/groups").json() == []
    assert rest.get("/v1/groups").json() == {"total": 0, "start": 0, "count": 0, "groups": []}


# Members


def test_members(rest, path, alice, bob):
    answer = rest.get(f"{path}/members").json()
    assert [(member["username"], member["flag"]) for member in answer] == [("alice", 1), ("bobby", 0)]
    assert {"ctime", "mtime"} <= set(answer[0])
    assert "password" not in answer[0]


def test_change_members(rest, path, club, carol, dave):
    assert rest.post(f"{path}/members", {"add": ["carol", "dave1", "carol"]}).status_code == 204
    response = rest.post(f"{path}/members", {"add": [], "remove": ["dave1"]})
    assert (response.status_code, response.content) == (204, b"")
    assert rest.post(f"/v1/groups/{club.pk}/members/", {"add": ["dave1"], "remove": ["carol"]}).status_code == 204
    assert usernames(club) == {"alice", "bobby", "dave1"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, 899003)),
        ({"add": [], "remove": []}, (400, 899003)),
        ({"add": None}, (400, 899003)),
        (None, (400, 899003)),
        (["carol"], (400, 899003)),
        ({"add": "carol"}, (400, 899003)),
        ({"add": [{"username": "carol"}]}, (400, 899003)),
        ({"add": ["nobody"]}, (403, 899002)),
        ({"add": ["eve22"]}, (403, 899002)),
        ({"remove": ["eve22"]}, (403, 899002)),
        ({"add": ["carol", "bobby"]}, (400, 899011)),
        ({"remove": ["carol"]}, (403, 899014)),
        ({"add": ["carol"], "remove": ["carol"]}, (403, 899014)),
        ({"add": ["carol"], "remove": ["dave1"]}, (403, 899014)),
        ({"add": [f"user{number}" for number in range(501)]}, (403, 899012)),
    ],
)
def test_change_members_refuses(rest, path, club, carol, dave, eve, body, expected):
    assert refusal(rest.post(f"{path}/members", body)) == expected
    assert usernames(club) == {"alice", "bobby"}


def test_members_by_arrays(rest, club, carol, dave):
    assert rest.post(f"/v2/groups/{club.pk}/addMembers", ["carol", "dave1"]).status_code == 204
    assert usernames(club) == {"alice", "bobby", "carol", "dave1"}
    assert rest.post(f"/v2/groups/{club.pk}/delMembers", ["carol", "bobby"]).status_code == 204
    assert usernames(club) == {"alice", "dave1"}
    assert refusal(rest.post(f"/v2/groups/{club.pk}/addMembers", ["dave1"])) == (400, 899011)
    assert refusal(rest.post(f"/v2/groups/{club.pk}/delMembers", ["carol"])) == (403, 899014)
    assert refusal(rest.post(f"/v2/groups/{club.pk}/addMembers", ["a\0b"])) == (403, 899002)
    for body in ([], {"add": ["carol"]}, [1], [None], None):
        assert refusal(rest.post(f"/v2/groups/{club.pk}/addMembers", body)) == (400, 899003)


# Lists


def test_groups_of_a_user(rest, club, alice, bob, carol, server):
    second = services.create_group("Second", owner=carol, members=[bob], by=server)
    assert [group["gid"] for group in rest.get("/v1/users/bobby/groups").json()] == [club.pk, second.pk]
    assert [group["name"] for group in rest.get("/v1/users/carol/groups/").json()] == ["Second"]
    assert refusal(rest.get("/v1/users/nobody/groups")) == (403, 899002)
    assert refusal(rest.get("/v1/users/eve22/groups")) == (403, 899002)


def test_pages_of_groups(rest, alice, server):
    gids = [services.create_group(f"g{number}", owner=alice, by=server).pk for number in range(5)]
    page = rest.get("/v1/groups", start=1, count=2).json()
    assert [group["gid"] for group in page.pop("groups")] == gids[1:3]
    assert page == {"total": 5, "start": 1, "count": 2}
    assert rest.get("/v1/groups/").json()["count"] == 5
    assert rest.get("/v1/groups", start=9, count=2).json() == {"total": 5, "start": 9, "count": 0, "groups": []}
    for query in ({"start": -1}, {"count": 0}, {"count": 501}, {"count": "x"}, {"start": "1.5"}):
        assert refusal(rest.get("/v1/groups", **query)) == (400, 899003)


# The door


def test_credentials_come_first(rest, application):
    rest.headers = {}
    assert refusal(rest.post("/v1/groups", b"{")) == (401, 899007)
    rest.headers = {"Authorization": "Basic bm9ib2R5OnNlY3JldA=="}
    assert refusal(rest.get("/v1/groups/abc")) == (401, 899008)


def test_other_methods_are_refused_in_the_same_shape(rest, path):
    for response in (rest.put("/v1/groups", {}), rest.post(path, {}), rest.delete(f"{path}/members")):
        assert refusal(response) == (405, 899003)


def test_no_query_is_done_for_each_row(rest, application, alice, server, django_assert_max_num_queries):
    users = User.objects.bulk_create(
        User(application=application, username=f"user{number:04}", updated_at=application.created_at)
        for number in range(200)
    )
    names = [user.username for user in users]
    for number in range(20):
        services.create_group(f"g{number}", owner=users[number], members=[alice], by=server)
    with django_assert_max_num_queries(30):
        gid = rest.post("/v1/groups", {"owner_username": "alice", "name": "g", "members_username": names}).json()["gid"]
    with django_assert_max_num_queries(3):
        assert len(rest.get(f"/v1/groups/{gid}/members").json()) == 201
    with django_assert_max_num_queries(3):
        assert rest.get("/v1/groups").json()["count"] == 21
    with django_assert_max_num_queries(3):
        assert len(rest.get("/v1/users/alice/groups").json()) == 21
    with django_assert_max_num_queries(30):
        assert rest.post(f"/v1/groups/{gid}/members", {"remove": names}).status_code == 204
