"""Paths of the REST API as its clients write them: with or without a trailing slash, repeated slashes, never redirected."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_PATH = re.compile(r"^/+v[12](?:/|$)")
SLASHES = re.compile(r"/{2,}")


class ApiPaths:
    """Folds repeated slashes and drops the last one of every API path before the URL table is asked (REST reference 1.1).

    Beside `/v1/...` and `/v2/...` this goes for the paths that the vendor's page prints without a version.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if API_PATH.match(request.path_info):
            request.path_info = SLASHES.sub("/", request.path_info).rstrip("/")
        return self.get_response(request)
