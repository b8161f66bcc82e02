"""The base of every REST view: who acts, and reading a body of a shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.functional import cached_property
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from imsite.core.deadlocks import is_deadlock, unless_deadlocked
from imsite.core.errors import ImError, Invalid, TooFast
from imsite.rest.json import read_json

if TYPE_CHECKING:
    from accounts.actors import Actor


NESTED_MOST = 32  # levels of a request; what is passed on as it is counts its own
AS_GIVEN = ("extras", "msg_body")  # members that belong to the clients, whatever is inside


def without_nulls(value: Any, *, levels: int = NESTED_MOST) -> Any:
    """`null` means absent: some server clients send every unset member of an object so (REST reference 1.3).

    Not within AS_GIVEN. Invalid (899003) for what no request is nested like.
    """
    if not isinstance(value, (dict, list)):
        return value
    if not levels:
        raise Invalid(f"the body is nested deeper than {NESTED_MOST} levels")
    if isinstance(value, list):
        return [without_nulls(inner, levels=levels - 1) for inner in value]
    return {
        key: inner if key in AS_GIVEN else without_nulls(inner, levels=levels - 1)
        for key, inner in value.items()
        if inner is not None
    }


class ImView(APIView):
    """A view of the native REST API: authenticated as an application, JSON in and out.

    The authentication class (accounts) puts the application's Actor into `request.user`.
    """

    request: Request
    undescribed: ClassVar[frozenset[str]] = frozenset()  # methods of a parent that are none of this path's
    refusals: ClassVar[tuple[type[ImError], ...]] = (TooFast,)  # of every operation, besides those of its credentials
    metadata_class = None  # OPTIONS is a method like others that a path does not have: 405

    def handle_exception(self, exc: Exception) -> Response:
        """The vendor's body for a refusal; an operation that the database ended for a deadlock is done again."""
        if is_deadlock(exc) and not self.request._request.FILES:  # a file was read and is gone
            handler = getattr(self, (self.request.method or "").lower())
            try:
                return unless_deadlocked(lambda: handler(self.request, *self.args, **self.kwargs))
            except Exception as again:
                exc = again
        return super().handle_exception(exc)

    @property
    def actor(self) -> Actor:
        return self.request.user  # type: ignore[return-value]  # set by our authentication class

    @cached_property
    def body(self) -> Any:
        """The JSON value that the request brought, whatever its Content-Type, without nulls; Invalid (899003)."""
        return without_nulls(read_json(self.request._request.body))

    def read(self, shape: type[BaseSerializer], **kwargs: Any) -> Any:
        """The body, checked against a serializer; Invalid (899003) with the first fault otherwise.

        `many=True` reads an array. Members that are null count as absent.
        """
        self.require_body(list if kwargs.get("many") else dict)
        serializer = shape(data=self.body, **kwargs)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def read_several(self, shape: type[BaseSerializer], *, most: int) -> list[dict[str, Any]]:
        """The body as 1 to `most` objects of the shape: an array, or one of them alone, as some server clients send it."""
        if isinstance(self.body, dict):
            self.body = [self.body]
        return list(self.read(shape, many=True, allow_empty=False, max_length=most))

    def read_names(self, *, most: int) -> list[str]:
        """The body as an array of 1 to `most` strings; Invalid (899003)."""
        self.require_body(list)
        if not 1 <= len(self.body) <= most:
            raise Invalid(f"the array takes 1 to {most} items")
        if not all(isinstance(name, str) for name in self.body):
            raise Invalid("the array takes strings only")
        return list(self.body)

    def require_body(self, kind: type[list[Any]] | type[dict[str, Any]]) -> None:
        """The body is a JSON array (list) or object (dict); Invalid (899003)."""
        if not isinstance(self.body, kind):
            raise Invalid("the body must be a JSON " + ("array" if kind is list else "object"))

    def read_query(self, shape: type[BaseSerializer]) -> Any:
        """The query string, checked against a serializer."""
        serializer = shape(data=self.request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data
