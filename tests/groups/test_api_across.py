"""REST across applications: members, lists. Source: REST API, cross-application."""

import pytest

from accounts.actors import Actor
from accounts.models import Application, User
from groups import services
from groups.models import Group
from tests.door import Rest, refusal


def names(group):
    return {(one.user.application.name, one.user.username) for one in group.members()}


@pytest.fixture
def path(club):
    return f"/v1/cross/groups/{club.pk}/members"


CLUB = {("Shop", "alice"), ("Shop", "bobby")}


def test_members_of_several_applications_come_and_go_at_once(rest, path, club, application, sister, sisters, carol):
    change = [
        {"appkey": f" {sister.appkey} ", "add": ["sara1", "bobby"]},
        {"appkey": application.appkey, "add": ["carol"], "remove": ["bobby"]},
    ]
    assert rest.post(path + "/", change).status_code == 204
    assert names(club) == {("Shop", "alice"), ("Shop", "carol"), ("Sister", "sara1"), ("Sister", "bobby")}
    # One object alone, as one client sends it; null counts as absent.
    assert rest.post(path, {"appkey": sister.appkey, "add": None, "remove": ["sara1"]}).status_code == 204
    assert names(club) == {("Shop", "alice"), ("Shop", "carol"), ("Sister", "bobby")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"appkey": "sister", "add": ["nobody"]}], (403, 899002)),
        ([{"appkey": "sister", "add": ["carol"]}], (403, 899002)),
        ([{"appkey": "sister", "add": ["sara1"]}, {"appkey": "sister", "remove": ["nobody"]}], (403, 899002)),
        ([{"appkey": "own", "add": ["sara1"]}], (403, 899002)),
        ([{"appkey": "own", "add": ["bobby"]}], (400, 899011)),
        ([{"appkey": "sister", "remove": ["bobby"]}], (403, 899014)),
        ([{"appkey": "sister", "add": ["sara1"]}, {"appkey": "own", "remove": ["carol"]}], (403, 899014)),
        ([{"appkey": "x" * 24, "add": ["sara1"]}], (400, 899009)),
        ([{"appkey": "x", "add": ["sara1"]}], (400, 899009)),
        ([{"appkey": "stranger", "add": ["eve22"]}], (403, 899020)),
        ([{"appkey": "sister", "add": ["sara1"]}, {"appkey": "stranger", "add": ["eve22"]}], (403, 899020)),
        ([{"appkey": "sister", "add": ["sara1"] * 3 + [f"u{n:04}" for n in range(500)]}], (403, 899012)),
        ([{"appkey": "sister"}], (400, 899003)),
        ([{"appkey": "sister", "add": [], "remove": []}], (400, 899003)),
        ([{"add": ["sara1"]}], (400, 899003)),
        ([{"appkey": 5, "add": ["sara1"]}], (400, 899003)),
        ([{"appkey": "", "add": ["sara1"]}], (400, 899003)),
        ([{"appkey": "sister", "add": "sara1"}], (400, 899003)),
        ([{"appkey": "sister", "add": [5]}], (400, 899003)),
        ([{"appkey": "sister", "add": ["sara1"]}] * 501, (400, 899003)),
        (["sara1"], (400, 899003)),
        ([], (400, 899003)),
        ({}, (400, 899003)),
        (b"", (400, 899003)),
        (b"[{", (400, 899003)),
    ],
)
def test_members_are_refused_all_or_none(
    rest, path, club, application, sister, sisters, carol, eve, body, expected, published
):
    keys = {"own": application.appkey, "sister": sister.appkey, "stranger": eve.application.appkey}
    if isinstance(body, list):
        body = [
            {**one, "appkey": keys.get(one["appkey"], one["appkey"])}
            if isinstance(one, dict) and isinstance(one.get("appkey"), str)
            else one
            for one in body
        ]
    assert refusal(rest.post(path, body)) == expected
    assert names(club) == CLUB
    assert published == []


def test_the_last_place_may_be_taken_by_another_application(rest, path, club, sister, sisters):
    Group.objects.filter(pk=club.pk).update(capacity=3)
    assert refusal(rest.post(path, [{"appkey": sister.appkey, "add": ["sara1", "steve"]}])) == (403, 899012)
    assert rest.post(path, [{"appkey": sister.appkey, "add": ["sara1"]}]).status_code == 204
    assert len(names(club)) == 3


def test_how_many_groups_a_user_is_in_is_for_their_own_application_to_say(rest, path, sister, sisters):
    Application.objects.filter(pk=sister.pk).update(settings={"groups_per_user": 0})
    assert refusal(rest.post(path, [{"appkey": sister.appkey, "add": ["sara1"]}])) == (403, 899015)


def test_a_group_without_members_is_gone(rest, path, club, application, sister, sisters):
    services.change_members(club, add=[sisters["sara1"]], by=Actor.server(application))
    change = [
        {"appkey": application.appkey, "remove": ["alice", "bobby"]},
        {"appkey": sister.appkey, "remove": ["sara1"]},
    ]
    assert rest.post(path, change).status_code == 204
    assert refusal(rest.get(path)) == (403, 899006)
    assert refusal(rest.post(path, change)) == (403, 899006)


