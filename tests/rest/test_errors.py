"""From refusal to answer."""

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions

from imsite.core.errors import Busy, ImError, Invalid, NotFound
from imsite.rest.errors import answer_refusal, first_fault


class Full(ImError):
    """The hall is full."""

    status, code = 403, 899012


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    [
        (Full(), 403, 899012, "The hall is full"),
        (Full("no seat"), 403, 899012, "no seat"),
        (NotFound(["a", "b"]), 403, 899002, "a, b"),
        (Busy(), 503, 899030, "The server is busy; try again"),
        (Invalid("x"), 400, 899003, "x"),
        (RequestDataTooBig(), 400, 899003, "the body is too large"),
        (SuspiciousOperation("inside"), 400, 899003, "the request cannot be read"),
        (UnreadablePostError("inside"), 400, 899003, "the request cannot be read"),
        (Http404(), 404, 899003, "not found"),
        (exceptions.ValidationError({"name": ["too long"]}), 400, 899003, "name: too long"),
        (exceptions.MethodNotAllowed("PATCH"), 405, 899003, 'Method "PATCH" not allowed.'),
    ],
)
def test_answers(error, status, code, message):
    response = answer_refusal(error, {})
    assert (response.status_code, response.data) == (status, {"error": {"code": code, "message": message}})


def test_our_own_bugs_stay_exceptions():
    assert answer_refusal(KeyError("x"), {}) is None


@pytest.mark.parametrize(
    ("detail", "sentence"),
    [
        ({"name": ["too long"]}, "name: too long"),
        ({"non_field_errors": ["two of one"]}, "two of one"),
        ({"members": {2: {"username": ["no"]}}}, "members.2.username: no"),
        ({"members": [{}, {"username": ["no"]}]}, "members[1].username: no"),
        ([{}, {"a": ["b"]}], "[1].a: b"),
        (["plain"], "plain"),
        ([], "invalid"),
    ],
)
def test_the_first_fault_as_a_sentence(detail, sentence):
    assert first_fault(detail) == sentence
