"""Messages on running servers: over REST and sockets, after a restart, through two processes at once."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.live import Live
from tests.wire_client import BlockingClient, Refused

PEOPLE = ("alice", "bobby", "carol")


class Shop:
    """An application with its users and an admin on a server; `rest` is bound to no server, so that another may be asked."""

    def __init__(self, server: Live) -> None:
        made = server.manage("create_application", "Shop", "--json")
        self.appkey, self.secret, self.url = made["appkey"], made["master_secret"], server.url
        pair = f"{self.appkey}:{self.secret}"
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        users = [{"username": name, "password": "secret"} for name in PEOPLE]
        assert self.rest("POST", "/v1/users", users).status_code == 201
        assert self.rest("POST", "/v1/admins", {"username": "admin", "password": "secret"}).status_code == 201

    def rest(self, method, path, body=None, *, url=None, **headers):
        return requests.request(method, (url or self.url) + path, json=body, headers=self.headers | headers, timeout=60)

    def message(self, **more):
        return {
            "version": 1, "target_type": "single", "target_id": "bobby", "from_type": "admin", "from_id": "admin",
            "msg_type": "text", "msg_body": {"text": "hi"}, **more,
        }  # fmt: skip

    def send(self, body, *, key=None, url=None):
        headers = {"Idempotency-Key": key} if key else {}
        return self.rest("POST", "/v1/messages", body, url=url, **headers)

    def connect(self, name):
        client = BlockingClient.connect(self.url)
        client.sign_in(self.appkey, self.secret, name, "secret")
        return client


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Live(tmp_path_factory.mktemp("messaging") / "data") as running:
        yield running


@pytest.fixture
def shop(server):
    return Shop(server)


def events(client):
    client.ping()
    found = []
    while push := client.take_push("event_notification"):
        found.append(push[1])
    return found


def test_what_is_sent_over_rest_reaches_sockets(shop):
    with shop.connect("bobby") as bobby:
        body = shop.message(notification={"title": "t", "alert": "a"}, from_name="The shop")
        sent = shop.send(body).json()
        (message,) = bobby.next_push("msg_sync")["messages"]
        assert (message["msg_id"], message["ctime_ms"]) == (sent["msg_id"], sent["msg_ctime"])
        assert message["custom_notification"] == {"title": "t", "alert": "a"}
        assert message["content"]["from_type"] == "admin"
        assert message["content"]["from_name"] == "The shop"
        assert message["content"]["msg_body"] == {"text": "hi"}
        shop.send(shop.message(from_type="user", from_id="alice"))
        (message,) = bobby.next_push("msg_sync")["messages"]
        assert (message["from_username"], message["content"]["from_type"]) == ("alice", "user")


def test_a_message_is_taken_back_over_rest(shop):
    with shop.connect("bobby") as bobby, shop.connect("admin") as admin, shop.connect("carol") as carol:
        sent = shop.send(shop.message(msg_body={"text": "secret"})).json()["msg_id"]
        assert bobby.next_push("msg_sync")["messages"][0]["msg_id"] == sent
        assert shop.rest("POST", f"/v1/messages/admin/{sent}/retract").status_code == 204
        for client in (bobby, admin):
            (event,) = events(client)
            assert (event["event_type"], event["extra"], event["from_gid"]) == (55, 0, 0)
            assert event["msg_ids"] == event["msgid_list"] == [sent]
            assert (event["from_username"], event["to_usernames"][0]["username"]) == ("admin", "bobby")
        assert events(carol) == []
        (row,) = bobby.request("list_conversations")["conversations"]
        assert (row["unread_count"], row["last_message"]["state"]) == (0, "retracted")
        assert "msg_body" not in row["last_message"]["content"]


def test_a_message_is_taken_back_by_socket(shop):
    gid = shop.rest(
        "POST", "/v1/groups", {"owner_username": "alice", "name": "Team", "members_username": ["bobby"]}
    ).json()["gid"]
    with shop.connect("alice") as alice, shop.connect("bobby") as bobby:
        sent = alice.send_group_text(gid, "secret")["msg_id"]
        with pytest.raises(Refused) as refused:
            bobby.request("msg_retract", {"msg_id": sent})
        assert refused.value.code == 881402
        alice.request("msg_retract", {"msg_id": sent})
        (event,) = [event for event in events(bobby) if event["event_type"] == 55]
        assert (event["gid"], event["from_gid"], event["msg_ids"]) == (gid, gid, [sent])
        assert not [event for event in events(alice) if event["event_type"] == 55]  # who asked knows


def test_who_was_away_gets_the_event_and_not_the_words(shop):
    kept, gone = (shop.send(shop.message(msg_body={"text": words})).json()["msg_id"] for words in ("stays", "secret"))
    assert shop.rest("POST", f"/v1/messages/admin/{gone}/retract").status_code == 204
    with shop.connect("bobby") as bobby:
        (entry,) = bobby.next_push("sync_conversation")["messages"]
        assert [message["msg_id"] for message in entry["msgs"]] == [kept]
        retracted = [event for event in bobby.next_push("sync_event")["events"] if event["event_type"] == 55]
        assert [event["msg_ids"] for event in retracted] == [[gone]]
        page = bobby.request("get_messages", {"type": 3, "username": "admin"})["messages"]
        assert [message["state"] for message in page] == ["kept", "retracted"]
        assert "secret" not in str(page)


def test_a_key_is_known_after_a_restart(tmp_path):
    with Live(tmp_path / "data") as server:
        shop = Shop(server)
        first = shop.send(shop.message(), key="order-7")
        server.stop()
        server.start()
        again = shop.send(shop.message(), key="order-7")
        assert (again.status_code, again.json()) == (201, first.json())
        other = shop.send(shop.message(from_name="x"), key="order-7")
        assert (other.status_code, other.json()["error"]["code"]) == (409, 899003)


def test_a_key_is_known_to_every_process(tmp_path, postgresql_url, redis_url):
    shared = {"IM_DATABASE_URL": postgresql_url, "IM_REDIS_URL": redis_url, "IM_SECRET_KEY": "for this test alone"}
    with Live(tmp_path / "data", **shared) as one, Live(tmp_path / "data", **shared) as other:
        shop = Shop(one)
        # Each to another user from another sender, so that no two of them wait for the same conversation.
        bodies = [shop.message(from_type="user", from_id=name, target_id=name) for name in PEOPLE]
        asked = [(key, body, url) for key in range(8) for body in bodies for url in (one.url, other.url)]
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda one: shop.send(one[1], key=f"order-{one[0]}", url=one[2]), asked))
        for key in range(8):
            of_key = [answer for (asked_key, *_), answer in zip(asked, answers, strict=True) if asked_key == key]
            assert sorted(answer.status_code for answer in of_key) == [201] * 2 + [409] * 4
            assert len({answer.text for answer in of_key if answer.status_code == 201}) == 1
