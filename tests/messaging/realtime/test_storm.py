"""People log in and out while others write without a pause: the moment between the sync and the pushes loses and doubles nothing."""

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import Application
from groups import services as groups
from messaging.models import Message
from tests.cast import PASSWORD
from tests.inprocess import Server
from tests.wire_client import encode

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGES = 400  # of each of the two who write


@pytest.fixture
def site(application):
    """sign_in("alice") in a server in this process."""
    appkey, secret = application.appkey, application.master_secret
    with Server() as server:

        def sign_in(username, *, platform="j", sync_type=None, **kwargs):
            client = server.connect(platform=platform, **kwargs)
            client.sign_in(appkey, secret, username, PASSWORD, sync_type=sync_type)
            return client

        yield sign_in


def came(client):
    """(seq, how) of every message that came to this connection, in the order of arrival."""
    found = []
    for name, data in client.pushes:
        if name == "msg_sync":
            found += [(message["seq"], "live") for message in data["messages"]]
        elif name == "sync_conversation":
            found += [(message["seq"], "sync") for entry in data["messages"] for message in entry["msgs"]]
    return found


def write(client, group, number):
    """Send many messages, some of them under way at the same time; the codes of all answers."""
    rids = [client.new_rid() for _ in range(number)]
    for start in range(0, number, 8):
        some = rids[start : start + 8]
        for rid in some:
            body = client.group_body(group.pk, f"message {rid}")
            client.send_frame(encode("send_group_msg", {**body, "rid": rid}))
        client.until(lambda one, last=some[-1]: one.reply_to(last))
    return [client.reply_to(rid)[1]["code"] for rid in rids]


def come_and_go(site, username, platform, sync_type, done, chance):
    """Sessions one after the other while others write; what came to each."""
    sessions = []
    while not done.is_set() or not sessions:
        client = site(username, platform=platform, sync_type=sync_type)
        wanted = chance.randint(0, 12)
        with contextlib.suppress(TimeoutError):
            client.until(lambda one, wanted=wanted: len(came(one)) >= wanted, seconds=0.2)
        if chance.random() < 0.3:
            client.sync(sync_key=1)
        client.ping()
        client.cut()
        sessions.append(came(client))
    connection.close()
    return sessions


@pytest.mark.parametrize("seed", [1])
def test_logging_in_while_others_write_loses_and_doubles_nothing(
    site, application, alice, bob, carol, dave, server, seed
):
    Application.objects.filter(pk=application.pk).update(settings={"web_sessions": "many"})
    group = groups.create_group("Square", owner=alice, members=[bob, carol, dave], by=server)
    writers = [site(name, sync_type=0) for name in ("alice", "bobby")]
    done = threading.Event()
    with ThreadPoolExecutor(8) as threads:
        # carol catches up with what no device of hers has, on one device after the other; dave with all history.
        missing = threads.submit(come_and_go, site, "carol", "j", 0, done, random.Random(seed))
        roaming = [
            threads.submit(come_and_go, site, "dave1", platform, 1, done, random.Random(seed + index))
            for index, platform in enumerate("aw")
        ]
        codes = [threads.submit(write, client, group, MESSAGES) for client in writers]
        assert {code for one in codes for code in one.result(60)} == {0}
        done.set()
        carols, daves = missing.result(60), [session for one in roaming for session in one.result(60)]

    everything = list(range(1, 2 * MESSAGES + 1))
    assert list(Message.objects.order_by("seq").values_list("seq", flat=True)) == everything
    assert len(carols) > 5
    assert len(daves) > 5
    for session in carols + daves:
        seqs = [seq for seq, _ in session]
        assert len(seqs) == len(set(seqs)), "twice"
        for how in ("live", "sync"):
            one_way = [seq for seq, way in session if way == how]
            assert one_way == sorted(one_way), "out of order"
    for session in daves:
        seqs = {seq for seq, _ in session}
        newest = max(seqs, default=0)
        oldest = min(seqs, default=1)  # a history is capped
        assert seqs == set(range(oldest, newest + 1)), "a hole"

    last = site("carol", sync_type=0)
    last.request("get_conversations")
    last.request("get_conversations")
    heard = {seq for session in [*carols, came(last)] for seq, _ in session}
    assert heard == set(everything), "lost"

    for client in writers:
        client.ping()
        own = {reply["seq"] for name, reply in client.replies if name == "send_group_msg"}
        live = [seq for seq, _ in came(client)]
        assert live == sorted(set(everything) - own), "what others wrote, once and in order"
