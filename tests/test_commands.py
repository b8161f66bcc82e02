"""The commands: create_application, create_operator, demo, and what `serve` and the installer say about obstacles."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from accounts import signatures
from accounts.models import Application, Operator, User
from accounts.passwords import md5_hex, verify
from groups.models import Group
from imsite import demo
from messaging.models import Conversation, Media, Message
from messaging.services import reading
from tests.backing import free_port
from tests.live import ROOT, Live

KEY, SECRET = "abcdefghijkl012345678901", "ABCDEFGHIJKL012345678901"


def run(*arguments, **options):
    """What a command prints, in this process."""
    printed = StringIO()
    call_command(*arguments, stdout=printed, **options)
    return printed.getvalue()


# create_application, create_operator


@pytest.mark.django_db
def test_create_application_prints_the_key_and_the_secret():
    made = json.loads(
        run("create_application", "Shop", "--owner", "Shops Ltd", "--origin", "https://*.shop.example", "--json")
    )
    application = Application.objects.find(made["appkey"])
    assert (application.name, application.owner.name) == ("Shop", "Shops Ltd")
    assert application.master_secret == made["master_secret"]
    assert application.origins == ["https://*.shop.example"]
    text = run("create_application", "Other")
    assert Application.objects.get(name="Other").appkey in text
    assert Application.objects.get(name="Other").master_secret in text


@pytest.mark.django_db
def test_create_application_takes_a_key_and_a_secret_that_are_brought_along():
    made = json.loads(run("create_application", "Shop", "--appkey", KEY, "--secret", SECRET, "--json"))
    assert (made["appkey"], made["master_secret"]) == (KEY, SECRET)
    assert signatures.sign(Application.objects.find(KEY), 1, "r") == md5_hex(
        f"appkey={KEY}&timestamp=1&random_str=r&key={SECRET}"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Shop", "--appkey", KEY[:-1]], "appkey must be 24 letters and digits"),
        (["Shop", "--appkey", KEY[:-1] + "-"], "appkey must be 24 letters and digits"),
        (["Shop", "--appkey", KEY + "\n"], "appkey must be 24 letters and digits"),
        (["Shop", "--secret", "short"], "master secret must be 24 letters and digits"),
        (["Shop", "--origin", "shop.example"], "an origin is scheme://host"),
        ([" "], "name takes 1 to 128 characters"),
    ],
)
def test_create_application_refuses_in_one_sentence(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run("create_application", *arguments)
    assert not Application.objects.exists()


@pytest.mark.django_db
def test_create_application_refuses_a_key_that_is_taken():
    run("create_application", "Shop", "--appkey", KEY)
    with pytest.raises(CommandError, match="is taken"):
        run("create_application", "Other", "--appkey", KEY)
    assert Application.objects.count() == 1


@pytest.mark.django_db
def test_create_operator_makes_a_password_or_reads_one(monkeypatch):
    made = json.loads(run("create_operator", "olga", "--json"))
    olga = Operator.objects.get(username="olga")
    assert olga.check_password(made["password"])
    assert olga.is_staff and olga.is_superuser
    monkeypatch.setattr(sys, "stdin", StringIO("a long enough one\n"))
    assert "a long" not in run("create_operator", "otto", "--password-stdin", "--staff")
    otto = Operator.objects.get(username="otto")
    assert otto.check_password("a long enough one")
    assert otto.is_staff and not otto.is_superuser


@pytest.mark.django_db
def test_create_operator_refuses_in_one_sentence(monkeypatch):
    run("create_operator", "olga")
    with pytest.raises(CommandError, match="exists"):
        run("create_operator", "olga")
    monkeypatch.setattr(sys, "stdin", StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        run("create_operator", "otto", "--password-stdin")
    assert Operator.objects.count() == 1


# demo


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return tmp_path


@pytest.mark.django_db
def test_demo_makes_people_with_a_history(folder):
    made = json.loads(run("demo", "--json"))
    application = Application.objects.find(made["application"]["appkey"])
    assert application.master_secret == made["application"]["master_secret"]
    assert Operator.objects.get(username=made["operator"]["username"]).check_password(made["operator"]["password"])
    users = [User.objects.of(application).find(user["username"]) for user in made["users"]]
    assert all(verify(user, md5_hex(known["password"])) for user, known in zip(users, made["users"], strict=True))
    assert Group.objects.get().memberships.count() == 4
    assert Message.objects.exclude(type="image").count() >= 20
    assert Message.objects.filter(type="image").count() == Media.objects.count() == 1
    assert set(Conversation.objects.values_list("kind", flat=True)) == {"single", "group"}
    assert sum(row.unread_count for row in reading.list_conversations(users[0])) > 0


@pytest.mark.django_db
def test_demo_is_made_once_and_its_credentials_are_printed_again(folder):
    first = run("demo", "--url", "http://chat.example")
    made = json.loads((folder / "demo.json").read_text())
    assert stat.S_IMODE((folder / "demo.json").stat().st_mode) == 0o600
    for known in (*made["users"], made["operator"]):
        assert known["username"] in first and known["password"] in first
    assert "http://chat.example/admin/" in first and "ws://chat.example/socket.io/" in first
    assert run("demo", "--url", "http://chat.example") == first
    assert Application.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"application": {"appkey": "gone"}}'])
def test_demo_is_made_anew_where_the_kept_credentials_are_of_no_use(folder, kept):
    run("create_operator", "operator")
    (folder / "demo.json").write_text(kept)
    made = json.loads(run("demo", "--json"))
    assert made["operator"]["username"] == "operator2"
    assert demo.find() == made


@pytest.mark.django_db
def test_demo_that_cannot_keep_its_credentials_makes_nothing(folder, settings):
    settings.DATA_DIR = folder / "missing"
    with pytest.raises(OSError, match="missing"):
        run("demo")
    assert not Application.objects.exists() and not Operator.objects.exists()


# serve


def serve(folder, *arguments, **environment):
    """The exit status and the last words of a `serve` that does not come up."""
    live = Live(folder, **environment)
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", *arguments],
        cwd=ROOT, env=live.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()


@pytest.fixture
def taken():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield str(holder.getsockname()[1])


def refuses(outcome, sentence):
    status, lines = outcome
    assert status == 1
    assert len(lines) == 1, lines
    assert sentence in lines[0]


@pytest.mark.sqlite_only
def test_serve_names_each_obstacle_in_one_sentence(tmp_path, taken):
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    nobody = f"postgres://x@127.0.0.1:{free_port()}/x"
    refuses(serve(tmp_path / "data", IM_PORT=taken), f"Port {taken} on 127.0.0.1 is in use")
    refuses(serve(in_the_way / "data"), "IM_DATA_DIR: cannot write to")
    refuses(serve(tmp_path / "data", IM_PORT="http"), "IM_PORT must be a whole number")
    refuses(serve(tmp_path / "data"), "manage.py migrate")
    refuses(serve(tmp_path / "data", IM_DATABASE_URL=nobody, IM_SECRET_KEY="x"), "The database cannot be used")


@pytest.mark.sqlite_only
def test_serve_is_alone_on_its_data_folder(live):
    refuses(serve(live.folder), "Another server runs on the data folder")


@pytest.mark.sqlite_only
def test_commands_work_beside_a_running_server_and_a_second_run_keeps_all(tmp_path):
    with Live(tmp_path / "data", is_first=True) as live:
        made = live.manage("create_application", "Shop", "--appkey", KEY, "--secret", SECRET, "--json")
        assert made["appkey"] == KEY
        live.manage("create_operator", "olga", "--json")
        users = f"{live.url}/v1/users/?count=1"
        assert requests.get(users, auth=(KEY, SECRET), timeout=10).status_code == 200
        assert live.stop() == 0
        live.start("--demo")
        assert requests.get(users, auth=(KEY, SECRET), timeout=10).status_code == 200
        printed = live.printed()
        assert "master secret" in printed
        assert live.stop() == 0
        live.start("--demo")
        assert live.manage("demo", "--json")["users"][0]["password"] in printed
        assert "Traceback" not in live.printed()


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("server", "code"), [("daphne", 1001), ("uvicorn", 1012)])
def test_a_server_that_is_stopped_closes_its_sockets(tmp_path, server, code):
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with Live(tmp_path / "data", IM_SERVER=server) as live:
        address = live.url.replace("http", "ws") + "/socket.io/?EIO=3&transport=websocket"
        with connect(address) as client:
            assert client.recv(10).startswith("0{")
            live.process.terminate()
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    client.recv(10)
        assert closed.value.rcvd.code == code
        assert live.process.wait(15) == 0
        assert f"with {server}" in live.printed() and "Traceback" not in live.printed()


# The installer


@pytest.fixture
def checkout(tmp_path):
    """What `scripts/install.sh` needs, in a folder of its own."""
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ("scripts/install.sh", "scripts/requirements.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def install(checkout: Path, *extra: str, **environment: str):
    """Run the installer with nothing on the path but what a shell needs, and what `tool` put there."""
    bin_folder = checkout / "bin"
    bin_folder.mkdir(exist_ok=True)
    for name in ("dirname", "tr", "cat", "wc", "tail", "head", "grep", "sed", "mv", "rm"):
        if not (bin_folder / name).exists():
            (bin_folder / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["/bin/sh", "scripts/install.sh", *extra],
        cwd=checkout, env={"PATH": str(bin_folder), "HOME": str(checkout), **environment},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()


def tool(checkout: Path, name: str, script: str) -> None:
    path = checkout / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.sqlite_only
def test_the_installer_names_what_is_missing_in_one_sentence(checkout):
    refuses(install(checkout), "python3 was not found")
    tool(checkout, "python3", 'case "$1" in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac')
    refuses(install(checkout), "Python 3.11 or newer is needed; this machine has Python 3.9.2")
    tool(checkout, "python3", 'case "$2" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac')
    refuses(install(checkout), "the Python module venv is missing")
    assert not (checkout / ".venv").exists()


@pytest.mark.sqlite_only
def test_the_installer_says_when_the_package_index_cannot_be_reached(checkout):
    tool(checkout, "python3", f'exec {sys.executable} "$@"')
    nowhere = {
        "PIP_INDEX_URL": f"http://127.0.0.1:{free_port()}/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    status, lines = install(checkout, **nowhere)
    assert status == 1
    assert "the package index cannot be reached" in lines[-1]
    assert len(lines) == 2 and "installing" in lines[0]


@pytest.mark.sqlite_only
def test_the_installer_does_nothing_twice(checkout):
    venv = checkout / ".venv" / "bin"
    venv.mkdir(parents=True)
    count = checkout / "count"
    (venv / "python").write_text(
        f'#!/bin/sh\ncase "$*" in *pip*) echo x >>{count};; *) exec {sys.executable} "$@";; esac\n'
    )
    (venv / "pip").touch()
    for name in ("python", "pip"):
        (venv / name).chmod(0o755)

    def installs(*extra):
        status, lines = install(checkout, *extra)
        assert status == 0, lines
        return count.read_text().count("x")

    assert [installs(), installs()] == [1, 1]
    assert [installs("dev"), installs("dev"), installs()] == [2, 2, 2]
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace('"orjson>=', '"orjson!=0,>='))
    assert [installs("dev"), installs(), installs("dev")] == [3, 3, 3]


def test_a_switch_that_says_neither_yes_nor_no_stops_the_start(tmp_path):
    environment = {**os.environ, "IM_DATA_DIR": str(tmp_path), "IM_BEHIND_TLS_PROXY": "perhaps"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert done.stderr.strip() == "imsite: IM_BEHIND_TLS_PROXY must be true or false, not 'perhaps'."
