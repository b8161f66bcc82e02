"""Refusals about applications, users, sessions and their relations. REST API and Web SDK: error codes."""

from __future__ import annotations

from imsite.core.errors import BadValue, Busy, Conflict, ImError, Invalid, NotAllowed, NotFound, WrongType

__all__ = ["BadValue", "Busy", "Conflict", "ImError", "Invalid", "NotAllowed", "NotFound", "WrongType"]


class AuthenticationMissing(NotAllowed):
    """The request carries no credentials."""

    status, code, sdk_code = 401, 899007, 882004


class AuthenticationFailed(NotAllowed):
    """The appkey and the secret do not belong together."""

    status, code, sdk_code = 401, 899008, 882004


class NoSuchApplication(NotFound):
    """The appkey does not exist."""

    status, code, sdk_code = 400, 899009, 880101


class BadSignature(NotAllowed):
    """The signature does not fit the appkey, time and random string."""

    status, code, sdk_code = 401, 899008, 880102


class StaleSignature(NotAllowed):
    """The signature is older than allowed, or from the future."""

    status, code, sdk_code = 401, 899008, 880106


class OriginRefused(NotAllowed):
    """Pages of this origin may not use the application."""

    status, code, sdk_code = 403, 899008, 882004


class AlreadyInitialised(NotAllowed):
    """The connection is logged in; log out first."""

    sdk_code = 880107


class UserExists(NotAllowed):
    """The username is taken."""

    status, code, sdk_code = 403, 899001, 882002


class BadUsername(BadValue):
    """A username has 4 to 128 bytes: a letter or digit, then letters, digits, and _ . - @."""

    sdk_code = 880003


class NoSuchUser(NotFound):
    """No such user."""

    status, code, sdk_code = 403, 899002, 882002


class WrongPassword(NotAllowed):
    """The password is wrong."""

    status, code, sdk_code = 403, 899004, 880104


class UserDisabled(NotAllowed):
    """The account is disabled."""

    status, code, sdk_code = 403, 899002, 880111


class AlreadyLoggedIn(NotAllowed):
    """This connection is logged in already."""

    sdk_code = 880107


class StillLoggedIn(NotAllowed):
    """Log out before you register."""

    sdk_code = 880006


class SignedInElsewhere(NotAllowed):
    """Another login came at the same moment."""

    sdk_code = 880109


class RegistrationClosed(NotAllowed):
    """The application does not let clients register users."""

    sdk_code = 880007


class TooManyUsers(NotAllowed):
    """A registration takes at most 500 users."""

    status, code = 403, 899013


class NotAnAdmin(NotAllowed):
    """The sender is no admin of the application."""

    status, code, sdk_code = 403, 899016, 881701


class CrossApplication(NotAllowed):
    """The applications do not belong to one owner."""

    status, code, sdk_code = 403, 899020, 880203
