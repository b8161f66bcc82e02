"""The test run itself: what is missing is named, and counts as failed where all is required."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import backing, run

pytestmark = pytest.mark.sqlite_only


def run_pytest(tmp_path: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """A run on a machine without any program on its path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_TEST_")}
    kept |= {"PATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tests.settings", **environment}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    done = subprocess.run(command, cwd=run.ROOT, env=kept, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def test_what_is_missing_is_left_out_by_name(tmp_path):
    status, printed = run_pytest(tmp_path, "tests/browser/test_demo.py", IM_TEST_OTHER_PARTS='["skipped  node: none"]')
    assert status == 0
    assert "parts of the test run" in printed
    left_out = re.search(r"skipped  browser: no Chromium on this machine \((\d+) tests\)", printed)[1]
    assert "skipped  node: none" in printed
    assert printed.strip().splitlines()[-1].startswith(f"{left_out} skipped")


def test_what_is_missing_fails_where_all_is_required(tmp_path):
    status, printed = run_pytest(tmp_path, "tests/browser/test_demo.py", IM_TEST_REQUIRE_ALL="1")
    assert status == 1
    assert "left out although IM_TEST_REQUIRE_ALL is set: Skipped: browser: no Chromium on this machine" in printed
    assert re.match(r"\d+ errors", printed.strip().splitlines()[-1])


def test_the_run_on_servers_takes_what_touches_them(tmp_path):
    servers = {"IM_TEST_DATABASE_URL": "postgres://nobody@127.0.0.1/none", "IM_TEST_REDIS_URL": "redis://127.0.0.1/0"}
    _, printed = run_pytest(
        tmp_path,
        "--collect-only",
        "tests/core",
        "tests/groups/test_services.py",
        IM_TEST_BACKEND="postgresql",
        **servers,
    )
    assert "test_services.py" in printed
    assert "test_fields.py" not in printed


@pytest.mark.parametrize("part", [run.run_node, run.run_on_postgresql, run.look_for_redis])
def test_a_part_that_cannot_run_says_why(monkeypatch, part):
    monkeypatch.setattr(backing, "node_missing", lambda: "no node here")
    monkeypatch.setattr(backing, "postgresql_missing", lambda: "no server here")
    monkeypatch.setattr(backing, "redis_missing", lambda: "no Redis here")
    monkeypatch.delenv("IM_TEST_REQUIRE_ALL", raising=False)
    outcome, note = part()
    assert outcome == "skipped"
    assert note.endswith("here")
    monkeypatch.setenv("IM_TEST_REQUIRE_ALL", "1")
    assert part()[0] == "failed"


def test_an_old_node_is_none(monkeypatch, tmp_path):
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v12.22.9\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert backing.node_missing() == "node 18 or newer is needed, this is v12.22.9"


def test_a_server_on_a_path_that_is_given_is_not_started(monkeypatch):
    monkeypatch.setenv("IM_TEST_DATABASE_URL", "postgres://there/x")
    monkeypatch.setenv("IM_TEST_REDIS_URL", "redis://there")
    monkeypatch.setenv("PATH", "")
    with run.servers() as found:
        assert found == {"IM_TEST_DATABASE_URL": "postgres://there/x", "IM_TEST_REDIS_URL": "redis://there"}
