"""Serializer fields of the vendor's shapes."""

from datetime import date

import pytest
from rest_framework.exceptions import ValidationError

from imsite.rest.fields import BirthdayField, ExtrasField, FlagField, IdField, ListOf, NumberField, TextField

DEEP: dict = {}
for _ in range(1500):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        (TextField(max_bytes=4), "", ""),
        (TextField(max_bytes=4), "éé", "éé"),
        (TextField(max_bytes=4), " a ", " a "),
        (TextField(max_bytes=4), "a\nb", "a\nb"),
        (TextField(max_bytes=4, min_bytes=4), "🎉", "🎉"),
        (NumberField(), 5, 5),
        (NumberField(), "5", 5),
        (IdField(), 2**53 - 1, 2**53 - 1),
        (FlagField(), True, True),
        (FlagField(), "TRUE", True),
        (FlagField(), "False", False),
        (FlagField(), 0, False),
        (FlagField(), "1", True),
        (ExtrasField(max_bytes=10), {"k": "vv"}, {"k": "vv"}),
        (ExtrasField(max_bytes=10), {"k": "é"}, {"k": "é"}),
        (BirthdayField(), "2000-02-29", date(2000, 2, 29)),
        (BirthdayField(), "2000-02-29 12:00:00", date(2000, 2, 29)),
        (ListOf(child=NumberField(), max_length=2), [1, "2"], [1, 2]),
    ],
)
def test_good_values(field, value, read):
    assert field.run_validation(value) == read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (TextField(max_bytes=4), "ééé"),
        (TextField(max_bytes=4), 5),
        (TextField(max_bytes=4), True),
        (TextField(max_bytes=4), ["a"]),
        (TextField(max_bytes=4), "a\0"),
        (TextField(max_bytes=4), "\ud800"),
        (TextField(max_bytes=4, min_bytes=1), ""),
        (TextField(max_bytes=4, one_line=True), "a\nb"),
        (TextField(max_bytes=4, one_line=True), "a\rb"),
        (NumberField(), True),
        (NumberField(), 1.5),
        (NumberField(), "1.5"),
        (NumberField(), "x"),
        (NumberField(), [1]),
        (NumberField(), "9" * 5000),
        (IdField(), -1),
        (IdField(), 2**53),
        (FlagField(), "yes"),
        (FlagField(), ""),
        (FlagField(), {}),
        (FlagField(), 2),
        (ExtrasField(max_bytes=10), {"k": "vvv"}),
        (ExtrasField(max_bytes=9), "{}"),
        (ExtrasField(max_bytes=9), []),
        (ExtrasField(max_bytes=9000), DEEP),
        (ExtrasField(max_bytes=90), {"k": ["\0"]}),
        (ExtrasField(max_bytes=90), {"\0": 1}),
        (BirthdayField(), "2001-02-29"),
        (BirthdayField(), "20000229"),
        (BirthdayField(), "2000-02-29x"),
        (BirthdayField(), "2000-02-29T12:00:00"),
        (BirthdayField(), "2000-02-29 or later"),
        (BirthdayField(), "2000-02-29 25:00:00"),
        (BirthdayField(), "2000-W09-2"),
        (BirthdayField(), 20000229),
        (BirthdayField(), "９９９９-０１-０１"),
        (ListOf(child=NumberField(), max_length=2), [1, 2, 3]),
        (ListOf(child=NumberField()), {"a": 1}),
        (ListOf(child=NumberField()), "12"),
    ],
)
def test_bad_values(field, value):
    with pytest.raises(ValidationError):
        field.run_validation(value)
