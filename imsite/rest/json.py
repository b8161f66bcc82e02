"""JSON in and out: orjson, whatever the Content-Type says (REST reference 1.3, 1.4)."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable
from typing import Any

import orjson
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from imsite.core.errors import Invalid


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)


class JSONParser(BaseParser):
    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return read_json(stream.read())


class AlwaysJSON(BaseContentNegotiation):
    """Takes the only parser and renderer: server clients send odd Accept and Content-Type headers."""

    def select_parser(self, request: Any, parsers: Iterable[Any]) -> Any:
        return next(iter(parsers))

    def select_renderer(
        self, request: Any, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def read_json(body: bytes) -> Any:
    """The JSON value in `body`; Invalid (899003) where it is none, or not UTF-8, or missing."""
    body = body.removeprefix(BOM_UTF8)
    if not body.strip():
        raise Invalid("a JSON body is required")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"the body is not JSON in UTF-8: {error.msg}") from None
