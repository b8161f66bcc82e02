import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import orjson
import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from rest_framework import serializers

from imsite.core.errors import BadValue, ImError, NotFound
from imsite.realtime import dispatch
from imsite.realtime.dispatch import Followed, Pending, encode_event, handle, on, pushed
from tests.realtime.conftest import session_of

pytestmark = pytest.mark.usefixtures("tables")


class NoSuchGroup(NotFound):
    sdk_code = 880204


class Named(serializers.Serializer):
    gid = serializers.IntegerField()


@pytest.fixture
def calls():
    """What the handler of `count` was given, call by call."""
    seen = []

    @on("count")
    def count(session, data):
        seen.append(data)
        return {"n": len(seen)}

    return seen


# Answers


def test_an_answer_has_code_message_its_members_and_the_rid(alice, calls):
    outcome = handle(alice, "count", {"a": 1, "rid": 7})
    assert (outcome.ack, outcome.rid, outcome.name) == (True, 7, "count")
    assert outcome.reply == {"code": 0, "message": "success", "n": 1, "rid": 7}
    assert calls == [{"a": 1}]


def test_an_answer_goes_under_the_name_that_the_handler_gives(alice):
    @on("s_across_single_text", reply_as="s_single_text")
    def send(session, data):
        return {"msg_id": 5}

    assert handle(alice, "s_across_single_text", {"rid": 1}).name == "s_single_text"


def test_a_handler_without_result_is_answered_with_success(alice):
    @on("nothing")
    def nothing(session, data):
        return None

    assert handle(alice, "nothing", {"rid": 1}).reply == {"code": 0, "message": "success", "rid": 1}


def test_an_acknowledged_event_is_not_answered(alice, stranger):
    done = []

    @on("event_notification", open_to_all=True, only_ack=True)
    def note(session, data):
        done.append(data["event_id"])
        return {"never": "told"}

    for session in (alice, stranger):
        outcome = handle(session, "event_notification", {"event_id": 5, "rid": 3})
        assert (outcome.ack, outcome.rid, outcome.reply) == (True, 3, None)
    assert done == [5, 5]


def test_the_product_acknowledges_event_notification_even_after_the_session_ended(monkeypatch, stranger):
    monkeypatch.undo()
    outcome = handle(stranger, "event_notification", {"event_id": 1, "event_type": 1, "rid": 3})
    assert (outcome.ack, outcome.reply) == (True, None)


def test_pushes_may_follow_an_answer(alice):
    @on("sync_check")
    def sync(session, data):
        return Followed({"sync_key": 1}, (("msg_sync", {"messages": []}),))

    outcome = handle(alice, "sync_check", {"rid": 1})
    assert outcome.reply["sync_key"] == 1
    assert outcome.pushes == [("msg_sync", {"messages": []})]


# Refusals


def test_a_refusal_has_its_code_and_sentence(alice):
    @on("find")
    def find(session, data):
        raise NoSuchGroup("no group 5")

    assert handle(alice, "find", {"rid": 1}).reply == {"code": 880204, "message": "no group 5", "rid": 1}


def test_a_handler_may_give_refusals_other_codes(alice):
    @on("find", codes={NotFound: 882002, BadValue: 1})
    def find(session, data):
        raise NoSuchGroup("no group 5")

    assert handle(alice, "find", {"rid": 1}).reply["code"] == 882002


@pytest.mark.parametrize(("data", "code"), [({}, 880002), ({"gid": "x"}, 880004), ({"gid": 1}, 0), ({"gid": "1"}, 0)])
def test_the_shape_is_checked_before_the_handler_is_called(alice, data, code):
    seen = []

    @on("get_group_info", Named)
    def info(session, data):
        seen.append(data)

    assert handle(alice, "get_group_info", {**data, "rid": 1}).reply["code"] == code
    assert seen == ([] if code else [{"gid": 1}])


def test_an_unknown_event_is_acknowledged_and_refused_after_login(alice):
    outcome = handle(alice, "no_such", {"rid": 5})
    assert outcome.ack
    assert outcome.name == "no_such"
    assert outcome.reply["code"] == 882003


def test_a_request_nested_deeper_than_any_encoder_goes_is_refused(alice, calls):
    deep = orjson.loads(b"[" * 900 + b"]" * 900)
    assert handle(alice, "count", {"a": deep, "rid": 1}).reply["code"] == 880002
    assert calls == []


def test_a_bug_is_answered_as_internal_and_logged_without_what_was_said(alice, caplog):
    @on("crash")
    def crash(session, data):
        raise KeyError("members")

    with caplog.at_level(logging.ERROR):
        outcome = handle(alice, "crash", {"text": "my secret words", "rid": 1})
    assert outcome.reply == {"code": 882001, "message": "server internal error", "rid": 1}
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_a_session_that_ends_under_a_handler_is_no_bug(alice, caplog):
    calls = []

    @on("slow")
    def slow(session, data):
        if not calls:
            calls.append(session.log_out())
        return {"uid": session.actor.user.pk}

    assert handle(alice, "slow", {"rid": 1}).reply["code"] == 882004
    assert caplog.text == ""
    alice.actor = calls[0]
    assert handle(alice, "slow", {"rid": 1}).reply["code"] == 0  # asked again on the next connection


