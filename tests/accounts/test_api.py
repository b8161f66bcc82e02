"""The REST API of users and admins: authentication, paths, shapes, limits, codes."""

import base64
import re
from zoneinfo import ZoneInfo

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import passwords, services
from accounts.models import User
from accounts.passwords import md5_hex
from tests.cast import PASSWORD_MD5
from tests.cast import register as register_cast
from tests.door import Rest, refusal

WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
INVALID = (400, 899003)
NO_SUCH_USER = (403, 899002)
TAKEN = (403, 899001)


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.fixture
def elsewhere(other_application):
    return Rest(other_application)


def usernames(application):
    return list(User.objects.of(application).order_by("pk").values_list("username", flat=True))


def item(username, password="secret", **more):
    return {"username": username, "password": password, **more}


def codes(answer):
    """Usernames with 0, or with the code of their failure; the shape of each item is checked."""
    for one in answer:
        assert "password" not in one
        if "error" in one:
            assert set(one) == {"username", "error"}
            assert set(one["error"]) == {"code", "message"}
            assert one["error"]["message"]
    return [(one["username"], one.get("error", {}).get("code", 0)) for one in answer]


# Authentication


def knock(header, path="/v1/users", method="get", **more):
    headers = {} if header is None else {"Authorization": header}
    return getattr(Client(), method)(path, headers=headers, **more)


def basic(text, scheme="Basic"):
    raw = text if isinstance(text, bytes) else text.encode()
    return f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize("header", [None, "", "   "])
def test_no_credentials(application, header):
    assert refusal(knock(header)) == (401, 899007)


def test_wrong_credentials(application, other_application):
    key, secret = application.appkey, application.master_secret
    for header in (
        basic(f"{key}:{secret}x"),
        basic(f"{key}:"),
        basic(key),
        basic(""),
        basic(f"{key}:{other_application.master_secret}"),
        basic(f"{'x' * 24}:{secret}"),
        basic(f":{secret}"),
        basic(f"{key}\0:{secret}"),
        basic(b"\xff\xfe:\xff"),
        basic(f"{key}:{secret}", scheme="Bearer"),
        basic(f"{key}:{secret}", scheme="Digest"),
        "Basic",
        "Basic not/base64!",
        "Basic " + "é" * 10,
        "Basic " + "A" * 5001,
        basic(f"{key}:ключ"),
    ):
        assert refusal(knock(header)) == (401, 899008), header


def test_good_credentials(application):
    pair = f"{application.appkey}:{application.master_secret}"
    for header in (basic(pair), basic(pair, scheme="basic"), f"  {basic(pair)}  ", basic(pair).replace(" ", "  ")):
        assert knock(header).status_code == 200, header


def test_the_secret_before_a_rotation_is_good_until_the_next(application, django_capture_on_commit_callbacks):
    pair = basic(f"{application.appkey}:{application.master_secret}")
    with django_capture_on_commit_callbacks(execute=True):
        fresh = services.rotate_secret(application, by=None)
    assert knock(pair).status_code == 200
    assert knock(basic(f"{application.appkey}:{fresh}")).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        services.rotate_secret(application, by=None)
    assert refusal(knock(pair)) == (401, 899008)


def test_an_empty_secret_is_not_the_previous_one(application):
    assert application.previous_secret == ""
    assert refusal(knock(basic(f"{application.appkey}:"))) == (401, 899008)


def test_credentials_come_before_the_body_and_the_route(application):
    for path, method in (("/v1/users", "post"), ("/v1/users/nobody", "put"), ("/v1/users", "patch")):
        answer = knock(None, path, method, data=b"\xff not json", content_type="application/json")
        assert refusal(answer) == (401, 899007)


def test_credentials_cost_no_query_but_the_first(rest, django_assert_num_queries):
    rest.get("/v1/users/nobody")
    with django_assert_num_queries(1):
        rest.get("/v1/users/nobody")


# Registration


