"""The bar of a long command."""

import io
import itertools

import pytest
from django.core.management.base import OutputWrapper

from imsite.core import commands
from imsite.core.commands import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def seconds(monkeypatch):
    """A clock that goes on by a second at every look."""
    ticks = itertools.count()
    monkeypatch.setattr(commands.time, "monotonic", lambda: next(ticks))


def shown(out, total, *steps):
    with Progress(OutputWrapper(out), "users", total) as progress:
        for step in steps:
            progress.advance(step)
    return out.getvalue()


def test_a_terminal_has_one_line_that_grows(seconds):
    printed = shown(Terminal(), 2000, 500, 1500)
    drawn = printed.rstrip("\n").split("\r")[1:]
    assert drawn[0] == "users        [..............................] 0 of 2,000 "
    assert drawn[1] == "users        [#######.......................] 500 of 2,000 "
    assert drawn[-1] == "users        [##############################] 2,000 of 2,000 "
    assert printed.count("\n") == 1


def test_elsewhere_a_line_comes_now_and_then(seconds):
    lines = shown(io.StringIO(), None, *[1] * 25).splitlines()
    assert lines[0] == "users: 0"
    assert lines[-1] == "users: 25"
    assert len(lines) < 6


def test_more_than_was_promised(seconds):
    assert "[##############################] 3 of 2 " in shown(Terminal(), 2, 3)
    assert "users        0 of 0 " in shown(Terminal(), 0)
