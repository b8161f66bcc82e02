import csv
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError


class Ran:
    """One run of the command: what it printed, its report, its exit status."""

    def __init__(self, folder, printed, status, said):
        self.printed, self.status, self.said = printed, status, said
        self.summary = json.loads((folder / "summary.json").read_text()) if folder.exists() else {}
        self.failures = self._rows(folder / "failures.csv")
        self.ids = {(row["kind"], row["old"]): int(row["new"]) for row in self._rows(folder / "ids.csv")}
        self.passwords = {row["username"]: row["password"] for row in self._rows(folder / "passwords.csv")}

    @property
    def counts(self):
        """{kind: (done, skipped, failed)}"""
        return {kind: tuple(states.values()) for kind, states in self.summary["counts"].items()}

    @property
    def told(self):
        """What failed: (kind, key, where)."""
        return [(row["kind"], row["key"], row["where"]) for row in self.failures]

    def _rows(self, path):
        if not path.exists():
            return []
        with path.open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def write(tmp_path):
    """write("users.csv", text or bytes or JSON value) puts a file into the folder of the import."""
    folder = tmp_path / "files"
    folder.mkdir()

    def write(name, content):
        data = content if isinstance(content, bytes | str) else json.dumps(content, ensure_ascii=False)
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
        return folder / name

    write.folder = folder
    return write


@pytest.fixture
def run(tmp_path, application, write, capsys):
    """run("--dry-run", ...) imports the folder; what to import from may be given otherwise."""
    number = 0

    def run(*arguments, source=None):
        nonlocal number
        number += 1
        folder = tmp_path / f"report{number}"
        given = [str(write.folder)] if source is None else source
        status, said = 0, ""
        try:
            call_command("import_jmessage", *given, "--into", application.appkey, "--report", str(folder), *arguments)
        except CommandError as error:
            status, said = error.returncode, str(error)
        return Ran(folder, capsys.readouterr().out, status, said)

    return run
