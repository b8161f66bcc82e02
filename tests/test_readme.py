"""What README says is so: its examples run as they stand, its table has every variable, its pictures are there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import ROOT, Live

pytestmark = pytest.mark.sqlite_only

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A server as `make run` starts it, and what it printed."""
    if not shutil.which("curl"):
        pytest.skip("readme: no curl on this machine")
    with Live(tmp_path_factory.mktemp("readme") / "data") as live:
        live.stop()
        live.start("--demo")
        yield live


def filled(text: str, live: Live) -> str:
    """The example with the credentials of this server in the places where a reader puts theirs."""
    made = live.manage("demo", "--json")["application"]
    for place, value in {
        "http://127.0.0.1:8000": live.url,
        "ws://127.0.0.1:8000": live.url.replace("http", "ws"),
        "MASTER_SECRET": made["master_secret"],
        '"APPKEY"': f'"{made["appkey"]}"',
        "AUTH=APPKEY": f"AUTH={made['appkey']}",
        ".venv/bin/python": sys.executable,
    }.items():
        text = text.replace(place, value)
    return text


def test_the_examples_run_in_the_order_in_which_they_stand(demo):
    shell = "".join(text for language, text in BLOCKS if language == "sh")
    script = "set -euo pipefail\nshopt -s expand_aliases\n" + filled(shell, demo)
    done = subprocess.run(
        ["bash"], input=script, cwd=ROOT, env=demo.environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"msg_id"' in done.stdout
    assert "Application Web shop of Shops Ltd" in done.stdout

    [client] = [text for language, text in BLOCKS if language == "python"]
    done = subprocess.run(
        [sys.executable, "-"], input=filled(client, demo), cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == 3
    assert all("'code': 0" in answer for answer in answers), answers
    assert "msg_id" in answers[-1]


def test_the_table_has_every_variable_and_no_other():
    settings = (ROOT / "imsite" / "settings.py").read_text()
    read = set(re.findall(r'"(IM_[A-Z0-9_]+)"', settings))
    assert set(re.findall(r"`(IM_[A-Z0-9_]+)`", README)) == read


def test_links_and_pictures_are_there():
    for page in ("README.md", "CONTRIBUTING.md", "docs/architecture.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text()):
            assert (ROOT / Path(page).parent / target).exists(), f"{page}: {target}"


def test_every_target_that_the_pages_name_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"`make ([a-z-]+)`|^    make ([a-z-]+)", (ROOT / page).read_text(), re.MULTILINE))
        assert {first or second for first, second in named} <= targets
