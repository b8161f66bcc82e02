"""The base of every REST view: who acts, and reading a body of a shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from imsite.core.errors import Invalid

if TYPE_CHECKING:
    from accounts.actors import Actor


def without_nulls(value: Any) -> Any:
    """`null` means absent: some server clients send every unset member of an object so (REST reference 1.3)."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


class ImView(APIView):
    """A view of the native REST API: authenticated as an application, JSON in and out.

    The authentication class (accounts) puts the application's Actor into `request.user`.
    """

    request: Request

    @property
    def actor(self) -> Actor:
        return self.request.user  # type: ignore[return-value]  # set by our authentication class

    def read(self, shape: type[BaseSerializer], **kwargs: Any) -> Any:
        """The body, checked against a serializer; Invalid (899003) with the first fault otherwise.

        `many=True` reads an array. Members that are null count as absent.
        """
        data = without_nulls(self.request.data)
        expected = list if kwargs.get("many") else dict
        if not isinstance(data, expected):
            raise Invalid("the body must be a JSON " + ("array" if expected is list else "object"))
        serializer = shape(data=data, **kwargs)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def read_query(self, shape: type[BaseSerializer]) -> Any:
        """The query string, checked against a serializer."""
        serializer = shape(data=self.request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

