"""Plays requests from a data file against a running server, each in a tenant of its own, byte by byte as they stand there.

What must be there before is under `given`:

    users, admins   names, or objects with a profile; the password is "secret"
    groups, rooms   by a name for `{name}` below: the body of the request that makes one
    messages        the same: the body of a message that is sent
    uploads         the same: image, file or voice; the media id
    signed_in       users whom a browser has signed in, and who have gone
    requests        [method, path, body], in this order, after all that
    sister          another application of the same owner, with what is given there

`{club}` in a path, a body or an answer is the id of the group made under this name; a text that is nothing else becomes the
number. `{appkey}` and `{sister}` are the two applications' keys.
"""

import base64
import contextlib
import io
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any, Self
from urllib.parse import quote, urlsplit

from PIL import Image
from requests.structures import CaseInsensitiveDict

from tests.backing import wait_until
from tests.described import require_answer
from tests.live import ROOT, Live
from tests.wire_client import BlockingClient

PASSWORD = "secret"
SECONDS = 30  # the patience of the vendor's server clients
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
TIMES = {"ctime", "mtime", "room_ctime", "itime"}  # members that are never the printed ones
BOUNDARY = "----example"
MAKE = """
import json, sys
import django
django.setup()
from accounts import services
made = []
for number in range(int(sys.argv[1])):
    pair = [services.create_application(f"{name} {number}", owner=f"Owner {number}", by=None) for name in ("Own", "Sister")]
    made.append([[application.appkey, secret] for application, secret in pair])
print(json.dumps(made))
"""


