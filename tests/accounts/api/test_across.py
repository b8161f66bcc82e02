"""Friends and blacklists with users of other applications of the same owner."""

import pytest

from accounts.models import Block, Friendship
from imsite.core import clock
from tests.cast import register
from tests.door import Rest, refusal

INVALID = (400, 899003)
NO_SUCH_USER = (403, 899002)
NO_SUCH_APPLICATION = (400, 899009)
FOREIGN = (403, 899020)
FRIENDS = "/v1/cross/users/alice/friends"
BLACKLIST = "/v1/cross/users/alice/blacklist"
CALLS = [("post", FRIENDS), ("delete", FRIENDS), ("put", FRIENDS), ("put", BLACKLIST), ("delete", BLACKLIST)]


def done(response, status=204):
    return (response.status_code, response.content) == (status, b"")


def friends(rest, username="alice"):
    listed = rest.get(f"/v1/users/{username}/friends").json()
    return {(one["appkey"], one["username"]): (one["note_name"], one["others"]) for one in listed}


def body(method, path, appkey, *names):
    """Of the shape that the call takes."""
    if path == BLACKLIST:
        return [{"appkey": appkey, "usernames": [*names]}]
    if method == "put":
        return [{"appkey": appkey, "username": name, "note_name": "x"} for name in names]
    return {"appkey": appkey, "users": [*names]}


def test_friends_across_applications(rest, application, sister, cast, frank):
    asked = {"appkey": f" {sister.appkey}\t", "users": ["frank"]}
    assert done(rest.post(FRIENDS + "/", asked), 201)
    assert done(rest.post(FRIENDS, {"appkey": application.appkey, "users": ["bobby"]}), 201)
    note = {"appkey": f"{sister.appkey} ", "username": "frank", "note_name": "F", "others": "o"}
    assert done(rest.put(FRIENDS, [note, {"appkey": application.appkey, "username": "bobby", "others": "b"}]))
    assert friends(rest) == {(sister.appkey, "frank"): ("F", "o"), (application.appkey, "bobby"): ("", "b")}
    assert friends(Rest(sister), "frank") == {(application.appkey, "alice"): ("", "")}
    assert done(rest.put(FRIENDS, {**note, "note_name": "G"}))
    assert refusal(rest.post(FRIENDS, asked)) == (403, 899070)
    assert done(rest.delete(FRIENDS, asked))
    assert [*friends(rest)] == [(application.appkey, "bobby")]
    assert refusal(rest.put(FRIENDS, [note])) == (403, 899071)


def test_namesakes_are_told_apart(rest, application, sister, cast):
    register(sister, "bobby")
    assert done(rest.post(FRIENDS, {"appkey": sister.appkey, "users": ["bobby"]}), 201)
    assert done(rest.post("/v1/users/alice/friends", ["bobby"]), 201)
    notes = [{"appkey": one.appkey, "username": "bobby", "note_name": one.name} for one in (application, sister)]
    assert done(rest.put(FRIENDS, notes))
    assert friends(rest) == {(sister.appkey, "bobby"): ("Blog", ""), (application.appkey, "bobby"): ("Shop", "")}
    assert done(rest.put(BLACKLIST, [{"appkey": one.appkey, "usernames": ["bobby"]} for one in (sister, application)]))
    assert [one["appkey"] for one in rest.get(BLACKLIST).json()] == [sister.appkey, application.appkey]