def test_a_member_of_another_application_succeeds_the_owner(rest, path, club, application, sister, sisters):
    assert rest.post(path, [{"appkey": sister.appkey, "add": ["sara1"]}]).status_code == 204
    assert rest.post(path, [{"appkey": application.appkey, "remove": ["alice", "bobby"]}]).status_code == 204
    assert rest.get(f"/v1/groups/{club.pk}").json()["owner_username"] == "sara1"
    (member,) = rest.get(path).json()
    assert (member["username"], member["flag"], member["appkey"]) == ("sara1", 1, sister.appkey)


def test_the_member_list_names_applications_and_asks_no_more_for_more(
    rest, path, club, application, sister, sisters, django_assert_num_queries
):
    User.objects.filter(application=sister, username="sara1").update(
        nickname="Sara", created_at="2026-01-01T00:00:00Z", updated_at="2026-06-01T00:00:00Z"
    )
    services.change_members(club, add=list(sisters.values()), by=Actor.server(application))
    Rest(application).get(path)
    with django_assert_num_queries(2):  # the group, its members
        items = rest.get(path).json()
    assert [(item["username"], item["flag"], item["appkey"]) for item in items] == [
        ("alice", 1, application.appkey),
        ("bobby", 0, application.appkey),
        ("sara1", 0, sister.appkey),
        ("steve", 0, sister.appkey),
        ("bobby", 0, sister.appkey),
    ]
    # Times of the application that asks, in Shanghai; the user's is in Paris.
    assert items[2] == {
        "username": "sara1",
        "nickname": "Sara",
        "gender": 0,
        "ctime": "2026-01-01 08:00:00",
        "mtime": "2026-06-01 08:00:00",
        "flag": 0,
        "appkey": sister.appkey,
    }
    assert rest.get(path + "/").json() == items


def test_the_plain_member_list_has_the_applications_own_users(rest, club, application, sisters):
    """Without an appkey two people of one name could not be told apart, and the plain calls find neither of the others."""
    services.change_members(club, add=list(sisters.values()), by=Actor.server(application))
    services.transfer_group(club, sisters["sara1"], by=Actor.server(application))
    items = rest.get(f"/v1/groups/{club.pk}/members").json()
    assert [(item["username"], item["flag"]) for item in items] == [("alice", 0), ("bobby", 0)]


def test_a_users_groups_of_all_applications(rest, club, application, sister, sisters, django_assert_num_queries):
    services.change_members(club, add=[sisters["sara1"]], by=Actor.server(application))
    own = services.create_group("Own", owner=sisters["sara1"], by=Actor.server(sister))
    gone = services.create_group("Gone", owner=sisters["sara1"], by=Actor.server(sister))
    services.dissolve(gone, by=Actor.server(sister))
    theirs = Rest(sister)
    theirs.get("/v1/groups")
    with django_assert_num_queries(2):  # the user, the groups
        items = theirs.get("/v1/cross/users/sara1/groups").json()
    assert [(one["gid"], one["appkey"]) for one in items] == [
        (club.pk, application.appkey),
        (own.pk, sister.appkey),
    ]
    assert [one["MaxMemberCount"] == one["max_member_count"] == 500 for one in items] == [True, True]
    assert theirs.get("/v1/cross/users/sara1/groups/").json() == items
    assert [one["gid"] for one in theirs.get("/v1/users/sara1/groups").json()] == [own.pk]
    assert refusal(theirs.get("/v1/cross/users/nobody/groups")) == (403, 899002)
    assert refusal(rest.get("/v1/cross/users/sara1/groups")) == (403, 899002)


def test_groups_of_another_application_are_not_there(rest, elsewhere, club, application, sister, sisters):
    """Not even for a sister: her users may be in the group, its application alone changes it."""
    theirs = Rest(sister)
    services.change_members(club, add=[sisters["sara1"]], by=Actor.server(application))
    for door in (elsewhere, theirs):
        for path in (f"/v1/cross/groups/{club.pk}/members", f"/v1/groups/{club.pk}/members"):
            assert refusal(door.get(path)) == (403, 899006)
        body = [{"appkey": sister.appkey, "remove": ["sara1"]}]
        assert refusal(door.post(f"/v1/cross/groups/{club.pk}/members", body)) == (403, 899006)
        assert refusal(door.put(f"/v1/groups/owner/{club.pk}", {"username": "sara1"})) == (403, 899006)
        assert refusal(door.put(f"/v1/groups/messages/{club.pk}/silence?status=true", ["sara1"])) == (403, 899006)
    assert refusal(rest.get("/v1/cross/groups/nine/members")) == (400, 899003)
    assert refusal(rest.get("/v1/cross/groups/99999999/members")) == (403, 899006)


def test_the_plain_calls_reach_no_member_of_another_application(rest, club, sister, sisters):
    for path, body in (
        (f"/v1/groups/{club.pk}/members", {"add": ["sara1"]}),
        (f"/v2/groups/{club.pk}/addMembers", ["sara1"]),
        (f"/v2/groups/{club.pk}/delMembers", ["sara1"]),
        ("/v1/groups", {"owner_username": "alice", "name": "g", "members_username": ["sara1"]}),
    ):
        assert refusal(rest.post(path, body)) == (403, 899002)
