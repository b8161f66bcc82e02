"""Serializer fields for the vendor's shapes: text limited in UTF-8 bytes, lenient numbers and booleans."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import orjson
from rest_framework import serializers

from imsite.core.fields import is_storable, utf8_len

LARGEST_ID = 2**53 - 1  # what JavaScript counts exactly
BIRTHDAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?")


class Described:
    """A field that gives its own JSON Schema to docs/openapi.json: the form that clients should send, not all that is taken."""

    def described_as(self) -> dict[str, Any]:
        raise NotImplementedError


class TextField(Described, serializers.CharField):
    """A JSON string of `min_bytes` to `max_bytes` bytes in UTF-8, not trimmed; `one_line` refuses line breaks."""

    default_error_messages = {
        "bytes": "takes {low} to {high} bytes in UTF-8",
        "line": "takes no line breaks",
        "character": "holds a character that cannot be stored",
    }

    def __init__(self, *, max_bytes: int, min_bytes: int = 0, one_line: bool = False, **kwargs: Any) -> None:
        self.min_bytes, self.max_bytes, self.one_line = min_bytes, max_bytes, one_line
        super().__init__(allow_blank=min_bytes == 0, trim_whitespace=False, **kwargs)

    def described_as(self) -> dict[str, Any]:
        """JSON Schema counts characters, of which one has 1 to 4 bytes; the limit itself stands in `x-max-bytes`."""
        limits: dict[str, Any] = {"maxLength": self.max_bytes, "x-max-bytes": self.max_bytes}
        if self.min_bytes:
            limits |= {"minLength": -(-self.min_bytes // 4), "x-min-bytes": self.min_bytes}
        if self.one_line:
            limits["pattern"] = r"^[^\n\r]*$"
        return {"type": "string", **limits}

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
        super().__init__(min_value=0, max_value=LARGEST_ID, **kwargs)


class FlagField(serializers.BooleanField):
    """A JSON boolean, or "true"/"false" in any letter case, 1/0."""

    def to_internal_value(self, data: Any) -> bool:
        text = str(data).lower()
        if text not in ("true", "false", "1", "0"):
            self.fail("invalid", input=data)
        return text in ("true", "1")


class ExtrasField(Described, serializers.Field):
    """A JSON object of at most `max_bytes` bytes as compact JSON."""

    default_error_messages = {
        "invalid": "takes a JSON object",
        "bytes": "takes at most {high} bytes of compact JSON",
        "character": "holds a character that cannot be stored",
    }

    def __init__(self, *, max_bytes: int, **kwargs: Any) -> None:
        self.max_bytes = max_bytes
        super().__init__(**kwargs)

    def described_as(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": True, "x-max-bytes": self.max_bytes}

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


class BirthdayField(Described, serializers.Field):
    """A real date, `yyyy-MM-dd`, also with ` HH:mm:ss` behind it."""

    default_error_messages = {"invalid": "takes a date, yyyy-MM-dd"}

    def described_as(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$"}

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not BIRTHDAY.fullmatch(data):  # fromisoformat takes weeks and much more
            self.fail("invalid")
        try:
            return datetime.fromisoformat(data).date()
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


# In answers alone, for docs/openapi.json


class TimeText(Described, serializers.Field):
    """A time in the application's zone, `yyyy-MM-dd HH:mm:ss`."""

    def described_as(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"}


class BirthdayText(Described, serializers.Field):
    """A date as it is answered, `yyyy-MM-dd 00:00:00`."""

    def described_as(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} 00:00:00$"}


class ObjectField(Described, serializers.Field):
    """A JSON object that belongs to the clients."""

    def described_as(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": True}
