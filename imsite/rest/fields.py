"""Serializer fields for the vendor's shapes: text limited in UTF-8 bytes, lenient numbers and booleans."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from rest_framework import serializers

from imsite.core.fields import is_storable, utf8_len


class TextField(serializers.CharField):
    """A JSON string of `min_bytes` to `max_bytes` bytes in UTF-8, not trimmed; `one_line` refuses line breaks."""

    default_error_messages = {
        "bytes": "takes {low} to {high} bytes in UTF-8",
        "line": "takes no line breaks",
        "character": "holds a character that cannot be stored",
    }

    def __init__(self, *, max_bytes: int, min_bytes: int = 0, one_line: bool = False, **kwargs: Any) -> None:
        self.min_bytes, self.max_bytes, self.one_line = min_bytes, max_bytes, one_line
        super().__init__(allow_blank=min_bytes == 0, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if not self.min_bytes <= utf8_len(data) <= self.max_bytes:
            self.fail("bytes", low=self.min_bytes, high=self.max_bytes)
        if self.one_line and ("\n" in data or "\r" in data):
            self.fail("line")
        if not is_storable(data):
            self.fail("character")
        return data


class NumberField(serializers.IntegerField):
    """A JSON integer, or one in a string where clients send it so; never a boolean."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, (bool, float)):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class IdField(NumberField):
    """A database id, as number or string; what cannot be one counts as 0, which nothing has."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=2**53 - 1, **kwargs)


class FlagField(serializers.BooleanField):
    """A JSON boolean, or "true"/"false" in any letter case, 1/0."""

    def to_internal_value(self, data: Any) -> bool:
        text = str(data).lower()
        if text not in ("true", "false", "1", "0"):
            self.fail("invalid", input=data)
        return text in ("true", "1")


class ExtrasField(serializers.Field):
    """A JSON object of at most `max_bytes` bytes as compact JSON."""

    default_error_messages = {
        "invalid": "takes a JSON object",
        "bytes": "takes at most {high} bytes of compact JSON",
        "character": "holds a character that cannot be stored",
    }

    def __init__(self, *, max_bytes: int, **kwargs: Any) -> None:
        self.max_bytes = max_bytes
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        try:
            size = len(orjson.dumps(data))
        except TypeError:  # nested deeper than the encoder goes
            self.fail("invalid")
        if size > self.max_bytes:
            self.fail("bytes", high=self.max_bytes)
        if not is_storable(data):
            self.fail("character")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class BirthdayField(serializers.Field):
    """A real date, `yyyy-MM-dd`, also with ` HH:mm:ss` behind it."""

    default_error_messages = {"invalid": "takes a date, yyyy-MM-dd"}

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or len(data) not in (10, 19):
            self.fail("invalid")
        try:
            return date.fromisoformat(data[:10])
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: date) -> str:
        return f"{value.isoformat()} 00:00:00"


class ListOf(serializers.ListField):
    """A JSON array of `min_length` to `max_length` items."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)
