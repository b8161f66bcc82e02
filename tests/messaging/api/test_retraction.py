"""POST /v1/messages/{username}/{msgid}/retract."""

import orjson
import pytest

from accounts import services as accounts
from accounts.actors import Actor
from messaging.models import ConversationOp, Message
from tests.cast import register
from tests.door import Rest, refusal
from tests.messaging.conftest import announce, say, stored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.fixture
def sent(alice, bob):
    return stored(say(alice, bob))


def path(username, message_id):
    return f"/v1/messages/{username}/{message_id}/retract"


def refused(rest, *where):
    before = list(Message.objects.values())
    answer = refusal(rest.post(path(*where)))
    assert list(Message.objects.values()) == before
    assert not ConversationOp.objects.exists()
    return answer


@pytest.mark.parametrize("slashes", ["", "/", "//"])
def test_a_message_is_taken_back(rest, sent, slashes, pushes):
    response = rest.post(path("alice", sent.pk) + slashes)
    assert (response.status_code, response.content) == (204, b"")
    assert Message.objects.get().state == "retracted"
    ((_, name, event),) = pushes.delivered
    assert (name, event["event_type"], event["msg_ids"], event["from_username"]) == (
        "event_notification", 55, [sent.pk], "alice",
    )  # fmt: skip
    assert pushes[0][4].skip is None  # the sender's sessions have not done it themselves


@pytest.mark.parametrize("body", [{}, {"username": "alice", "msgid": 1}, [], b"{", b"null", b"\xff", b"x" * 10_000])
def test_the_body_says_nothing(rest, sent, body):
    assert rest.post(path("alice", sent.pk), body).status_code == 204


def test_without_length_and_type(rest, sent):
    response = rest.client.generic("POST", path("alice", sent.pk), headers=rest.headers)
    assert response.status_code == 204


def test_what_the_server_sent_in_the_name_of_an_admin(rest, alice, bob):
    sent = announce(alice, bob)
    assert rest.post(path("alice", sent.message_id)).status_code == 204


def test_a_message_of_another_sender(rest, sent):
    assert refused(rest, "bobby", sent.pk) == (403, 855002)


def test_a_message_that_is_not_there(rest, sent):
    for message_id in (sent.pk + 1, 0, 2**53, 2**64):
        assert refused(rest, "alice", message_id) == (403, 855003)
    Message.objects.update(state="removed")
    assert refused(rest, "alice", sent.pk) == (403, 855003)


def test_a_user_that_is_not_there(rest, sent, alice, server):
    assert refused(rest, "nobody", sent.pk) == (403, 899002)
    assert refused(rest, "a%00b", sent.pk) == (403, 899002)
    accounts.delete_user(alice, by=server)
    assert refused(rest, "alice", sent.pk) == (403, 899002)


@pytest.mark.parametrize("message_id", ["x", "-1", "1.5", "%D9%A3", "1e3", "1" * 30])
def test_an_id_is_a_whole_number(rest, sent, message_id):
    assert refused(rest, "alice", message_id) == (400, 899003)


def test_later_than_the_time_for_it(rest, sent):
    Message.objects.update(created_ms=sent.created_ms - 181_000)
    assert refused(rest, "alice", sent.pk) == (403, 855001)


def test_a_second_time(rest, sent):
    assert rest.post(path("alice", sent.pk)).status_code == 204
    before = ConversationOp.objects.count()
    assert refusal(rest.post(path("alice", sent.pk))) == (403, 855004)
    assert ConversationOp.objects.count() == before


def test_a_message_of_another_application(sent, application, other_application, eve):
    assert refused(Rest(other_application), "alice", sent.pk) == (403, 899002)
    register(other_application, "alice")
    assert refused(Rest(other_application), "alice", sent.pk) == (403, 855003)
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    register(sister, "alice")
    assert refused(Rest(sister), "alice", sent.pk) == (403, 855003)


def test_a_message_to_another_application(rest, alice, application):
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    zoe = register(sister, "zoe22")["zoe22"]
    sent = announce(alice, zoe)
    assert refused(Rest(sister), "zoe22", sent.message_id) == (403, 855003)
    assert rest.post(path("alice", sent.message_id)).status_code == 204
    assert Actor.of(zoe).application == sister


def test_other_methods(rest, sent):
    for method in (rest.get, rest.put, rest.delete):
        assert method(path("alice", sent.pk)).status_code == 405


def test_without_credentials(rest, sent):
    response = rest.client.post(path("alice", sent.pk), orjson.dumps({}), content_type="application/json")
    assert refusal(response) == (401, 899007)
