"""Refusals."""

import importlib

import pytest

from imsite.core.errors import Conflict, ImError, Invalid, NotFound


class Late(ImError):
    """It is too late.

    More of an explanation.
    """


def test_the_sentence_is_the_first_line_of_the_docstring_or_what_was_given():
    assert str(Late()) == "It is too late"
    assert str(Late("by 3 s")) == "by 3 s"
    assert str(NotFound(["alice", "bob"])) == "alice, bob"


def every_error():
    for app in ("accounts", "messaging", "groups", "chatrooms"):
        importlib.import_module(f"{app}.errors")
    found, waiting = set(), [ImError]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += kind.__subclasses__()
    return sorted((kind for kind in found if not kind.__module__.startswith("tests")), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_refusal_has_numbers_of_the_vendor_and_a_sentence(kind):
    # 409 is for an Idempotency-Key alone, which no client of the vendor sends.
    assert kind.status in (400, 401, 403, 404, 409, 410, 413, 429, 500, 503)
    assert 855001 <= kind.code <= 899999
    assert 880001 <= kind.sdk_code <= 882005
    assert str(kind())


def test_families():
    assert issubclass(Invalid, ImError)
    assert Conflict().status == 400
