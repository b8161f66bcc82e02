"""What the request that opens a connection says: whether this protocol is spoken, and who connects from where."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from imsite.core import ids
from imsite.core.addresses import client_address, is_trusted
from imsite.realtime import engineio, socketio
from imsite.realtime.session import Session

USER_AGENT_LENGTH = 512


def query_of(scope: dict[str, Any]) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def is_spoken(query: dict[str, list[str]], transport: str) -> bool:
    """Whether Engine.IO 3 is asked for over this transport, `websocket` or `polling`."""
    return query.get("EIO") == ["3"] and query.get("transport") == [transport]


def session_of(scope: dict[str, Any]) -> Session:
    """A new session for the connection."""
    headers = headers_of(scope)
    client = scope.get("client")
    peer = client[0] if client else ""
    if settings.TRUSTED_PROXIES and not is_trusted(peer):
        headers = {name: value for name, value in headers.items() if not name.startswith(b"x-forwarded-")}
    return Session(
        ids.new_sid(),
        address=client_address(peer, headers.get(b"x-forwarded-for", "")),
        user_agent=headers.get(b"user-agent", "")[:USER_AGENT_LENGTH],
        origin=headers.get(b"origin", ""),
        base_url=_base_url(scope, headers),
    )


def headers_of(scope: dict[str, Any]) -> dict[bytes, str]:
    """By name in lower case; what is said twice is joined, as proxies append to a list."""
    headers: dict[bytes, str] = {}
    for name, value in scope.get("headers", ()):
        key, text = name.lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def greeting(session: Session, *upgrades: str) -> tuple[str, str]:
    """The two frames that every connection begins with: the open packet, and the connect that clients wait for."""
    opened = engineio.Open(session.sid, settings.PING_INTERVAL_S * 1000, settings.PING_TIMEOUT_S * 1000, upgrades)
    return engineio.encode(opened), engineio.encode(engineio.Message(socketio.encode(socketio.Connect())))


def _base_url(scope: dict[str, Any], headers: dict[bytes, str]) -> str:
    """`https://host` as a view would build it; "" where no allowed host is named: addresses are then relative."""
    host = headers.get(b"host", "")
    if settings.USE_X_FORWARDED_HOST:
        host = headers.get(b"x-forwarded-host", host)
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return ""
    secure = scope.get("scheme") in ("wss", "https")
    if settings.SECURE_PROXY_SSL_HEADER:  # of a proxy that ends TLS, trusted only where the operator says so
        secure = headers.get(b"x-forwarded-proto", "").partition(",")[0].strip() == "https"
    return sys.intern(f"{'https' if secure else 'http'}://{host}")
