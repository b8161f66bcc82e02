"""The shape of a request, checked: which member is missing, of the wrong type, or out of bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.settings import api_settings

from imsite.core.errors import BadValue, Invalid, WrongType

Check = Callable[[dict[str, Any]], dict[str, Any]]
Shape = type[serializers.BaseSerializer] | Check | None

MISSING = {"required"}
TYPE_CODES = {"not_a_dict", "not_a_list", "date", "datetime"}


def check(shape: Shape, data: dict[str, Any]) -> dict[str, Any]:
    """`data` as `shape` reads it. None counts as absent, unknown members are left out by serializers.

    Raises Invalid (880002) for a missing member, WrongType (880004), BadValue (880003); the sentence names the member.
    """
    present = {name: value for name, value in data.items() if value is not None}
    if shape is None:
        return present
    if not isinstance(shape, type):
        return shape(present)
    serializer = shape(data=present)
    if not serializer.is_valid():
        raise _refusal(serializer, present)
    return dict(serializer.validated_data)


def _refusal(serializer: Any, data: Any) -> Invalid:
    path, field, value, detail = _first(serializer.errors, serializer, data, ())
    name = ".".join(path) or "the request"
    code = getattr(detail, "code", "invalid")
    if code in MISSING:
        return Invalid(f"{name} is missing")
    kind = WrongType if code in TYPE_CODES or _is_type_error(field, value, code, str(detail)) else BadValue
    return kind(f"{name}: {detail}")


def _first(errors: Any, field: Any, value: Any, path: tuple[str, ...]) -> tuple[tuple[str, ...], Any, Any, Any]:
    """The first error of a tree of them: where it is, whose it is, what was there, what it says."""
    while True:
        if isinstance(errors, dict):
            if not errors:
                return path, field, value, ""
            key, errors = next(iter(errors.items()))
            if key == api_settings.NON_FIELD_ERRORS_KEY:
                continue
            path = (*path, str(key))
            field, value = _inside(field, key), _member(value, key)
        elif isinstance(errors, list):
            # A list field's errors are lists of errors an item, empty where the item is sound.
            index, errors = next(((i, item) for i, item in enumerate(errors) if item), (0, ""))
            if isinstance(errors, dict):
                path, value = (*path, str(index)), _member(value, index)
                field = getattr(field, "child", field)
        else:
            return path, field, value, errors


def _inside(field: Any, key: Any) -> Any:
    fields = getattr(field, "fields", None) or getattr(getattr(field, "child", None), "fields", None)
    if fields and key in fields:
        return fields[key]
    return getattr(field, "child", None)


def _member(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None


def _is_type_error(field: Any, value: Any, code: str, text: str) -> bool:
    """Whether `invalid` came from reading the value at all, and not from a validator, which uses the same word."""
    if code != "invalid" or field is None:
        return False
    if isinstance(field, serializers.RegexField | serializers.DateTimeField | serializers.DateField):
        return not isinstance(value, str)
    template = field.error_messages.get("invalid", "")
    return text.startswith(_fixed_part(str(template)))


@cache
def _fixed_part(template: str) -> str:
    """The text before the first placeholder."""
    return template.partition("{")[0]
