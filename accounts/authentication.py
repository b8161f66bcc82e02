"""Who calls the REST API: `Authorization: Basic base64(appKey:masterSecret)`. Source: REST API, authentication."""

from __future__ import annotations

import base64
import binascii
import hmac

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import identity
from accounts.actors import Actor
from accounts.errors import AuthenticationFailed, AuthenticationMissing, NoSuchApplication
from accounts.models import Application


class MasterSecret(BaseAuthentication):
    """The application's own server. 401: 899007 without credentials, 899008 where they are wrong in any way."""

    refusals = (AuthenticationMissing, AuthenticationFailed)
    described_as = (
        "masterSecret",
        {"type": "http", "scheme": "basic", "description": "The appkey as user name, the master secret as password."},
    )

    def authenticate(self, request: Request) -> tuple[Actor, None]:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header.strip():
            raise AuthenticationMissing
        appkey, secret = read_basic(header)
        try:
            application = identity.application_of(appkey)
        except NoSuchApplication:
            raise AuthenticationFailed from None
        if not is_secret_of(application, secret):
            raise AuthenticationFailed
        return Actor.server(application), None


def read_basic(header: str) -> tuple[str, str]:
    """Name and password of a Basic authorization header; AuthenticationFailed (899008) where it is none."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise AuthenticationFailed("the authentication scheme must be Basic")
    try:
        name, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise AuthenticationFailed("the credentials cannot be decoded") from None
    if not colon:
        raise AuthenticationFailed
    return name, password


def is_secret_of(application: Application, secret: str) -> bool:
    """Whether it is the master secret, or the one before a rotation; in constant time."""
    given = secret.encode()
    current = hmac.compare_digest(application.master_secret.encode(), given)
    previous = hmac.compare_digest(application.previous_secret.encode(), given)
    return current or (previous and bool(application.previous_secret))
