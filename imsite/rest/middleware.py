"""What stands before every view: whose request it is, paths as clients of the REST API write them, what is left of a limit."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from imsite.core.addresses import client_address, is_trusted
from imsite.core.limits import Quota

# Besides the versions: uploads of the Web SDK, and the paths that the vendor's page prints without a version.
API_PATH = re.compile(r"/+(?:v[12]|resource|groups|cross|chatroom|sdkregister)(?:/|$)")
SLASHES = re.compile(r"/{2,}")


def is_api_path(path: str) -> bool:
    """Whether the path is one of the API's, so that errors are its JSON and not a page."""
    return API_PATH.match(path) is not None


FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")


class RealAddress:
    """Puts the client's address in the place of a trusted proxy's, and drops what others say of themselves.

    Without IM_TRUSTED_PROXIES nothing is dropped: IM_BEHIND_TLS_PROXY and IM_FORWARDED_HOST then say alone what is believed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.TRUSTED_PROXIES:
            peer = request.META.get("REMOTE_ADDR", "")
            if is_trusted(peer):
                request.META["REMOTE_ADDR"] = client_address(peer, request.META.get("HTTP_X_FORWARDED_FOR", ""))
            else:
                for name in FORWARDED:
                    request.META.pop(name, None)
        return self.get_response(request)


class ApiPaths:
    """Folds repeated slashes and drops the last one of an API path before the URL table is asked (REST reference 1.1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api_path(request.path_info):
            request.path_info = SLASHES.sub("/", request.path_info).rstrip("/")
        response = self.get_response(request)
        if quota := getattr(request, "quota", None):
            add_quota(response, quota)
        return response


def add_quota(response: HttpResponse, quota: Quota) -> None:
    """The headers that server clients read: what may come at once, what is left of it, seconds until all of it is back."""
    response.headers["X-Rate-Limit-Limit"] = str(quota.limit)
    response.headers["X-Rate-Limit-Remaining"] = str(quota.remaining)
    response.headers["X-Rate-Limit-Reset"] = str(quota.reset_s)
