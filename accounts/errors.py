"""Refusals about applications, users, sessions and their relations. REST API and Web SDK: error codes."""

from __future__ import annotations

from imsite.core.errors import BadValue, Busy, Conflict, ImError, Invalid, NotAllowed, NotFound, TooFast, WrongType

__all__ = ["BadValue", "Busy", "Conflict", "ImError", "Invalid", "NotAllowed", "NotFound", "TooFast", "WrongType"]


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


class AlreadyFriends(NotAllowed):
    """They are friends already."""

    status, code, sdk_code = 403, 899070, 881302


class NotAFriend(NotAllowed):
    """They are no friends."""

    status, code, sdk_code = 403, 899071, 881303


class BadNote(BadValue):
    """A note name takes 64 bytes on one line, the other note 250 bytes, both in UTF-8."""

    sdk_code = 881304


class NoInvitation(NotFound):
    """No invitation of theirs is open."""

    status, code, sdk_code = 403, 899003, 881305


class AlreadyBlocked(NotAllowed):
    """They are in the blacklist already."""

    status, code, sdk_code = 403, 899017, 880904


class AdminNotBlockable(NotAllowed):
    """An admin cannot be put into a blacklist."""

    status, code, sdk_code = 403, 899018, 880903


class NotBlocked(NotAllowed):
    """They are not in the blacklist."""

    status, code, sdk_code = 403, 899019, 881002


class AlreadyMuted(NotAllowed):
    """Do-not-disturb is set for them already."""

    status, code, sdk_code = 403, 899043, 881101


class NotMuted(NotAllowed):
    """Do-not-disturb is not set for them."""

    status, code, sdk_code = 403, 899044, 881102


class AlreadyQuiet(NotAllowed):
    """Global do-not-disturb is on already."""

    status, code, sdk_code = 403, 899048, 881107


class NotQuiet(NotAllowed):
    """Global do-not-disturb is off already."""

    status, code, sdk_code = 403, 899050, 881108


class NobodyNamed(Invalid):
    """Name at least one user."""

    sdk_code = 880602
