"""Every event of the table is asked for what it expects and for what it does not.

Whatever comes, the answer is one of the wire's, nothing is logged as a fault, what is refused has changed nothing, and what is
repeated is not done again. The table itself says what is tried: a new event is in it without a word here.
"""

import inspect
import itertools
import json
import logging
import os
import re
import sys

import orjson
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actors import Actor
from chatrooms import services as rooms
from groups import services as groups
from groups.models import Group
from imsite.core.models import StoredEvent
from imsite.realtime import dispatch
from imsite.realtime.session import Session
from imsite.rest.fields import FlagField, IdField, NumberField
from messaging.services import delivered, media
from tests.cast import PASSWORD_MD5
from tests.door import Socket

EXAMPLES = int(os.environ.get("IM_TEST_FUZZ_EXAMPLES", "25"))
IS_FIXED = "IM_TEST_FUZZ_EXAMPLES" not in os.environ
FAULT = 882001

dispatch.autodiscover()
ROUTES = dispatch.registered_events()
budget = settings(
    max_examples=EXAMPLES, derandomize=IS_FIXED, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def names_of(route) -> list[str]:
    """The members that an event knows: the fields of its shape, and what its module takes from requests."""
    fields = list(getattr(route.shape, "_declared_fields", ()))
    read_in = {route.handler.__module__, getattr(route.shape, "__module__", "")} & set(sys.modules)
    told = "\n".join(inspect.getsource(sys.modules[name]) for name in read_in)
    return sorted({*fields, *re.findall(r'\bdata(?:\[|\.get\(|, )"(\w+)"', told)})


# Values: anything that JSON has, and what means something here, which the world below puts in the place of its name

MEANT = {
    "users": ["alice", "bobby", "carol", "eve22", "nobody", " alice ", "ALICE"],
    "numbers": ["gid", "foreign_gid", "room", "msg_id", "event_id", "unknown"],
    "others": ["media_id", "appkey", "foreign_appkey", "password"],
}


class Named(str):
    """A value of the world, by its name."""


named = st.sampled_from([Named(name) for kind in MEANT.values() for name in kind])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["", "\0", "a\nb", "世" * 3000, "0", "-1", "1e9", "true", "null", "yes", "2000-02-30", "j", "all", "pc"]
)
atoms = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, 3, 4, -1, 10**6, 2**31, 2**53, 2**63, 2**64, 1.5, -0.0, 1e300])
    | st.integers()
    | texts
)
PEOPLE = st.sampled_from([Named(name) for name in MEANT["users"]])
NUMBERS = st.sampled_from([Named(name) for name in MEANT["numbers"]])
member = st.fixed_dictionaries({}, optional={"username": named | atoms, "appkey": named | atoms})
words = st.sampled_from(["username", "appkey", "gid", "type", "msg_ids", "text", "a", "", "\0"])
anything = st.recursive(
    named | atoms, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
contents = st.fixed_dictionaries(
    {"msg_type": st.sampled_from(["text", "text", "custom", "image", "file", "location", "voice"])},
    optional={
        "msg_body": st.integers(0, 5).flatmap(lambda chance: st.just({"text": "hi"}) if chance else anything),
        "target_id": named,
        "target_type": st.sampled_from(["single", "group", "chatroom"]),
        "from_id": PEOPLE,
        "version": atoms,
        "create_time": atoms,
    },
)
reports = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from([3, 4]) | atoms, "username": named, "gid": named, "msg_ids": st.lists(named)}
)
LIKELY = {
    "content": contents,
    "member_usernames": st.lists(member, max_size=3),
    "users": st.lists(member, max_size=3),
    "sessions": st.lists(reports | anything, max_size=2),
    "msg_ids": st.lists(named | atoms, max_size=3),
    "gid": NUMBERS,
    "extras": st.dictionaries(texts, anything, max_size=2),
    "type": st.sampled_from([3, 4]),
    "result": st.sampled_from([0, 1]),
}
PEOPLE = st.sampled_from([Named(name) for name in MEANT["users"]])
NUMBERS = st.sampled_from([Named(name) for name in MEANT["numbers"]])


SMALL = st.sampled_from([0, 1, 2, 3, 4, 20])


def value_of(name: str, field=None):
    """What a member of this name may hold: nine times in ten what it is for."""
    likely = LIKELY.get(name)
    if likely is None and ("name" in name or name == "target_id"):
        likely = PEOPLE
    elif likely is None and isinstance(field, FlagField):
        likely = st.booleans()
    elif likely is None and isinstance(field, NumberField):
        likely = NUMBERS if isinstance(field, IdField) else SMALL
    elif likely is None and name in ("password", "old_pwd"):
        likely = st.just(Named("password"))
    elif likely is None and name in MEANT["others"]:
        likely = st.just(Named(name))
    elif likely is None and name.endswith(("id", "key")):
        likely = NUMBERS
    likely = texts if likely is None else likely
    return st.integers(0, 9).flatmap(lambda chance: likely if chance else anything)