def test_register_one(rest, application):
    response = rest.post("/v1/users/", [item("alice")])
    assert response.status_code == 201
    assert response["Content-Type"].startswith("application/json")
    assert response.json() == [{"username": "alice"}]
    assert passwords.verify(User.objects.get(), PASSWORD_MD5)


def test_register_with_a_profile(rest, application):
    profile = {
        "nickname": "Al",
        "avatar": "qiniu/image/j/F39A",
        "birthday": "1990-01-24",
        "signature": "say 🎉\n",
        "gender": 1,
        "region": "Paris",
        "address": "1, rue",
        "extras": {"k": "v"},
    }
    response = rest.post("/v1/users", [item("alice", **profile, star=1, item=None, is_admin=True)])
    assert response.json() == [{"username": "alice", **profile}]
    stored = User.objects.get()
    assert (stored.nickname, str(stored.birthday), stored.extras) == ("Al", "1990-01-24", {"k": "v"})
    assert not stored.is_admin


def test_null_means_absent(rest):
    """As C# sends every member that is not set."""
    empty = dict.fromkeys(
        ("nickname", "avatar", "birthday", "signature", "gender", "region", "address", "extras", "appkey")
    )
    response = rest.post("/v1/users", [item("alice", **empty)])
    assert (response.status_code, response.json()) == (201, [{"username": "alice"}])


def test_a_birthday_may_have_a_time_and_gender_may_be_text(rest):
    response = rest.post("/v1/users", [item("alice", birthday="1990-01-24 00:00:00", gender="2", extras='{"a":1}')])
    assert response.status_code == 201
    stored = User.objects.get()
    assert (str(stored.birthday), stored.gender, stored.extras) == ("1990-01-24", 2, {"a": 1})
    assert rest.post("/v1/users", [item("bobby", gender="", extras="")]).json() == [{"username": "bobby"}]


def test_a_mixed_batch_is_201_in_the_order_asked(rest, application, alice):
    batch = [item("zoe01"), item("alice"), item("x"), item("zoe01"), item("amy01", gender=7), item("bob01")]
    response = rest.post("/v1/users", batch)
    assert response.status_code == 201
    assert codes(response.json()) == [
        ("zoe01", 0),
        ("alice", 899001),
        ("x", 899003),
        ("zoe01", 899001),
        ("amy01", 899003),
        ("bob01", 0),
    ]
    assert usernames(application)[-2:] == ["zoe01", "bob01"]


def test_when_all_are_taken_it_is_403_with_the_array(rest, application, alice, bob):
    response = rest.post("/v1/users", [item("alice"), item("bobby")])
    assert response.status_code == 403
    assert codes(response.json()) == [("alice", 899001), ("bobby", 899001)]


def test_when_all_are_invalid_it_is_400_with_the_array(rest, application):
    response = rest.post("/v1/users", [item("x"), item("alice", password="123")])
    assert response.status_code == 400
    assert codes(response.json()) == [("x", 899003), ("alice", 899003)]
    assert usernames(application) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"username": None},
        {"username": 12345},
        {"username": ["alice"]},
        {"username": "_abc"},
        {"username": "a b c d"},
        {"username": "a" * 129},
        {"password": None},
        {"password": 123456},
        {"password": "abc"},
        {"password": "p" * 129},
        {"password": "é" * 65},
        {"password": "nul\0nul"},
        {"nickname": 5},
        {"nickname": "n" * 65},
        {"nickname": "a\nb"},
        {"nickname": "a\0b"},
        {"birthday": "1990-02-30"},
        {"birthday": "24.01.1990"},
        {"birthday": ""},
        {"birthday": 19900124},
        {"birthday": "1990-01-24x"},
        {"gender": 3},
        {"gender": -1},
        {"gender": "man"},
        {"gender": True},
        {"gender": 1.5},
        {"signature": "s" * 251},
        {"region": "é" * 126},
        {"address": {}},
        {"avatar": "a" * 256},
        {"extras": []},
        {"extras": "text"},
        {"extras": {"k": "v" * 505}},
        {"extras": {"k": "\0"}},
    ],
)
def test_a_bad_item(rest, application, bad):
    response = rest.post("/v1/users", [{**item("alice"), **bad}, item("bobby")])
    assert response.status_code == 201
    (_, code), good = codes(response.json())
    assert (code, good) == (899003, ("bobby", 0))
    assert usernames(application) == ["bobby"]