def test_a_blacklist_across_applications(rest, application, sister, cast, frank):
    asked = [
        {"appkey": f" {sister.appkey}", "usernames": ["frank"]},
        {"appkey": application.appkey, "usernames": ["bobby"]},
    ]
    assert done(rest.put(BLACKLIST, asked))
    listed = rest.get(BLACKLIST).json()
    assert [(one["username"], one["appkey"]) for one in listed] == [
        ("frank", sister.appkey),
        ("bobby", application.appkey),
    ]
    assert listed[1] == {**rest.get("/v1/users/bobby").json(), "appkey": application.appkey}
    assert [one["username"] for one in rest.get("/v1/users/alice/blacklist").json()] == ["bobby"]
    assert refusal(rest.put(BLACKLIST, asked[:1])) == (403, 899017)
    Rest(sister).post("/v1/admins", {"username": "admin", "password": "secret"})
    assert refusal(rest.put(BLACKLIST, [{"appkey": sister.appkey, "usernames": ["admin"]}])) == (403, 899018)
    assert done(rest.delete(BLACKLIST, asked[0]))  # one object alone
    assert refusal(rest.delete(BLACKLIST, asked)) == (403, 899019)
    assert [one["username"] for one in rest.get(BLACKLIST).json()] == ["bobby"]


def test_times_are_those_of_the_application_that_asks(rest, application, sister, cast, frank):
    type(sister).objects.filter(pk=sister.pk).update(time_zone="America/Lima")
    rest.put(BLACKLIST, [{"appkey": sister.appkey, "usernames": ["frank"]}])
    rest.post(FRIENDS, {"appkey": sister.appkey, "users": ["frank"]})
    frank.refresh_from_db()
    expected = clock.to_text(frank.created_at, application.time_zone)
    assert rest.get(BLACKLIST).json()[0]["ctime"] == rest.get("/v1/users/alice/friends").json()[0]["ctime"] == expected


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_whom_one_does_not_reach(rest, application, other_application, sister, cast, frank, method, path):
    call = getattr(rest, method)
    assert refusal(call(path, body(method, path, other_application.appkey, "eve22"))) == FOREIGN
    assert refusal(call(path, body(method, path, "x" * 24, "frank"))) == NO_SUCH_APPLICATION
    assert refusal(call(path, body(method, path, "short", "frank"))) == NO_SUCH_APPLICATION
    assert refusal(call(path, body(method, path, sister.appkey, "frank", "bobby"))) == NO_SUCH_USER
    assert refusal(call(path, body(method, path, application.appkey, "frank"))) == NO_SUCH_USER
    for stranger in ("nobody", "frank", "eve22"):
        answer = call(path.replace("alice", stranger), body(method, path, application.appkey, "bobby"))
        assert refusal(answer) == NO_SUCH_USER
    assert not Friendship.objects.exists()
    assert not Block.objects.exists()


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_bad_bodies(rest, sister, cast, frank, method, path):
    key, good = sister.appkey, body(method, path, sister.appkey, "frank")
    item = good if isinstance(good, dict) else good[0]
    is_list = path == BLACKLIST or method == "put"
    member = next(name for name in ("usernames", "users", "username") if name in item)
    bad = [None, b"{", [], {}, 5, ["frank"], {**item, "appkey": None}, {**item, "appkey": 5}, {**item, "appkey": ""},
           {**item, "appkey": "x" * 129}, {**item, member: None}, {**item, member: 5}, {**item, member: {}},
           {**item, member: []}, {**item, member: [5]}]  # fmt: skip
    if member != "username":
        bad += [{**item, member: ["frank"] * 501}, {**item, member: "frank"}]
    bad += [good * 501] if is_list else [[good]]
    if path == BLACKLIST:
        bad += [[{"appkey": key, "usernames": ["frank"] * 300}] * 2]
    for one in bad:
        assert refusal(getattr(rest, method)(path, one)) == INVALID, one
    assert not Friendship.objects.exists()
    assert not Block.objects.exists()


def test_the_lists_of_others(rest, elsewhere, cast):
    assert rest.get(BLACKLIST).json() == []
    assert refusal(elsewhere.get(BLACKLIST)) == NO_SUCH_USER
    assert refusal(rest.get("/v1/cross/users/nobody/blacklist")) == NO_SUCH_USER
    assert refusal(rest.get(FRIENDS)) == (405, 899003)  # the plain list has them all
