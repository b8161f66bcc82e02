"""The REST API of friends and blacklists."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.models import Block, Friendship
from tests.cast import register
from tests.door import Rest, refusal

INVALID = (400, 899003)
NO_SUCH_USER = (403, 899002)
FRIENDS = "/v1/users/alice/friends"
BLACKLIST = "/v1/users/alice/blacklist"


def friends(rest, username="alice"):
    return {
        one["username"]: (one["note_name"], one["others"]) for one in rest.get(f"/v1/users/{username}/friends").json()
    }


def blocked(rest, username="alice"):
    return [one["username"] for one in rest.get(f"/v1/users/{username}/blacklist").json()]


def done(response, status=204):
    return (response.status_code, response.content) == (status, b"")


# What every one of them refuses


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", FRIENDS), ("delete", FRIENDS), ("put", FRIENDS), ("put", BLACKLIST), ("delete", BLACKLIST)],
)
def test_bad_bodies_and_strangers_change_nothing(rest, server, cast, method, path):
    services.block(cast["alice"], [cast["bobby"]], by=server)
    services.add_friends(cast["alice"], [cast["bobby"]], by=server)
    is_notes = (method, path) == ("put", FRIENDS)

    def names(*usernames):
        return [{"username": name} for name in usernames] if is_notes else [*usernames]

    call = getattr(rest, method)
    for body in (None, b"", b"{", "[", b'["\xff"]', {}, [], "carol", 5, [5], [["carol"]], names("carol") * 501):
        assert refusal(call(path, body)) == INVALID, body
    for unknown in ("nobody", "eve22", "BOBBY", "bob\0by", "x" * 200):
        is_malformed = is_notes and ("\0" in unknown or len(unknown) > 128)
        assert refusal(call(path, names("carol", unknown))) == (INVALID if is_malformed else NO_SUCH_USER), unknown
    assert refusal(call(path.replace("alice", "nobody"), names("carol"))) == NO_SUCH_USER
    assert refusal(call(path.replace("alice", "eve22"), names("carol"))) == NO_SUCH_USER
    assert list(friends(rest)) == blocked(rest) == ["bobby"]
    assert (Friendship.objects.count(), Block.objects.count()) == (2, 1)


@pytest.mark.parametrize("path", [FRIENDS, BLACKLIST])
def test_lists_of_strangers(rest, elsewhere, cast, path):
    assert rest.get(path).json() == []
    assert refusal(rest.get(path.replace("alice", "nobody"))) == NO_SUCH_USER
    assert refusal(elsewhere.get(path)) == NO_SUCH_USER
    assert refusal(
        rest.post(path, ["bobby"]) if path == BLACKLIST else rest.client.patch(path, headers=rest.headers)
    ) == (
        405,
        899003,
    )


# Friends


def test_friends_are_made_noted_listed_and_parted(rest, cast):
    assert done(rest.post(FRIENDS + "/", ["bobby", "carol"]), 201)
    assert done(rest.put(FRIENDS, [{"username": "bobby", "note_name": "Bob", "others": "from work"}]))
    assert done(rest.put(FRIENDS, {"username": "carol", "note_name": None, "others": "Emoji 🎉", "star": True}))
    assert friends(rest) == {"bobby": ("Bob", "from work"), "carol": ("", "Emoji 🎉")}
    assert friends(rest, "bobby") == {"alice": ("", "")}
    assert done(rest.delete(FRIENDS, ["bobby", "dave1"]))
    assert friends(rest) == {"carol": ("", "Emoji 🎉")}
    assert friends(rest, "bobby") == {}


def test_a_friend_in_the_list(rest, application, cast):
    rest.put("/v1/users/bobby", {"nickname": "Bob", "region": "Rome"})
    rest.post(FRIENDS, ["bobby"])
    (bob,) = rest.get(FRIENDS).json()
    user = rest.get("/v1/users/bobby").json()
    assert bob == {**user, "note_name": "", "others": "", "appkey": application.appkey}


def test_codes_of_friends(rest, cast):
    assert done(rest.post(FRIENDS, ["bobby"]), 201)
    assert refusal(rest.post(FRIENDS, ["carol", "bobby"])) == (403, 899070)
    assert refusal(rest.post("/v1/users/bobby/friends", ["alice"])) == (403, 899070)
    assert refusal(rest.post(FRIENDS, ["alice"])) == INVALID
    assert refusal(rest.put(FRIENDS, [{"username": "bobby", "note_name": "x"}, {"username": "carol"}])) == (403, 899071)
    assert friends(rest) == {"bobby": ("", "")}


def test_limits_of_notes_are_inclusive_and_count_bytes(rest, cast):
    rest.post(FRIENDS, ["bobby"])
    name, others = "好" * 21 + "a", "好" * 83 + "a"
    assert done(rest.put(FRIENDS, [{"username": "bobby", "note_name": name, "others": others}]))
    for bad in (
        {"note_name": name + "a"}, {"others": others + "a"}, {"note_name": "a\nb"}, {"note_name": "a\rb"},
        {"note_name": 5}, {"others": ["x"]}, {"others": "a\0"},
    ):  # fmt: skip
        assert refusal(rest.put(FRIENDS, [{"username": "bobby", **bad}])) == INVALID, bad
    assert refusal(rest.put(FRIENDS, [{"note_name": "x"}])) == INVALID
    assert friends(rest) == {"bobby": (name, others)}


def test_five_hundred_friends_at_once(rest, application, alice):
    names = [*register(application, *(f"user{number}" for number in range(500)))]
    assert refusal(rest.post(FRIENDS, [*names, "alice"])) == INVALID
    assert done(rest.post(FRIENDS, names), 201)
    assert done(rest.put(FRIENDS, [{"username": name, "note_name": name} for name in names]))
    with CaptureQueriesContext(connection) as queries:
        assert friends(rest) == {name: (name, "") for name in names}
    assert len(queries) <= 2
    assert done(rest.delete(FRIENDS, names))
    assert not Friendship.objects.exists()


def test_names_repeated_count_once(rest, cast):
    assert done(rest.post(FRIENDS, ["bobby", "bobby"]), 201)
    assert done(rest.put(FRIENDS, [{"username": "bobby", "note_name": "a"}, {"username": "bobby", "note_name": "b"}]))
    assert friends(rest) == {"bobby": ("b", "")}


# Blacklist


def test_users_are_blocked_listed_and_unblocked(rest, cast):
    assert done(rest.put(BLACKLIST + "/", ["bobby", "carol"]))
    assert blocked(rest) == ["bobby", "carol"]
    assert blocked(rest, "bobby") == []
    assert rest.get(BLACKLIST).json()[0] == rest.get("/v1/users/bobby").json()
    assert done(rest.delete(BLACKLIST, ["bobby"]))
    assert blocked(rest) == ["carol"]


def test_codes_of_the_blacklist(rest, cast):
    rest.post("/v1/admins", {"username": "admin", "password": "secret"})
    assert done(rest.put(BLACKLIST, ["bobby"]))
    assert refusal(rest.put(BLACKLIST, ["carol", "bobby"])) == (403, 899017)
    assert refusal(rest.put(BLACKLIST, ["carol", "admin"])) == (403, 899018)
    assert refusal(rest.put(BLACKLIST, ["alice"])) == INVALID
    assert refusal(rest.delete(BLACKLIST, ["bobby", "carol"])) == (403, 899019)
    assert blocked(rest) == ["bobby"]


def test_a_long_blacklist_is_one_query(rest, application, alice):
    names = [*register(application, *(f"user{number}" for number in range(60)))]
    assert done(rest.put(BLACKLIST, names))
    with CaptureQueriesContext(connection) as queries:
        assert blocked(rest) == names
    assert len(queries) <= 2
    assert done(rest.delete(BLACKLIST, names))


@pytest.mark.django_db(transaction=True)
def test_a_block_counts_at_once(application):
    rest = Rest(application)
    register(application, "alice", "bobby")
    rest.post("/v1/admins", {"username": "admin", "password": "secret"})
    message = {
        "version": 1, "target_type": "single", "target_id": "alice", "from_type": "user", "from_id": "bobby",
        "msg_type": "text", "msg_body": {"text": "hi"},
    }  # fmt: skip
    assert rest.post("/v1/messages", message).status_code == 201
    assert done(rest.put(BLACKLIST, ["bobby"]))
    assert rest.post("/v1/messages", message).status_code == 403
    assert rest.post("/v1/messages", {**message, "from_type": "admin", "from_id": "admin"}).status_code == 201
    assert rest.post("/v1/messages", {**message, "target_id": "bobby", "from_id": "alice"}).status_code == 201
    assert done(rest.delete(BLACKLIST, ["bobby"]))
    assert rest.post("/v1/messages", message).status_code == 201
