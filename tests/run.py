"""`make test`: the tests of the browser's modules, then all of pytest on PostgreSQL and Redis, then on SQLite alone.

What this machine lacks is left out by name; IM_TEST_REQUIRE_ALL=1 makes that a failure.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests import backing

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest"]
# The browser is driven once; what a marker calls sqlite_only says nothing about the storage underneath.
ON_SERVERS = [*PYTEST, "-q", "-m", "not browser and not sqlite_only"]


def main() -> int:
    parts = {"node": run_node(), "postgresql": run_on_postgresql(), "redis": look_for_redis()}
    lines = [f"{outcome:<9}{name}{note}" for name, (outcome, note) in parts.items()]
    failed = [name for name, (outcome, _) in parts.items() if outcome == "failed"]
    with servers() as found:
        # Last, so that its closing line, which counts everything but the parts above, ends the output.
        status = pytest(PYTEST, IM_TEST_OTHER_PARTS=json.dumps(lines), **found)
    if failed:
        print(f"make test: failed in {' and '.join(failed)}", file=sys.stderr)
    return status or bool(failed)


def run_node() -> tuple[str, str]:
    """The unit tests of static/chat and static/sdk, as they are, under node."""
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "js").rglob("*test*.*js"))
    if reason := backing.node_missing():
        return left_out(reason)
    heading(f"node: {len(files)} files")
    command = [shutil.which("node"), "--test", "--test-reporter=tap", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    counts = dict(re.findall(r"^# (pass|fail|skipped|duration_ms) (\d+)", done.stdout, re.MULTILINE))
    if done.returncode or not counts.get("pass"):
        print(done.stdout + done.stderr, flush=True)
        return "failed", f": {counts.get('fail', '?')} tests"
    print(
        f"{counts['pass']} passed, {counts['skipped']} skipped in {int(counts['duration_ms']) / 1000:.1f}s", flush=True
    )
    return "passed", f": {counts['pass']} tests"


def run_on_postgresql() -> tuple[str, str]:
    """Everything that touches storage, on PostgreSQL, and on Redis where it is there too."""
    if reason := backing.postgresql_missing():
        return left_out(reason)
    with servers() as found:
        heading(f"pytest on PostgreSQL{' and Redis' if 'IM_TEST_REDIS_URL' in found else ''}")
        status = pytest(ON_SERVERS, IM_TEST_BACKEND="postgresql", **found)
    return ("failed" if status else "passed"), ""


def look_for_redis() -> tuple[str, str]:
    """Redis has no run of its own: it serves the one on PostgreSQL, and tests that ask for it."""
    if reason := backing.redis_missing():
        return left_out(reason)
    return "found", ""


def left_out(reason: str) -> tuple[str, str]:
    required = os.environ.get("IM_TEST_REQUIRE_ALL") == "1"
    return ("failed" if required else "skipped"), f": {reason}"


@contextlib.contextmanager
def servers():
    """IM_TEST_*_URL of the servers that are there, started here for the time of a run."""
    with contextlib.ExitStack() as stack:
        found = {}
        if not backing.postgresql_missing():
            found["IM_TEST_DATABASE_URL"] = stack.enter_context(backing.postgresql())
        if not backing.redis_missing():
            found["IM_TEST_REDIS_URL"] = stack.enter_context(backing.redis())
        yield found


def pytest(command: list[str], **environment: str) -> int:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}).returncode


def heading(text: str) -> None:
    print(f"--- {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
