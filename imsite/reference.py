"""The REST reference at /docs/rest: docs/openapi.json as a page for people, from this host alone."""

from __future__ import annotations

import functools
import hashlib
import re
from typing import Any
from urllib.parse import urlencode

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import path
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from imsite import openapi
from imsite.wording import Wording

SHEETS = [f"css/{name}.css" for name in ("tokens", "base", "controls", "reference")]
HOST = "https://im.example.com"  # stands for the reader's own until the page is sent
DEPTH_MOST = 4  # of members within members
LARGE = 2**31  # a limit beyond it is one of the machine and not worth a word
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
Json = dict[str, Any]


@require_safe
def reference(request: HttpRequest) -> HttpResponseBase:
    """GET /docs/rest: every operation with its fields, limits, codes and examples; `?language=` as in the console.

    Source: imsite, REST reference.
    """
    asked = request.GET.get("language") or translation.get_language()
    language = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    host = f"{request.scheme}://{request.get_host()}"
    data = rendered(language).replace(HOST, escape(host)).encode()
    etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(data)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = POLICY
    return response


@functools.cache
def rendered(language: str) -> str:
    """The page in a language, for HOST."""
    with translation.override(language):
        schema = orjson.loads(openapi.content()[0])
        languages = [
            {"code": code, "name": translation.get_language_info(code)["name_local"]} for code, _ in settings.LANGUAGES
        ]
        page = Page(schema, Wording(language))
        return render_to_string(
            "reference/page.html",
            {
                "language": language,
                "languages": languages,
                "sheets": SHEETS,
                "version": schema["info"]["version"],
                "introduction": page.introduction(),
                "sections": page.sections(),
                "codes": page.codes(),
                "host": HOST,
            },
        )