def test_an_answer_that_is_no_json_is_a_bug_of_ours(alice, caplog):
    @on("strange")
    def strange(session, data):
        return {"value": object()}

    with caplog.at_level(logging.ERROR):
        assert handle(alice, "strange", {"rid": 1}).reply["code"] == 882001
    assert "TypeError" in caplog.text


# What is not answered


@pytest.mark.parametrize(
    "data",
    [
        None, [], "text", 5, {}, {"rid": None}, {"rid": "5"}, {"rid": 0}, {"rid": -1}, {"rid": 1.5}, {"rid": True},
        {"rid": 2**53 + 1}, {"rid": []},
    ],
)  # fmt: skip
def test_without_a_usable_rid_nothing_happens(alice, calls, data):
    outcome = handle(alice, "count", data)
    assert (outcome.ack, outcome.reply, calls) == (False, None, [])


@pytest.mark.parametrize("rid", [1, 2**31 - 1, 2**53])
def test_every_rid_of_javascript_is_usable(alice, calls, rid):
    assert handle(alice, "count", {"rid": rid}).reply["rid"] == rid


def test_before_login_only_what_is_open_to_all_is_acknowledged_and_answered(stranger, calls):
    @on("login", open_to_all=True)
    def login(session, data):
        return {"username": "alice"}

    for name in ("count", "no_such"):
        outcome = handle(stranger, name, {"rid": 1})
        assert (outcome.ack, outcome.reply) == (False, None)
    assert calls == []
    assert handle(stranger, "login", {"rid": 1}).reply["username"] == "alice"


# Repetitions


def test_a_repeated_request_is_done_once_and_answered_again(alice, calls):
    first = handle(alice, "count", {"a": 1, "rid": 7})
    again = handle(alice, "count", {"rid": 7, "a": 1})
    assert (again.ack, again.reply) == (True, first.reply)
    assert len(calls) == 1


def test_a_repetition_may_come_on_another_connection(calls):
    first = handle(session_of(1, sid="one"), "count", {"rid": 7})
    assert handle(session_of(1, sid="two"), "count", {"rid": 7}).reply == first.reply
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("other", "data"),
    [
        (session_of(1), {"rid": 8}),
        (session_of(1), {"rid": 7, "a": 2}),
        (session_of(2), {"rid": 7, "a": 1}),
        (session_of(1, appkey="b" * 24), {"rid": 7, "a": 1}),
    ],
    ids=["rid", "body", "user", "application"],
)
def test_a_request_that_differs_is_another_one(calls, other, data):
    handle(session_of(1), "count", {"rid": 7, "a": 1})
    handle(other, "count", data)
    assert len(calls) == 2


def test_two_events_may_have_one_rid(alice, calls):
    @on("other")
    def other(session, data):
        return {"other": True}

    handle(alice, "count", {"rid": 7})
    assert handle(alice, "other", {"rid": 7}).reply["other"]


def test_a_refusal_is_remembered_and_a_bug_is_not(alice, caplog):
    errors = [NoSuchGroup("gone"), None, RuntimeError("bug"), None]

    @on("find")
    def find(session, data):
        if error := errors.pop(0):
            raise error

    assert [handle(alice, "find", {"rid": 1}).reply["code"] for _ in range(2)] == [880204, 880204]
    errors.pop(0)
    assert [handle(alice, "find", {"rid": 2}).reply["code"] for _ in range(3)] == [882001, 0, 0]


def test_an_answer_is_forgotten_after_ten_minutes(alice, calls, monkeypatch):
    kept = []
    monkeypatch.setattr(type(caches["answers"]), "set", lambda self, key, value, timeout: kept.append(timeout))
    handle(alice, "count", {"rid": 7})
    assert kept == [600]


def test_while_the_first_is_being_done_a_repetition_is_only_acknowledged(alice):
    began, go_on = threading.Event(), threading.Event()
    done = []

    @on("slow")
    def slow(session, data):
        began.set()
        assert go_on.wait(10)
        done.append(1)
        return {"n": len(done)}

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(handle, alice, "slow", {"rid": 1})
        assert began.wait(10)
        again = handle(alice, "slow", {"rid": 1})
        assert (again.ack, again.answer, again.later) == (True, None, None)
        elsewhere = handle(session_of(1, sid="new connection"), "slow", {"rid": 1})
        assert elsewhere.ack
        go_on.set()
        assert elsewhere.reply == first.result(10).reply == {"code": 0, "message": "success", "n": 1, "rid": 1}
    assert handle(alice, "slow", {"rid": 1}).reply["n"] == 1


