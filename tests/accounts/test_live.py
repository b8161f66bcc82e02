"""Sessions over real sockets, ended from elsewhere and from the REST API."""

import pytest
import requests

from tests.backing import wait_until
from tests.live import Live
from tests.wire_client import BlockingClient

pytestmark = pytest.mark.sqlite_only

BATCH = 500
BATCH_SECONDS = 30  # the patience of the vendor's server clients


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def site(request, tmp_path_factory):
    """A server with one application; `rest` is its session of HTTP, `page()` a connection that has chosen it."""
    with Live(tmp_path_factory.mktemp("live") / "data", IM_SERVER=request.param) as live:
        made = live.manage("create_application", "Shop", "--json")
        yield Site(live, made["appkey"], made["master_secret"])


class Site:
    def __init__(self, live, appkey, secret):
        self.live, self.appkey, self.secret = live, appkey, secret
        self.http = requests.Session()
        self.http.auth = (appkey, secret)

    def rest(self, method, path, body=None, **kwargs):
        return self.http.request(method, self.live.url + path, json=body, timeout=BATCH_SECONDS, **kwargs)

    def register(self, *names):
        answer = self.rest("POST", "/v1/users/", [{"username": name, "password": "secret"} for name in names])
        assert answer.status_code == 201, answer.text

    def page(self):
        client = BlockingClient.connect(self.live.url)
        client.c_init(self.appkey, self.secret)
        return client

    def signed_in(self, name, password="secret"):
        client = self.page()
        client.login(name, password)
        return client

    def is_online(self, name):
        return self.rest("GET", f"/v1/users/{name}/userstat").json()["online"]


def ended_by(client):
    """`event_type` and `extra` of what ended the session; nothing is answered to it any more."""
    push = client.next_push("event_notification")
    client.send_frame('42["get_across_user_info",{"username":"alice","rid":7}]')
    client.ping()
    assert client.reply_to(7) is None
    return push["event_type"], push["extra"]


def test_a_second_login_ends_the_first(site):
    site.register("alice")
    with site.signed_in("alice") as first, site.signed_in("alice") as second:
        assert ended_by(first) == (1, 0)
        assert second.request("get_across_user_info", {"username": "alice"})["user_info"]["username"] == "alice"
        second.ping()
        assert not second.pushes
        assert first.login("alice", "secret")["code"] == 0  # it may come back on the same connection
        assert ended_by(second) == (1, 0)
    wait_until(lambda: not site.is_online("alice"), "the end of the sessions")


def test_what_the_rest_api_does_ends_sessions(site):
    site.register("bobby")
    with site.signed_in("bobby") as client:
        assert site.rest("PUT", "/v1/users/bobby/forbidden?disable=true").status_code == 204
        assert ended_by(client) == (1, 1)
        assert client.login("bobby", "secret", check=False)["code"] == 880111
        assert site.rest("PUT", "/v1/users/bobby/forbidden?disable=False").status_code == 204
        client.login("bobby", "secret")
        assert site.rest("PUT", "/v1/users/bobby/password", {"new_password": "changed"}).status_code == 204
        assert ended_by(client) == (2, 0)
        assert client.login("bobby", "secret", check=False)["code"] == 880104
        client.login("bobby", "changed")
        assert site.rest("PUT", "/v1/users/bobby", {"nickname": "Bob"}).status_code == 204
        assert client.next_push("event_notification")["event_type"] == 40
        assert site.rest("DELETE", "/v1/users/bobby").status_code == 204
        assert ended_by(client) == (1, 2)
        assert client.login("bobby", "changed", check=False)["code"] == 880103


def test_online_until_the_connection_is_gone(site):
    site.register("carol")
    client = site.signed_in("carol")
    assert site.is_online("carol")
    client.cut()
    wait_until(lambda: not site.is_online("carol"), "the end of the session")
    assert site.rest("GET", "/v1/users/carol/userstat").json() == {"login": True, "online": False}
    with site.signed_in("carol") as client:
        client.send_frame("41")
        wait_until(lambda: not site.is_online("carol"), "the end of the session")
    assert site.rest("GET", "/v1/users/carol/userstat").json() == {"login": False, "online": False}


def test_a_body_in_pieces_and_connections_that_live_on(site):
    body = iter([b'[{"username": "da', b've1", "password": "secret"}]'])
    answer = site.http.post(f"{site.live.url}/v1//users/", data=body, timeout=10)
    assert (answer.status_code, answer.json()) == (201, [{"username": "dave1"}])
    assert site.rest("PUT", "/v1/users/dave1", {"nickname": "Dave"}).status_code == 204
    assert site.rest("DELETE", "/v1/users", ["dave1"]).status_code == 204
    assert site.rest("GET", "/v1/users/dave1").json()["error"]["code"] == 899002


@pytest.mark.parametrize("site", ["daphne"], indirect=True)
def test_500_registrations_answer_in_time(site):
    answer = site.rest("POST", "/v1/users", [{"username": f"many{n}", "password": "secret"} for n in range(BATCH)])
    assert answer.status_code == 201
    assert len(answer.json()) == BATCH
    assert answer.elapsed.total_seconds() < BATCH_SECONDS


def test_nothing_was_logged(site):
    """A refused request is nothing for the log, and secrets are nowhere in it."""
    site.http.get(site.live.url + "/v1/users", auth=("x", "y"), timeout=10)
    lines = [
        line for line in site.live.printed().splitlines() if not line.startswith(("Making the tables", "imsite serves"))
    ]
    assert not lines
