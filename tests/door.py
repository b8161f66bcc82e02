"""The two doors as tests knock on them: REST as an application's own server, and socket requests without a socket."""

import base64
import itertools
from typing import Any

import orjson
from django.test import Client

from accounts.actors import Actor
from accounts.models import Application, User
from imsite.realtime import dispatch
from imsite.realtime.session import Session
from tests.described import require_described


class Rest:
    """An application's server. Each method returns the response, which is as docs/openapi.json describes it."""

    def __init__(self, application: Application) -> None:
        pair = f"{application.appkey}:{application.master_secret}"
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        self.client = Client()

    def get(self, path: str, **query: Any):
        response = self.client.get(path, query, headers=self.headers)
        require_described("GET", path, response)
        return response

    def post(self, path: str, body: Any = None):
        return self._send(self.client.post, path, body)

    def put(self, path: str, body: Any = None):
        return self._send(self.client.put, path, body)

    def delete(self, path: str, body: Any = None):
        return self._send(self.client.delete, path, body)

    def _send(self, method, path: str, body: Any):
        data = {} if body is None else {"data": body if isinstance(body, bytes | str) else orjson.dumps(body)}
        response = method(path, content_type="application/json", headers=self.headers, **data)
        require_described(method.__name__.upper(), path, response)
        return response


def refusal(response) -> tuple[int, int]:
    """Status and code of an error answer."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"]
    return response.status_code, body["error"]["code"]


class Socket:
    """A logged-in connection of a user, without the connection."""

    rids = itertools.count(1)

    def __init__(self, user: User, sid: str = "") -> None:
        dispatch.autodiscover()
        self.session = Session(sid or f"sid{next(self.rids)}")
        self.session.application = user.application
        self.session.actor = Actor.of(user, sid=self.session.sid, device_class="web")

    def ask(self, name: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer's members, without rid."""
        reply = self.request(name, data).reply
        reply.pop("rid")
        return reply

    def request(self, name: str, data: dict[str, Any] | None = None):
        outcome = dispatch.handle(self.session, name, {**(data or {}), "rid": next(self.rids)})
        assert outcome.ack
        return outcome
