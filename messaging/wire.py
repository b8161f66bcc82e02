"""Messages as the wire carries them, live and from the database alike. Source: Web SDK protocol, 5 and 6."""

from __future__ import annotations

from typing import Any

import orjson

from accounts.models import User
from messaging.events import MessageFacts
from messaging.models import GROUP_TYPE, SINGLE_TYPE, Conversation, Message


def facts_of(
    row: Message, conversation: Conversation, peer: User | None = None, reader: User | None = None
) -> MessageFacts:
    """The facts of a stored message whose sender, and the sender's application, are loaded.

    Of a pair, `reader` and `peer` are its two users: it goes between two applications where they do.
    """
    across = row.application_id != conversation.application_id
    if peer is not None and reader is not None:
        across = peer.application_id != reader.application_id
    return MessageFacts(
        message_id=row.pk,
        conversation_id=conversation.pk,
        kind=conversation.kind,
        seq=row.seq or 0,
        created_ms=row.created_ms,
        sender_id=row.sender_id,
        sender_name=row.sender.username,
        sender_appkey=row.sender.application.appkey,
        content=row.content,
        need_receipt=row.need_receipt,
        across=across,
        custom_notification=row.custom_notification,
        state=row.state,
    )


def message(facts: MessageFacts) -> dict[str, Any]:
    """A message of a pair or a group: the vendor's members, and our `seq`, `conversation_id` and `state` beside them.

    The content is embedded as it was stored; that of a retracted message loses its body, and the message its notification.
    """
    is_single = facts.kind == Conversation.Kind.SINGLE
    wire: dict[str, Any] = {
        "msg_id": facts.message_id,
        "msg_type": SINGLE_TYPE if is_single else GROUP_TYPE,
        "msg_level": int(facts.across),
        "from_uid": facts.sender_id,
        "from_gid": 0 if is_single else facts.conversation_id,
        "from_appkey": facts.sender_appkey,
        "from_username": facts.sender_name,
        "ctime_ms": facts.created_ms,
        "need_receipt": facts.need_receipt,
        "seq": facts.seq,
        "conversation_id": facts.conversation_id,
        "state": facts.state,
        "content": _content(facts),
    }
    if facts.custom_notification and facts.state == Message.State.KEPT:
        wire["custom_notification"] = orjson.Fragment(facts.custom_notification)
    return wire


def room_message(facts: MessageFacts) -> dict[str, Any]:
    """A message of a chat room."""
    return {
        "room_id": facts.conversation_id,
        "msg_id": facts.message_id,
        "ctime_ms": facts.created_ms,
        "from_uid": facts.sender_id,
        "seq": facts.seq,
        "content": _content(facts),
    }


def _content(facts: MessageFacts) -> Any:
    if facts.state == Message.State.KEPT:
        return orjson.Fragment(facts.content)
    content = orjson.loads(facts.content)
    content.pop("msg_body", None)
    return content
