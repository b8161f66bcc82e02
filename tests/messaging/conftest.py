from concurrent.futures import Future

import orjson
import pytest

from accounts.actors import Actor
from groups import services as groups
from imsite.core import bus
from imsite.realtime import dispatch
from messaging.models import Message
from messaging.services import sending
from messaging.services.sending import Draft
from messaging.targets import resolve

PATIENCE_S = 20


@pytest.fixture
def server(application):
    return Actor.server(application)


@pytest.fixture
def club(server, alice, bob):
    """alice's private group, with bob in it."""
    return groups.create_group("Club", owner=alice, members=[bob], by=server)


def target_of(sender, to, *, by=None):
    """Where `sender` finds a user or a group."""
    by = by or Actor.of(sender)
    kind, target_id = ("single", to.username) if hasattr(to, "username") else ("group", str(to.pk))
    return resolve(by.application, kind, target_id, by=by, sender=sender, appkey=to.application.appkey)


def text(words, **more):
    return Draft(type="text", body={"text": words}, **more)


def begin(sender, to, words="hi", *, client_id=None, sid=None, **more) -> Future:
    """Hand a text to the writer."""
    actor = Actor.of(sender, sid=sid)
    return sending.send(target_of(sender, to), text(words, **more), by=actor, client_id=client_id)


def say(sender, to, words="hi", **more):
    """Send a text by socket; what became of it."""
    return begin(sender, to, words, **more).result(PATIENCE_S)


def announce(admin, to, words="hi", *, client_id=None, **more):
    """Send a text over REST in the name of `admin`."""
    by = Actor.server(admin.application)
    sent = sending.send(target_of(admin, to, by=by), text(words, **more), by=by, sender=admin, client_id=client_id)
    return sent.result(PATIENCE_S)


def stored(result) -> Message:
    return Message.objects.get(pk=result.message_id)


class Pushes(list):
    """What went to the bus, in order: ("deliver", topics, name, data, delivery), ("join" | "leave", topic, user ids, version)."""

    @property
    def delivered(self):
        return [(topics, name, data) for kind, topics, name, data, *_ in self if kind == "deliver"]

    @property
    def messages(self):
        return [data["messages"][0] for _, name, data in self.delivered if name == "msg_sync"]


@pytest.fixture
def pushes(monkeypatch):
    """Everything that is pushed, as frames; nothing leaves the process."""
    dispatch.autodiscover()
    seen = Pushes()

    def deliver(delivery):
        name, data = orjson.loads(delivery.frame[2:])
        seen.append(("deliver", delivery.topics, name, data, delivery))

    def change(kind):
        return lambda topic, user_ids, version=None: seen.append((kind, topic, tuple(user_ids), version))

    monkeypatch.setattr(bus, "is_open", lambda: True)
    monkeypatch.setattr(bus, "deliver", deliver)
    for kind in ("join", "leave"):
        monkeypatch.setattr(bus, kind, change(kind))
    return seen
