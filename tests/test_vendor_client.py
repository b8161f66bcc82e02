"""The vendor's published Python client, unchanged, redirected to a running server: what it does arrives on an open socket.

Only what works in the client as it was published: its PUT and DELETE raise before they send where they have a body.
"""

import io

import pytest
from jmessage import JMessage, im
from jmessage import group as groups
from jmessage import message as messages
from jmessage import room as rooms
from jmessage import user as users
from PIL import Image
from requests.adapters import HTTPAdapter

from tests.live import Live
from tests.wire_client import BlockingClient, md5_hex

pytestmark = pytest.mark.sqlite_only

VENDOR = "https://api.im.jpush.cn"


class Redirect(HTTPAdapter):
    """Sends requests for the vendor's host to another address."""

    def __init__(self, url):
        super().__init__()
        self.url = url

    def send(self, request, **kwargs):
        request.url = request.url.replace(VENDOR, self.url, 1)
        response = super().send(request, **kwargs)
        assert response.history == []
        return response


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request, tmp_path_factory):
    with Live(tmp_path_factory.mktemp("vendor") / "data", IM_SERVER=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def shop(server):
    return server.manage("create_application", "Shop", "--json")


@pytest.fixture(scope="module")
def client(server, shop):
    made = JMessage(shop["appkey"], shop["master_secret"])
    made._session.mount(VENDOR, Redirect(server.url))
    return made


@pytest.fixture(scope="module")
def people(client):
    """alice, bobby and carol registered one by one and in a batch, and an admin."""
    api = users.User(client)
    made = api.create("alice", "secret", nickname="Alice", gender=2, extras={"k": "v"})
    assert (made.status_code, [one["username"] for one in made.json()]) == (201, ["alice"])
    batch = [{"username": name, "password": "secret"} for name in ("bobby", "carol")]
    assert [one["username"] for one in api.register(batch).json()] == ["bobby", "carol"]
    admin = api.create("admin", "secret", nickname="Boss", admin=True)  # a one-item array
    assert (admin.status_code, admin.content) == (201, b"")
    return ("alice", "bobby", "carol", "admin")


@pytest.fixture(scope="module")
def gid(client, people):
    made = groups.Group(client).create("alice", "Club", members=["bobby"], desc="ours", flag=2)
    assert made.status_code == 201
    return made.json()["gid"]


@pytest.fixture
def phones(server, shop, people):
    """Open sockets of alice and bobby."""
    with BlockingClient.connect(server.url) as alice, BlockingClient.connect(server.url) as bobby:
        for phone, name in ((alice, "alice"), (bobby, "bobby")):
            phone.sign_in(shop["appkey"], shop["master_secret"], name, "secret")
        yield alice, bobby


def from_admin(kind, target_id):
    return messages.Model().set_from("admin", "admin", "The shop").set_target(target_id, kind)


def sent(response):
    assert response.status_code == 201, response.text
    answer = response.json()
    assert answer.keys() == {"msg_id", "msg_ctime"}
    return answer


def test_users(client, people):
    api = users.User(client)
    alice = api.get("alice").json()
    assert (alice["username"], alice["nickname"], alice["gender"], alice["extras"]) == ("alice", "Alice", 2, {"k": "v"})
    page = api.all(100).json()
    assert (page["total"], page["start"], page["count"]) == (4, 0, 4)
    assert {user["username"] for user in page["users"]} == {*people}
    assert [user["username"] for user in api.all(100, admin=True).json()["users"]] == ["admin"]
    again = api.create("alice", "other")
    assert (again.status_code, again.json()[0]["error"]["code"]) == (403, 899001)
    assert api.get("nobody").json()["error"]["code"] == 899002
    assert api.stat("alice").json() == {"login": False, "online": False}
    assert [one["username"] for one in api.stat(["alice", "bobby"]).json()] == ["alice", "bobby"]


def test_groups(client, gid):
    api = groups.Group(client)
    group = api.get(gid).json()
    assert (group["name"], group["desc"]) == ("Club", "ours")
    assert api.add_members(gid, "carol").status_code == 204
    assert {member["username"] for member in api.members(gid).json()} == {"alice", "bobby", "carol"}
    assert api.remove_members(gid, ["carol"]).status_code == 204
    assert {member["username"] for member in api.members(gid).json()} == {"alice", "bobby"}
    assert [one["gid"] for one in users.User(client).groups("bobby").json()] == [gid]
    assert gid in {one["gid"] for one in api.all(10).json()["groups"]}
    assert api.add_members(gid, "nobody").json()["error"]["code"] == 899002


def test_friends_and_quiet(client, gid, phones):
    api = users.User(client)
    alice = phones[0]
    made = api.add_friends("alice", "bobby")
    assert (made.status_code, made.content) == (201, b"")
    assert [(one["username"], one["note_name"]) for one in api.friends("bobby").json()] == [("alice", "")]
    for phone in phones:
        assert phone.next_push("event_notification")["event_type"] == 7
    assert api.add_friends("bobby", ["alice"]).json()["error"]["code"] == 899070
    assert api.add_sigle_nodisturb("alice", "carol").status_code == 204
    assert api.add_groups_shield("alice", gid).status_code == 204
    assert [alice.next_push("event_notification")["event_type"] for _ in range(2)] == [37, 39]
    assert api.remove_sigle_nodisturb("alice", "carol").status_code == 204
    assert api.remove_groups_shield("alice", gid).status_code == 204
    assert api.remove_sigle_nodisturb("alice", "carol").json()["error"]["code"] == 899044
    assert api.blacklist("alice").json() == []


def test_the_switch_of_registration(client, server, shop):
    api = im.IM(client)
    assert api.sdk_status().json() == {"status": 1}
    assert api.close_sdk().status_code == 204
    with BlockingClient.connect(server.url) as stranger:
        stranger.c_init(shop["appkey"], shop["master_secret"])
        wanted = {"username": "stranger", "password": md5_hex("secret")}
        assert stranger.request("register", wanted, check=False)["code"] == 880007
        assert api.open_sdk().status_code == 204
        assert stranger.request("register", wanted, check=False)["code"] == 0
    assert users.User(client).delete("stranger").status_code == 204


def test_a_message_arrives_on_an_open_socket(client, phones):
    alice, bobby = phones
    answer = sent(messages.Message(client).send(from_admin("single", "alice").text("hi 你好 🌍")))
    (message,) = alice.next_push("msg_sync")["messages"]
    assert (message["msg_id"], message["ctime_ms"]) == (answer["msg_id"], answer["msg_ctime"])
    assert (message["msg_type"], message["from_username"]) == (3, "admin")
    content = message["content"]
    assert (content["msg_type"], content["msg_body"]) == ("text", {"text": "hi 你好 🌍"})
    assert (content["from_type"], content["from_name"], content["target_id"]) == ("admin", "The shop", "alice")
    bobby.ping()
    assert bobby.messages() == []


def test_a_message_to_a_group_arrives_at_all_members(client, gid, phones):
    answer = sent(messages.Message(client).send(from_admin("group", str(gid)).text("to all").notification("t", "a")))
    for phone in phones:
        (message,) = phone.next_push("msg_sync")["messages"]
        assert (message["msg_id"], message["from_gid"], message["msg_type"]) == (answer["msg_id"], gid, 4)
        assert message["custom_notification"] == {"title": "t", "alert": "a"}


def test_a_message_to_a_room_arrives_in_it(client, phones):
    api = rooms.Room(client)
    room = api.create("carol", "Lobby", members=["alice"]).json()["chatroom_id"]
    assert [one["id"] for one in api.all(10).json()["rooms"]] == [one["id"] for one in api.get(room).json()] == [room]
    alice, bobby = phones
    alice.request("join_room", {"id": room}, check=False)
    answer = sent(messages.Message(client).send(from_admin("chatroom", str(room)).text("to the room")))
    message = alice.next_push("room_msg_sync")
    assert (message["room_id"], message["msg_id"]) == (room, answer["msg_id"])
    assert message["content"]["msg_body"] == {"text": "to the room"}
    bobby.ping()
    assert bobby.take_push("room_msg_sync") is None


def test_an_uploaded_picture_arrives(client, phones):
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "PNG")
    resource = messages.Resource(client)
    uploaded = resource.upload_image(("teal.png", file.getvalue()))
    assert uploaded.status_code == 200, uploaded.text
    body = uploaded.json()
    assert (body["width"], body["height"], body["format"]) == (40, 30, "png")
    answer = sent(messages.Message(client).send(from_admin("single", "alice").image(body)))
    (message,) = phones[0].next_push("msg_sync")["messages"]
    assert message["msg_id"] == answer["msg_id"]
    media_id = message["content"]["msg_body"]["media_id"]
    link = resource.download(media_id).json()["url"]
    picture = client._session.get(link)
    assert Image.open(io.BytesIO(picture.content)).size == (40, 30)


def test_what_is_written_while_nobody_is_there_is_found_later(client, server, shop, people):
    answer = sent(messages.Message(client).send(from_admin("single", "carol").text("later")))
    with BlockingClient.connect(server.url) as carol:
        carol.sign_in(shop["appkey"], shop["master_secret"], "carol", "secret")
        (entry,) = carol.next_push("sync_conversation")["messages"]
    assert [message["msg_id"] for message in entry["msgs"]] == [answer["msg_id"]]


def test_refusals_are_the_vendors(client, people):
    api = messages.Message(client)
    assert api.send(from_admin("single", "nobody").text("hi")).json()["error"]["code"] == 899002
    assert api.send(from_admin("group", "123456789").text("hi")).json()["error"]["code"] == 899006
    assert (
        api.send(messages.Model().set_from("alice", "admin").set_target("bobby", "single").text("x")).status_code == 403
    )
    assert api.send(from_admin("single", "alice").text("x" * 5000)).json()["error"]["code"] == 899003
    wrong = JMessage(client._session.auth[0], "x" * 24)
    wrong._session.mount(VENDOR, client._session.get_adapter(VENDOR))
    assert users.User(wrong).all(1).status_code == 401
