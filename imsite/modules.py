"""ES modules of static/ and what they import: for the page that names them all, and for the one classic script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

STATIC: Path = (settings.BASE_DIR / "static").resolve()
IMPORT = re.compile(r'^import\s+(?:(?P<what>[^;"]*?)\s+from\s+)?"(?P<path>\.[^"]+)";[^\n]*\n', re.MULTILINE)
REEXPORT = re.compile(r'^export\s[^;"]*?\sfrom\s+"(\.[^"]+)";', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
EXPORTED = re.compile(r"^export (?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)

CLASSIC = STATIC / "sdk" / "jmessage.classic.js"
HEAD = """\
/*
 * jmessage.js and all that it imports as one classic script: <script src="…/sdk/jmessage.classic.js"></script> sets
 * window.JMessage. Made by `manage.py sdk_classic`; change the modules, not this file.
 */
(() => {
"use strict";
const SCRIPT = document.currentScript?.src || location.href;
"""


def modules_of(entry: Path) -> list[Path]:
    """The ES module and all that it imports, by itself or through others, each after what it needs."""
    found: dict[Path, None] = {}

    def visit(file: Path) -> None:
        if file not in found:
            for needed in imports_of(file):
                visit(needed)
            found[file] = None

    visit(entry.resolve())
    return list(found)


def imports_of(file: Path) -> Iterator[Path]:
    source = file.read_text(encoding="utf-8")
    names = [match["path"] for match in IMPORT.finditer(source)] + REEXPORT.findall(source)
    return ((file.parent / name).resolve() for name in names)


def classic() -> str:
    """The SDK as one script without modules: each in a function of its own, in the order of need."""
    files = modules_of(STATIC / "sdk" / "jmessage.js")
    names = {file: f"module{number}" for number, file in enumerate(files)}
    return (
        HEAD
        + "".join(_enclosed(file, names) for file in files)
        + f"\nglobalThis.JMessage = {names[files[-1]]}.JMessage;\n}})();\n"
    )


def _enclosed(file: Path, names: dict[Path, str]) -> str:
    source = file.read_text(encoding="utf-8")
    exported = ", ".join(EXPORTED.findall(source))

    def bound(match: re.Match[str]) -> str:
        module = names[(file.parent / match["path"]).resolve()]
        what = " ".join(match["what"].split())
        if what.startswith("* as "):
            return f"const {what.removeprefix('* as ')} = {module};\n"
        members = re.sub(r"(\w+) as (\w+)", r"\1: \2", what)
        return f"const {members} = {module};\n"

    body = EXPORT.sub("", IMPORT.sub(bound, source)).replace("import.meta.url", "SCRIPT")
    title = file.relative_to(STATIC)
    return f"\n// {title}\nconst {names[file]} = (() => {{\n{body.strip()}\nreturn {{ {exported} }};\n}})();\n"
