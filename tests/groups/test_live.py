"""Groups on a running server: who hears what, at once and later."""

import base64

import pytest
import requests

from tests.live import Live
from tests.wire_client import BlockingClient, Refused

PEOPLE = ("alice", "bobby", "carol", "dave1")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Live(tmp_path_factory.mktemp("groups") / "data") as running:
        yield running


@pytest.fixture
def shop(server):
    """An application with four users, and `rest(method, path, body)`."""
    made = server.manage("create_application", "Shop", "--json")
    session = requests.Session()
    pair = f"{made['appkey']}:{made['master_secret']}"
    session.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()

    def rest(method, path, body=None):
        return session.request(method, server.url + path, json=body)

    users = [{"username": name, "password": "secret"} for name in PEOPLE]
    assert rest("POST", "/v1/users", users).status_code == 201
    return made | {"rest": rest}


@pytest.fixture
def connect(server, shop):
    """connect("alice") signs in; every connection is closed at the end."""
    clients = []

    def connect(name):
        client = BlockingClient.connect(server.url)
        clients.append(client)
        client.sign_in(shop["appkey"], shop["master_secret"], name, "secret")
        return client

    yield connect
    for client in clients:
        client.close()


def heard(client):
    """Type, extra and names of the events that have arrived by now."""
    client.ping()
    events = []
    while push := client.take_push("event_notification"):
        event = push[1]
        events.append(
            (event["event_type"], event["extra"], [user["username"] for user in event.get("to_usernames", ())])
        )
    return events


def texts(client):
    client.ping()
    found = [message["content"]["msg_body"]["text"] for message in client.messages()]
    while client.take_push("msg_sync"):
        pass
    return found


def test_a_group_from_its_making_to_its_end(shop, connect):
    rest = shop["rest"]
    alice, bobby, carol = (connect(name) for name in ("alice", "bobby", "carol"))
    made = alice.request("create_group", {"group_name": "Team", "group_description": "our team"})
    gid = made["gid"]
    assert heard(alice) == [(8, 0, ["alice"])]
    assert heard(bobby) == []

    alice.request("add_across_group_member", {"gid": gid, "member_usernames": [{"username": "bobby"}]})
    assert heard(alice) == heard(bobby) == [(10, 0, ["bobby"])]
    bobby.send_group_text(gid, "hello")
    assert texts(alice) == ["hello"]
    assert texts(bobby) == texts(carol) == []
    with pytest.raises(Refused) as refused:
        carol.send_group_text(gid, "me too")
    assert refused.value.code == 880205

    assert rest("POST", f"/v1/groups/{gid}/members", {"add": ["carol"], "remove": ["bobby"]}).status_code == 204
    assert heard(alice) == [(10, 0, ["carol"]), (11, 0, ["bobby"])]
    assert heard(carol)[0] == (10, 0, ["carol"])
    assert heard(bobby)[-1] == (11, 0, ["bobby"])
    alice.send_group_text(gid, "without bobby")
    assert texts(carol) == ["without bobby"]
    assert texts(bobby) == []
    with pytest.raises(Refused) as refused:
        bobby.send_group_text(gid, "still here?")
    assert refused.value.code == 880205

    alice.request("update_group_info", {"gid": gid, "group_name": "Team 2"})
    assert heard(carol) == [(12, 0, ["alice"])]
    assert heard(bobby) == []
    alice.request("exit_group", {"gid": gid})
    assert heard(alice) == [(12, 0, ["alice"]), (9, 0, ["alice"])]
    assert heard(carol) == [(9, 0, ["alice"])]
    assert rest("GET", f"/v1/groups/{gid}").json()["owner_username"] == "carol"
    assert rest("DELETE", f"/v1/groups/{gid}").status_code == 204
    assert heard(carol) == [(9, 69, ["carol"])]
    assert heard(alice) == []
    with pytest.raises(Refused) as refused:
        carol.send_group_text(gid, "anyone?")
    assert refused.value.code in (880204, 880205)


def test_who_was_away_is_told_later(shop, connect):
    rest = shop["rest"]
    body = {"owner_username": "alice", "name": "Away", "members_username": ["bobby", "carol"]}
    gid = rest("POST", "/v1/groups", body).json()["gid"]
    rest("POST", f"/v1/groups/{gid}/members", {"add": ["dave1"], "remove": ["bobby"]})
    rest("PUT", f"/v1/groups/{gid}", {"name": "Away 2"})

    def missed(name):
        client = connect(name)
        events = [event for event in client.next_push("sync_event")["events"] if event["gid"] == gid]
        return [event["event_type"] for event in events]

    assert missed("bobby") == [8, 10, 11]  # nothing of what came after
    assert missed("carol") == [8, 10, 11, 12]
    assert missed("dave1") == [10, 11, 12]  # nothing of what came before


def test_roles_shields_and_questions_over_real_sockets(shop, connect):
    rest = shop["rest"]
    alice, bobby, carol = (connect(name) for name in ("alice", "bobby", "carol"))
    gid = alice.request("create_group", {"group_name": "Open", "is_limit": True})["gid"]
    found = carol.request("public_group_list", {"start": 0})["result"]
    assert gid in [group["gid"] for group in found["groups"]]

    carol.request("apply_join_group", {"gid": gid, "reason": "please"})
    question = alice.next_push("event_notification")
    while question["event_type"] != 56:
        question = alice.next_push("event_notification")
    answer = {
        "gid": gid, "event_id": question["event_id"], "target_username": "carol", "from_username": "carol", "result": 0,
    }  # fmt: skip
    alice.request("admin_add_group_member", answer)
    assert heard(carol) == [(10, 2, ["carol"])]
    alice.request("add_across_group_member", {"gid": gid, "member_usernames": [{"username": "bobby"}]})
    alice.request("add_group_keeper", {"gid": gid, "member_usernames": [{"username": "bobby"}]})
    bobby.request("group_mem_silence", {"gid": gid, "target_username": "carol", "keep_silence": True})
    with pytest.raises(Refused) as refused:
        carol.send_group_text(gid, "may I?")
    assert refused.value.code == 880212
    bobby.request("group_mem_silence", {"gid": gid, "target_username": "carol", "keep_silence": False})
    assert heard(carol) == [(10, 0, ["bobby"]), (80, 1, ["bobby"]), (65, 1, ["carol"]), (65, 2, ["carol"])]

    carol.request("add_msg_shield_group", {"gid": gid})
    carol.request("add_msg_no_disturb_group", {"gid": gid})
    alice.send_group_text(gid, "not for carol")
    assert (texts(bobby), texts(carol)) == (["not for carol"], [])
    assert [group["gid"] for group in carol.request("list_shield_group")["groups"]] == [gid]
    assert [group["gid"] for group in carol.request("no_disturb")["no_disturb"]["groups"]] == [gid]
    alice.request("change_group_admin", {"gid": gid, "target_username": "bobby"})
    assert heard(carol) == [(82, 0, ["bobby"])]
    assert rest("POST", "/v1/users/carol/groupsShield", {"remove": [gid]}).status_code == 204
    bobby.send_group_text(gid, "for all")
    assert texts(carol) == ["for all"]
    bobby.request("del_group_keeper", {"gid": gid, "member_usernames": [{"username": "alice"}]})
    bobby.request("dissolve_group", {"gid": gid})
    assert heard(bobby)[-1] == (9, 69, ["bobby", "alice", "carol"])
    assert heard(carol)[-1] == (9, 69, ["carol", "alice", "bobby"])
