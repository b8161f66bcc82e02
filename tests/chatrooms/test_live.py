"""Chat rooms on a running server: who hears what, and that nobody stays who is gone."""

import base64

import pytest
import requests

from tests.backing import wait_until
from tests.live import Live
from tests.wire_client import BlockingClient, Refused


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Live(tmp_path_factory.mktemp("rooms") / "data") as running:
        yield running


@pytest.fixture
def shop(server):
    """An application with three users, and `rest(method, path, body)`."""
    return made_application(server)


@pytest.fixture
def sister(server, shop):
    """Another application of the same owner, with users of the same names."""
    return made_application(server, "--owner", shop["owner"])


def made_application(server, *options):
    made = server.manage("create_application", "Shop", "--json", *options)
    session = requests.Session()
    pair = f"{made['appkey']}:{made['master_secret']}"
    session.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()

    def rest(method, path, body=None):
        return session.request(method, server.url + path, json=body)

    users = [{"username": name, "password": "secret"} for name in ("alice", "bobby", "carol")]
    assert rest("POST", "/v1/users", users).status_code == 201
    return made | {"rest": rest}


@pytest.fixture
def room(shop):
    """alice's room; she is in it from the start."""
    made = shop["rest"]("POST", "/v1/chatroom", {"owner_username": "alice", "name": "Lobby"})
    return made.json()["chatroom_id"]


@pytest.fixture
def connect(server, shop):
    """connect("alice") signs in; every connection is closed at the end."""
    clients = []

    def connect(name, application=shop):
        client = BlockingClient.connect(server.url)
        clients.append(client)
        client.sign_in(application["appkey"], application["master_secret"], name, "secret")
        return client

    yield connect
    for client in clients:
        client.close()


def texts(client):
    """What was said in rooms and has arrived by now."""
    client.ping()
    found = []
    while push := client.take_push("room_msg_sync"):
        found.append(push[1]["content"]["msg_body"]["text"])
    return found


def test_a_room_full_of_talk(shop, room, connect):
    rest = shop["rest"]
    alice, bobby, carol = (connect(name) for name in ("alice", "bobby", "carol"))
    sent = alice.send_room_text(room, "first")
    assert sent["room_id"] == room
    with pytest.raises(Refused) as refused:
        bobby.send_room_text(room, "outside")
    assert refused.value.code == 881501

    bobby.request("join_room", {"id": room})
    history = bobby.next_push("room_msg_sync_his")
    assert [message["content"]["msg_body"]["text"] for message in history["messages"][0]["msgs"]] == ["first"]
    bobby.send_room_text(room, "second")
    assert texts(alice) == ["second"]
    assert texts(bobby) == texts(carol) == []

    # Whom the server puts in while they are connected hears what follows, and nothing once taken out.
    assert rest("PUT", f"/v1/chatroom/{room}/members", ["carol"]).status_code == 204
    alice.send_room_text(room, "third")
    assert texts(bobby) == texts(carol) == ["third"]
    assert rest("DELETE", f"/v1/chatroom/{room}/members", ["carol"]).status_code == 204
    bobby.request("exit_room", {"id": room})
    alice.send_room_text(room, "fourth")
    assert texts(bobby) == texts(carol) == []

    assert rest("DELETE", f"/v1/chatroom/{room}").status_code == 204
    with pytest.raises(Refused) as refused:
        alice.send_room_text(room, "fifth")
    assert refused.value.code in (881501, 881503)


def test_who_disconnects_is_out(shop, room, connect):
    def inside():
        page = shop["rest"]("GET", f"/v1/chatroom/{room}/members").json()
        return {user["username"] for user in page["users"]}

    alice, bobby = connect("alice"), connect("bobby")
    bobby.request("join_room", {"id": room})
    assert inside() == {"alice", "bobby"}
    bobby.cut()
    wait_until(lambda: inside() == {"alice"}, "the end of bobby's connection")
    alice.send_frame("41")
    wait_until(lambda: inside() == set(), "the end of alice's session")


def test_a_member_of_a_sister_application_and_a_ban(shop, sister, room, connect):
    rest = shop["rest"]
    alice, bobby, stranger = connect("alice"), connect("bobby"), connect("bobby", sister)
    added = [{"appkey": sister["appkey"], "add": ["bobby"]}, {"appkey": shop["appkey"], "add": ["bobby"]}]
    assert rest("POST", f"/v1/cross/chatroom/{room}/members", added).status_code == 204
    alice.send_room_text(room, "welcome")
    assert texts(bobby) == texts(stranger) == ["welcome"]
    stranger.send_room_text(room, "hello from next door")
    assert texts(alice) == texts(bobby) == ["hello from next door"]

    ban = f"/v1/chatroom/{room}/forbidden/bobby?appkey={sister['appkey']}&status="
    assert rest("PUT", ban + "1").status_code == 204
    stranger.request("exit_room", {"id": room})
    stranger.request("join_room", {"id": room})
    with pytest.raises(Refused) as refused:
        stranger.send_room_text(room, "again")
    assert refused.value.code == 881502
    bobby.send_room_text(room, "this is another bobby")
    assert texts(alice) == ["this is another bobby"]
    assert rest("PUT", ban + "0").status_code == 204
    stranger.send_room_text(room, "sorry")
    assert texts(alice) == ["sorry"]
