"""The SDK's files: the classic script is that of the modules, the types hold, and any site may load them."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
from django.conf import settings

from imsite import modules, sdk

ROOT = Path(settings.BASE_DIR)
SDK = ROOT / "static" / "sdk"
TSC = shutil.which("tsc")  # npm install --global typescript
USE = ROOT / "tests" / "js" / "types" / "use.ts"
DOCUMENTED = (ROOT / "tests" / "js" / "sdk" / "documented.txt").read_text().split()


def test_the_classic_script_is_that_of_the_modules():
    assert modules.CLASSIC.read_text(encoding="utf-8") == modules.classic(), "run `manage.py sdk_classic`"


def test_the_classic_script_holds_every_module_and_none_is_left_over():
    used = set(modules.modules_of(SDK / "jmessage.js"))
    page = set(modules.modules_of(ROOT / "static" / "chat" / "main.js"))
    assert used | page >= {file for file in SDK.rglob("*.js") if file != modules.CLASSIC}


def test_modules_come_after_what_they_import():
    order = modules.modules_of(SDK / "jmessage.js")
    for place, file in enumerate(order):
        assert set(modules.imports_of(file)) <= set(order[:place])


def test_the_classic_script_sets_window_jmessage(tmp_path):
    node = shutil.which("node")
    if not node:
        pytest.skip("no node on this machine")
    program = tmp_path / "page.cjs"
    program.write_text(
        textwrap.dedent(f"""
        globalThis.document = {{ currentScript: {{ src: "https://im.example.com/sdk/jmessage.classic.js" }} }};
        globalThis.addEventListener = globalThis.removeEventListener = () => {{}};
        globalThis.CustomEvent ??= class extends Event {{}};
        const urls = [];
        globalThis.WebSocket = class extends EventTarget {{
          constructor(url) {{ super(); urls.push(url); }}
          close() {{}}
          send() {{}}
        }};
        require({str(modules.CLASSIC)!r});
        const jim = new JMessage({{ debug: false }});
        jim.close();
        const methods = Object.getOwnPropertyNames(JMessage.prototype);
        console.log(JSON.stringify({{ urls, methods }}));
        """)
    )
    # A copy without package.json beside it: there, a .js file is a script.
    copied = shutil.copy(modules.CLASSIC, tmp_path / "jmessage.cjs")
    program.write_text(program.read_text().replace(str(modules.CLASSIC), str(copied)))
    done = subprocess.run([node, str(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"wss://im.example.com/socket.io/?EIO=3&transport=websocket"' in done.stdout
    for method in DOCUMENTED:
        assert f'"{method}"' in done.stdout


def test_every_method_is_declared():
    declared = set(re.findall(r"^  (\w+)\(", (SDK / "jmessage.d.ts").read_text(), re.MULTILINE))
    assert set(DOCUMENTED) <= declared


if TSC:  # a machine without it leaves nothing out: the declarations are there for editors, and are tested above

    def test_the_types_hold():
        flags = "--noEmit --strict --target es2022 --module nodenext --moduleResolution nodenext --lib es2022,dom"
        command = [TSC, *flags.split(" "), str(SDK / "jmessage.d.ts"), str(USE)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["jmessage.js", "jmessage.classic.js", "core/line.js", "jmessage/call.js"])
def test_any_site_may_load_it(client, name):
    answer = client.get(f"/sdk/{name}", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert answer.content == (SDK / name).read_bytes()
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Access-Control-Allow-Origin"] == "*"
    again = client.get(f"/sdk/{name}", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Access-Control-Allow-Origin"] == "*"


def test_nothing_else_is_there(client):
    for name in ("", "missing.js", "../chat/main.js", "..%2fchat%2fmain.js", "core", "core/"):
        assert client.get(f"/sdk/{name}").status_code == 404
    assert client.post("/sdk/jmessage.js").status_code == 405
    assert "jmessage.d.ts" in sdk.FILES
