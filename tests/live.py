"""The product as a process: `manage.py serve` on a free port with a data folder of its own."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.backing import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 15


class Live:
    """with Live(folder) as live: live.url, live.manage("create_application", "Shop", "--json"), live.stop()

    `environment` adds IM_* variables, as IM_SERVER, IM_DATABASE_URL, IM_REDIS_URL.
    """

    def __init__(self, folder: Path, *, port: int | None = None, **environment: str):
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_name(f"{folder.name}-{self.port}.log")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
        self.environment = {
            **kept,
            "DJANGO_SETTINGS_MODULE": "imsite.settings",
            "IM_DATA_DIR": str(folder),
            "IM_HOST": "127.0.0.1",
            "IM_PORT": str(self.port),
            **environment,
        }
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Live":
        self.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def start(self, *arguments: str) -> None:
        """Start the server, with its tables made, and wait until it answers."""
        command = [sys.executable, "manage.py", "serve", "--migrate", *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        wait_until(self._answers, f"{self.url}/livez", seconds=60)

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
