"""JSON in and out."""

import pytest

from imsite.core.errors import Invalid
from imsite.rest.json import JSONRenderer, read_json
from imsite.rest.views import without_nulls


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b" \r\n[ ]\r\n", []),
        (b'"\\ud83c\\udf89"', "🎉"),
        ('"🎉"'.encode(), "🎉"),
        (b"4294967295", 4294967295),
        (b"null", None),
    ],
)
def test_what_can_be_read(body, value):
    assert read_json(body) == value


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"\xef\xbb\xbf", b"{", b"{'a': 1}", b"\xff", b'"\\ud800"', b"NaN", b"[" * 5000, b"[1,]"]
)
def test_what_cannot(body):
    with pytest.raises(Invalid):
        read_json(body)


def test_nulls_are_left_out_of_objects_at_any_depth():
    assert without_nulls({"a": None, "b": {"c": None, "d": [{"e": None}, None]}}) == {"b": {"d": [{}, None]}}


def test_nulls_stay_in_what_belongs_to_the_clients():
    body = {"extras": {"a": None}, "msg_body": {"b": [None, {"c": None}]}}
    assert without_nulls([body]) == [body]
    assert without_nulls({"extras": None}) == {}


@pytest.mark.parametrize("level", [b"[%b]", b'{"a":%b}'])
def test_what_is_nested_too_deep_is_refused(level):
    body = b"1"
    for _ in range(900):
        body = level.replace(b"%b", body)
    with pytest.raises(Invalid):
        without_nulls(read_json(body))


def test_an_answer_is_compact_and_one_without_a_value_is_empty():
    assert JSONRenderer().render({"a": ["é", 4294967295]}) == '{"a":["é",4294967295]}'.encode()
    assert JSONRenderer().render(None) == b""