class Page:
    """What the template shows, read from the description."""

    def __init__(self, schema: Json, words: Wording) -> None:
        self.schema, self.words = schema, words
        self.components = schema["components"]

    def introduction(self) -> list[SafeString]:
        return [markup(part) for part in self.words.paragraphs("introduction", self.schema["info"]["description"])]

    def sections(self) -> list[Json]:
        """The sections that have operations, in their order."""
        found: dict[str, list[Json]] = {tag["name"]: [] for tag in self.schema["tags"]}
        for place, operation in openapi.operations(self.schema):
            found[operation["tags"][0]].append(self.operation(place, operation))
        texts = {tag["name"]: self.words("sections", tag["description"]) for tag in self.schema["tags"]}
        return [
            {"id": slug(name), "name": self.words("sections", name), "text": texts[name], "operations": operations}
            for name, operations in found.items()
            if operations
        ]

    def operation(self, place: openapi.Place, operation: Json) -> Json:
        body = first_content(operation.get("requestBody", {}))
        answers = [self.answer(status, answer) for status, answer in operation["responses"].items() if status < "400"]
        return {
            "id": operation["operationId"],
            "method": place.method.upper(),
            "path": place.path,
            "also": operation.get("x-also", ""),
            "title": self.words("titles", operation["summary"]),
            "text": [markup(part) for part in self.words.paragraphs("texts", operation["description"])],
            "source": self.words("sources", operation["x-source"]),
            "parameters": [self.parameter(one) for one in operation.get("parameters", [])],
            "body": self.shape(body["schema"]) if body else None,
            "answers": answers,
            "refusals": self.refusals(operation),
            "requests": requests_of(place, operation),
            "examples": [written(one["example"]) for one in answers if one["example"] is not None],
        }

    def parameter(self, parameter: Json) -> Json:
        return {
            "name": parameter["name"],
            "place": {"path": _("path"), "query": _("query"), "header": _("header")}[parameter["in"]],
            "required": parameter["in"] != "path" and parameter.get("required", False),
            **self.said(parameter["schema"], parameter.get("description", "")),
        }

    def answer(self, status: str, answer: Json) -> Json:
        content = first_content(answer)
        return {
            "status": status,
            "shape": self.shape(content["schema"]) if content else None,
            "example": content.get("example") if content else None,
        }

    def refusals(self, operation: Json) -> list[Json]:
        """Status, code and meaning of each refusal."""
        found = []
        for status, answer in operation["responses"].items():
            if status >= "400":
                content = first_content(self.resolved(answer))
                for name, example in content["examples"].items():
                    code = example["value"]["error"]["code"]
                    text = markup(self.words("refusals", example["summary"]))
                    found.append({"status": status, "code": code, "name": name, "text": text})
        return found

    def codes(self) -> list[Json]:
        """Every code that some operation answers, once."""
        found: dict[tuple[int, str], Json] = {}
        for _place, operation in openapi.operations(self.schema):
            for refusal in self.refusals(operation):
                found.setdefault((refusal["code"], refusal["name"]), refusal)
        return [found[key] for key in sorted(found)]

    # Shapes

    def shape(self, schema: Json) -> Json:
        """What a body is, in a few words, and its members as rows."""
        return {"kind": self.kind_and_limits(schema), "rows": self.rows(schema, "", 0)}

    def rows(self, schema: Json, prefix: str, depth: int) -> list[Json]:
        schema = self.resolved(schema)
        if depth > DEPTH_MOST:
            return []
        if schema.get("type") == "array":
            return self.rows(schema["items"], f"{prefix}[]" if prefix else "", depth)
        found = []
        required = schema.get("required", [])
        for name, member in sorted(schema.get("properties", {}).items(), key=lambda pair: pair[0] not in required):
            whole = f"{prefix}.{name}" if prefix else name
            said = self.said(member, member.get("description", ""))
            found.append({"name": breakable(whole), "required": name in required, **said})
            found += self.rows(member, whole, depth + 1)
        for option in schema.get("anyOf", []):
            if "title" in option:
                text = "" if option.get("properties") else _("any members")
                found.append({"name": f"{prefix}: {option['title']}", "is_option": True, "text": text})
            rows = self.rows(option, prefix, depth)
            found += rows if "title" in option else [row for row in rows if row not in found]  # an object, or several
        return found

    def said(self, schema: Json, text: str) -> Json:
        whole = self.resolved(schema)
        return {
            "kind": self.kind_and_limits(schema),
            "text": markup(self.words("fields", text or whole.get("description", ""))),
            "default": written(whole["default"]) if whole.get("default") not in (None, "", []) else "",
        }

    def kind_and_limits(self, schema: Json) -> str:
        return _(", ").join([self.kind(schema), *limits_of(self.resolved(schema))])

    def kind(self, schema: Json) -> str:
        """`object or array: object`, `text`, `whole number`."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            options = sorted(
                schema["anyOf"], key=lambda option: "items" in self.resolved(option)
            )  # an array comes last
            return _(" or ").join(dict.fromkeys(self.kind(option) for option in options))
        if schema.get("format") == "binary":
            return _("file")
        kinds = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type", "")]
        if kinds == ["array"]:
            return _("array: %(items)s") % {"items": self.kind(schema["items"])}
        return _(" or ").join(KINDS[kind]() for kind in kinds)

    def resolved(self, schema: Json) -> Json:
        """Behind its references, and what is narrowed with what narrows it."""
        if "$ref" in schema:
            _hash, _components, kind, name = schema["$ref"].split("/")
            return {**self.resolved(self.components[kind][name]), **{k: v for k, v in schema.items() if k != "$ref"}}
        if "allOf" in schema:
            whole: Json = {name: value for name, value in schema.items() if name != "allOf"}
            for part in schema["allOf"]:
                whole = {**self.resolved(part), **whole}
            return whole
        return schema


KINDS = {
    "string": lambda: _("text"),
    "integer": lambda: _("whole number"),
    "number": lambda: _("number"),
    "boolean": lambda: _("true or false"),
    "object": lambda: _("object"),
    "null": lambda: "null",
    "": lambda: _("anything"),
}


def limits_of(schema: Json) -> list[str]:
    """Bytes, items, values: what a value must keep to, in words."""
    found = []
    if "enum" in schema:
        found.append(_("one of %(values)s") % {"values": ", ".join(str(value) for value in schema["enum"])})
    if "x-max-bytes" in schema:
        found.append(_("%(limits)s bytes") % {"limits": between(schema.get("x-min-bytes", 0), schema["x-max-bytes"])})
        if schema.get("maxLength", schema["x-max-bytes"]) < schema["x-max-bytes"]:
            found.append(_("%(limits)s characters") % {"limits": between(0, schema["maxLength"])})
    if "maximum" in schema and schema["maximum"] < LARGE:
        found.append(f"{schema.get('minimum', 0)}–{schema['maximum']}")
    if "maxItems" in schema:
        found.append(_("%(limits)s items") % {"limits": between(schema.get("minItems", 0), schema["maxItems"])})
    return found


def between(least: int, most: int) -> str:
    return f"{least}–{most}" if least else _("at most %(most)d") % {"most": most}


def first_content(holder: Json) -> Json:
    """The media type object of a body; there is one or none."""
    return next(iter(holder.get("content", {}).values()), {})


def requests_of(place: openapi.Place, operation: Json) -> list[Json]:
    """Commands for curl, one for each example of the body."""
    content = operation.get("requestBody", {}).get("content", {})
    body = first_content(operation.get("requestBody", {}))
    examples = {name: one["value"] for name, one in body.get("examples", {}).items()} or {"": body.get("example")}
    return [
        {"name": name, "command": command(place, operation, example, "multipart/form-data" in content)}
        for name, example in examples.items()
    ]


def command(place: openapi.Place, operation: Json, example: Any, is_upload: bool) -> str:
    """A request as curl sends it, a line for each part."""
    lines = ["curl -u APPKEY:SECRET" + (f" -X {place.method.upper()}" if place.method != "get" else "")]
    needed = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header" and one.get("required")]
    lines += [f"-H '{name}: APPKEY'" for name in needed]
    if is_upload:
        lines.append("-F 'filename=@picture.jpg'")
    elif example is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append("-d '" + written(example).replace("'", "'\\''") + "'")
    lines.append(f"'{HOST}{filled(place.path, operation)}'")
    return " \\\n  ".join(lines)


def filled(path_: str, operation: Json) -> str:
    """The path with an example for each parameter, and the query that is needed."""
    query = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path_ = path_.replace(f"{{{parameter['name']}}}", parameter["schema"]["examples"][0])
        elif parameter["in"] == "query" and "example" in parameter:
            value = parameter["example"]
            query[parameter["name"]] = str(value).lower() if isinstance(value, bool) else value
    return path_ + ("?" + urlencode(query) if query else "")


def written(value: Any) -> str:
    """JSON for people; short values on one line."""
    short = orjson.dumps(value).decode()
    return short if len(short) <= 60 else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def markup(text: str) -> SafeString:
    """Escaped text with `code` and **strong** as elements."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return mark_safe(re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", marked))


def breakable(name: str) -> SafeString:
    """A member within members, which a narrow column breaks behind a dot."""
    return mark_safe(str(escape(name)).replace(".", ".<wbr>"))


def slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower()).strip("-")


urlpatterns = [path("docs/rest", reference, name="rest_reference"), path("docs/rest/", reference)]
