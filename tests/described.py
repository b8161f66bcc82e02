"""Holds an answer of the REST API against docs/openapi.json: its status, its code, its members and no others."""

import functools
import re
from typing import Any

import jsonschema
import orjson

from imsite import openapi

NEVER_DESCRIBED = {404, 405, 413, 500}  # no such path, no such method, too large a body, our own fault


@functools.cache
def schema() -> dict[str, Any]:
    """What `manage.py openapi` would write now."""
    return openapi.openapi()


def require_described(method: str, path: str, response) -> None:
    """AssertionError where an operation answers otherwise than it says of itself."""
    require_answer(method, path, response.status_code, response.content)
    if response.content and place_of(method, path):
        assert response.headers["Content-Type"].startswith("application/json"), f"{method} {path}"


def require_answer(method: str, path: str, status: int, content: bytes) -> None:
    """The same of status and body alone."""
    place = place_of(method, path)
    if place is None or status in NEVER_DESCRIBED:
        return
    described = responses(*place)
    named = f"{method} {place[0]}: {status}"
    assert str(status) in described, f"{named} is not described: {content[:500]!r}"
    validator = described[str(status)]
    if validator is None:
        assert content == b"", f"{named} is described without a body"
        return
    faults = [f"{fault.json_path}: {fault.message[:300]}" for fault in validator.iter_errors(orjson.loads(content))]
    assert not faults, f"{named} is not as described: {faults[:3]} in {content[:500]!r}"


@functools.cache
def paths() -> list[tuple[re.Pattern[str], str]]:
    """Every path as an expression, those without parameters first."""
    found = sorted(
        ((template, written) for template, written in all_paths()), key=lambda pair: (pair[0].count("{"), pair[0])
    )
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", template)), written) for template, written in found]


def all_paths():
    for path, methods in schema()["paths"].items():
        yield path, path
        for also in {operation["x-also"] for operation in methods.values() if "x-also" in operation}:
            yield also, path


def place_of(method: str, path: str) -> tuple[str, str] | None:
    """The described path and method that this request is one of."""
    folded = re.sub(r"/{2,}", "/", path.partition("?")[0]).rstrip("/")
    for pattern, written in paths():
        if pattern.fullmatch(folded):
            return (written, method.lower()) if method.lower() in schema()["paths"][written] else None
    return None


@functools.cache
def responses(path: str, method: str) -> dict[str, jsonschema.Draft202012Validator | None]:
    """A validator for each status of an operation; None where there is no body."""
    answers = schema()["paths"][path][method]["responses"]
    return {status: validator(resolved(answer)) for status, answer in answers.items()}


def resolved(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    return schema()["components"]["responses"][answer["$ref"].rpartition("/")[2]]


def validator(answer: dict[str, Any]) -> jsonschema.Draft202012Validator | None:
    content = answer.get("content")
    return strict(content["application/json"]["schema"]) if content else None


def strict(shape: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """A validator that takes no member which is not described, though the description itself allows more."""
    whole = closed({**shape, "components": {"schemas": schema()["components"]["schemas"]}})
    return jsonschema.Draft202012Validator(whole)


def closed(value: Any) -> Any:
    """JSON Schema with its objects closed, but for those that only narrow another (below `allOf`)."""
    if isinstance(value, list):
        return [closed(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    found = {name: closed(inner) if name != "allOf" else inner for name, inner in value.items()}
    if value.get("type") == "object" and "properties" in value:
        found.setdefault("additionalProperties", False)
    return found
