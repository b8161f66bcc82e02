"""From refusal to the vendor's error body: `{"error": {"code": <int>, "message": "<text>"}}` (REST reference 1.6)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from imsite.core.errors import ImError, Invalid, TooFast
from imsite.rest.middleware import is_api_path

INTERNAL_ERROR = 899000


def error_body(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def answer_refusal(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal as the vendor's body; our own bugs stay exceptions."""
    if isinstance(error, TooFast):
        headers = {"Retry-After": str(error.retry_after)}
        return Response(error_body(error.code, str(error)), status=error.status, headers=headers)
    if isinstance(error, ImError):
        return Response(error_body(error.code, str(error)), status=error.status)
    if isinstance(error, RequestDataTooBig):
        return Response(error_body(Invalid.code, "the body is too large"), status=400)
    if isinstance(error, (SuspiciousOperation, UnreadablePostError)):
        return Response(error_body(Invalid.code, "the request cannot be read"), status=400)
    if isinstance(error, Http404):
        return Response(error_body(Invalid.code, "not found"), status=404)
    if isinstance(error, exceptions.ValidationError):
        return Response(error_body(Invalid.code, first_fault(error.detail)), status=400)
    if isinstance(error, exceptions.APIException):
        return Response(error_body(Invalid.code, str(error.detail)), status=error.status_code)
    return None


def first_fault(detail: Any, path: str = "") -> str:
    """The first complaint of a serializer as one sentence: `members[2].username: ...`."""
    if isinstance(detail, dict):
        key, inner = next(iter(detail.items()))
        name = "" if key == "non_field_errors" else str(key)
        return first_fault(inner, f"{path}.{name}" if path and name else path or name)
    if isinstance(detail, list):
        for index, inner in enumerate(detail):
            if isinstance(inner, (dict, list)):
                if inner:
                    return first_fault(inner, f"{path}[{index}]")
            else:
                return first_fault(inner, path)
        return path or "invalid"
    return f"{path}: {detail}" if path else str(detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler404`: the error body for paths of the API, a page for others."""
    if is_api_path(request.path_info):
        return JsonResponse(error_body(Invalid.code, "there is no such path"), status=404)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`: what Django refuses before a view is asked."""
    if is_api_path(request.path_info):
        return JsonResponse(error_body(Invalid.code, "the request cannot be read"), status=400)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: our own bug, told without a word about it; the log has the traceback."""
    if is_api_path(request.path_info):
        return JsonResponse(error_body(INTERNAL_ERROR, "internal error"), status=500)
    return defaults.server_error(request)
