"""docs/coverage.json: the REST endpoints, request events, pushes, pages and console models that there are.

Each names the section of the vendor's documents that it is made after. All is read from the running code: URL table,
the tables of dispatch and the docstrings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from imsite.realtime import dispatch

PATH: Path = settings.BASE_DIR / "docs" / "coverage.json"
METHODS = ("get", "post", "put", "patch", "delete")
SOURCE = re.compile(r"\bSource:\s*(.+?)\.?\s*(?:\n\s*\n|$)", re.DOTALL)


def coverage_map() -> dict[str, Any]:
    """Everything that answers to the outside, in the order of tables, JSON values throughout."""
    dispatch.autodiscover()
    rest: list[dict[str, str]] = []
    pages: list[dict[str, str]] = []
    for path, view in endpoints():
        (rest if is_rest(view) else pages).extend(describe(path, view))
    return {
        "rest": rest,
        "events": [
            {"event": name, "handler": dotted(route.handler), "source": source_of(route.handler)}
            for name, route in dispatch.registered_events().items()
        ],
        "pushes": [
            {"push": name, "rendering": dotted(render), "source": source_of(render)}
            for name, render in dispatch.registered_pushes().items()
        ],
        "pages": pages,
        "console": sorted(model._meta.label for model in admin.site._registry),
    }


def written(coverage: dict[str, Any]) -> bytes:
    """The file's content."""
    return orjson.dumps(coverage, option=orjson.OPT_INDENT_2) + b"\n"


def endpoints() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Path and view of every entry of the URL table but those of the console, which are Django's."""
    yield from _endpoints(get_resolver().url_patterns, "/")


def _endpoints(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        path = prefix + readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from _endpoints(pattern.url_patterns, path)
        elif not pattern.callback.__module__.startswith("django."):
            yield path, pattern.callback


def readable(route: str) -> str:
    """`groups/<int:gid>/` as documents write it: `groups/{gid}/`; a regular expression without its signs."""
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route).lstrip("^").rstrip("$")


def is_rest(view: Callable[..., Any]) -> bool:
    return issubclass(getattr(view, "view_class", getattr(view, "cls", object)), APIView)


def describe(path: str, view: Callable[..., Any]) -> Iterator[dict[str, str]]:
    """One entry a method of a class-based view, one for a function."""
    view_class = getattr(view, "view_class", getattr(view, "cls", None))
    if view_class is None:
        yield {"path": path, "view": dotted(view), "source": source_of(view)}
        return
    for method in METHODS:
        if function := getattr(view_class, method, None):
            source = source_of(function) or source_of(view_class)
            yield {"method": method.upper(), "path": path, "view": dotted(view_class), "source": source}


def source_of(documented: Any) -> str:
    """What stands after `Source:` in a docstring of its own, on one line; "" without."""
    match = SOURCE.search(inspect.cleandoc(documented.__doc__ or ""))
    return " ".join(match.group(1).split()) if match else ""


def dotted(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"
