"""The tests' own client against the running server: both speak the same protocol without sharing a line."""

import pytest

from tests.live import Live
from tests.wire_client import BlockingClient, Refused, WireClient, socket_url


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Live(tmp_path_factory.mktemp("wire") / "data", IM_SERVER="uvicorn") as running:
        yield running


@pytest.fixture(scope="module")
def shop(server):
    return server.manage("create_application", "Shop", "--json")


def test_it_addresses_the_socket():
    assert socket_url("https://im.example.com") == "wss://im.example.com/socket.io/?EIO=3&transport=websocket"


def register(client, shop, username):
    body = {"username": username, "password": "5ebe2294ecd0e0f08eab7690d2a6ee69"}
    client.c_init(shop["appkey"], shop["master_secret"])
    return client.request("register", body)


def test_blocking_clients_exchange_a_message(server, shop):
    with BlockingClient.connect(server.url) as alice, BlockingClient.connect(server.url) as bobby:
        for client, name in ((alice, "alice"), (bobby, "bobby")):
            register(client, shop, name)
            assert client.login(name, "secret")["username"] == name
            assert client.sync()["sync_key"] == 1
        sent = alice.send_text("bobby", "hi 你好")
        message = bobby.next_push("msg_sync")["messages"][0]
        assert message["msg_id"] == sent["msg_id"]
        assert message["content"]["msg_body"]["text"] == "hi 你好"
        with pytest.raises(Refused) as refused:
            alice.send_text("nobody", "hi")
        assert refused.value.code == 880203
        alice.ping()
        assert alice.pushes == []


async def test_asyncio_clients_exchange_a_message(server, shop):
    async with await WireClient.connect(server.url) as carol, await WireClient.connect(server.url) as dave:
        for client, name in ((carol, "carol"), (dave, "dave1")):
            await client.c_init(shop["appkey"], shop["master_secret"])
            await client.request("register", {"username": name, "password": "5ebe2294ecd0e0f08eab7690d2a6ee69"})
            await client.login(name, "secret")
            await client.sync()
        sent = await carol.send_text("dave1", "hi")
        assert (await dave.next_push("msg_sync"))["messages"][0]["msg_id"] == sent["msg_id"]
        assert carol.log[-2:] == [f"ack {sent['rid']}", f"reply {sent['rid']}"]
