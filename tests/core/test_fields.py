"""Lengths in UTF-8 bytes."""

import pytest
from django.core.exceptions import ValidationError

from imsite.core.fields import MaxBytes, Utf8CharField, is_storable, utf8_len


@pytest.mark.parametrize(("text", "size"), [("", 0), ("a", 1), ("é", 2), ("语", 3), ("🎉", 4), ("\ud800", 3)])
def test_bytes_of_text(text, size):
    assert utf8_len(text) == size


def test_a_field_counts_bytes():
    field = Utf8CharField(max_bytes=4)
    for text in ("abcd", "éé", "🎉"):
        assert field.clean(text, None) == text
    for text in ("abcde", "ééé", "🎉a"):
        with pytest.raises(ValidationError):
            field.clean(text, None)


def test_a_field_survives_a_migration():
    _, _, args, kwargs = Utf8CharField(max_bytes=4, blank=True).deconstruct()
    again = Utf8CharField(*args, **kwargs)
    assert (again.max_bytes, again.max_length, again.blank) == (4, 4, True)
    assert MaxBytes(4) in again.validators


@pytest.mark.parametrize("value", ["", "text 🎉", 5, None, True, 1.5, {"k": ["v", {"n": 1}]}, []])
def test_what_databases_store(value):
    assert is_storable(value)


@pytest.mark.parametrize("value", ["\0", "\udfff", {"k": "\0"}, {"\0": 1}, [["a", "\ud800"]], {"k": [{"n": "\0"}]}])
def test_what_no_database_stores(value):
    assert not is_storable(value)
