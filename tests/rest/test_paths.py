"""Paths as server clients write them, and what the API answers where there is nothing."""

import pytest
from django.test import Client

from imsite.rest.middleware import is_api_path
from tests.door import Rest, refusal


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.mark.parametrize(
    "path", ["/v1/users/alice", "/v1/users/alice/", "/v1//users/alice", "/v1/users//alice///", "/v1/users/al%69ce"]
)
def test_slashes_do_not_matter(rest, alice, path):
    assert rest.get(path).json()["username"] == "alice"


@pytest.mark.parametrize("method", ["get", "put", "post", "delete"])
def test_no_method_is_redirected(rest, alice, method):
    """A redirected request would lose its body, or count as done."""
    for path in ("/v1/users/", "/v1/users/alice/", "/v1//nothing/"):
        assert getattr(rest, method)(path).status_code in (200, 201, 204, 400, 403, 404, 405)


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v2/nothing",
        "/v1/users/a/b/c",
        "/resource/nothing",
        "/groups/nothing/x",
        "/chatroom/x/y/z",
        "//v1/no",
    ],
)
def test_an_unknown_path_of_the_api(path):
    response = Client(raise_request_exception=False).generic("GET", "/", PATH_INFO=path)
    assert refusal(response) == (404, 899003)


def test_an_unknown_path_elsewhere_is_a_page():
    response = Client().get("/nothing")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "FOO"])
def test_an_unknown_method(rest, alice, method):
    response = rest.client.generic(method, "/v1/users/alice", headers=rest.headers)
    assert refusal(response) == (405, 899003)


def test_a_get_with_a_body(rest, alice):
    """As some clients send; it says nothing."""
    for body in (b"alice", b"\xff", b'{"username": "bobby"}'):
        response = rest.client.generic("GET", "/v1/users/alice", data=body, headers=rest.headers)
        assert response.json()["username"] == "alice"


def test_a_put_without_a_body_where_none_is_needed(rest, alice):
    response = rest.client.generic("PUT", "/v1/users/alice/forbidden?disable=false", headers=rest.headers)
    assert (response.status_code, response.content) == (204, b"")


def test_our_own_bug_is_told_without_a_word_about_it(rest, alice, monkeypatch, caplog):
    from accounts.api import users

    def broken(user):
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr(users, "user_json", broken)
    rest.client.raise_request_exception = False
    response = rest.get("/v1/users/alice")
    assert refusal(response) == (500, 899000)
    assert b"secret" not in response.content
    assert "a secret of the server" in caplog.text  # the log has the traceback


def test_a_host_that_is_not_ours(rest, settings):
    settings.ALLOWED_HOSTS = ["chat.example"]
    assert refusal(rest.get("/v1/users")) == (400, 899003)


@pytest.mark.parametrize("path", ["/", "/admin/", "/v10/users", "/vacation", "/resources", "/static/v1/x", "/c/v1"])
def test_what_is_no_path_of_the_api(path):
    assert not is_api_path(path)
