"""What an operation of the REST API takes, answers and refuses, said beside it: `@described(...)`.

The OpenAPI description (docs/openapi.json) and the reference page are made of it, and the tests hold every answer against
it. Nothing here is asked while a request is served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rest_framework.fields import Field

from imsite.core.errors import ImError

View = TypeVar("View", bound=Callable[..., Any])
JSONSchema = Mapping[str, Any]
# A refusal, or a function that gives those that higher slices add.
Refusals = Sequence[type[ImError] | Callable[[], Sequence[type[ImError]]]]


@dataclass(frozen=True)
class ArrayOf:
    """A JSON array of `least` to `most` items."""

    item: Shape
    least: int = 0
    most: int | None = None


@dataclass(frozen=True)
class PageOf:
    """`{"total", "start", "count", <key>: [...]}`; the operation then takes `start` and `count` (1 to `most`) in its query."""

    key: str
    item: Shape
    most: int


@dataclass(frozen=True)
class OneOf:
    """Any of these shapes."""

    shapes: tuple[Shape, ...]

    def __init__(self, *shapes: Shape) -> None:
        object.__setattr__(self, "shapes", shapes)


@dataclass(frozen=True)
class Upload:
    """One file, multipart/form-data, in a part of this name (or any other)."""

    part: str = "filename"


@dataclass(frozen=True)
class Header:
    """A header of the request that is read besides the credentials."""

    name: str
    text: str
    most_bytes: int
    required: bool = False


# A serializer class, a field, one of the above, or JSON Schema as it is.
Shape = type[Field] | Field | ArrayOf | PageOf | OneOf | Upload | JSONSchema


@dataclass(frozen=True)
class Description:
    """One operation. `codes` are refusals besides those that every operation has; `answers` the bodies by status."""

    title: str
    answers: Mapping[int, Shape | None]
    codes: Refusals = ()
    body: Shape | None = None
    body_required: bool = True
    query: type[Field] | None = None
    headers: Sequence[Header] = ()


def described(
    title: str,
    *,
    answers: Mapping[int, Shape | None],
    codes: Refusals = (),
    body: Shape | None = None,
    body_required: bool = True,
    query: type[Field] | None = None,
    headers: Sequence[Header] = (),
) -> Callable[[View], View]:
    """Say of a view's method what it is: `@described("Delete a user", answers={204: None}, codes=[NoSuchUser])`.

    Of itself every operation is refused for its credentials (401) and its rate (429), and with 899003 for what it takes.
    The method's docstring becomes the text below the title. Shapes are those that the view reads with; answers are
    serializers of the app's `schema.py`.
    """
    description = Description(title, answers, tuple(codes), body, body_required, query, tuple(headers))

    def keep(method: View) -> View:
        method.description = description  # type: ignore[attr-defined]
        return method

    return keep


def codes_of(description: Description) -> list[type[ImError]]:
    """The refusals that a description names, each once."""
    kinds = [[code] if isinstance(code, type) else code() for code in description.codes]
    return list(dict.fromkeys(kind for several in kinds for kind in several))


def description_of(method: Any) -> Description | None:
    """What was said of a view's method; None where nothing was."""
    return getattr(method, "description", None)