def test_a_handler_may_do_without_the_memory_and_gets_the_rid(alice):
    seen = []

    @on("send", remember=False)
    def send(session, data):
        seen.append(data)

    for _ in range(2):
        handle(alice, "send", {"rid": 9, "a": 1})
    assert seen == [{"rid": 9, "a": 1}] * 2


def test_login_is_repeated_on_the_same_connection_only():
    logins = []

    @on("login", open_to_all=True)
    def login(session, data):
        if session.logged_in:
            raise ImError("already")
        session.log_in(session_of(5).actor, {})
        logins.append(session.sid)
        return {"sid": session.sid}

    one, two = session_of(sid="one"), session_of(sid="two")
    for session in (one, one, two):
        assert handle(session, "login", {"rid": 1}).reply["sid"] == session.sid
    assert logins == ["one", "two"]


def test_c_init_is_repeated_on_the_same_connection_though_it_changes_the_application():
    done = []

    @on("c_init", open_to_all=True)
    def init(session, data):
        done.append(session.sid)
        session.application = session_of(appkey=data["appkey"]).application

    session = session_of(sid="one")
    session.application = None
    for _ in range(2):
        assert handle(session, "c_init", {"appkey": "k" * 24, "rid": 1}).reply["code"] == 0
    assert done == ["one"]


def test_a_registration_is_repeated_on_any_connection_of_the_application():
    names = set()

    @on("register", open_to_all=True, remember="application")
    def register(session, data):
        if data["username"] in names:
            raise ImError("taken")
        names.add(data["username"])

    body = {"username": "erika", "rid": 1}
    assert handle(session_of(sid="one"), "register", body).reply["code"] == 0
    assert handle(session_of(sid="two"), "register", body).reply["code"] == 0
    assert handle(session_of(sid="two"), "register", {**body, "rid": 2}).reply["message"] == "taken"


def test_a_broken_memory_is_logged_and_stops_nobody(alice, calls, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise ConnectionError("no cache")

    monkeypatch.setattr(type(caches["answers"]), "get", broken)
    monkeypatch.setattr(type(caches["answers"]), "set", broken)
    with caplog.at_level(logging.ERROR):
        assert [handle(alice, "count", {"rid": 7}).reply["n"] for _ in range(2)] == [1, 2]
    assert "memory of answers" in caplog.text


# Pending answers


def pending(name, future, **options):
    @on(name, pipelined=True, **options)
    def send(session, data):
        return Pending(future, lambda msg_id: {"msg_id": msg_id})


def test_a_pending_answer_is_completed_by_its_future(alice):
    future = Future()
    pending("send", future)
    outcome = handle(alice, "send", {"rid": 1})
    assert outcome.ack
    assert not outcome.later.done()
    future.set_result(5)
    assert outcome.reply == {"code": 0, "message": "success", "msg_id": 5, "rid": 1}


@pytest.mark.parametrize(
    ("error", "code"), [(NoSuchGroup("gone"), 880204), (RuntimeError("bug"), 882001), (BadValue("bad"), 880209)]
)
def test_what_fails_later_is_refused_like_the_rest(alice, error, code):
    future = Future()
    pending("send", future, codes={BadValue: 880209})
    outcome = handle(alice, "send", {"rid": 1})
    future.set_exception(error)
    assert outcome.reply["code"] == code


def test_a_cancelled_future_is_answered_too(alice):
    future = Future()
    pending("send", future)
    outcome = handle(alice, "send", {"rid": 1})
    future.cancel()
    assert outcome.reply["code"] == 882001


def test_a_pending_answer_is_remembered_once_it_stands(alice):
    future = Future()
    pending("send", future)
    first = handle(alice, "send", {"rid": 1})
    assert handle(alice, "send", {"rid": 1}).reply is None
    future.set_result(5)
    assert handle(alice, "send", {"rid": 1}).reply == first.reply


# Tables


def test_one_event_has_one_handler(calls):
    with pytest.raises(ImproperlyConfigured):
        on("count")(lambda session, data: None)


@dataclass(frozen=True)
class Happened:
    n: int


class HappenedAgain(Happened):
    pass


def test_an_event_is_rendered_by_its_class_or_the_one_above():
    @pushed(Happened)
    def happened(event):
        return "event_notification", {"n": event.n}

    assert encode_event(Happened(1)) == b'42["event_notification",{"n":1}]'
    assert encode_event(HappenedAgain(2)) == b'42["event_notification",{"n":2}]'
    assert list(dispatch.registered_pushes()) == ["Happened"]
    with pytest.raises(ImproperlyConfigured):
        pushed(Happened)(happened)


def test_an_event_without_a_rendering_is_a_bug():
    with pytest.raises(ImproperlyConfigured):
        encode_event(Happened(1))


def test_the_registered_events_come_in_order(calls):
    @on("a_first", open_to_all=True, pipelined=True)
    def first(session, data):
        """Nothing."""

    routes = dispatch.registered_events()
    assert list(routes) == ["a_first", "count"]
    assert routes["a_first"].pipelined
    assert orjson.dumps(list(routes))
