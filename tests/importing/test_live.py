"""The command as a process: beside a server that serves, and killed in the middle."""

import base64
import json
import shutil
import sqlite3
import subprocess
import sys

import pytest
import requests

from accounts.passwords import md5_hex
from tests.backing import wait_until
from tests.importing.conftest import Ran
from tests.live import ROOT, environment, prepared
from tests.wire_client import BlockingClient

pytestmark = pytest.mark.sqlite_only

PEOPLE, CIRCLES = 100, 200


def test_people_move_in_beside_a_running_server_and_go_on(live, write):
    made = live.manage("create_application", "Shop", "--json")
    names = ("anna", "bert", "cleo")
    write("users.json", [{"username": name, "password_md5": md5_hex("secret")} for name in names])
    write("groups.json", [{"gid": 10000001, "name": "Club", "owner_username": "anna", "members": ["bert"]}])
    live.manage("import_jmessage", str(write.folder), "--into", made["appkey"])

    client = BlockingClient.connect(live.url)
    try:
        client.sign_in(made["appkey"], made["master_secret"], "bert", "secret")
        pair = f"{made['appkey']}:{made['master_secret']}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        message = {
            "version": 1, "target_type": "group", "target_id": "10000001", "from_type": "user", "from_id": "anna",
            "msg_type": "text", "msg_body": {"text": "still here"},
        }  # fmt: skip
        sent = requests.post(f"{live.url}/v1/messages", json=message, headers=headers, timeout=30)
        assert sent.status_code == 201, sent.text
        assert client.next_push("msg_sync")["messages"][0]["content"]["msg_body"]["text"] == "still here"
    finally:
        client.close()


def test_a_run_that_is_killed_goes_on(tmp_path, write):
    """Whatever moment the process dies at: nothing is half there, and nothing comes twice."""
    data = tmp_path / "data"
    shutil.copytree(prepared(), data)
    names = [f"user{number:03}" for number in range(PEOPLE)]
    write("users.json", [{"username": name} for name in names])
    circles = [
        {"gid": gid, "name": f"g{gid}", "owner_username": names[gid % PEOPLE], "members": names[:20]}
        for gid in range(1, CIRCLES + 1)
    ]
    write("groups.json", circles)

    def manage(*arguments):
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def count(table):
        with sqlite3.connect(data / "imsite.sqlite3") as rows:
            return rows.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]

    appkey = json.loads(manage("create_application", "Shop", "--json").communicate(timeout=60)[0])["appkey"]
    arguments = ["import_jmessage", str(write.folder), "--into", appkey, "--report"]
    first = manage(*arguments, str(tmp_path / "first"))
    wait_until(lambda: first.poll() is not None or count("groups_group") >= 10, "the first groups")
    first.kill()
    first.communicate(timeout=60)
    cut = count("groups_group")
    assert 10 <= cut < CIRCLES
    assert count("groups_membership") >= 20 * cut  # none without its members

    second = manage(*arguments, str(tmp_path / "second"))
    printed, said = second.communicate(timeout=120)
    ran = Ran(tmp_path / "second", printed, second.returncode, said)
    assert ran.status == 0, said
    assert ran.counts == {"users": (0, PEOPLE, 0), "groups": (CIRCLES - cut, cut, 0)}
    assert (count("groups_group"), len(ran.ids)) == (CIRCLES, CIRCLES)
