"""socket.io-client of the vendor's time, unmodified, under Node: polling alone, and going over to a WebSocket."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.realtime.sites import Site, clients, eventually

VERSIONS = {"2.5.0": "the last of Socket.IO 2", "1.7.4": "the last of Socket.IO 1"}
SCRIPT = Path(__file__).parent / "old" / "client.cjs"
NODE_SECONDS = 60
NPM_SECONDS = 120


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def site(request):
    with Site(request.param, TEST_PING_S="2") as running:
        yield running


@pytest.fixture(scope="module", params=list(VERSIONS))
def old(request) -> Path:
    """The folder in which npm has installed this version."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node: no node and npm")
    folder = Path(request.config.cache.mkdir(f"socket.io-client-{request.param}"))
    if not (folder / "node_modules" / "socket.io-client").exists():
        command = f"npm install --no-audit --no-fund --no-save --ignore-scripts socket.io-client@{request.param}"
        done = subprocess.run([*command.split(), "--prefix", str(folder)], capture_output=True, timeout=NPM_SECONDS)
        if done.returncode:
            pytest.skip("npm: socket.io-client cannot be installed")
    return folder


@pytest.mark.parametrize("base64", ["false", "true"])
@pytest.mark.parametrize(("transports", "ends_with"), [("polling", "polling"), ("polling,websocket", "websocket")])
def test_an_old_client_hears_all_in_order_and_once(site, old, transports, ends_with, base64):
    arguments = [str(old), site.url, transports, "7", base64]
    done = subprocess.run(["node", str(SCRIPT), *arguments], capture_output=True, text=True, timeout=NODE_SECONDS)
    assert json.loads(done.stdout) == {
        "same": True,
        "inOrder": True,
        "pushes": 40,
        "acks": 84,
        "late": "late 世界",
        "long": 15000,
        "transport": ends_with,
    }
    assert "Traceback" not in site.printed()


async def test_the_server_notices_when_they_leave(site, old):
    """All of them are gone, whatever they left on."""
    async with clients(site) as page:
        await page.log_in(8)

        async def is_noticed():
            return (await page.ask("state"))["count"]["sockets"] == 1

        await eventually(is_noticed)