def test_a_batch_of_one_missing_member(rest, application):
    response = rest.post("/v1/users", [{"password": "secret"}, {"username": "alice"}, {}])
    assert (response.status_code, codes(response.json())) == (400, [("", 899003), ("alice", 899003), ("", 899003)])


@pytest.mark.parametrize("password", ["1234", "p" * 128, "é" * 64, " \t ' \" ", "пароль"])
def test_a_password_takes_any_characters_in_4_to_128_bytes(rest, password):
    assert rest.post("/v1/users", [item("alice", password)]).status_code == 201
    assert passwords.verify(User.objects.get(), md5_hex(password))


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"   ",
        b"[]",
        b"{}",
        b'{"username": "alice", "password": "secret"}',
        b'["alice"]',
        b"[null]",
        b'[{"username": "alice", "password": "secret"}, 5]',
        b"null",
        b'"alice"',
        b"not json",
        b'[{"username": "alice", "password": "secret"}',
        b'[{"username": "alice", "password": "secr\xff\xfe"}]',
        b'[{"username": "alice", "password": "secret\\ud800"}]',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_a_body_that_cannot_be_read(rest, application, body):
    assert refusal(rest.post("/v1/users", body)) == INVALID
    assert usernames(application) == []


def test_500_at_once_and_no_more(rest, application):
    many = [item(f"user{number:04}") for number in range(501)]
    assert refusal(rest.post("/v1/users", many)) == (403, 899013)
    assert usernames(application) == []
    with CaptureQueriesContext(connection) as queries:
        response = rest.post("/v1/users", many[:500])
    assert response.status_code == 201
    assert len(response.json()) == 500
    assert len(queries) <= 16
    assert len(usernames(application)) == 500


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/json;charset:utf-8", "text/plain",
     "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)  # fmt: skip
def test_the_body_is_json_whatever_its_type(rest, application, content_type):
    body = orjson.dumps([item("alice")])
    response = rest.client.post("/v1/users", data=body, content_type=content_type, headers=rest.headers)
    assert response.status_code == 201, response.content


def test_json_may_be_indented_escaped_and_begin_with_a_mark(rest):
    body = '\ufeff[\r\n  {"username": "alice",\r\n "password": "secret", "nickname": "\\ud83c\\udf89 \\u00e9"}\r\n]\r\n'
    assert rest.post("/v1/users", body.encode()).status_code == 201
    assert User.objects.get().nickname == "🎉 é"


