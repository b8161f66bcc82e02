"""Reading bodies and queries."""

import orjson
import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIRequestFactory

from imsite.core.errors import Invalid
from imsite.rest.paging import read_page
from imsite.rest.views import ImView


class Named(serializers.Serializer):
    name = serializers.CharField()


def view(body=b"", query=""):
    request = APIRequestFactory().generic("POST", f"/{query}", data=body, content_type="text/plain")
    made = ImView()
    made.request = made.initialize_request(request)
    return made


def test_an_object_and_an_array_are_read_through_a_serializer():
    assert view(b'{"name": "x", "other": 1}').read(Named) == {"name": "x"}
    assert view(b'[{"name": "x"}]').read(Named, many=True) == [{"name": "x"}]


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"5", b"null"])
def test_another_kind_of_body(body):
    with pytest.raises(Invalid):
        view(body).read(Named)


def test_a_null_member_is_a_missing_one():
    with pytest.raises(ValidationError):
        view(b'{"name": null}').read(Named)


def test_names():
    assert view(b'["a", "b", "a"]').read_names(most=3) == ["a", "b", "a"]


@pytest.mark.parametrize("value", [[], ["a"] * 4, ["a", 1], [None], [["a"]], {"a": 1}, "abc"])
def test_bad_names(value):
    with pytest.raises(Invalid):
        view(orjson.dumps(value)).read_names(most=3)


@pytest.mark.parametrize(
    ("query", "page"),
    [("", (0, 50)), ("?start=3&count=50", (3, 50)), ("?start=&count=", (0, 50)), ("?count=1", (0, 1))],
)
def test_pages(query, page):
    assert read_page(view(query=query).request, most=50) == page


@pytest.mark.parametrize("query", ["?start=-1", "?count=0", "?count=51", "?start=x", "?count=1.0", "?start=%EF%BC%91"])
def test_bad_pages(query):
    with pytest.raises(Invalid):
        read_page(view(query=query).request, most=50)
