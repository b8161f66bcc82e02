"""Sending over REST."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import NotAnAdmin
from imsite.core.errors import BadValue, Busy
from imsite.rest.views import ImView
from messaging import shapes
from messaging.rules import CLIENT_ID_BYTES
from messaging.serializers import MessageRequest
from messaging.services import sending
from messaging.services.sending import Draft
from messaging.targets import resolve

KEY_BYTES = CLIENT_ID_BYTES - len("key:")
ANSWER_SECONDS = 30  # the patience of the vendor's server clients


class Messages(ImView):
    """POST /v1/messages: send as an admin of the application to a user, a group or a chat room.

    Answer: 201 {"msg_id", "msg_ctime"}. msg_body at most 4096 bytes of compact JSON. 899003 shape, 899002 no such sender or
    user, 899006 no such group, 899081 no such room, 899016 the sender is no admin.
    With a header Idempotency-Key (at most 92 bytes; ours) a repetition answers the first result, and another content under
    the same key is 899003. Source: REST, Messages, Send.
    """

    def post(self, request: Request) -> Response:
        asked = self.read(MessageRequest)
        shapes.require_storable(asked["msg_body"])
        shapes.require_body(asked["msg_type"], asked["msg_body"], shapes.REST_BODIES)
        application = self.actor.application
        sender = sending.sender_named(application, asked["from_id"])
        if not sender.is_admin:
            raise NotAnAdmin
        target = resolve(
            application,
            asked["target_type"],
            asked["target_id"],
            by=self.actor,
            sender=sender,
            appkey=asked.get("target_appkey", "").strip(),
        )
        draft = Draft(
            type=asked["msg_type"],
            body=asked["msg_body"],
            target_name=asked.get("target_name", ""),
            from_name=asked.get("from_name", ""),
            no_offline=asked["no_offline"],
            no_notification=asked["no_notification"],
            custom_notification=asked.get("notification"),
        )
        sent = sending.send(target, draft, by=self.actor, sender=sender, client_id=_client_id(request))
        try:
            result = sent.result(ANSWER_SECONDS)
        except TimeoutError:
            raise Busy from None
        return Response({"msg_id": result.message_id, "msg_ctime": result.created_ms}, status=201)


def _client_id(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key.encode("utf-8", "surrogatepass")) <= KEY_BYTES:
        raise BadValue(f"Idempotency-Key has 1 to {KEY_BYTES} bytes")
    return f"key:{key}"
