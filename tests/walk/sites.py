"""Where a walk happens: in this process without a network, or at a running server. Both have the same two doors."""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.request
from typing import Any
from unittest import mock

from django.test import Client

from accounts import services as accounts
from accounts.models import User
from imsite.core import bus
from messaging.models import Participant
from messaging.services import reading
from tests.inprocess import Server
from tests.live import Live
from tests.wire_client import BlockingClient

PASSWORD = "secret"
ADMINS, USERS = ("alice", "bobby"), ("carol", "dave1")  # admins may be spoken for over REST, and use sockets too
EVERYONE = (*ADMINS, *USERS)
MEMBERS = EVERYONE[:3]  # of the group, at first

Key = tuple[str, str]  # a conversation as one of its users names it: "single" and a username, "group" and a gid
Row = tuple[int, int, int, int]  # last seq, read mark, unread, id of the last message


class Site:
    """An application with four users and a group; its server's REST door, and sockets."""

    appkey: str
    secret: str
    gid: int

    def connect(self, platform: str) -> BlockingClient:
        """A new connection, without an application yet."""
        raise NotImplementedError

    def post(self, path: str, body: Any, headers: dict[str, str]) -> bytes:
        raise NotImplementedError

    def rows(self, user: str) -> dict[Key, Row] | None:
        """The user's conversation list as the service gives it; None where only a socket can ask."""
        return None

    def border(self, user: str) -> int | None:
        """The last message before the user came into the group or left it last; None where nobody can look."""
        return None

    def losing_pushes(self) -> contextlib.AbstractContextManager[object] | None:
        """While it is open no push reaches a socket; None where that cannot be had."""
        return None

    def rest(self, path: str, body: Any, *, key: str = "") -> Any:
        """What a POST answered, which was no refusal."""
        pair = base64.b64encode(f"{self.appkey}:{self.secret}".encode()).decode()
        answer = self.post(path, body, {"Authorization": f"Basic {pair}", **({"Idempotency-Key": key} if key else {})})
        return json.loads(answer) if answer else None

    def populate(self) -> None:
        for name in ADMINS:
            self.rest("/v1/admins", {"username": name, "password": PASSWORD})
        self.rest("/v1/users", [{"username": name, "password": PASSWORD} for name in USERS])
        owner, *others = MEMBERS
        made = self.rest("/v1/groups", {"owner_username": owner, "name": "Club", "members_username": others})
        self.gid = made["gid"]


class Remote(Site):
    """A running server."""

    def __init__(self, live: Live) -> None:
        made = live.manage("create_application", "Walk", "--json")
        self.url, self.appkey, self.secret = live.url, made["appkey"], made["master_secret"]
        self.populate()

    def connect(self, platform: str) -> BlockingClient:
        return BlockingClient.connect(self.url, platform=platform, acknowledges=False)

    def post(self, path: str, body: Any, headers: dict[str, str]) -> bytes:
        headers = {**headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()


class Local(Site):
    """The server's parts in this process."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.application, self.secret = accounts.create_application("Walk", by=None)
        self.appkey = self.application.appkey
        self.populate()

    def connect(self, platform: str) -> BlockingClient:
        return self.server.connect(platform=platform, acknowledges=False)

    def post(self, path: str, body: Any, headers: dict[str, str]) -> bytes:
        answer = Client().post(path, json.dumps(body), content_type="application/json", headers=headers)
        assert answer.status_code < 300, answer.content
        return answer.content

    def rows(self, user: str) -> dict[Key, Row]:
        rows = reading.list_conversations(User.objects.of(self.application).find(user))
        return {
            ("single", row.peer.username) if row.peer else ("group", str(row.conversation.pk)): (
                row.conversation.last_seq,
                row.participant.read_seq,
                row.unread_count,
                row.last_message.pk if row.last_message else 0,
            )
            for row in rows
        }

    def border(self, user: str) -> int:
        place = Participant.objects.get(conversation_id=self.gid, user__username=user)
        return place.join_seq if place.active else place.leave_seq

    def losing_pushes(self) -> contextlib.AbstractContextManager[object]:
        return mock.patch.object(bus, "deliver")