def test_a_body_beyond_the_limit_of_the_server(rest, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert refusal(rest.post("/v1/users", [item(f"user{number}") for number in range(100)])) == INVALID


def test_registration_from_clients_does_not_govern_rest(rest, application):
    services.change_application(application, {"settings": {"registration": False}}, by=None)
    assert rest.post("/v1/users", [item("alice")]).status_code == 201


# Admins


@pytest.mark.parametrize("body", [item("admin"), [item("admin")]])
def test_register_an_admin(rest, body):
    response = rest.post("/v1/admins/", body)
    assert (response.status_code, response.content) == (201, b"")
    assert User.objects.get().is_admin


def test_an_admin_whose_name_is_taken(rest, alice):
    assert refusal(rest.post("/v1/admins", item("alice"))) == TAKEN
    assert not User.objects.get(pk=alice.pk).is_admin


@pytest.mark.parametrize("body", [None, b"", [], [item("admin"), item("other")], ["admin"], "admin", item("ad"), {}])
def test_bad_admins(rest, application, body):
    assert refusal(rest.post("/v1/admins", body)) == INVALID
    assert usernames(application) == []


def test_list_of_admins(rest, application, alice, elsewhere):
    rest.post("/v1/admins", item("admin1", nickname="Boss"))
    rest.post("/v1/admins", item("admin2"))
    elsewhere.post("/v1/admins", item("admin3"))
    answer = rest.get("/v1/admins", start=0, count=10).json()
    assert [user["username"] for user in answer["users"]] == ["admin1", "admin2"]
    assert (answer["total"], answer["start"], answer["count"]) == (2, 0, 2)
    assert answer["users"][0]["nickname"] == "Boss"


# One user


def test_get_a_user(rest, application):
    register_cast(application, "alice")
    answer = rest.get("/v1/users/alice").json()
    assert WIRE_TIME.fullmatch(answer.pop("ctime"))
    assert WIRE_TIME.fullmatch(answer.pop("mtime"))
    assert answer == {"username": "alice", "gender": 0}


def test_get_a_user_with_a_profile(rest):
    given = {
        "nickname": "Al",
        "avatar": "qiniu/image/j/F39A",
        "gender": 1,
        "signature": "s",
        "region": "Paris",
        "address": "1, rue",
        "extras": {"k": [1, "v"]},
    }
    rest.post("/v1/users", [item("alice", birthday="1990-01-24", **given)])
    answer = rest.get("/v1/users/alice/").json()
    assert answer.pop("birthday") == "1990-01-24 00:00:00"
    for time in ("ctime", "mtime"):
        assert WIRE_TIME.fullmatch(answer.pop(time))
    assert answer == {"username": "alice", **given}


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_times_are_in_the_zone_of_the_application(rest, application, alice, zone):
    services.change_application(application, {"time_zone": zone}, by=None)
    local = alice.created_at.astimezone(ZoneInfo(zone))
    assert rest.get("/v1/users/alice").json()["ctime"] == f"{local:%Y-%m-%d %H:%M:%S}"


def test_update(rest, alice):
    response = rest.put("/v1/users/alice", {"nickname": "Al", "birthday": "1990-01-24", "extras": {"a": 1}, "star": 2})
    assert (response.status_code, response.content) == (204, b"")
    rest.put("/v1/users/alice/", {"gender": "2", "extras": {"b": 2}, "signature": None})
    stored = User.objects.get(pk=alice.pk)
    assert (stored.nickname, str(stored.birthday), stored.gender) == ("Al", "1990-01-24", 2)
    assert stored.extras == {"b": 2}


def test_update_ignores_name_and_password(rest, alice):
    assert rest.put("/v1/users/alice", item("mallory", "changed", nickname="Al")).status_code == 204
    stored = User.objects.get(pk=alice.pk)
    assert (stored.username, stored.nickname) == ("alice", "Al")
    assert passwords.verify(stored, PASSWORD_MD5)


@pytest.mark.parametrize("body", [None, b"", [], b"nix", {"gender": 9}, {"nickname": "a\nb"}, {"birthday": "1.1.90"}])
def test_a_bad_update_changes_nothing(rest, alice, body):
    assert refusal(rest.put("/v1/users/alice", body)) == INVALID
    stored = User.objects.get(pk=alice.pk)
    assert (stored.nickname, stored.updated_at) == ("", alice.updated_at)


def test_password(rest, alice):
    assert rest.put("/v1/users/alice/password", {"new_password": "changed"}).status_code == 204
    assert passwords.verify(User.objects.get(pk=alice.pk), md5_hex("changed"))


@pytest.mark.parametrize(
    "body",
    [None, {}, [], {"new_password": "abc"}, {"new_password": 1234}, {"new_password": "é" * 65}, {"password": "x" * 9}],
)
def test_a_bad_password_changes_nothing(rest, alice, body):
    assert refusal(rest.put("/v1/users/alice/password", body)) == INVALID
    assert passwords.verify(User.objects.get(pk=alice.pk), PASSWORD_MD5)


def test_delete(rest, alice):
    response = rest.delete("/v1/users/alice")
    assert (response.status_code, response.content) == (204, b"")
    assert refusal(rest.get("/v1/users/alice")) == NO_SUCH_USER
    assert refusal(rest.delete("/v1/users/alice")) == NO_SUCH_USER
    assert rest.post("/v1/users", [item("alice")]).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "", None),
        ("put", "", {"nickname": "x"}),
        ("delete", "", None),
        ("put", "/password", {"new_password": "changed"}),
        ("put", "/forbidden?disable=true", None),
        ("get", "/userstat", None),
    ],
)
@pytest.mark.parametrize("name", ["nobody", "Alice", "alice%00", "%D0%B0", "a" * 3000])
def test_users_that_are_not_there(rest, alice, method, path, body, name):
    arguments = [] if body is None else [body]
    assert refusal(getattr(rest, method)(f"/v1/users/{name}{path}", *arguments)) == NO_SUCH_USER


