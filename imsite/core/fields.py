"""Text fields whose limit counts UTF-8 bytes, as every limit of the vendor does."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _


def utf8_len(text: str) -> int:
    """Bytes of `text` in UTF-8; a lone surrogate counts as the three bytes it would take."""
    return len(text.encode("utf-8", "surrogatepass"))


def is_storable(value: Any) -> bool:
    """Whether a JSON value has neither NUL nor half of a surrogate pair in any text: no database stores these."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(inner) for key, inner in value.items())
    return not isinstance(value, list) or all(map(is_storable, value))


@deconstructible
class MaxBytes:
    """Refuses text of more than `limit` bytes in UTF-8."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, value: str) -> None:
        if utf8_len(value) > self.limit:
            raise ValidationError(_("at most %(limit)s bytes in UTF-8"), code="max_bytes", params={"limit": self.limit})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MaxBytes) and other.limit == self.limit

    def __hash__(self) -> int:
        return hash(self.limit)


class Utf8CharField(models.CharField):
    """A line of text of at most `max_bytes` bytes in UTF-8."""

    def __init__(self, *args: Any, max_bytes: int, **kwargs: Any) -> None:
        self.max_bytes = max_bytes
        kwargs.setdefault("max_length", max_bytes)  # characters never outnumber bytes
        super().__init__(*args, **kwargs)
        self.validators = [*self.validators, MaxBytes(max_bytes)]

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, list(args), {**kwargs, "max_bytes": self.max_bytes}
