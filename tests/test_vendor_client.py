"""The published Python client of JMessage, unmodified: only its host leads here."""

import io

import pytest
import requests
from jmessage import JMessage, group, message, room, user
from PIL import Image

from tests.wire_client import BlockingClient

VENDOR = "https://api.im.jpush.cn"


class Redirected(requests.adapters.HTTPAdapter):
    """Sends what is for the vendor's host to ours."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request, **kwargs):
        request.url = request.url.replace(VENDOR, self.url, 1)
        return super().send(request, **kwargs)


@pytest.fixture
def shop(live):
    """appkey and secret of an application of the running server."""
    return live.manage("create_application", "Shop", "--json")


@pytest.fixture
def client(live, shop):
    jmessage = JMessage(shop["appkey"], shop["master_secret"])
    jmessage._session.mount(VENDOR, Redirected(live.url))
    return jmessage


def ok(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def test_what_the_client_sends_arrives_on_an_open_socket(live, shop, client):
    users, groups, messages = user.User(client), group.Group(client), message.Message(client)
    registered = ok(users.register([{"username": name, "password": "secret"} for name in ("alice", "bobby")]), 201)
    assert [one["username"] for one in registered] == ["alice", "bobby"]
    assert users.register({"username": "parcels", "password": "secret"}, admin=True).status_code == 201
    assert ok(users.get("alice"), 200)["username"] == "alice"
    assert ok(users.all(500), 200)["total"] == 3
    assert [one["username"] for one in ok(users.all(500, admin=True), 200)["users"]] == ["parcels"]

    made = ok(groups.create("alice", "Parcel 4711", members=["bobby"]), 201)
    assert [one["gid"] for one in ok(users.groups("bobby"), 200)] == [made["gid"]]
    assert {one["username"] for one in ok(groups.members(made["gid"]), 200)} == {"alice", "bobby"}

    with BlockingClient.connect(live.url) as bobby:
        bobby.sign_in(shop["appkey"], shop["master_secret"], "bobby", "secret")
        draft = message.Model().set_from("parcels", "admin").text("on its way")
        sent = ok(messages.send(draft.set_target(str(made["gid"]), "group")), 201)
        arrived = bobby.next_push("msg_sync")["messages"][0]
        assert (arrived["msg_id"], arrived["from_gid"]) == (sent["msg_id"], made["gid"])
        assert arrived["content"]["msg_body"] == {"text": "on its way"}
        assert arrived["content"]["from_type"] == "admin"


def test_the_client_makes_rooms_and_uploads(shop, client):
    users, rooms, resources = user.User(client), room.Room(client), message.Resource(client)
    ok(users.register({"username": "alice", "password": "secret"}), 201)
    made = ok(rooms.create("alice", "Lobby"), 201)
    assert [one["id"] for one in ok(rooms.all(10), 200)["rooms"]] == [made["chatroom_id"]]

    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(picture, "PNG")
    uploaded = ok(resources.upload_image(("a.png", picture.getvalue())), 200)
    assert (uploaded["width"], uploaded["height"], uploaded["format"]) == (30, 20, "png")
    fetched = requests.get(ok(resources.download(uploaded["media_id"]), 200)["url"], timeout=10)
    assert (fetched.status_code, len(fetched.content)) == (200, uploaded["fsize"])


def test_a_wrong_secret_is_refused(live, shop):
    stranger = JMessage(shop["appkey"], "x" * 24)
    stranger._session.mount(VENDOR, Redirected(live.url))
    answer = user.User(stranger).all(10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 899008)
