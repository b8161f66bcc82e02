"""Refusals. One class each, with the numbers of the vendor's REST API and Web SDK; raised where the rule is, caught at the doors."""

from __future__ import annotations

import math
from collections.abc import Iterable


class ImError(Exception):
    """A refusal that its caller is told: HTTP status, REST code, Web SDK code, and a sentence.

    The sentence is the argument, or the first line of the class's docstring.
    """

    status = 400
    code = 899003
    sdk_code = 880002

    def __init__(self, detail: str | Iterable[str] = "") -> None:
        text = detail if isinstance(detail, str) else ", ".join(str(item) for item in detail)
        super().__init__(text or (type(self).__doc__ or type(self).__name__).strip().splitlines()[0].rstrip("."))


class Invalid(ImError):
    """The request is not of the documented shape."""

    status, code, sdk_code = 400, 899003, 880002


class WrongType(Invalid):
    """A value has the wrong type."""

    sdk_code = 880004


class BadValue(Invalid):
    """A value is outside what is allowed."""

    sdk_code = 880003


class NotFound(ImError):
    """What was named does not exist, or not here."""

    status, code, sdk_code = 403, 899002, 882002


class NotAllowed(ImError):
    """The caller may not do this."""

    status, code, sdk_code = 403, 899003, 880614


class Conflict(ImError):
    """The same id was used for another content."""

    status, code, sdk_code = 400, 899003, 880003


class Busy(ImError):
    """The server is busy; try again."""

    status, code, sdk_code = 503, 899030, 882005


class TooFast(ImError):
    """Too many requests."""

    status, code, sdk_code = 429, 899030, 880209

    def __init__(self, wait_s: float = 1, detail: str = "too many requests") -> None:
        self.retry_after = max(1, math.ceil(wait_s))  # seconds
        super().__init__(f"{detail}; try again in {self.retry_after} s")