def test_users_of_another_application_are_not_there(elsewhere, alice):
    for response in (
        elsewhere.get("/v1/users/alice"),
        elsewhere.put("/v1/users/alice", {"nickname": "x"}),
        elsewhere.delete("/v1/users/alice"),
        elsewhere.delete("/v1/users", ["alice"]),
        elsewhere.put("/v1/users/alice/password", {"new_password": "changed"}),
        elsewhere.put("/v1/users/alice/forbidden?disable=true"),
        elsewhere.get("/v1/users/alice/userstat"),
        elsewhere.post("/v1/users/userstat", ["alice"]),
    ):
        assert refusal(response) == NO_SUCH_USER
    stored = User.objects.get(pk=alice.pk)
    assert (stored.nickname, stored.disabled, stored.deleted_at) == ("", False, None)
    assert passwords.verify(stored, PASSWORD_MD5)


# Several users


def test_delete_several(rest, application, alice, bob, carol):
    assert rest.delete("/v1/users", ["alice", "carol", "alice"]).status_code == 204
    assert "bobby" in usernames(application)
    assert "alice" not in usernames(application)


def test_delete_several_with_one_unknown_deletes_none(rest, application, alice):
    assert refusal(rest.delete("/v1/users/", ["alice", "nobody"])) == NO_SUCH_USER
    assert "alice" in usernames(application)


@pytest.mark.parametrize("body", [None, [], {}, ["alice", 5], [None], "alice", ["x"] * 101])
def test_bad_deletions(rest, application, alice, body):
    assert refusal(rest.delete("/v1/users", body)) == INVALID
    assert "alice" in usernames(application)


def test_100_can_be_deleted_at_once(rest, application):
    names = list(register_cast(application, *(f"user{number}" for number in range(100))))
    assert rest.delete("/v1/users", names).status_code == 204
    assert usernames(application) == []


def test_list(rest, application, elsewhere, other_application):
    register_cast(application, "zoe01", "amy01", "max01")
    register_cast(other_application, "eve01")
    answer = rest.get("/v1/users/", start=0, count=2).json()
    assert [user["username"] for user in answer.pop("users")] == ["zoe01", "amy01"]
    assert answer == {"total": 3, "start": 0, "count": 2}
    answer = rest.get("/v1/users", start=2, count=2).json()
    assert [user["username"] for user in answer.pop("users")] == ["max01"]
    assert answer == {"total": 3, "start": 2, "count": 1}
    assert rest.get("/v1/users", start=3, count=500).json() == {"total": 3, "start": 3, "count": 0, "users": []}
    assert rest.get("/v1/users").json()["count"] == 3
    assert rest.get("/v1/users", start=2**53 - 1).json()["users"] == []


def test_items_of_the_list_are_user_objects(rest, application):
    register_cast(application, "alice", nickname="Al")
    (user,) = rest.get("/v1/users").json()["users"]
    assert user == rest.get("/v1/users/alice").json()


