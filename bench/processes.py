"""Servers as processes of their own, on a core of their own, with data that goes with them."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bench.client import PATIENCE, Failed

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
FILES = 8192  # of which every socket is one
LOG_TAIL = 2000  # characters of each server that are shown after a failure

Cores = frozenset[int]


def split_cores() -> tuple[Cores, Cores]:
    """(server's, client's): one core for the server, another for the client where there is one."""
    usable = sorted(os.sched_getaffinity(0))
    return frozenset(usable[:1]), frozenset(usable[1:2] or usable)


def allow_files() -> None:
    """As many open sockets as this machine allows, here and in the processes that are started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FILES:
        raise Failed(f"a process may have {most} open files, {FILES} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))


@contextmanager
def pinned(cores: Cores) -> Iterator[None]:
    """Processes that are started in the block stay on these cores."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


class Place:
    """A folder for data, and the environment of the processes on it: the product's defaults, but for what is said here."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        self.folder = folder
        self.cores = cores

    def environment(self, data: str = "data", **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "imsite.settings",
            "IM_DATA_DIR": str(self.folder / data),
            "IM_HOST": "127.0.0.1",
            # Sign-in is no part of what is measured, and a thousand people have to.
            "IM_ARGON2_TIME": "1",
            "IM_ARGON2_MEMORY_KIB": "8",
            "IM_RATE_LIMITS": "false",  # who measures how much goes through asks for more than anyone may
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    def copy(self, data: str) -> str:
        """A copy of the prepared data under another name."""
        shutil.copytree(self.folder / "data", self.folder / data)
        return data

    def output_of(self, *command: str, data: str = "data", seconds: float = 240) -> str:
        """What a Python module or script printed, run to its end on the server's core."""
        with pinned(self.cores):
            done = subprocess.run(
                [sys.executable, *command],
                cwd=ROOT, env=self.environment(data), capture_output=True, text=True, timeout=seconds, check=False,
            )  # fmt: skip
        if done.returncode:
            raise Failed(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def place(cores: Cores) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="imsite-bench-") as folder:
        try:
            yield Place(Path(folder), cores)
        except Failed as failure:  # the servers' words go with the folder
            for log in sorted(Path(folder).glob("*.log")):
                failure.add_note(f"{log.name}: {log.read_text(errors='replace')[-LOG_TAIL:]}")
            raise


class Server:
    """with Server(place, "manage.py", "serve", ready="serves") as server: server.port, server.pid, server.rss_bytes()"""

    def __init__(self, place: Place, *command: str, ready: str, data: str = "data", **environment: str) -> None:
        self.port = free_port()
        self.log = place.folder / f"{self.port}.log"
        self.ready = ready
        with self.log.open("ab") as log, pinned(place.cores):
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT, env=place.environment(data, IM_PORT=str(self.port), **environment), stdout=log, stderr=log,
            )  # fmt: skip
        self.pid = self.process.pid

    def __enter__(self) -> Self:
        deadline = time.monotonic() + START_SECONDS
        while self.ready not in self.printed():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Failed(f"the server did not start: {self.printed()[-2000:]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def rss_bytes(self) -> int:
        with open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def product(place: Place, server: str, data: str = "data") -> Server:
    """The product under one of its servers, as `manage.py serve` starts it."""
    return Server(place, "manage.py", "serve", "--server", server, ready="imsite serves", data=data)


def reference(place: Place, app: str, server: str, **environment: str) -> Server:
    """An application of bench.references under the same server with the same settings."""
    return Server(place, "-m", "bench.references", app, server, ready="ready", **environment)


@contextmanager
def redis(place: Place) -> Iterator[str | None]:
    """The URL of a Redis that lives as long as the block, on the server's core; None where there is none."""
    binary = shutil.which("redis-server")
    if binary is None:
        yield None
        return
    port = free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(place.folder)]
    with pinned(place.cores):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed("redis-server did not start")
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
