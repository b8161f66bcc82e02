"""Pages of `start` and `count` (REST reference 1.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from imsite.core.errors import Invalid

NUMBER = re.compile(r"-?[0-9]{1,18}")


def read_page(request: Request, *, most: int) -> tuple[int, int]:
    """`start` (0-based, default 0) and `count` (1 to `most`, the default) of the query; Invalid (899003) otherwise."""
    return _number(request, "start", 0, 0, 2**53 - 1), _number(request, "count", most, 1, most)


def paged(request: Request, rows: QuerySet[Any], key: str, item: Callable[[Any], Any], *, most: int) -> dict[str, Any]:
    """`{"total", "start", "count", <key>: [...]}` of the ordered `rows`; `count` is that of the items in this page."""
    start, count = read_page(request, most=most)
    total = rows.count()
    items = [item(row) for row in rows[start : start + count]] if start < total else []
    return {"total": total, "start": start, "count": len(items), key: items}


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name, "")
    if text == "":
        return default
    if not NUMBER.fullmatch(text):
        raise Invalid(f"{name} must be a whole number")
    value = int(text)
    if not least <= value <= most:
        raise Invalid(f"{name} must be from {least} to {most}")
    return value