def test_a_page_takes_as_many_queries_as_an_entry(rest, application):
    register_cast(application, *(f"user{number}" for number in range(40)))
    rest.get("/v1/users", count=1)
    with CaptureQueriesContext(connection) as queries:
        rest.get("/v1/users")
    assert len(queries) == 2


@pytest.mark.parametrize(
    "query",
    [{"start": -1}, {"count": 0}, {"count": -5}, {"count": 501}, {"start": "x"}, {"count": "1.5"}, {"start": "9" * 5000},
     {"count": "１"}, {"start": "1_0"}, {"start": " 1"}],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/users", "/v1/admins"])
def test_bad_pages(rest, path, query):
    assert refusal(rest.get(path, **query)) == INVALID


# States


@pytest.mark.parametrize(
    ("word", "disabled"), [("true", True), ("True", True), ("1", True), ("FALSE", False), ("0", False)]
)
def test_disable_and_enable(rest, alice, word, disabled):
    User.objects.filter(pk=alice.pk).update(disabled=not disabled)
    assert rest.put(f"/v1/users/alice/forbidden?disable={word}").status_code == 204
    assert User.objects.get(pk=alice.pk).disabled is disabled


@pytest.mark.parametrize("query", ["", "?disable=", "?disable=yes", "?disabled=true", "?disable=2"])
def test_bad_disabling(rest, alice, query):
    assert refusal(rest.put(f"/v1/users/alice/forbidden{query}")) == INVALID
    assert not User.objects.get(pk=alice.pk).disabled


def sign_in(user, sid, device_class="web", platform="j"):
    return services.log_in(
        user.application,
        user.username,
        PASSWORD_MD5,
        sid=sid,
        device_class=device_class,
        platform=platform,
        address=None,
    )


def test_state_of_a_user(rest, alice):
    assert rest.get("/v1/users/alice/userstat").json() == {"login": False, "online": False}
    login = sign_in(alice, "s1")
    assert rest.get("/v1/users/alice/userstat/").json() == {"login": True, "online": True}
    services.end_session(login.login_id, "lost")
    assert rest.get("/v1/users/alice/userstat").json() == {"login": True, "online": False}
    services.end_session(sign_in(alice, "s2").login_id, "out")
    assert rest.get("/v1/users/alice/userstat").json() == {"login": False, "online": False}


def test_states_of_several(rest, alice, bob, carol, django_assert_max_num_queries):
    sign_in(alice, "s1", "mobile", "a")
    lost = sign_in(alice, "s2", "pc", "w")
    services.end_session(lost.login_id, "lost")
    sign_in(bob, "s3")
    with django_assert_max_num_queries(5):
        response = rest.post("/v1/users/userstat", ["carol", "alice", "bobby", "carol"])
    assert response.status_code == 200
    nobody = {"username": "carol", "devices": []}
    assert response.json() == [
        nobody,
        {
            "username": "alice",
            "devices": [
                {"login": True, "online": True, "platform": "a"},
                {"login": True, "online": False, "platform": "w"},
            ],
        },
        {"username": "bobby", "devices": [{"login": True, "online": True, "platform": "j"}]},
        nobody,
    ]


def test_states_with_one_unknown(rest, alice):
    assert refusal(rest.post("/v1/users/userstat/", ["alice", "nobody"])) == NO_SUCH_USER


@pytest.mark.parametrize("body", [None, [], {}, [5], ["x"] * 501])
def test_bad_questions_for_states(rest, body):
    assert refusal(rest.post("/v1/users/userstat", body)) == INVALID


def test_a_user_may_be_called_userstat(rest, application):
    register_cast(application, "userstat")
    assert rest.get("/v1/users/userstat").json()["username"] == "userstat"
    assert rest.put("/v1/users/userstat", {"nickname": "x"}).status_code == 204
    assert rest.get("/v1/users/userstat/userstat").json() == {"login": False, "online": False}
