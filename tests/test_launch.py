"""What stands before serving, each in this process."""

import json
import socket
import stat

import pytest
from django.core.management import CommandError

from imsite import launch
from tests.backing import free_port

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "deep" / "data"
    return settings.DATA_DIR


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::1"])
def test_listen_holds_the_port(host):
    with launch.listen(host, 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} on .* is in use: stop .*, or set IM_PORT"):
            launch.listen(host, port)
        with socket.create_connection((host.replace("0.0.0.0", "127.0.0.1"), port), timeout=5):
            pass
    launch.listen(host, port).close()


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70_000, "IM_PORT must be between"),
        ("127.0.0.1", -1, "IM_PORT must be between"),
        ("no.such.host.invalid", 8000, "IM_HOST: .* is not an address of this machine"),
        ("192.0.2.1", 8000, "IM_HOST: 192.0.2.1 is not an address of this machine"),
        ("a" * 70 + ".example", 8000, "IM_HOST"),
    ],
)
def test_listen_refuses_in_one_sentence(host, port, sentence):
    with pytest.raises(CommandError, match=sentence):
        launch.listen(host, port)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]"),
        ("::", "[::1]"),
        ("localhost", "localhost"),
    ],
)
def test_the_url_is_one_that_a_browser_can_open(host, shown):
    with launch.listen("127.0.0.1", 0) as listener:
        assert launch.url_of(listener, host) == f"http://{shown}:{listener.getsockname()[1]}"


def test_the_data_folder_is_made_for_its_owner_alone(folder):
    launch.require_folder()
    assert list(folder.iterdir()) == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_written_to_is_refused(folder):
    folder.parent.touch()
    with pytest.raises(CommandError, match="IM_DATA_DIR: cannot write to .*: Not a directory"):
        launch.require_folder()


def test_one_server_has_the_data_folder(folder):
    launch.require_folder()
    with launch.only_server():
        with pytest.raises(CommandError, match="Another server runs on the data folder"), launch.only_server():
            pass
    with launch.only_server():
        pass


def test_several_servers_may_share_a_redis(folder, settings):
    settings.REDIS_URL = "redis://somewhere"
    with launch.only_server(), launch.only_server():
        pass


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{port}/0", "nonsense"])
def test_a_redis_that_does_not_answer_is_refused(settings, url):
    settings.REDIS_URL = url.format(port=free_port())
    with pytest.raises(CommandError, match="IM_REDIS_URL"):
        launch.require_redis()


def test_a_redis_that_answers_is_taken(settings, redis_url):
    settings.REDIS_URL = redis_url
    launch.require_redis()


def test_static_files_are_hashed_once(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "imsite.staticfiles.HashedModules"}}
    launch.collect_static()
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    names = json.loads(manifest.read_text())["paths"]
    assert all((settings.STATIC_ROOT / hashed).exists() for hashed in names.values())
    assert names["chat/main.js"] != "chat/main.js"
    manifest.write_text("as it was")
    launch.collect_static()
    assert manifest.read_text() == "as it was"
    (settings.STATIC_ROOT / ".collected").write_text("of another version")
    launch.collect_static()
    assert json.loads(manifest.read_text())["paths"] == names
