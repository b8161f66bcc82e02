"""Paths of the REST API as its clients write them: with a last slash or without, slashes repeated; never redirected."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Besides the versions: uploads of the Web SDK, and the paths that the vendor's page prints without a version.
API_PATH = re.compile(r"/+(?:v[12]|resource|groups|cross|chatroom|sdkregister)(?:/|$)")
SLASHES = re.compile(r"/{2,}")


def is_api_path(path: str) -> bool:
    """Whether the path is one of the API's, so that errors are its JSON and not a page."""
    return API_PATH.match(path) is not None


class ApiPaths:
    """Folds repeated slashes and drops the last one of an API path before the URL table is asked (REST reference 1.1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api_path(request.path_info):
            request.path_info = SLASHES.sub("/", request.path_info).rstrip("/")
        return self.get_response(request)
