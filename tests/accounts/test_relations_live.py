"""Friends, blacklists and do-not-disturb on a running server: what REST and sockets change, the people concerned hear."""

import base64

import pytest
import requests

from tests.backing import wait_until
from tests.live import Live
from tests.wire_client import BlockingClient, Refused, md5_hex

PEOPLE = ("alice", "bobby", "carol")
SOON = 3  # seconds; without the word of the other process it would take 5


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Live(tmp_path_factory.mktemp("relations") / "data") as running:
        yield running


class Shop:
    """An application on the server, as its own backend calls it."""

    def __init__(self, server, name, *arguments):
        made = server.manage("create_application", name, "--json", *arguments)
        self.appkey, self.secret, self.url = made["appkey"], made["master_secret"], server.url
        pair = f"{self.appkey}:{self.secret}".encode()
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        users = [{"username": name, "password": "secret"} for name in PEOPLE]
        assert self.rest("POST", "/v1/users", users).status_code == 201

    def rest(self, method, path, body=None):
        return requests.request(method, self.url + path, json=body, headers=self.headers, timeout=30)


@pytest.fixture
def shop(server, request):
    return Shop(server, "Shop", "--owner", f"owner of {request.node.name}")


@pytest.fixture
def sister(server, shop, request):
    return Shop(server, "Blog", "--owner", f"owner of {request.node.name}")


@pytest.fixture
def connect(server, shop):
    """connect("alice") signs in; every connection is closed at the end."""
    clients = []

    def connect(name, to=shop):
        client = BlockingClient.connect(server.url)
        clients.append(client)
        client.sign_in(to.appkey, to.secret, name, "secret")
        return client

    yield connect
    for client in clients:
        client.close()


def heard(client):
    """Type and extra of the events that have arrived by now."""
    client.ping()
    events = []
    while push := client.take_push("event_notification"):
        events.append((push[1]["event_type"], push[1]["extra"]))
    return events


def test_what_rest_changes_is_heard_by_those_concerned(shop, connect):
    alice, bobby, carol = map(connect, PEOPLE)
    assert shop.rest("POST", "/v1/users/alice/friends", ["bobby"]).status_code == 201
    assert heard(alice) == heard(bobby) == [(7, 0)]
    assert [one["username"] for one in bobby.request("get_friend_list")["friend_list"]] == ["alice"]
    shop.rest("PUT", "/v1/users/alice/friends", [{"username": "bobby", "note_name": "Bob"}])
    assert (heard(alice), heard(bobby)) == ([(7, 0)], [])
    shop.rest("DELETE", "/v1/users/bobby/friends", ["alice"])
    assert heard(alice) == heard(bobby) == [(7, 0)]
    shop.rest("PUT", "/v1/users/alice/blacklist", ["bobby"])
    shop.rest("POST", "/v1/users/alice/nodisturb", {"single": {"add": ["carol"]}, "global": 1})
    assert heard(alice) == [(38, 0), (37, 0)]
    assert heard(bobby) == heard(carol) == []
    with pytest.raises(Refused) as refused:
        bobby.send_text("alice", "hello?")
    assert refused.value.code == 880207
    alice.send_text("bobby", "hello")
    carol.send_text("alice", "not disturbed, but told")
    told = alice.next_push("msg_sync")["messages"]
    assert [message["content"]["msg_body"]["text"] for message in told] == ["not disturbed, but told"]


def test_who_was_away_learns_of_it_later(shop, connect):
    shop.rest("POST", "/v1/users/alice/friends", ["bobby"])
    shop.rest("PUT", "/v1/users/alice/blacklist", ["carol"])
    carol = connect("carol")
    carol.request("add_friend", {"target_name": "alice", "why": "please", "from_type": 1})
    events = connect("alice").next_push("sync_event")["events"]
    assert [event["event_type"] for event in events] == [7, 38, 5]
    assert (events[2]["description"], events[2]["from_username"]) == ("please", "carol")


def test_people_make_friends_across_applications(shop, sister, connect):
    alice, bobby = connect("alice"), connect("bobby", sister)
    refused = {"target_name": "bobby", "why": "hi", "from_type": 1, "appkey": "x" * 24}
    with pytest.raises(Refused) as refusal:
        alice.request("add_friend", refused)
    assert refusal.value.code == 881301
    alice.request("add_friend", {**refused, "appkey": sister.appkey})
    assert heard(bobby) == [(5, 1)]
    bobby.request("add_friend", {"target_name": "alice", "why": "yes", "from_type": 2, "appkey": shop.appkey})
    assert heard(alice) == [(5, 2)]
    assert heard(bobby) == []
    (friend,) = alice.request("get_friend_list")["friend_list"]
    assert (friend["username"], friend["appkey"]) == ("bobby", sister.appkey)
    bobby.request("del_friend", {"target_name": "alice", "appkey": shop.appkey})
    assert heard(alice) == [(6, 0)]
    named = {"appkey": f" {sister.appkey}", "usernames": ["bobby"]}
    assert shop.rest("PUT", "/v1/cross/users/alice/blacklist", [named]).status_code == 204
    assert heard(alice) == [(38, 0)]


def test_registration_by_clients_is_switched_at_once(server, shop):
    def register(name):
        client = BlockingClient.connect(server.url)
        try:
            client.c_init(shop.appkey, shop.secret)
            client.request("register", {"username": name, "password": md5_hex("secret")})
        finally:
            client.close()

    register("erika")
    assert shop.rest("PUT", "/sdkregister/status?status=0").status_code == 204
    with pytest.raises(Refused) as refused:
        register("frieda")
    assert refused.value.code == 880007
    assert shop.rest("POST", "/v1/users", [{"username": "gerda", "password": "secret"}]).status_code == 201
    assert shop.rest("PUT", "/v1/sdkregister/status?status=1").status_code == 204
    register("frieda")


def test_every_process_knows_at_once(tmp_path, postgresql_url, redis_url):
    """The switch of registration, a block and who are friends: changed at one process, obeyed and heard at another."""
    shared = {"IM_DATABASE_URL": postgresql_url, "IM_REDIS_URL": redis_url, "IM_SECRET_KEY": "for this test alone"}
    with Live(tmp_path / "data", **shared) as one, Live(tmp_path / "data", **shared) as other:
        shop = Shop(one, "Shop")
        with BlockingClient.connect(other.url) as stranger, BlockingClient.connect(other.url) as bobby:
            stranger.c_init(shop.appkey, shop.secret)
            bobby.sign_in(shop.appkey, shop.secret, "bobby", "secret")
            names = iter(f"stranger{number}" for number in range(1000))

            def registered():
                wanted = {"username": next(names), "password": md5_hex("secret")}
                return stranger.request("register", wanted, check=False)["code"]

            assert registered() == 0
            shop.rest("PUT", "/v1/sdkregister/status?status=0")
            wait_until(lambda: registered() == 880007, "the switch in the other process", seconds=SOON)
            shop.rest("POST", "/v1/users/alice/friends", ["bobby"])
            assert bobby.next_push("event_notification")["event_type"] == 7
            bobby.send_text("alice", "hi")
            shop.rest("PUT", "/v1/users/alice/blacklist", ["bobby"])
            with pytest.raises(Refused) as refused:
                bobby.send_text("alice", "hi")
            assert refused.value.code == 880207
