"""Reports that are read while others send: pages of one traversal hold what was there at its first page, each message once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from accounts import services as accounts
from accounts.actors import Actor
from groups import services as groups
from imsite.core import clock
from messaging.models import Message
from messaging.services import sending
from messaging.services.sending import Draft
from messaging.targets import resolve
from tests.cast import PASSWORD_MD5
from tests.door import Rest

pytestmark = pytest.mark.django_db(transaction=True)

SENDERS = 4
EACH = 80  # messages
PATIENCE_S = 20


def keep_sending(sender, to, sent):
    """Message after message, as fast as they are answered."""
    try:
        by = Actor.server(sender.application)
        target = resolve(sender.application, "group", str(to.pk), by=by, sender=sender)
        for _ in range(EACH):
            draft = Draft(type="text", body={"text": "hi"})
            sent.append(sending.send(target, draft, by=by, sender=sender).result(PATIENCE_S).message_id)
    finally:
        connection.close()


@pytest.mark.parametrize("of", ["application", "group", "user"])
def test_pages_while_others_send(application, alice, bob, of):
    server = Actor.server(application)
    boss = accounts.register_admin(application, {"username": "boss1", "password": PASSWORD_MD5}, by=server)
    club = groups.create_group("Club", owner=alice, members=[bob, boss], by=server)
    path = {
        "application": "/v2/messages",
        "group": f"/v2/groups/{club.pk}/messages",
        "user": "/v2/users/alice/messages",
    }[of]
    today = clock.now()
    window = {"begin_time": f"{today - timedelta(days=1):%F %T}", "end_time": f"{today + timedelta(days=1):%F %T}"}
    rest, sent = Rest(application), []
    threads = [threading.Thread(target=keep_sending, args=(boss, club, sent)) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads):
            answered = {*sent}  # which are certainly there
            answer = rest.get(path, count=9, **window).json()
            total, seen = answer["total"], []
            while True:
                seen += [message["msgid"] for message in answer["messages"]]
                assert answer["total"] == total
                if "cursor" not in answer:
                    break
                answer = rest.get(path, cursor=answer["cursor"]).json()
            assert len(seen) == len(set(seen)) == total
            assert answered <= {*seen}
    finally:
        for thread in threads:
            thread.join(PATIENCE_S)
    answer = rest.get(path, count=1000, **window).json()
    assert answer["total"] == Message.objects.count() == len(sent) == SENDERS * EACH
    times = [message["msg_ctime"] for message in answer["messages"]]
    assert times == sorted(times)
