"""Who calls the REST API: `Authorization: Basic base64(appKey:masterSecret)`. Source: REST API, authentication."""

from __future__ import annotations

import base64
import binascii
import hmac

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import identity, rates
from accounts.actors import Actor
from accounts.errors import AuthenticationFailed, AuthenticationMissing, NoSuchApplication, TooFast
from accounts.models import Application

NOBODY = Application(appkey="", master_secret="")
UNUSED = "-" * 24  # as long as a secret, and none


class MasterSecret(BaseAuthentication):
    """The application's own server. 401: 899007 without credentials, 899008 where they are wrong in any way."""

    refusals = (AuthenticationMissing, AuthenticationFailed)
    described_as = (
        "masterSecret",
        {"type": "http", "scheme": "basic", "description": "The appkey as user name, the master secret as password."},
    )

    def authenticate(self, request: Request) -> tuple[Actor, None]:
        return identify(request._request), None


def identify(request: HttpRequest) -> Actor:
    """The application's server that the request is from, with the request counted; `request.quota` says what is left.

    No query while the application is remembered, no write, no slow hash. 401: 899007 without credentials, 899008 where they
    are wrong; TooFast (429, 899030) for an address that has guessed too often, and beyond the application's limit.
    """
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header.strip():
        raise AuthenticationMissing
    appkey, secret = read_basic(header)
    try:
        application = identity.application_of(appkey)
    except NoSuchApplication:
        application = NOBODY  # whose secret is compared all the same: it takes as long
    is_right = is_secret_of(application, secret)
    if not rates.require_right(rates.secrets, is_right, request.META.get("REMOTE_ADDR", ""), application.appkey):
        raise AuthenticationFailed
    quota = rates.take_rest(application)
    request.quota = quota  # type: ignore[attr-defined]  # for the headers of the answer
    if quota and quota.wait_s:
        raise TooFast(quota.wait_s)
    return Actor.server(application)


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
    """Whether it is the master secret, or the one before a rotation; in constant time. NOBODY has none."""
    given = secret.encode()
    current = hmac.compare_digest((application.master_secret or UNUSED).encode(), given)
    previous = hmac.compare_digest((application.previous_secret or UNUSED).encode(), given)
    return (current and bool(application.master_secret)) or (previous and bool(application.previous_secret))
