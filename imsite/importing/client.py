"""A REST client that has patience: it keeps its connections, and tries again where the server is busy or gone."""

from __future__ import annotations

import base64
import http.client
import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from imsite.core.errors import ImError, Invalid

TIMEOUT = 30  # seconds
ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds
RETRIED = (429, 500, 502, 503, 504)


class SourceRefused(ImError):
    """The server answered with an error."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}" if message else f"HTTP {status}")
        self.status, self.code = status, code


class SourceUnreachable(ImError):
    """The server does not answer."""


class Client:
    """GET with an application's credentials. May be used by several threads, each of which has a connection of its own."""

    def __init__(self, host: str, appkey: str, secret: str, *, wait: Callable[[float], object] | None = None) -> None:
        """`host` is a host name, or an address with a scheme; Invalid where it is none. `wait` waits so many seconds."""
        address = urlsplit(host if "://" in host else f"https://{host}")
        try:
            self.netloc, self.port = address.hostname, address.port
        except ValueError:
            self.netloc = None
        if address.scheme not in ("http", "https") or not self.netloc:
            raise Invalid(f"{host} is no host")
        self.is_secure, self.path = address.scheme == "https", address.path.rstrip("/")
        credentials = base64.b64encode(f"{appkey}:{secret}".encode()).decode()
        self.headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}
        self._closed = threading.Event()
        self.wait = wait or self._closed.wait
        self._own = threading.local()
        self._has_answered = False

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of the answer. SourceRefused for an error that will not go away, SourceUnreachable after 8 attempts.

        Who has never answered is not waited for: a mistyped host is told at once.
        """
        target = self.path + path + (f"?{urlencode(query)}" if query else "")
        for attempt in range(ATTEMPTS):
            try:
                answer, body = self._ask(target)
            except (OSError, http.client.HTTPException) as error:
                trouble, asked = f"{type(error).__name__}: {error}", None
                self._hang_up()
                if not self._has_answered:
                    hint = "; write http:// before a host that has no TLS" if self.is_secure else ""
                    raise SourceUnreachable(f"{self.netloc} does not answer: {trouble}{hint}") from error
            else:
                self._has_answered = True
                if answer.status not in RETRIED:
                    return _read(answer.status, body)
                trouble, asked = f"HTTP {answer.status}", answer.getheader("Retry-After")
            if attempt + 1 < ATTEMPTS:
                self.wait(_pause(attempt, asked))
            if self._closed.is_set():
                break
        raise SourceUnreachable(f"{self.netloc} does not answer GET {target}: {trouble}")

    def close(self) -> None:
        """Try nothing again from now on: nobody waits for the answers any more."""
        self._closed.set()

    def _ask(self, target: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self.is_secure else http.client.HTTPConnection
            connection = self._own.connection = kind(self.netloc or "", self.port, timeout=TIMEOUT)
        connection.request("GET", target, headers=self.headers)
        answer = connection.getresponse()
        return answer, answer.read()

    def _hang_up(self) -> None:
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.close()


def _read(status: int, body: bytes) -> Any:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if status == 200 and value is not None:
        return value
    error = value.get("error") if isinstance(value, dict) else None
    told = error if isinstance(error, dict) else {}
    code = told.get("code")
    message = str(told.get("message") or ("no JSON" if status == 200 else ""))
    raise SourceRefused(status, code if isinstance(code, int) else ImError.code, message)


def _pause(attempt: int, asked: str | None) -> float:
    """Seconds until the next attempt: what the server asked for, else twice as long each time, give or take a quarter."""
    if (wanted := _seconds(asked)) is not None:
        return min(wanted, LONGEST_WAIT)
    return min(FIRST_WAIT * 2**attempt, LONGEST_WAIT) * random.uniform(0.75, 1.25)


def _seconds(asked: str | None) -> float | None:
    """A Retry-After, in seconds or as a date."""
    if asked is None:
        return None
    if asked.strip().isdigit():
        return float(asked)
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
