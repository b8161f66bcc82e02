import pytest

from imsite.realtime import handshake

HEADERS = [(b"host", b"chat.example.com"), (b"user-agent", b"Browser/1"), (b"origin", b"https://shop.example")]


def scope(query=b"EIO=3&transport=websocket", headers=HEADERS, **more):
    return {"query_string": query, "headers": list(headers), "client": ["10.0.0.1", 5000], "scheme": "ws", **more}


@pytest.mark.parametrize(
    ("query", "spoken"),
    [
        (b"EIO=3&transport=websocket", True),
        (b"transport=websocket&EIO=3&token=1&t=x", True),
        (b"EIO=4&transport=websocket", False),
        (b"EIO=3&transport=polling", False),
        (b"EIO=3", False),
        (b"", False),
        (b"EIO=3&EIO=3&transport=websocket", False),
        (b"\xff\xfe=%zz&&&", False),
    ],
)
def test_only_engineio_3_is_spoken(query, spoken):
    assert handshake.is_spoken(handshake.query_of(scope(query)), "websocket") is spoken
    polled = handshake.query_of(scope(query.replace(b"websocket", b"polling")))
    assert handshake.is_spoken(polled, "polling") is (spoken or query == b"EIO=3&transport=polling")


def test_a_session_knows_who_connected_from_where(settings):
    settings.ALLOWED_HOSTS = ["*"]
    session = handshake.session_of(scope())
    assert (session.address, session.user_agent, session.origin) == ("10.0.0.1", "Browser/1", "https://shop.example")
    assert session.base_url == "http://chat.example.com"
    assert session.sid != handshake.session_of(scope()).sid


def test_headers_that_are_missing_or_long_do_no_harm():
    session = handshake.session_of(scope(headers=[(b"user-agent", b"x" * 5000)], client=None))
    assert (session.address, session.origin, session.base_url, len(session.user_agent)) == ("", "", "", 512)


@pytest.mark.parametrize(
    ("allowed", "scheme", "proxy", "forwarded", "url"),
    [
        (["chat.example.com"], "wss", None, b"", "https://chat.example.com"),
        (["other.example.com"], "wss", None, b"", ""),
        (["*"], "ws", None, b"https", "http://chat.example.com"),
        (["*"], "ws", ("HTTP_X_FORWARDED_PROTO", "https"), b"https", "https://chat.example.com"),
        (["*"], "ws", ("HTTP_X_FORWARDED_PROTO", "https"), b"", "http://chat.example.com"),
    ],
)
def test_the_address_of_the_site_is_taken_from_what_is_trusted(settings, allowed, scheme, proxy, forwarded, url):
    settings.ALLOWED_HOSTS, settings.SECURE_PROXY_SSL_HEADER = allowed, proxy
    headers = [*HEADERS, (b"x-forwarded-proto", forwarded)] if forwarded else HEADERS
    assert handshake.session_of(scope(headers=headers, scheme=scheme)).base_url == url


def test_a_connection_is_greeted_with_an_open_packet_and_a_connect(settings):
    settings.PING_INTERVAL_S, settings.PING_TIMEOUT_S = 25, 60
    session = handshake.session_of(scope())
    assert handshake.greeting(session) == (
        f'0{{"sid":"{session.sid}","upgrades":[],"pingInterval":25000,"pingTimeout":60000}}',
        "40",
    )