@dataclass
class Answer:
    status: int
    headers: CaseInsensitiveDict[str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class Wire:
    """One connection, on which requests go out exactly as they are given."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._socket.close()

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """Send one request, its framing being that of `headers`, and read its answer, which is as docs/openapi.json has it."""
        lines = [
            f"{method} {target} HTTP/1.1",
            f"Host: {self.host}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        response = HTTPResponse(self._socket, method=method)
        response.begin()
        content = response.read()
        if " " not in target:  # else the request line is broken, and the web server answers in its own words
            require_answer(method, target, response.status, content)
        return Answer(response.status, CaseInsensitiveDict(response.getheaders()), content)


@dataclass
class Tenant:
    """An application as its own server sees it: `send` asks over one connection."""

    url: str
    appkey: str
    secret: str
    names: dict[str, Any] = field(default_factory=dict)

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{self.appkey}:{self.secret}".encode()).decode()

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": self.authorization, "Content-Length": str(len(content)), "Connection": "close"}
        with Wire(self.url) as wire:
            return wire.ask(method, path, headers, content)

    def make(self, method: str, path: str, body: Any = None) -> Any:
        """The same, which must succeed; the JSON answer, None without one."""
        answer = self.send(method, path, body)
        assert answer.status in (200, 201, 204), f"{method} {path} {body}: {answer.status} {answer.content[:500]!r}"
        return answer.json() if answer.content else None

    def prepare(self, given: dict[str, Any]) -> None:
        """Make what is given; ids become known under their names."""
        users = [profile(user) for user in [*given.get("users", ()), *given.get("signed_in", ())]]
        if users:
            self.make("POST", "/v1/users", users)
        for admin in given.get("admins", ()):
            self.make("POST", "/v1/admins", profile(admin))
        for name, group in given.get("groups", {}).items():
            self.names[name] = self.make("POST", "/v1/groups", {"name": name, **group})["gid"]
        for name, room in given.get("rooms", {}).items():
            self.names[name] = self.make("POST", "/v1/chatroom", {"name": name, **room})["chatroom_id"]
        for name, message in given.get("messages", {}).items():
            self.names[name] = self.make("POST", "/v1/messages", self.filled(message))["msg_id"]
        for name, kind in given.get("uploads", {}).items():
            self.names[name] = self.upload(kind)
        for user in given.get("signed_in", ()):
            self.visit(user)
        for method, path, body in given.get("requests", ()):
            self.make(method, self.filled_path(path), self.filled(body))

    def visit(self, user: str) -> None:
        """The user signs in, and goes; returns when the server has noticed."""
        with BlockingClient.connect(self.url) as client:
            client.sign_in(self.appkey, self.secret, user, PASSWORD)
        state = f"/v1/users/{user}/userstat"
        wait_until(lambda: not self.make("GET", state)["online"], f"the end of {user}'s session")

    def upload(self, kind: str) -> str:
        content, content_type = multipart("filename", "test.png", file_of(kind))
        headers = {
            "Authorization": self.authorization,
            "Content-Type": content_type,
            "Content-Length": str(len(content)),
        }
        with Wire(self.url) as wire:
            answer = wire.ask("POST", f"/v1/resource?type={kind}", headers, content)
        assert answer.status == 200, answer.content
        return answer.json()["media_id"]

    def filled(self, value: Any) -> Any:
        """The value with names replaced: `{club}` alone by the number, within a text by its digits."""
        if isinstance(value, dict):
            return {key: self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if (alone := re.fullmatch(r"{(\w+)}", value)) and alone[1] in self.names:
            return self.names[alone[1]]
        return self.filled_text(value)

    def filled_text(self, text: str) -> str:
        return re.sub(r"{(\w+)}", lambda found: str(self.names.get(found[1], found[0])), text)

    def filled_path(self, path: str) -> str:
        """A path with names in it, those in percents; `{raw:file}` as it is."""
        path = re.sub(r"{raw:(\w+)}", lambda found: str(self.names[found[1]]), path)
        return re.sub(r"{(\w+)}", lambda found: quote(str(self.names[found[1]]), safe=""), path)


def profile(user: str | dict[str, Any]) -> dict[str, Any]:
    return {"password": PASSWORD, **(user if isinstance(user, dict) else {"username": user})}


class Site:
    """A server with as many pairs of applications as are asked for."""

    def __init__(self, live: Live, pairs: int) -> None:
        command = [sys.executable, "-c", MAKE, str(pairs)]
        done = subprocess.run(command, cwd=ROOT, env=live.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        self.url = live.url
        self._pairs = iter(json.loads(done.stdout.splitlines()[-1]))

    def tenant(self, given: dict[str, Any]) -> Tenant:
        """A fresh application in which this is given."""
        own, sister = (Tenant(self.url, appkey, secret) for appkey, secret in next(self._pairs))
        own.names = {"appkey": own.appkey, "sister": sister.appkey}
        elsewhere = dict(given.get("sister", {}))
        last = elsewhere.pop("requests", ())  # which may name what is here
        sister.names = {"appkey": own.appkey, "sister": sister.appkey}
        sister.prepare(elsewhere)
        own.names |= sister.names
        here = dict(given)
        first = {name: here.pop(name) for name in [*here] if name != "requests"}
        own.prepare(first)
        sister.names |= own.names
        sister.prepare({"requests": last})
        own.prepare({"requests": here.get("requests", ())})
        return own


@contextlib.contextmanager
def site(folder: Any, pairs: int, **variables: str) -> Iterator[Site]:
    """A running server on an empty folder, whose password hashes cost nothing."""
    quick = {"IM_ARGON2_TIME": "1", "IM_ARGON2_MEMORY_KIB": "8", "IM_RATE_LIMITS": "false"}
    with Live(folder, **quick, **variables) as live:
        yield Site(live, pairs)


def multipart(part: str, file_name: str, content: bytes) -> tuple[bytes, str]:
    """A body with one file, and its Content-Type, as curl writes them."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part}"; filename="{file_name}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def file_of(kind: str) -> bytes:
    """Something to upload: a picture, the beginning of an mp3, or bytes of no kind."""
    if kind == "image":
        file = io.BytesIO()
        Image.new("RGB", (72, 128), "teal").save(file, "JPEG")
        return file.getvalue()
    return (
        b"ID3\x03\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 200 if kind == "voice" else b"\x00\x01any bytes" * 9
    )


def differences(printed: Any, found: Any, varies: set[str], place: str = "answer") -> list[str]:
    """Where an answer is not the printed one. It may have more members; times and what `varies` need only be of the same kind."""
    if isinstance(printed, bool) or printed is None or not isinstance(found, type(printed)) or isinstance(found, bool):
        return [] if type(printed) is type(found) and printed == found else [f"{place}: {found!r}, not {printed!r}"]
    if isinstance(printed, dict):
        faults = [f"{place}.{name} is missing" for name in printed if name not in found]
        for name in printed.keys() & found.keys():
            faults += member_differences(printed[name], found[name], name, varies, f"{place}.{name}")
        return faults
    if isinstance(printed, list):
        if len(printed) != len(found):
            return [f"{place} has {len(found)} items, not {len(printed)}"]
        pairs = enumerate(zip(printed, found, strict=True))
        return [
            fault for number, (one, other) in pairs for fault in differences(one, other, varies, f"{place}[{number}]")
        ]
    return [] if printed == found else [f"{place}: {found!r}, not {printed!r}"]


def member_differences(printed: Any, found: Any, name: str, varies: set[str], place: str) -> list[str]:
    if name in TIMES:
        return [] if isinstance(found, str) and TIME.fullmatch(found) else [f"{place}: {found!r} is no time"]
    if name in varies:
        return [] if type(printed) is type(found) else [f"{place}: {found!r} is not of the kind of {printed!r}"]
    return differences(printed, found, varies, place)
