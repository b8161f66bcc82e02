"""import_jmessage from a running server: another application of our own, and one that misbehaves."""

import base64
import json

import pytest
import requests

from accounts.models import Block, Friendship, User
from accounts.passwords import md5_hex, verify
from chatrooms.models import ChatRoom
from groups.models import Group
from messaging.models import SensitiveWord
from tests.importing.scripted import CUT, scripted
from tests.live import Live

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = [f"user{number:03}" for number in range(120)]


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A server with an application in which there is some of everything, and what a command needs to reach it."""
    with Live(tmp_path_factory.mktemp("there") / "data") as server:
        made = server.manage("create_application", "Old", "--json")
        pair = f"{made['appkey']}:{made['master_secret']}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

        def rest(method, path, body=None):
            response = requests.request(method, server.url + path, json=body, headers=headers, timeout=30)
            assert response.ok, response.text
            return response.json() if response.content else None

        users = [{"username": name, "password": "secret", "nickname": name.title()} for name in NAMES]
        users[0] |= {"signature": "你好\n", "birthday": "1990-02-28", "gender": 2, "extras": {"level": 7}}
        rest("POST", "/v1/users", users)
        rest("POST", "/v1/admins", {"username": "boss", "password": "secret"})
        rest("POST", "/v1/users/user000/friends", ["user001", "user002"])
        rest("PUT", "/v1/users/user000/friends", [{"username": "user001", "note_name": "Nº 1", "others": "old"}])
        rest("PUT", "/v1/users/user001/blacklist", ["user009"])
        group = {"owner_username": "user000", "name": "Club", "desc": "d", "flag": 2, "members_username": NAMES[1:5]}
        gid = rest("POST", "/v1/groups", group)["gid"]
        room = {"owner_username": "user005", "name": "Lobby", "members_username": NAMES[6:8]}
        room_id = rest("POST", "/v1/chatroom", room)["chatroom_id"]
        rest("PUT", f"/v1/chatroom/{room_id}/forbidden/user006?status=1")
        rest("POST", "/v1/sensitiveword", ["spam", "法轮"])
        made |= {"gid": gid, "room_id": room_id}
        made["arguments"] = ["--host", server.url, "--appkey", made["appkey"], "--secret", made["master_secret"]]
        yield made


def test_everything_comes_along(run, there):
    ran = run(source=there["arguments"])
    assert ran.failures == []
    assert ran.counts == {
        "users": (121, 0, 0),
        "friends": (121, 0, 0),
        "blacklists": (121, 0, 0),
        "groups": (1, 0, 0),
        "chatrooms": (1, 0, 0),
        "words": (2, 0, 0),
    }
    first = User.objects.get(username="user000")
    assert (first.nickname, first.signature, str(first.birthday), first.gender) == (
        "User000",
        "你好\n",
        "1990-02-28",
        2,
    )
    assert (first.extras, first.password) == ({"level": 7}, "")
    assert [user.username for user in User.objects.filter(is_admin=True)] == ["boss"]
    assert set(Friendship.objects.values_list("owner__username", "friend__username", "note_name", "others")) == {
        ("user000", "user001", "Nº 1", "old"),
        ("user000", "user002", "", ""),
        ("user001", "user000", "", ""),
        ("user002", "user000", "", ""),
    }
    assert list(Block.objects.values_list("owner__username", "target__username")) == [("user001", "user009")]
    group, room = Group.objects.get(), ChatRoom.objects.get()
    assert ran.ids == {("groups", str(there["gid"])): group.pk, ("chatrooms", str(there["room_id"])): room.pk}
    assert (group.name, group.desc, group.type, group.owner) == ("Club", "d", Group.Type.PUBLIC, first)
    assert set(group.memberships.values_list("user__username", flat=True)) == set(NAMES[:5])
    assert {row.user.username: row.banned for row in room.memberships.in_order()} == {
        "user005": False,
        "user006": True,
        "user007": False,
    }
    assert set(SensitiveWord.objects.values_list("word", flat=True)) == {"spam", "法轮"}

    again = run("--passwords", "random", source=there["arguments"])
    assert (again.status, again.passwords) == (0, {})
    assert again.counts == {kind: (0, *ran.counts[kind][:1], 0) for kind in ran.counts}
    assert Group.objects.count() == ChatRoom.objects.count() == 1
    assert User.objects.count() == 121


def test_passwords_are_made_for_those_who_come(run, there):
    ran = run("--passwords", "random", "--only", "users", source=there["arguments"])
    assert ran.passwords.keys() == {*NAMES, "boss"}
    assert verify(User.objects.get(username="user042"), md5_hex(ran.passwords["user042"]))


def test_a_dry_run_asks_and_changes_nothing(run, there):
    ran = run("--dry-run", source=there["arguments"])
    assert (ran.status, ran.failures) == (0, [])
    assert ran.counts["users"] == (121, 0, 0)
    assert ran.counts["groups"] == (1, 0, 0)
    assert not User.objects.exists()
    assert not Group.objects.exists()


def test_wrong_credentials(run, there):
    ran = run(source=[*there["arguments"][:-1], "x" * 24])
    assert ran.status == 1
    assert "401" in ran.said
    assert not User.objects.exists()


def answer(value, status=200):
    return status, {"Retry-After": "0"}, json.dumps(value).encode()


def page(key, *items):
    return answer({"total": len(items), "start": 0, "count": len(items), key: list(items)})


def test_a_server_that_stumbles(run):
    """It is busy, cuts connections, and refuses a user who went away meanwhile."""
    anna = {"username": "anna", "ctime": "2017-11-17 08:57:54", "mtime": "2017-11-17 08:57:54"}
    gone = answer({"error": {"code": 899002, "message": "no such user"}}, 403)
    with scripted(
        answer({}, 429),
        page("users", anna),  # how many
        page("users"),  # admins
        answer({}, 503),
        page("users", anna, {"username": "bert"}),
        answer(anna),
        answer({}, 500),
        gone,
    ) as script:
        arguments = ["--host", script.url, "--appkey", "k" * 24, "--secret", "s" * 24]
        ran = run("--only", "users", "--parallel", "1", source=arguments)
    assert ran.counts == {"users": (1, 0, 1)}
    assert ran.told == [("users", "", "GET /v1/users/bert")]
    assert User.objects.get().created_at.year == 2017


def test_a_server_that_goes_away_is_gone_on_with(run, monkeypatch):
    monkeypatch.setattr("imsite.importing.client.ATTEMPTS", 1)
    anna, bert = {"username": "anna"}, {"username": "bert"}
    monkeypatch.setattr("imsite.importing.remote.AHEAD", 1)
    monkeypatch.setattr("imsite.importing.people.Users.size", 1)
    start = [page("users", anna), page("users"), page("users", anna, bert)]
    with scripted(*start, answer(anna), CUT, *start, answer(bert)) as script:
        arguments = ["--host", script.url, "--appkey", "k" * 24, "--secret", "s" * 24]
        cut = run("--only", "users", "--parallel", "1", source=arguments)
        assert (cut.status, cut.summary["how"], cut.counts) == (1, "cut", {"users": (1, 0, 0)})
        assert "go on" in cut.said
        ran = run("--only", "users", "--parallel", "1", source=arguments)
    assert (ran.status, ran.counts) == (0, {"users": (1, 1, 0)})
    assert set(User.objects.values_list("username", flat=True)) == {"anna", "bert"}


def test_odd_answers_are_faults_and_no_more(run):
    with scripted(
        page("groups", {}),
        page("groups", {"gid": 1, "name": "Club"}, "odd", {"gid": 2, "name": "Members?"}),
        answer([{"username": "anna", "flag": 1}]),
        answer("none"),
    ) as script:
        arguments = ["--host", script.url, "--appkey", "k" * 24, "--secret", "s" * 24]
        ran = run("--only", "groups", "--parallel", "1", source=arguments)
    assert ran.counts == {"groups": (0, 0, 3)}
    assert not Group.objects.exists()