def requests_for(route):
    """Requests with some of the members that the event knows, with all of them, and with others."""
    fields = getattr(route.shape, "_declared_fields", {})
    known = {name: value_of(name, fields.get(name)) for name in names_of(route)}
    required = {name for name, field in fields.items() if field.required} or set(known)
    sensible = st.fixed_dictionaries(
        {name: known[name] for name in required}, optional={name: known[name] for name in known.keys() - required}
    )
    return sensible | st.fixed_dictionaries({}, optional=known) | st.dictionaries(texts, anything, max_size=3)


# The world


class World:
    """alice, who asks, with people, a group, a room, a message and an application that is none of hers."""

    rids = itertools.count(1)

    def __init__(self, cast) -> None:
        alice, bob, carol, eve = (cast[name] for name in ("alice", "bobby", "carol", "eve22"))
        server, elsewhere = Actor.server(alice.application), Actor.server(eve.application)
        group = groups.create_group("Club", owner=alice, members=[bob], type=Group.Type.PUBLIC, by=server)
        foreign = groups.create_group("Theirs", owner=eve, by=elsewhere)
        room = rooms.create_room("Lobby", owner=alice, by=server)
        self.alice = alice
        self.socket = Socket(alice)
        sent = Socket(bob).ask(
            "s_across_single_text", {"content": text_for("alice"), "target_id": "alice", "need_receipt": True}
        )
        assert sent["code"] == 0
        asked = Socket(carol).ask("apply_join_group", {"gid": group.pk})
        assert asked["code"] == 0
        self.values = {
            "gid": group.pk,
            "foreign_gid": foreign.pk,
            "room": room.pk,
            "msg_id": sent["msg_id"],
            "event_id": StoredEvent.objects.latest("id").pk,
            "unknown": 2**52,
            "media_id": media.add_media("file", upload(), by=Actor.of(alice)).media_id,
            "appkey": alice.application.appkey,
            "foreign_appkey": eve.application.appkey,
            "password": PASSWORD_MD5,
        }

    def placed(self, value):
        """With the world's values in place of their names, as it comes out of a frame."""
        return orjson.loads(json.dumps(self._placed(value)))

    def _placed(self, value):
        if isinstance(value, Named):
            return self.values.get(str(value), str(value))
        if isinstance(value, dict):
            return {key: self._placed(one) for key, one in value.items()}
        return [self._placed(one) for one in value] if isinstance(value, list) else value

    def session(self, logged_in: bool) -> Session:
        if logged_in:
            return Socket(self.alice).session
        stranger = Session(f"stranger{next(self.rids)}")
        stranger.application = self.alice.application
        return stranger


def text_for(name: str) -> dict:
    return {"version": 1, "msg_type": "text", "msg_body": {"text": "hi"}, "target_type": "single", "target_id": name}


def upload():
    from django.core.files.base import ContentFile

    return ContentFile(b"data", "a.bin")


@pytest.fixture
def world(transactional_db, cast) -> World:
    return World(cast)


def rows() -> dict[str, list]:
    """Everything that is stored, and what was gathered to be."""
    delivered.flush()
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = sorted(map(repr, cursor.fetchall()))
        return found


# The test


@pytest.mark.parametrize("name", list(ROUTES))
def test_no_request_breaks_an_event(name, world, caplog):
    route = ROUTES[name]
    stored = [rows()]

    @budget
    @given(requests_for(route), st.booleans())
    def ask(data, as_stranger):
        session = world.session(logged_in=not (as_stranger and route.open_to_all))
        rid = next(world.rids)
        request = {**world.placed(data), "rid": rid}
        caplog.clear()
        outcome = dispatch.handle(session, name, request)
        reply, now = outcome.reply, rows()
        assert outcome.ack
        if route.only_ack:
            assert reply is None
            assert now == stored[0]
        else:
            assert reply["rid"] == rid
            assert type(reply["code"]) is int
            assert reply["code"] != FAULT
            assert isinstance(reply["message"], str)
            assert reply["code"] == 0 or now == stored[0], "what was refused has changed something"
            if route.remember is not None:
                again = dispatch.handle(session, name, request)
                assert again.reply == reply
                assert rows() == now, "what was repeated was done again"
        stored[0] = now
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

    ask()


def test_the_names_that_are_tried_are_those_that_events_read():
    assert {"content", "target_id"} <= set(names_of(ROUTES["s_across_single_text"]))
    assert "sessions" in names_of(ROUTES["receipt_report"])
    assert {"gid", "event_id", "result"} <= set(names_of(ROUTES["admin_add_group_member"]))


@pytest.mark.parametrize("name", list(ROUTES))
@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"rid": 0}, {"rid": "1"}, {"rid": True}, {"rid": 1.5}])
def test_what_is_no_request_has_no_answer(name, data):
    assert dispatch.handle(Session("sid"), name, data) is dispatch.IGNORED
