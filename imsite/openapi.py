"""docs/openapi.json: the REST API in OpenAPI 3.1, made of the running code and of what docs/reference adds in words.

Shapes, limits, codes and paths are the code's (`imsite.rest.describe`); `docs/reference/fields.json` says what a member means,
`examples.json` gives a request and an answer of every operation, `sections.json` the order in which they are shown,
`introduction.md` what holds for all of them. The page /docs/rest says all of it in Chinese as well, by `zh-hans.json`.
"""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

FOLDER: Path = settings.BASE_DIR / "docs"
PATH = FOLDER / "openapi.json"
WORDS = FOLDER / "reference"
CACHE_SECONDS = 300
Json = dict[str, Any]
ERROR = {
    "type": "object",
    "description": "Why a request was refused.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer", "description": "The number of the refusal."},
                "message": {
                    "type": "string",
                    "minLength": 1,
                    "description": "What is wrong, in English, for people to read.",
                },
            },
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}


def openapi() -> Json:
    """The whole description."""
    from drf_spectacular.generators import SchemaGenerator  # to write it; no request needs it

    schema: Json = SchemaGenerator().get_schema(public=True)
    schema["info"] = {"title": "imsite REST API", "version": version(), "description": introduction()}
    schema["components"]["schemas"]["Error"] = ERROR
    aliases = fold_aliases(schema["paths"])
    sections = words("sections")
    schema["tags"] = [{"name": section["name"], "description": section["text"]} for section in sections]
    examples = words("examples")
    for place, operation in operations(schema):
        operation["tags"] = [section_of(place, sections)]
        if place.path in aliases:
            operation["x-also"] = aliases[place.path]
        add_examples(operation, examples.get(str(place), {}))
    add_texts(schema, words("fields"))
    schema["paths"] = in_order(schema, sections)
    share_refusals(schema)
    return without_marks(schema)


def written(schema: Json) -> bytes:
    """The file's content."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n"


def version() -> str:
    return str(tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"])


def introduction() -> str:
    """What holds for every operation, in Markdown."""
    return (WORDS / "introduction.md").read_text(encoding="utf-8")


def words(name: str) -> Any:
    return orjson.loads((WORDS / f"{name}.json").read_bytes())


class Place:
    """A method and a path: `POST /v1/users`."""

    def __init__(self, path: str, method: str) -> None:
        self.path, self.method = path, method

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def operations(schema: Json) -> Iterator[tuple[Place, Json]]:
    for path_, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield Place(path_, method), operation


def fold_aliases(paths: Json) -> dict[str, str]:
    """Take out the paths that are another without its version; the short ones by the long."""
    short = {f"/v1{path_}": path_ for path_ in paths if is_same(paths[path_], paths.get(f"/v1{path_}", {}))}
    for path_ in short.values():
        del paths[path_]
    return short


def is_same(one: Json, other: Json) -> bool:
    """Whether two paths have the same operations but for their names."""
    return [*one] == [*other] and all(
        {**one[method], "operationId": ""} == {**other[method], "operationId": ""} for method in one
    )


def section_of(place: Place, sections: list[Json]) -> str:
    """The last section that the operation belongs to; the first takes what no other does."""
    return str(next(one["name"] for one in reversed(sections) if re.search(one["places"], str(place))))


def in_order(schema: Json, sections: list[Json]) -> Json:
    """The paths by their sections, within one as the generator found them."""
    names = [section["name"] for section in sections]

    def place(item: tuple[str, Json]) -> int:
        return min(names.index(operation["tags"][0]) for operation in item[1].values())

    return dict(sorted(schema["paths"].items(), key=place))


def add_examples(operation: Json, example: Json) -> None:
    """`example` is {"request", "answer"}, each as JSON, or {"name": value} of several below "requests"."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "requests" in example:
            content["examples"] = {name: {"value": value} for name, value in example["requests"].items()}
        elif "request" in example:
            content["example"] = example["request"]
    if "answer" in example:
        answers = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
        for answer in answers:
            for content in answer.get("content", {}).values():
                content["example"] = example["answer"]


def add_texts(schema: Json, texts: Json) -> None:
    """Say what parameters and members mean where the code does not, by `Component.member` or else by the member's name."""
    for name, component in schema["components"]["schemas"].items():
        describe_members(component, name, texts["members"])
    for place, operation in operations(schema):
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in holder.get("content", {}).values():
                describe_members(content["schema"], "", texts["members"])
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parameter.update(texts["path"][parameter["name"]])
                continue
            own, name = f"{place} {parameter['name']}", parameter["name"]
            if text := texts["query"].get(own) or texts["query"].get(name):
                parameter.setdefault("description", text)
            example = texts["examples"].get(own, texts["examples"].get(name))
            if example is not None:
                parameter["example"] = example


def describe_members(component: Json, name: str, texts: dict[str, str]) -> None:
    for member, schema in component.get("properties", {}).items():
        text = texts.get(f"{name}.{member}") or texts.get(member)
        if text and "description" not in schema:
            schema["description"] = text
        for option in schema.get("anyOf", []):
            describe_members(option, f"{name}.{member}", texts)


def share_refusals(schema: Json) -> None:
    """Answers that several operations have alike stand once, under components."""
    uses = Counter(written(answer) for _, operation in operations(schema) for answer in operation["responses"].values())
    shared: Json = {}
    for _, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if status >= "400" and uses[written(answer)] > 1:
                name = "-".join([status, *re.findall(r"`(\d+)`", answer["description"])])
                while shared.setdefault(name, answer) != answer:
                    name += "x"
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    schema["components"]["responses"] = dict(sorted(shared.items()))


def without_marks(value: Any) -> Any:
    """Without what the generator leaves for its own steps."""
    if isinstance(value, dict):
        return {name: without_marks(inner) for name, inner in value.items() if name != "x-spec-enum-id"}
    return [without_marks(inner) for inner in value] if isinstance(value, list) else value


@functools.cache
def content() -> tuple[bytes, str]:
    """The file as it was written with this version, and its tag."""
    data = PATH.read_bytes()
    return data, f'"{hashlib.sha256(data).hexdigest()[:16]}"'


@require_safe
def served(request: HttpRequest) -> HttpResponseBase:
    """GET /openapi.json: this description. Source: imsite, REST reference."""
    data, etag = content()
    response = get_conditional_response(request, etag=etag) or HttpResponse(data, content_type="application/json")
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"  # no credentials, nothing secret: any tool may read it
    return response


urlpatterns = [path("openapi.json", served)]
