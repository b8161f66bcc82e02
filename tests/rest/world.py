"""Two applications of one owner that have what the examples of docs/openapi.json name, so that each of them succeeds."""

import base64
import zlib
from typing import Any

import orjson
from django.core.files.base import ContentFile
from django.test import Client

from accounts import services
from accounts.actors import Actor
from accounts.services import blacklist, friends
from chatrooms import services as rooms
from groups import services as groups
from messaging.models import Media
from messaging.services import media, words
from tests.cast import register
from tests.messaging.pictures import picture

APPKEY, SISTER = "4f7aef34fb361292c566a1cd", "9c7aef34fb361292c566a1ff"  # as the examples have them
GID, SISTER_GID, ROOM = 110000101, 110000102, 12500050
MEDIA_ID = "qiniu/image/j/CE0ACD035CBF71F8A3D37C5C66D1C8B1"


class World:
    """`world.headers` of the application's server; `world.named(body)` with ids that there are."""

    def __init__(self) -> None:
        shop, secret = services.create_application("Shop", owner="Company", appkey=APPKEY, by=None)
        sister, _ = services.create_application("Sister", owner="Company", appkey=SISTER, by=None)
        users = register(shop, "alice", "bobby", "carol", "dave") | register(sister, "erin", "frank")
        alice, bob, frank = users["alice"], users["bobby"], users["frank"]
        server = Actor.server(shop)
        services.register_admin(shop, {"username": "backend", "password": "0" * 32}, by=server)
        friends.add_friends(alice, [bob, users["erin"]], by=server)
        blacklist.block(alice, [users["carol"], users["erin"]], by=server)
        group = groups.create_group("Reading club", owner=alice, members=[bob, frank], by=server)
        other = groups.create_group("Sister's", owner=frank, members=[alice], by=Actor.server(sister))
        room = rooms.create_room("Town square", owner=alice, members=[bob, frank], by=server)
        words.add_words(shop, ["drat"], by=server)
        image = media.add_media(Media.Kind.IMAGE, ContentFile(picture(), "picture.png"), by=Actor.of(alice))
        self.headers = basic(APPKEY, secret)
        self.user_headers = {**basic("alice", media.new_upload_token(alice)), "X-App-Key": APPKEY}
        self.known: dict[Any, Any] = {GID: group.pk, SISTER_GID: other.pk, ROOM: room.pk, MEDIA_ID: image.media_id}
        self.known |= {str(old): str(new) for old, new in self.known.items()}
        self.paths = {"username": ["alice", "bobby"], "gid": [str(group.pk)], "room": [str(room.pk)]}
        self.paths["msgid"] = [str(self.say("Hello"))]

    def say(self, text: str) -> int:
        """A message of alice's; its id."""
        body = {
            "version": 1, "target_type": "single", "target_id": "bobby", "from_type": "user", "from_id": "alice",
            "msg_type": "text", "msg_body": {"text": text},
        }  # fmt: skip
        answer = Client().post("/v1/messages", orjson.dumps(body), "application/json", headers=self.headers)
        assert answer.status_code == 201, answer.content
        return answer.json()["msg_id"]

    def headers_for(self, path: str) -> dict[str, str]:
        return self.user_headers if path == "/resource" else self.headers

    def named(self, value: Any) -> Any:
        """What an example says, of the ids that there are."""
        if isinstance(value, dict):
            return {name: self.named(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.named(inner) for inner in value]
        return self.known.get(value, value) if isinstance(value, str | int) else value

    def placed(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Most of the names and ids that were made up for a path become some that there are, always the same ones."""
        placed = {}
        for name, value in parameters.items():
            number = zlib.crc32(repr(value).encode())
            placed[name] = self.paths[name][number % len(self.paths[name])] if number % 4 else value
        return placed


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}
