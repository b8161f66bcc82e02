"""REST: shields against groups, and do-not-disturb. Source: REST API, block group message; do not disturb."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import Actor
from accounts.events import NoDisturbChanged
from accounts.models import Mute, User
from groups import services
from groups.events import ShieldsChanged
from messaging.models import Participant
from tests.door import Rest, refusal

SHIELD, QUIET, ACROSS = (
    "/v1/users/bobby/groupsShield",
    "/v1/users/bobby/nodisturb",
    "/v1/cross/users/bobby/nodisturb",
)


@pytest.fixture
def groups(application, alice, bob, carol, server):
    """By name: three with bob, one without."""
    made = {
        name: services.create_group(name, owner=alice, members=[bob], by=server).pk for name in ("one", "two", "three")
    }
    made["theirs"] = services.create_group("theirs", owner=carol, by=server).pk
    gone = services.create_group("gone", owner=bob, by=server)
    services.dissolve(gone, by=server)
    return made | {"gone": gone.pk, "none": 99_999_999}


@pytest.fixture
def foreign(groups, eve, other_application):
    by = Actor.server(other_application)
    return groups | {"foreign": services.create_group("foreign", owner=eve, by=by).pk}


def shielded(user):
    return set(Participant.objects.filter(user=user, shield=True).values_list("conversation__group__name", flat=True))


def quiet(user):
    """Groups, users, everyone."""
    places = Participant.objects.filter(user=user, notify=Participant.Notify.NONE)
    return (
        set(places.values_list("conversation__group__name", flat=True)),
        set(Mute.objects.filter(owner=user).values_list("target__username", flat=True)),
        User.objects.get(pk=user.pk).muted_all,
    )


def resolved(value, groups):
    """Names of groups as their gids."""
    if isinstance(value, dict):
        return {name: resolved(inner, groups) for name, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, groups) for inner in value]
    return groups.get(value, value) if isinstance(value, str) else value


# Shields


def test_shield(rest, bob, groups, published):
    one, two = groups["one"], groups["two"]
    published.clear()
    assert rest.post(SHIELD, {"add": [one, str(two), one]}).status_code == 204
    assert shielded(bob) == {"one", "two"}
    assert rest.post(SHIELD + "/", {"add": [groups["three"]], "remove": [one], "star": 1}).status_code == 204
    assert shielded(bob) == {"two", "three"}
    assert rest.post(SHIELD, {"add": None, "remove": [two]}).status_code == 204
    assert [type(event) for event in published] == [ShieldsChanged] * 3
    assert all(told.to.users == [bob.pk] and told.keep for told in published.told)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"add": ["none"]}, (403, 899051)),
        ({"add": ["three", "gone"]}, (403, 899051)),
        ({"add": ["foreign"]}, (403, 899051)),
        ({"remove": ["none"]}, (403, 899051)),
        ({"add": ["three", "theirs"]}, (403, 899046)),
        ({"remove": ["theirs"]}, (403, 899046)),
        ({"add": ["three", "one"]}, (403, 899052)),
        ({"remove": ["one", "two"]}, (403, 899053)),
        ({"add": ["two"], "remove": ["two"]}, (403, 899053)),
        ({"add": ["one"], "remove": ["one"]}, (403, 899052)),
        ({"add": [], "remove": []}, (400, 899003)),
        ({"add": [None]}, (400, 899003)),
        ({"add": [-1]}, (400, 899003)),
        ({"add": [True]}, (400, 899003)),
        ({"add": ["x"]}, (400, 899003)),
        ({"add": "one"}, (400, 899003)),
        ({"add": list(range(1, 502))}, (400, 899003)),
        ({}, (400, 899003)),
        ([], (400, 899003)),
        (b"", (400, 899003)),
        (b"{", (400, 899003)),
    ],
)
def test_shield_refuses_all_or_none(rest, bob, foreign, published, body, expected):
    assert rest.post(SHIELD, {"add": [foreign["one"]]}).status_code == 204
    published.clear()
    if body != {"add": ["x"]}:
        body = resolved(body, foreign)
    assert refusal(rest.post(SHIELD, body)) == expected
    assert shielded(bob) == {"one"}
    assert published == []


def test_lists_of_groups_are_read_in_one_query(rest, bob, groups):
    """What is left grows with the shields that are set: each is a change of its conversation."""
    rest.get("/v1/users/bobby")
    with CaptureQueriesContext(connection) as one:
        rest.post(SHIELD, {"add": [groups["one"]]})
    with CaptureQueriesContext(connection) as two:
        rest.post(SHIELD, {"add": [groups["two"], groups["three"]]})
    assert len(two) - len(one) <= 6
    with CaptureQueriesContext(connection) as one:
        rest.post(QUIET, {"group": {"add": [groups["one"]]}})
    with CaptureQueriesContext(connection) as two:
        rest.post(QUIET, {"group": {"add": [groups["two"], groups["three"]]}})
    assert len(two) == len(one)


# Do-not-disturb


def test_no_disturb_all_parts_at_once_told_once(rest, bob, groups, published):
    published.clear()
    body = {
        "single": {"add": ["alice", "carol"]},
        "group": {"add": [groups["one"], str(groups["two"])], "remove": None},
        "global": 1,
    }
    assert rest.post(QUIET, body).status_code == 204
    assert quiet(bob) == ({"one", "two"}, {"alice", "carol"}, True)
    assert len(published.of(NoDisturbChanged)) == 1
    assert [(told.to.users, told.keep) for told in published.told] == [([bob.pk], True)]
    body = {
        "single": {"remove": ["carol"]},
        "group": {"add": [groups["three"]], "remove": [groups["one"]]},
        "global": 0,
    }
    assert rest.post(QUIET + "/", body).status_code == 204
    assert quiet(bob) == ({"two", "three"}, {"alice"}, False)


@pytest.mark.parametrize("body", [{"single": {"add": ["alice"]}}, {"group": {"add": ["one"]}}, {"global": 1}])
def test_every_part_of_no_disturb_is_optional(rest, bob, groups, published, body):
    published.clear()
    assert rest.post(QUIET, resolved(body, groups)).status_code == 204
    assert len(published.of(NoDisturbChanged)) == len(published) == 1


def test_no_disturb_that_names_nothing_changes_nothing(rest, bob, groups, published):
    published.clear()
    for body in ({}, {"single": {}, "group": None}):
        assert rest.post(QUIET, body).status_code == 204
    assert published == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"single": {"add": ["alice"]}}, (403, 899043)),
        ({"single": {"remove": ["carol"]}}, (403, 899044)),
        ({"single": {"add": ["nobody"]}}, (403, 899002)),
        ({"single": {"add": ["eve22"]}}, (403, 899002)),
        ({"group": {"add": ["none"]}}, (403, 899045)),
        ({"group": {"remove": ["gone"]}}, (403, 899045)),
        ({"group": {"add": ["foreign"]}}, (403, 899045)),
        ({"group": {"add": ["theirs"]}}, (403, 899046)),
        ({"group": {"add": ["three", "one"]}}, (403, 899047)),
        ({"group": {"remove": ["one", "three"]}}, (403, 899049)),
        ({"global": 1}, (403, 899048)),
        ({"global": 2}, (400, 899003)),
        ({"global": True}, (400, 899003)),
        ({"global": "on"}, (400, 899003)),
        ({"global": 0, "single": {"add": ["carol"]}, "group": {"add": ["two", "theirs"]}}, (403, 899046)),
        ({"global": 0, "single": {"add": ["alice"]}, "group": {"add": ["two"]}}, (403, 899043)),
        ({"single": ["carol"]}, (400, 899003)),
        ({"single": {"add": "carol"}}, (400, 899003)),
        ({"single": {"add": [5]}}, (400, 899003)),
        ({"group": {"add": [None]}}, (400, 899003)),
        ({"group": {"add": list(range(1, 502))}}, (400, 899003)),
        ([], (400, 899003)),
        (b"", (400, 899003)),
        (b"{", (400, 899003)),
    ],
)
def test_no_disturb_refuses_all_or_none(rest, bob, foreign, published, body, expected):
    before = {"single": {"add": ["alice"]}, "group": {"add": [foreign["one"]]}, "global": 1}
    assert rest.post(QUIET, before).status_code == 204
    published.clear()
    assert refusal(rest.post(QUIET, resolved(body, foreign))) == expected
    assert quiet(bob) == ({"one"}, {"alice"}, True)
    assert published == []


def test_no_disturb_that_is_off_is_not_switched_off(rest, bob):
    assert refusal(rest.post(QUIET, {"global": 0})) == (403, 899050)


@pytest.mark.parametrize("path", [SHIELD, QUIET, ACROSS])
def test_paths_that_name_no_user(rest, elsewhere, application, bob, eve, groups, path):
    body = {"add": [groups["one"]]} if path == SHIELD else {"group": {"add": [groups["one"]]}}
    body = [{"appkey": application.appkey, **body}] if path == ACROSS else body
    assert refusal(rest.post(path.replace("bobby", "nobody"), body)) == (403, 899002)
    assert refusal(elsewhere.post(path, body)) == (403, 899002)


def test_no_disturb_across_applications(rest, bob, groups, application, sister, sisters, published):
    theirs = services.create_group("Theirs", owner=sisters["sara1"], by=Actor.server(sister))
    services.change_members(theirs, add=[bob], by=Actor.server(sister))
    published.clear()
    body = [
        {"appkey": f" {sister.appkey}", "single": {"add": ["sara1", "bobby"]}, "group": {"add": [theirs.pk]}},
        {"appkey": application.appkey, "single": {"add": ["alice"]}, "group": {"add": [groups["one"]], "remove": None}},
    ]
    assert rest.post(ACROSS + "/", body).status_code == 204
    assert quiet(bob) == ({"Theirs", "one"}, {"sara1", "bobby", "alice"}, False)
    assert len(published.of(NoDisturbChanged)) == len(published) == 1
    assert rest.post(ACROSS, {"appkey": sister.appkey, "group": {"remove": [theirs.pk]}}).status_code == 204
    assert quiet(bob)[0] == {"one"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"appkey": "x" * 24, "single": {"add": ["alice"]}}], (400, 899009)),
        ([{"appkey": "stranger", "single": {"add": ["eve22"]}}], (403, 899020)),
        ([{"appkey": "stranger", "group": {"add": ["foreign"]}}], (403, 899020)),
        ([{"appkey": "sister", "group": {"add": ["one"]}}], (403, 899045)),
        ([{"appkey": "own", "group": {"add": ["foreign"]}}], (403, 899045)),
        ([{"appkey": "sister", "single": {"add": ["alice"]}}], (403, 899002)),
        (
            [{"appkey": "own", "single": {"add": ["alice"]}}, {"appkey": "sister", "group": {"add": ["none"]}}],
            (403, 899045),
        ),
        ([{"appkey": "own", "group": {"add": ["theirs"]}}], (403, 899046)),
        ([{"appkey": "own", "single": {"remove": ["alice"]}}], (403, 899044)),
        (
            [{"appkey": "own", "single": {"add": [f"u{n:04}" for n in range(500)]}, "group": {"add": [1]}}],
            (400, 899003),
        ),
        ([{"single": {"add": ["alice"]}}], (400, 899003)),
        (["alice"], (400, 899003)),
        ([], (400, 899003)),
        (b"", (400, 899003)),
    ],
)
def test_no_disturb_across_applications_refuses_all_or_none(
    rest, bob, foreign, application, sister, sisters, eve, published, body, expected
):
    keys = {"own": application.appkey, "sister": sister.appkey, "stranger": eve.application.appkey}
    if isinstance(body, list):
        body = [
            {
                **resolved(one, foreign),
                **({"appkey": keys.get(one["appkey"], one["appkey"])} if "appkey" in one else {}),
            }
            if isinstance(one, dict)
            else one
            for one in body
        ]
    published.clear()
    assert refusal(rest.post(ACROSS, body)) == expected
    assert quiet(bob) == (set(), set(), False)
    assert published == []


def test_who_comes_back_into_a_group_starts_over(rest, bob, groups, server):
    rest.post(SHIELD, {"add": [groups["one"]]})
    rest.post(QUIET, {"group": {"add": [groups["one"]]}})
    for part in ("remove", "add"):
        assert rest.post(f"/v1/groups/{groups['one']}/members", {part: ["bobby"]}).status_code == 204
    assert (shielded(bob), quiet(bob)[0]) == (set(), set())


def test_a_sister_sees_none_of_it(bob, groups, sister, sisters):
    """Her own bobby is another one, and is in none of the groups."""
    assert refusal(Rest(sister).post(SHIELD, {"add": [groups["one"]]})) == (403, 899051)
    assert refusal(Rest(sister).post(QUIET, {"group": {"add": [groups["one"]]}})) == (403, 899045)
