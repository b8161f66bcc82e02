"""REST: silence and owner of a group. Source: REST API, Group."""

import pytest

from groups import services
from groups.models import Group, Membership
from messaging.models import FOREVER_MS, Participant
from tests.door import Socket, refusal

Role = Membership.Role


@pytest.fixture(params=["/v1", ""])
def prefix(request):
    """The vendor prints these paths without a version, its clients ask for them with one."""
    return request.param


@pytest.fixture
def silence(club, prefix):
    return f"{prefix}/groups/messages/{club.pk}/silence"


@pytest.fixture
def owner(club, prefix):
    return f"{prefix}/groups/owner/{club.pk}"


def silenced(group):
    """Who is silenced, by the group's book and by what senders are checked against."""
    by_role = set(group.memberships.exclude(silenced_until=None).values_list("user__username", flat=True))
    places = Participant.objects.filter(conversation_id=group.pk, silenced_until_ms=FOREVER_MS)
    assert set(places.values_list("user__username", flat=True)) == by_role
    return by_role


def roles(group):
    return dict(group.memberships.values_list("user__username", "role"))


@pytest.mark.parametrize(("on", "off"), [("true", "false"), ("True", "FALSE"), ("1", "0")])
def test_silence(rest, silence, club, on, off):
    assert rest.put(f"{silence}?status={on}", ["bobby", "alice"]).status_code == 204
    assert silenced(club) == {"alice", "bobby"}
    assert rest.put(f"{silence}/?status={on}", ["bobby"]).status_code == 204
    assert rest.put(f"{silence}?status={off}", ["alice"]).status_code == 204
    assert silenced(club) == {"bobby"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        ("true", ["carol"], (403, 899014)),
        ("true", ["bobby", "carol"], (403, 899014)),
        ("false", ["carol"], (403, 899014)),
        ("true", ["bobby", "nobody"], (403, 899002)),
        ("true", ["eve22"], (403, 899002)),
        ("true", ["bobby\0"], (403, 899002)),
        ("yes", ["bobby"], (400, 899003)),
        ("", ["bobby"], (400, 899003)),
        (None, ["bobby"], (400, 899003)),
        ("2", ["bobby"], (400, 899003)),
        ("true", [], (400, 899003)),
        ("true", [None], (400, 899003)),
        ("true", [5], (400, 899003)),
        ("true", {"usernames": ["bobby"]}, (400, 899003)),
        ("true", "bobby", (400, 899003)),
        ("true", b"", (400, 899003)),
        ("true", b"[", (400, 899003)),
    ],
)
def test_silence_refuses_all_or_none(rest, silence, club, carol, eve, published, status, body, expected):
    query = "" if status is None else f"?status={status}"
    assert refusal(rest.put(silence + query, body)) == expected
    assert silenced(club) == set()
    assert published == []


@pytest.mark.parametrize("extra", [{}, {"appkey": None}, {"appkey": "own"}, {"appKey": "own"}, {"star": 1}])
def test_a_member_becomes_the_owner(rest, owner, club, application, extra):
    extra = {name: f" {application.appkey}" if value == "own" else value for name, value in extra.items()}
    assert rest.put(owner, {"username": "bobby", **extra}).status_code == 204
    assert roles(club) == {"alice": Role.MEMBER, "bobby": Role.OWNER}
    assert rest.get(f"/v1/groups/{club.pk}").json()["owner_username"] == "bobby"
    assert rest.put(f"{owner}/", {"username": "bobby", **extra}).status_code == 204


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"username": "carol"}, (403, 899014)),
        ({"username": "nobody"}, (403, 899002)),
        ({"username": "eve22"}, (403, 899002)),
        ({"username": "bobby", "appkey": "sister"}, (403, 899014)),
        ({"username": "nobody", "appkey": "sister"}, (403, 899002)),
        ({"username": "eve22", "appkey": "stranger"}, (403, 899020)),
        ({"username": "bobby", "appKey": "x" * 24}, (400, 899009)),
        ({"username": "bobby", "appkey": 5}, (400, 899003)),
        ({"username": 5}, (400, 899003)),
        ({"appkey": "own"}, (400, 899003)),
        ({}, (400, 899003)),
        ([], (400, 899003)),
        (b"", (400, 899003)),
        (b"{", (400, 899003)),
    ],
)
def test_owner_refuses(rest, owner, club, sister, sisters, carol, eve, published, body, expected):
    if isinstance(body, dict):
        keys = {"sister": sister.appkey, "stranger": eve.application.appkey}
        body = {name: keys.get(value, value) if name == "appkey" else value for name, value in body.items()}
    assert refusal(rest.put(owner, body)) == expected
    assert roles(club) == {"alice": Role.OWNER, "bobby": Role.MEMBER}
    assert published == []


def test_a_member_of_another_application_becomes_the_owner(rest, owner, club, sister, sisters, server):
    services.change_members(club, add=[sisters["bobby"]], by=server)
    assert rest.put(owner, {"username": "bobby", "appkey": sister.appkey}).status_code == 204
    assert Group.objects.get(pk=club.pk).owner == sisters["bobby"]


def test_paths_that_name_no_group(rest, club, server, prefix):
    services.dissolve(club, by=server)
    for gid, expected in ((club.pk, (403, 899006)), (99999999, (403, 899006)), ("nine", (400, 899003))):
        assert refusal(rest.put(f"{prefix}/groups/owner/{gid}", {"username": "bobby"})) == expected
        assert refusal(rest.put(f"{prefix}/groups/messages/{gid}/silence?status=true", ["bobby"])) == expected


def test_a_dissolved_group_is_not_there_on_any_path(rest, club, server):
    services.dissolve(club, by=server)
    gid = club.pk
    for answer in (
        rest.get(f"/v1/groups/{gid}"),
        rest.put(f"/v1/groups/{gid}", {"name": "x"}),
        rest.delete(f"/v1/groups/{gid}"),
        rest.get(f"/v1/groups/{gid}/members"),
        rest.post(f"/v1/groups/{gid}/members", {"add": ["bobby"]}),
        rest.post(f"/v2/groups/{gid}/addMembers", ["bobby"]),
        rest.post(f"/v2/groups/{gid}/delMembers", ["bobby"]),
        rest.get(f"/v1/cross/groups/{gid}/members"),
    ):
        assert refusal(answer) == (403, 899006)
    assert refusal(rest.post("/v1/users/bobby/groupsShield", {"add": [gid]})) == (403, 899051)
    assert refusal(rest.post("/v1/users/bobby/nodisturb", {"group": {"add": [gid]}})) == (403, 899045)
    assert rest.get("/v1/users/bobby/groups").json() == rest.get("/v1/cross/users/bobby/groups").json() == []
    assert rest.get("/v1/groups").json()["total"] == 0


def test_a_keeper_is_flag_2_in_member_lists(rest, club, bob, server):
    services.add_keepers(club, [bob], by=server)
    flags = {item["username"]: item["flag"] for item in rest.get(f"/v1/groups/{club.pk}/members").json()}
    assert flags == {"alice": 1, "bobby": 2}


def test_member_lists_on_sockets_say_who_is_silenced(rest, silence, club, bob):
    socket = Socket(bob)
    members = socket.ask("get_group_members", {"gid": club.pk})["member_list"]
    assert [member["keep_silence"] for member in members] == [False, False]
    rest.put(f"{silence}?status=true", ["bobby"])
    members = socket.ask("get_group_members", {"gid": club.pk})["member_list"]
    assert [member["keep_silence"] for member in members] == [False, True]
