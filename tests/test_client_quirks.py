"""What the vendor's server clients send, byte by byte, against a running server: slashes, nulls, booleans, framing.

Each entry of the data file is one connection on which its requests go out one after the other, so that an answer that breaks
the connection is noticed at the next one. A request's `framing`: "zero" is a Content-Length of 0, "chunked" the transfer
encoding; without it a body has its length, and no body has none. `authorization` null leaves the header out.
"""

import json
from pathlib import Path

import pytest

from tests.replay import Wire, differences, file_of, multipart, site

pytestmark = pytest.mark.sqlite_only

QUIRKS = json.loads((Path(__file__).parent / "data" / "client_quirks.json").read_text())
CLIENTS = {"PHP 1.1.13", "Python 2.0.0", "Python 1.0.x", "C#", "Java 1.1.x", "Go", "any"}
JAVA_BOUNDARY = "========7d4a6d158c9"


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request, tmp_path_factory):
    with site(tmp_path_factory.mktemp("quirks") / "data", len(QUIRKS), IM_SERVER=request.param) as running:
        yield running


@pytest.mark.parametrize("quirk", QUIRKS, ids=[f"{quirk['client']}: {quirk['what']}" for quirk in QUIRKS])
def test_a_client_is_answered(server, quirk):
    tenant = server.tenant(quirk.get("given", {}))
    with Wire(tenant.url) as wire:
        for request in quirk["requests"]:
            answer = ask(wire, tenant, request)
            named = f"{request['line']}: {answer.status} {answer.content[:500]!r}"
            assert answer.status == request["status"], named
            assert "Location" not in answer.headers, named
            if request.get("empty"):
                assert answer.content == b"", named
            if "code" in request:
                assert answer.json()["error"]["code"] == request["code"], named
                assert answer.json()["error"]["message"], named
            if "answer" in request:
                varies = set(request.get("varies", ()))
                assert differences(tenant.filled(request["answer"]), answer.json(), varies) == []


def ask(wire, tenant, request):
    method, _, target = request["line"].partition(" ")
    headers = {"Authorization": request.get("authorization", tenant.authorization), **request.get("headers", {})}
    body = content(tenant, request, headers)
    if request.get("framing") == "chunked":
        headers["Transfer-Encoding"] = "chunked"
        half = len(body) // 2
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:], b""))
    elif body or request.get("framing") == "zero":
        headers["Content-Length"] = str(len(body))
    sent = {name: value for name, value in headers.items() if value is not None}
    return wire.ask(method, tenant.filled_path(target), sent, body)


def content(tenant, request, headers):
    """The body; that of an upload brings its own Content-Type."""
    if "upload" in request:
        upload = request["upload"]
        write = java_multipart if upload.get("framing") == "java" else multipart
        body, headers["Content-Type"] = write(upload["part"], upload["name"], file_of(upload["kind"]))
        return body
    if "body" in request:
        return request["body"].encode()
    return json.dumps(tenant.filled(request["json"])).encode() if "json" in request else b""


def java_multipart(part, file_name, content):
    """Its boundary stands unquoted, no blank follows ; and :, and a line break more follows the file."""
    head = (
        f'--{JAVA_BOUNDARY}\r\nContent-Disposition:form-data;name="{part}";filename="{file_name}"\r\n'
        "Content-Type:application/octet-stream\r\n\r\n"
    )
    body = head.encode() + content + b"\r\n" + f"\r\n--{JAVA_BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={JAVA_BOUNDARY}"


def test_every_client_is_heard():
    assert {quirk["client"] for quirk in QUIRKS} == CLIENTS
    names = [(quirk["client"], quirk["what"]) for quirk in QUIRKS]
    assert len(set(names)) == len(names)
