"""The product as a process: `manage.py serve` on a free port with a data folder of its own."""

import atexit
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from tests.backing import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 15
PREPARE = """
import django
django.setup()
from django.core.management import call_command
from imsite import launch
call_command("migrate", verbosity=0)
launch.collect_static()
"""


@functools.cache
def prepared() -> Path:
    """A data folder with tables and static files, made once for the servers of a test run."""
    folder = Path(tempfile.mkdtemp(prefix="imsite-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([sys.executable, "-c", PREPARE], cwd=ROOT, env=environment(folder), check=True, timeout=120)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """That of the product as it is, on this data folder, whatever is set around the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    return {**kept, "DJANGO_SETTINGS_MODULE": "imsite.settings", "IM_DATA_DIR": str(folder)}


class Live:
    """with Live(folder) as live: live.url, live.manage("create_application", "Shop", "--json"), live.stop()

    A folder that does not exist yet gets its tables and static files from one that was prepared, which saves seconds; with
    `is_first` the server makes all itself. `variables` are more IM_* variables, as IM_SERVER, IM_DATABASE_URL, IM_REDIS_URL.
    """

    def __init__(self, folder: Path, *, port: int | None = None, is_first: bool = False, **variables: str):
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_name(f"{folder.name}-{self.port}.log")
        self.is_first = is_first
        self.environment = {**environment(folder), "IM_HOST": "127.0.0.1", "IM_PORT": str(self.port), **variables}
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Live":
        self.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def start(self, *arguments: str) -> None:
        """Start the server, with its tables made, and wait until it answers."""
        if not self.is_first and not self.folder.exists():
            shutil.copytree(prepared(), self.folder)
        command = [sys.executable, "manage.py", "serve", "--migrate", *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        try:
            wait_until(self._answers, f"{self.url}/livez", seconds=60)
        except BaseException:  # nobody would stop it
            self.stop()
            raise

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit status; SIGKILL after a while."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process = None

    def manage(self, *arguments: str):
        """What a command beside the server printed: read as JSON after --json, else text."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if "--json" in arguments else done.stdout

    def printed(self) -> str:
        """Everything that the server wrote so far."""
        return self.log.read_text(errors="replace")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the server stopped with {self.process.returncode}: {self.printed()}")
        try:
            with urllib.request.urlopen(f"{self.url}/livez", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
