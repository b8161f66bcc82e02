"""Refusals about messages and media. REST API and Web SDK: error codes."""

from __future__ import annotations

from imsite.core.errors import BadValue, Busy, Conflict, Invalid, NotAllowed, NotFound, WrongType

__all__ = ["BadValue", "Busy", "Conflict", "Invalid", "NotAllowed", "NotFound", "WrongType"]


class NoSuchTarget(NotFound):
    """The receiver does not exist."""

    status, code, sdk_code = 403, 899002, 880203


class NoSuchConversation(NotFound):
    """There is no such conversation."""

    status, code, sdk_code = 403, 899006, 880204


class NotMember(NotAllowed):
    """The user is not in the group."""

    status, code, sdk_code = 403, 899014, 880205


class Silenced(NotAllowed):
    """The user is silenced in this group."""

    status, code, sdk_code = 403, 899016, 880212


class Blocked(NotAllowed):
    """The receiver has blocked the sender."""

    status, code, sdk_code = 403, 899016, 880207


class NotFriends(NotAllowed):
    """Only friends may write to this user."""

    status, code, sdk_code = 403, 899016, 880207


class TooLong(BadValue):
    """The message is too long."""

    status, code, sdk_code = 400, 899003, 880206


class NotOnline(NotFound):
    """Nobody there is signed in."""

    status, code, sdk_code = 403, 899002, 881602


class CommandTooLong(BadValue):
    """The command is too long."""

    status, code, sdk_code = 400, 899003, 881604


class SensitiveText(NotAllowed):
    """The text holds a word that the application does not allow."""

    status, code, sdk_code = 403, 899016, 880208


class ClientIdReused(Conflict):
    """This client id was used for another message."""

    status, code, sdk_code = 400, 899003, 880003


class RequestKeyReused(Conflict):
    """This Idempotency-Key was used for another request."""

    status, code, sdk_code = 409, 899003, 880003


class SenderGone(NotAllowed):
    """The sender's account is disabled or deleted."""

    status, code, sdk_code = 403, 899016, 880111


class NoSuchMessage(NotFound):
    """There is no such message."""

    status, code, sdk_code = 403, 855003, 881403


class TooLateToRetract(NotAllowed):
    """The message is too old to be retracted."""

    status, code, sdk_code = 403, 855001, 881401


class NotSender(NotAllowed):
    """Only the sender may retract a message."""

    status, code, sdk_code = 403, 855002, 881402


class AlreadyRetracted(NotAllowed):
    """The message is retracted already."""

    status, code, sdk_code = 403, 855004, 881404


class NoSuchMedia(NotFound):
    """There is no such file."""

    status, code, sdk_code = 400, 899003, 880005


class TooLarge(BadValue):
    """The file is larger than allowed."""

    status, code, sdk_code = 400, 899003, 880210


class UnreadableImage(BadValue):
    """The file is not an image that can be read."""

    status, code, sdk_code = 400, 899003, 880003


class NoSuchWord(NotFound):
    """The word is not in the list of sensitive words."""

    status, code, sdk_code = 400, 899003, 880003


class WordExists(BadValue):
    """The word is in the list of sensitive words already."""


class UploadTokenInvalid(NotAllowed):
    """The upload token is not the user's."""

    status, code, sdk_code = 401, 899008, 882004


class UploadTokenExpired(NotAllowed):
    """The upload token has expired; ask for another."""

    status, code, sdk_code = 401, 899008, 882004


class LinkExpired(NotAllowed):
    """The link has expired; ask for another."""
