"""From `@described(...)` to OpenAPI: drf-spectacular walks the URL table and the serializers, this says the rest.

Loaded only where the description is written (imsite.openapi), never to serve a request.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, force_instance
from rest_framework.serializers import Serializer

from imsite.core.errors import ImError, Invalid
from imsite.rest.describe import ArrayOf, Description, Header, OneOf, PageOf, Shape, Upload, codes_of, description_of
from imsite.rest.fields import LARGEST_ID, Described

JSON = "application/json"
REASONS = {200: "Done", 201: "Made", 204: "Done; no body"}
SOURCE = re.compile(r"\s*\bSource:\s*(.+?)\.?\s*(?=\n\s*\n|\Z)", re.DOTALL)
Json = dict[str, Any]
Direction = Literal["request", "response"]


class DescribedField(OpenApiSerializerFieldExtension):
    """Our fields know their own schema."""

    target_class = "imsite.rest.fields.Described"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Json:
        return dict(self.target.described_as())


class Operations(AutoSchema):
    """One operation. What `@described` did not name is left out, and missed by tests/test_openapi.py."""

    @property
    def described(self) -> Description:
        found = description_of(getattr(self.view, self.method.lower()))
        assert found is not None  # is_excluded() was asked first
        return found

    def is_excluded(self) -> bool:
        method = self.method.lower()
        return method in getattr(self.view, "undescribed", ()) or description_of(getattr(self.view, method)) is None

    def get_operation_id(self) -> str:
        words = re.sub(r"[{}]", "", self.path).strip("/").replace("/", "_")
        return f"{self.method.lower()}_{words}"

    def get_tags(self) -> list[str]:
        return []  # imsite.openapi knows the sections

    def get_summary(self) -> str:
        return self.described.title

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        return text_of(self.view, self.method)

    def get_extensions(self) -> Json:
        source = source_of(self.view, self.method)
        return {"x-source": source} if source else {}

    def _doors(self) -> list[Any]:
        """What reads the credentials: an authentication class, or what a view names that reads them itself."""
        return [*self.view.get_authenticators(), *getattr(self.view, "credentials", ())]

    def get_auth(self) -> list[Json]:
        for authenticator in self._doors():
            name, definition = authenticator.described_as
            self.registry.register_on_missing(
                ResolvedComponent(name, ResolvedComponent.SECURITY_SCHEMA, definition, type(authenticator))
            )
            return [{name: []}]
        return []

    # In

    def _get_parameters(self) -> list[Json]:
        paths = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", self.path)
        ]
        return [*paths, *self._query(), *map(header_parameter, self.described.headers)]

    def _query(self) -> Iterable[Json]:
        page = next((shape for shape in self.described.answers.values() if isinstance(shape, PageOf)), None)
        if page is not None:
            yield query_parameter("start", {"type": "integer", "minimum": 0, "maximum": LARGEST_ID, "default": 0})
            count = {"type": "integer", "minimum": 1, "maximum": page.most, "default": page.most}
            yield query_parameter("count", count)
        if self.described.query is not None:
            shape = self._map_serializer(self.described.query, "request")
            for name, schema in shape["properties"].items():
                yield query_parameter(name, schema, required=name in shape.get("required", []))

    def _get_request_body(self, direction: Direction = "request") -> Json | None:
        body = self.described.body
        if body is None:
            return None
        media_type = "multipart/form-data" if isinstance(body, Upload) else JSON
        return {
            "content": {media_type: {"schema": self.schema_of(body, "request")}},
            "required": self.described.body_required,
        }

    # Out

    def _get_response_bodies(self, direction: Direction = "response") -> Json:
        refusals = self.refusals()
        answers: Json = {}
        for status in sorted({*self.described.answers, *(status for status, _ in refusals)}):
            codes = {code: kinds for (at, code), kinds in refusals.items() if at == status}
            answers[str(status)] = self._answer(status, codes)
        return answers

    def _answer(self, status: int, refusals: Mapping[int, list[type[ImError]]]) -> Json:
        shape = self.described.answers.get(status)
        schemas = [self.schema_of(shape, "response")] if shape is not None else []
        answer: Json = {"description": REASONS.get(status, "Refused")}
        if refusals:
            answer["description"] = "\n".join(f"- `{code}` {meaning(kinds)}" for code, kinds in refusals.items())
            schemas.append(error_schema(refusals))
        if status == 429:
            seconds = {"type": "integer", "minimum": 0}
            answer["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": seconds}}
        if schemas:
            content: Json = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
            if refusals:
                content["examples"] = {
                    kind.__name__: refusal_example(code, kind) for code, kinds in refusals.items() for kind in kinds
                }
            answer["content"] = {JSON: content}
        return answer

    def refusals(self) -> dict[tuple[int, int], list[type[ImError]]]:
        """The refusals of the operation by status and code, in that order."""
        kinds = [*codes_of(self.described), *getattr(self.view, "refusals", ())]
        for authenticator in self._doors():
            kinds += authenticator.refusals
        if self._get_parameters() or self.described.body is not None:
            kinds.insert(0, Invalid)
        code_of = getattr(self.view, "code_of", code_in_rest)
        found: dict[tuple[int, int], list[type[ImError]]] = {}
        for kind in dict.fromkeys(kinds):
            found.setdefault((kind.status, code_of(kind)), []).append(kind)
        return dict(sorted(found.items()))

    # Shapes

    def _insert_field_validators(self, field: Any, schema: Json) -> None:
        if not isinstance(field, Described):  # which has said all of itself
            super()._insert_field_validators(field, schema)

    def schema_of(self, shape: Shape, direction: Direction) -> Json:
        """JSON Schema of a shape; serializers become components."""
        if isinstance(shape, ArrayOf):
            limits = {"minItems": shape.least or None, "maxItems": shape.most}
            given = {name: limit for name, limit in limits.items() if limit is not None}
            return {"type": "array", "items": self.schema_of(shape.item, direction), **given}
        if isinstance(shape, PageOf):
            return self._page(shape, direction)
        if isinstance(shape, OneOf):
            return {"anyOf": [self.schema_of(inner, direction) for inner in shape.shapes]}
        if isinstance(shape, Upload):
            file = {"type": "string", "contentMediaType": "application/octet-stream", "format": "binary"}
            return {"type": "object", "properties": {shape.part: file}, "required": [shape.part]}
        if isinstance(shape, Mapping):
            return dict(shape)
        instance = force_instance(shape)
        if isinstance(instance, Serializer):
            return dict(self.resolve_serializer(instance, direction).ref)
        return dict(self._map_serializer_field(instance, direction))

    def _page(self, page: PageOf, direction: Direction) -> Json:
        number = {"type": "integer", "minimum": 0}
        items = {"type": "array", "items": self.schema_of(page.item, direction), "maxItems": page.most}
        members = {"total": number, "start": number, "count": {**number, "maximum": page.most}, page.key: items}
        return {"type": "object", "properties": members, "required": [*members]}


def code_in_rest(kind: type[ImError]) -> int:
    return kind.code


def query_parameter(name: str, schema: Json, *, required: bool = False) -> Json:
    text = schema.get("description", "")
    bare = {key: value for key, value in schema.items() if key != "description"}
    parameter: Json = {"name": name, "in": "query", "schema": bare}
    parameter |= {"description": text} if text else {}
    return {**parameter, "required": True} if required else parameter


def header_parameter(header: Header) -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": header.most_bytes, "x-max-bytes": header.most_bytes}
    parameter = {"name": header.name, "in": "header", "description": header.text, "schema": schema}
    return {**parameter, "required": True} if header.required else parameter


def error_schema(codes: Iterable[int]) -> Json:
    """The error body with one of these codes."""
    code = {"properties": {"code": {"enum": [*codes]}}}
    return {"allOf": [{"$ref": "#/components/schemas/Error"}, {"properties": {"error": code}}]}


def refusal_example(code: int, kind: type[ImError]) -> Json:
    text = sentence(kind)
    return {"summary": text, "value": {"error": {"code": code, "message": text.rstrip(".")}}}


def meaning(kinds: Iterable[type[ImError]]) -> str:
    return " ".join(dict.fromkeys(sentence(kind) for kind in kinds))


def sentence(kind: type[ImError]) -> str:
    """The first line of a refusal's docstring."""
    return inspect.cleandoc(kind.__doc__ or kind.__name__).splitlines()[0]


def text_of(view: Any, method: str) -> str:
    """The docstring of a view's method, lines joined into paragraphs, without the source that it names."""
    text = SOURCE.sub("", inspect.cleandoc(getattr(view, method.lower()).__doc__ or ""))
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")).strip()


def source_of(view: Any, method: str) -> str:
    """The section of the vendor's document that the method, or else its view, says it follows."""
    for documented in (getattr(view, method.lower()), type(view)):
        if match := SOURCE.search(inspect.cleandoc(documented.__doc__ or "")):
            return " ".join(match.group(1).split())
    return ""
