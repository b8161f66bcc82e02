"""The patient client: what it tries again, how long it waits, what it gives up."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from imsite.core.errors import Invalid
from imsite.importing.client import ATTEMPTS, LONGEST_WAIT, Client, SourceRefused, SourceUnreachable
from tests.backing import wait_until
from tests.importing.scripted import CUT, scripted


def answer(value, status=200, **headers):
    return status, {name.replace("_", "-"): text for name, text in headers.items()}, json.dumps(value).encode()


def client_of(script, path=""):
    waits = []
    return Client(script.url + path, "key", "secret", wait=waits.append), waits


def test_it_asks_with_the_credentials_and_keeps_the_connection():
    with scripted(*[answer({"n": number}) for number in range(3)]) as script:
        client, waits = client_of(script, "/im/")
        assert [client.get("/v1/users", start=number, count=500)["n"] for number in range(3)] == [0, 1, 2]
    path, headers = script.asked[1]
    assert path == "/im/v1/users?start=1&count=500"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"key:secret").decode()
    assert (script.connections, waits) == (1, [])


def test_it_waits_for_as_long_as_it_is_asked_to():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    busy = [answer({}, 429, Retry_After="7"), answer({}, 503, Retry_After=later), answer({}, 429, Retry_After="9999")]
    with scripted(*busy, answer([1])) as script:
        client, waits = client_of(script)
        assert client.get("/") == [1]
    assert waits[0] == 7
    assert 20 < waits[1] <= 30
    assert waits[2] == LONGEST_WAIT


def test_without_being_asked_it_waits_longer_each_time():
    broken = [answer({}, 500), (502, {}, b"<html>"), answer({}, 503, Retry_After="soon"), CUT]
    with scripted(*broken, answer("done")) as script:
        client, waits = client_of(script)
        assert client.get("/") == "done"
    assert len(waits) == 4
    assert all(0.75 * base <= wait <= 1.25 * base for wait, base in zip(waits, (0.5, 1, 2, 4), strict=True))


def test_it_gives_up_in_the_end():
    with scripted(*[answer({}, 503)] * ATTEMPTS) as script:
        client, waits = client_of(script)
        with pytest.raises(SourceUnreachable, match="HTTP 503"):
            client.get("/v1/users")
    assert (len(script.asked), len(waits)) == (ATTEMPTS, ATTEMPTS - 1)
    assert sum(waits) < ATTEMPTS * LONGEST_WAIT
    with pytest.raises(SourceUnreachable):  # nobody listens there any more
        client.get("/v1/users")


@pytest.mark.parametrize(
    ("given", "status", "code", "said"),
    [
        (answer({"error": {"code": 899008, "message": "wrong pair"}}, 401), 401, 899008, "wrong pair"),
        (answer({"error": {"code": 899002, "message": "no such user"}}, 403), 403, 899002, "no such user"),
        (answer({"error": "odd"}, 400), 400, 899003, "HTTP 400"),
        ((404, {}, b"<html>"), 404, 899003, "HTTP 404"),
        ((200, {}, b"<html>"), 200, 899003, "no JSON"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), 302, 899003, "HTTP 302"),
    ],
)
def test_a_refusal_is_not_tried_again(given, status, code, said):
    with scripted(given) as script:
        client, waits = client_of(script)
        with pytest.raises(SourceRefused, match=said) as refused:
            client.get("/")
    assert (refused.value.status, refused.value.code, waits) == (status, code, [])


@pytest.mark.parametrize("host", ["", "ftp://x", "http://", "http://host:port", "https://host:99999"])
def test_what_is_no_host(host):
    with pytest.raises(Invalid):
        Client(host, "key", "secret")


def test_a_bare_name_is_asked_over_tls():
    client = Client("api.example.com", "key", "secret")
    assert (client.netloc, client.port, client.is_secure) == ("api.example.com", None, True)


def test_who_never_answered_is_not_waited_for():
    with scripted(CUT) as script:
        client, waits = client_of(script)
        with pytest.raises(SourceUnreachable, match="does not answer"):
            client.get("/")
        mistyped = Client(script.url.replace("http:", "https:"), "key", "secret", wait=waits.append)
        with pytest.raises(SourceUnreachable, match="write http:// before a host that has no TLS"):
            mistyped.get("/")
    assert waits == []


def test_who_waits_is_told_that_nobody_does_any_more():
    with scripted(answer({}, 503, Retry_After="60"), answer([1])) as script, ThreadPoolExecutor(1) as threads:
        client = Client(script.url, "key", "secret")
        asked = threads.submit(client.get, "/")
        wait_until(lambda: script.asked, "the first request")
        client.close()
        assert isinstance(asked.exception(10), SourceUnreachable)
    assert len(script.asked) == 1
