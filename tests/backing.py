"""PostgreSQL, Redis, Chromium and Node: found on this machine, or started for a while on free ports.

`make test` and the fixtures use the same functions. Each `*_missing` answers None where the part can run, otherwise
why it cannot, in the words that the summary prints.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START_SECONDS = 30


def free_port() -> int:
    """A port of this machine that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(answer, what: str, *, seconds: float = START_SECONDS):
    """The first true result of `answer()`; fails by name when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (result := answer()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)
    return result


def listens(port: int) -> bool:
    """Does something accept connections on this port?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# PostgreSQL


def postgresql_binaries() -> Path | None:
    """The folder of initdb and pg_ctl: Debian's newest, or that of the pg_ctl on the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    found = debian[-1] if debian else shutil.which("pg_ctl")
    return Path(found).parent if found else None


def postgresql_missing() -> str | None:
    if os.environ.get("IM_TEST_DATABASE_URL") or postgresql_binaries():
        return None
    return "neither IM_TEST_DATABASE_URL nor a PostgreSQL server is on this machine"


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL database: IM_TEST_DATABASE_URL, or that of a server that lives as long as the block."""
    if url := os.environ.get("IM_TEST_DATABASE_URL"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="imsite-postgresql-"))
    as_owner = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    tools, port = postgresql_binaries(), free_port()

    def pg(tool: str, *arguments: str) -> None:
        command = [*as_owner, str(tools / tool), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{tool}: {done.stderr or done.stdout}")

    data = folder / "data"
    # The data goes with the block, so nothing has to reach the disk.
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
    try:
        pg("initdb", "-D", str(data), "-U", "imsite", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync")
        pg("pg_ctl", "start", "-w", "-D", str(data), "-l", str(folder / "log"), "-o", options)
        try:
            pg("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "imsite", "imsite")
            yield f"postgres://imsite@127.0.0.1:{port}/imsite"
        finally:
            pg("pg_ctl", "stop", "-m", "immediate", "-D", str(data))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# Redis


def redis_missing() -> str | None:
    if os.environ.get("IM_TEST_REDIS_URL") or shutil.which("redis-server"):
        return None
    return "neither IM_TEST_REDIS_URL nor a redis-server is on this machine"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis: IM_TEST_REDIS_URL, or that of a server that lives as long as the block."""
    if url := os.environ.get("IM_TEST_REDIS_URL"):
        yield url
        return
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="imsite-redis-") as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: listens(port), "redis-server")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait()


# Chromium and Node


def chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("IM_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def browser_missing() -> str | None:
    if not chromium():
        return "no Chromium on this machine"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError as error:
        return f"the Python package playwright cannot be loaded: {error}"
    return None


def node_missing() -> str | None:
    node = shutil.which("node")
    if not node:
        return "no node on this machine"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    major = version.lstrip("v").split(".")[0]
    return None if major.isdigit() and int(major) >= 18 else f"node 18 or newer is needed, this is {version or '?'}"
