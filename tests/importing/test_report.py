"""The report: on the disk at once, for its owner's eyes, harmless in a spreadsheet."""

import csv
import json

import pytest

from imsite.core.errors import Invalid
from imsite.importing.report import DONE, Report


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_failures_are_written_as_they_come(tmp_path):
    report = Report(tmp_path / "a" / "report")
    report.failed("users", "=1+1", "users.csv:2", 'taken, "really"\n\udcff')
    report.failed("groups", "7", "groups.csv:3", "no such user: -x", is_part=True)
    assert rows(report.folder / "failures.csv") == [
        ["kind", "key", "where", "why"],
        ["users", "'=1+1", "users.csv:2", 'taken, "really"\n\\udcff'],
        ["groups", "7", "groups.csv:3", "no such user: -x"],
    ]
    assert report.failures == 2
    report.count("users", DONE, 3)
    report.close({"groups": {"7": 70}}, how="complete")
    assert rows(report.folder / "ids.csv") == [["kind", "old", "new"], ["groups", "7", "70"]]
    assert json.loads((report.folder / "summary.json").read_text()) == {
        "how": "complete",
        "counts": {
            "users": {"done": 3, "skipped": 0, "failed": 1},
            "groups: parts": {"done": 0, "skipped": 0, "failed": 1},
        },
    }


def test_nobody_else_reads_passwords(tmp_path):
    report = Report(tmp_path / "report")
    assert not (report.folder / "passwords.csv").exists()
    report.passwords([("anna", "-secret")])
    report.passwords([("bert", "other")])
    path = report.folder / "passwords.csv"
    assert rows(path) == [["username", "password"], ["anna", "-secret"], ["bert", "other"]]
    assert path.stat().st_mode & 0o777 == 0o600
    assert report.folder.stat().st_mode & 0o777 == 0o700


def test_a_report_is_not_written_over(tmp_path):
    Report(tmp_path / "report")
    with pytest.raises(Invalid, match="another import"):
        Report(tmp_path / "report")
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid):
        Report(tmp_path / "file")
