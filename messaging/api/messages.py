"""Messages over REST: sending them, taking them back."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import CrossApplication, NoSuchApplication, NoSuchUser, NotAnAdmin
from accounts.models import User
from imsite.core.errors import Busy, Invalid
from imsite.core.ids import read_id
from imsite.rest.describe import Header, described
from imsite.rest.views import ImView
from messaging import schema, shapes, targets
from messaging.api.reports import OldApplicationReport
from messaging.errors import (
    AlreadyRetracted,
    Blocked,
    NoSuchMessage,
    NotFriends,
    NotSender,
    RequestKeyReused,
    SenderGone,
    SensitiveText,
    TooLateToRetract,
)
from messaging.models import Message
from messaging.repeats import first_result
from messaging.rules import KEY_BYTES, require_request_key
from messaging.sends import RequestKey, Sent
from messaging.serializers import MessageRequest
from messaging.services import retracting, sending
from messaging.services.sending import Draft
from messaging.targets import Target, resolve

KEY = Header(
    "Idempotency-Key",
    "Any text. The same body again under it answers the first result and sends nothing; another body is refused.",
    most_bytes=KEY_BYTES,
)
ANSWER_SECONDS = 30  # the patience of the vendor's server clients


class Messages(OldApplicationReport):
    """/v1/messages"""

    @described(
        "Send a message",
        body=MessageRequest,
        headers=[KEY],
        answers={201: schema.Sent},
        codes=[
            NoSuchUser,
            NotAnAdmin,
            NoSuchApplication,
            CrossApplication,
            SenderGone,
            Blocked,
            NotFriends,
            SensitiveText,
            RequestKeyReused,
            Busy,
            targets.codes,
        ],
    )
    def post(self, request: Request) -> Response:
        """Send a message in the name of a user to a user, a group or a chat room.

        With `from_type` `admin`, `from_id` is an admin of the application, and no rule for users binds the sender;
        with `user` it is any user, and what that user may not do is refused. `target_appkey` names another
        application of the same owner. `msg_body` has at most 4096 bytes of compact JSON.

        899016: the sender may not send. With `admin`: they are no admin. With `user`: they are disabled, silenced,
        blocked or no friend, or the text holds a sensitive word.

        The header `Idempotency-Key`, which imsite adds, makes it safe to send again: the same body under the same key
        answers the first result, whatever has changed since, and any other body of the application under that key is
        refused with 409/899003. A refused send leaves the key free.

        Source: REST, Messages, Send.
        """
        asked = self.read(MessageRequest)
        shapes.require_storable(asked["msg_body"])
        shapes.require_body(asked["msg_type"], asked["msg_body"], shapes.REST_BODIES)
        key = self.request_key
        # Before anything is looked for that may be gone by now.
        sent = first_result(self.actor.application.pk, key) if key else None
        if sent is None:
            sent = self._send(asked)
        return Response({"msg_id": sent.message_id, "msg_ctime": sent.created_ms}, status=201)

    @cached_property
    def request_key(self) -> RequestKey | None:
        """The header Idempotency-Key with what it stands for: all that the body says, however it is written."""
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return None
        require_request_key(key)
        try:
            asked = orjson.dumps(self.body, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # members that nobody reads may be nested deeper than it writes
            raise Invalid("the body is nested too deep") from None
        return RequestKey(key, hashlib.blake2b(asked, digest_size=16).hexdigest())

    def _send(self, asked: dict[str, Any]) -> Sent:
        sender = self._sender(asked)
        sending_now = sending.send(
            self._target(asked, sender),
            _draft(asked),
            by=self.actor,
            sender=sender,
            as_user=asked["from_type"] == "user",
            request=self.request_key,
        )
        try:
            return sending_now.result(ANSWER_SECONDS)
        except TimeoutError:
            raise Busy from None

    def _sender(self, asked: dict[str, Any]) -> User:
        sender = sending.sender_named(self.actor.application, asked["from_id"])
        if asked["from_type"] == "admin" and not sender.is_admin:
            raise NotAnAdmin
        return sender

    def _target(self, asked: dict[str, Any], sender: User) -> Target:
        return resolve(
            self.actor.application,
            asked["target_type"],
            asked["target_id"],
            by=self.actor,
            sender=sender,
            appkey=asked.get("target_appkey", "").strip(),
        )


def _draft(asked: dict[str, Any]) -> Draft:
    return Draft(
        type=asked["msg_type"],
        body=asked["msg_body"],
        target_name=asked.get("target_name", ""),
        from_name=asked.get("from_name", ""),
        no_offline=asked["no_offline"],
        no_notification=asked["no_notification"],
        custom_notification=asked.get("notification"),
    )


class Retraction(ImView):
    """/v1/messages/{username}/{msgid}/retract"""

    @described(
        "Retract a message",
        answers={204: None},
        codes=[NoSuchUser, NoSuchMessage, NotSender, AlreadyRetracted, TooLateToRetract],
    )
    def post(self, request: Request, username: str, msgid: str) -> Response:
        """Retract a message in the name of its sender; 204. The body is not read.

        855003: the application has no such message; 855002: another user sent it; 855004: it is retracted already;
        855001: it is too late (180 s after sending, or what the application sets).

        Source: REST, Messages, Retract.
        """
        application = self.actor.application
        sender = User.objects.of(application).find(username)
        message = Message.objects.filter(application=application).find(read_id(msgid))
        retracting.retract(message, by=self.actor, sender=sender)
        return Response(status=204)
