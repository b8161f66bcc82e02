"""One user on several devices, at two processes with a Redis between them: who ends whom, and what a login is told."""

import contextlib

import pytest

from tests.accounts.test_relations_live import Shop
from tests.backing import wait_until
from tests.live import Live
from tests.wire_client import BlockingClient

MANY = (
    "from accounts import services; from accounts.models import Application;"
    "services.change_application(Application.objects.get(appkey='{}'), {{'settings': {{'web_sessions': 'many'}}}}, by=None)"
)
CHANGED_S = 8  # a command reaches the servers by the bus, or they read anew after five seconds


@pytest.fixture(scope="module")
def servers(tmp_path_factory, postgresql_url, redis_url):
    folder = tmp_path_factory.mktemp("devices") / "data"
    shared = {"IM_DATABASE_URL": postgresql_url, "IM_REDIS_URL": redis_url, "IM_SECRET_KEY": "for this test alone"}
    with Live(folder, IM_SERVER="uvicorn", **shared) as one, Live(folder, IM_SERVER="daphne", **shared) as other:
        yield one, other


@pytest.fixture(scope="module")
def shop(servers):
    return Shop(servers[0], "Devices")


@pytest.fixture
def device(servers, shop):
    """device("alice", "a", at=1): a phone that alice signs in with at the second process; `.told` is its online list."""
    with contextlib.ExitStack() as stack:

        def sign_in(name, platform="j", at=0):
            client = stack.enter_context(BlockingClient.connect(servers[at].url, platform=platform))
            client.c_init(shop.appkey, shop.secret)
            listed = client.login(name, "secret")["online_list"]
            client.told = {one["platform"]: (one["isOnline"], one["isLogin"], one["flag"]) for one in listed}
            return client

        yield sign_in


def is_live(client) -> bool:
    """Whether it is signed in: what others ask is not even acknowledged."""
    rid = client.new_rid()
    client.send_frame(f'42["get_groups_list",{{"rid":{rid}}}]')
    client.ping()
    return rid in client.acks


def ended_by(client) -> tuple[int, int]:
    push = client.next_push("event_notification")
    assert not is_live(client)
    return push["event_type"], push["extra"]


def test_a_phone_a_computer_and_a_browser_live_side_by_side_and_hear_of_each_other(device):
    phone, computer = device("alice", "a"), device("alice", "w", at=1)
    browser = device("alice", "j")
    assert phone.told == {}
    assert computer.told == {"Android": (True, True, False)}
    assert browser.told == {"Android": (True, True, False), "pc": (True, True, False)}
    browser.send_text("bobby", "from the browser")
    for other in (phone, computer):
        (message,) = other.next_push("msg_sync")["messages"]
        assert message["content"]["msg_body"]["text"] == "from the browser"
    assert all(map(is_live, (phone, computer, browser)))


@pytest.mark.parametrize(("first", "second", "name"), [("a", "i", "Android"), ("i", "a", "ios"), ("w", "w", "pc")])
def test_of_one_class_the_newer_stays_wherever_they_are(device, first, second, name):
    older = device("bobby", first)
    newer = device("bobby", second, at=1)
    assert ended_by(older) == (1, 0)
    assert newer.told[name] == (False, False, True)
    assert is_live(newer)
    newest = device("bobby", second)
    assert ended_by(newer) == (1, 0)
    assert is_live(newest)


def test_browsers_one_or_many_as_the_application_says(device, servers, shop):
    older, newer = device("carol"), device("carol", at=1)
    assert ended_by(older) == (1, 0)
    assert is_live(newer)
    servers[0].manage("shell", "-c", MANY.format(shop.appkey))

    def both_live() -> bool:
        one, other = device("carol"), device("carol", at=1)
        return is_live(one) and is_live(other)

    wait_until(both_live, "the change in both processes", seconds=CHANGED_S)
    one, other = device("carol"), device("carol", at=1)
    one.send_text("bobby", "from a tab")
    assert other.next_push("msg_sync")["messages"][0]["content"]["msg_body"]["text"] == "from a tab"
    phone = device("carol", "a")
    assert device("carol", "i", at=1).told["web"] == (True, True, False)
    assert ended_by(phone) == (1, 0)
    assert is_live(one)
    assert is_live(other)
