"""The console speaks Simplified Chinese: every text is translated, and the compiled catalogue is the written one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils.translation import gettext, override

pytestmark = pytest.mark.sqlite_only

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "imsite" / "locale"
CATALOGUE = Path("zh_Hans") / "LC_MESSAGES" / "django.po"
OURS, UNFOLD = LOCALE / CATALOGUE, LOCALE / "unfold" / CATALOGUE
SOURCES = ("imsite", "accounts", "messaging", "groups", "chatrooms", "templates", "manage.py")
HOW = "run `manage.py makemessages -l zh_Hans --no-location --no-wrap --no-obsolete`, translate, `manage.py compilemessages`"


def entries(path):
    """msgid to msgstr, as written; the header left out."""
    unfolded = path.read_text().replace('"\n"', "")
    found = re.findall(r'^msgid "(.*)"\n(?:msgid_plural ".*"\n)?msgstr(?:\[0\])? "(.*)"$', unfolded, re.MULTILINE)
    return dict(found[1:])


@pytest.fixture(scope="module")
def gettext_tools():
    if not (shutil.which("msgfmt") and shutil.which("xgettext")):
        pytest.skip("gettext: neither msgfmt nor xgettext is on this machine")


@pytest.mark.parametrize("path", [OURS, UNFOLD], ids=["ours", "unfold"])
def test_no_text_lacks_its_translation(path):
    texts = entries(path)
    assert len(texts) > 40
    assert not [text for text, translated in texts.items() if not translated], HOW
    assert "#, fuzzy" not in path.read_text(), HOW


@pytest.mark.parametrize("path", [OURS, UNFOLD], ids=["ours", "unfold"])
def test_the_compiled_catalogue_is_the_written_one(gettext_tools, path, tmp_path):
    compiled = tmp_path / "django.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", compiled, path], check=True)
    assert compiled.read_bytes() == path.with_suffix(".mo").read_bytes(), HOW


def test_every_text_of_the_code_is_in_the_catalogue(gettext_tools, tmp_path):
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "migrations"))
        else:
            shutil.copy(source, tmp_path)
    command = [
        sys.executable,
        "manage.py",
        "makemessages",
        "-l",
        "zh_Hans",
        "--no-location",
        "--no-wrap",
        "--no-obsolete",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert entries(tmp_path / OURS.relative_to(ROOT)).keys() == entries(OURS).keys(), HOW


def test_a_text_of_each_catalogue():
    with override("zh-hans"):
        assert gettext("chat room") == "聊天室"
        assert gettext("Type to search") == "输入以搜索"
