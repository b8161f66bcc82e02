"""How messages and read marks look on the wire."""

from __future__ import annotations

from typing import Any

from imsite.realtime.dispatch import pushed
from messaging import wire
from messaging.events import ConversationRead, MessageSent, RoomMessageSent

CONVERSATION_READ = 200


@pushed(MessageSent)
def message_sent(event: MessageSent) -> tuple[str, dict[str, Any]]:
    """One message a packet: applications read the first alone. Source: Web SDK, pushes, msg_sync."""
    return "msg_sync", {"messages": [wire.message(event.facts)]}


@pushed(RoomMessageSent)
def room_message_sent(event: RoomMessageSent) -> tuple[str, dict[str, Any]]:
    """The message itself is the packet. Source: Web SDK, pushes, room_msg_sync."""
    return "room_msg_sync", wire.room_message(event.facts)


@pushed(ConversationRead)
def conversation_read(event: ConversationRead) -> tuple[str, dict[str, Any]]:
    """Event 200, to the user's other sessions; `read_seq` and `unread_count` are ours. Source: Web SDK, event_notification."""
    read_ms = event.read_ms or event.at_ms
    return "event_notification", {
        "event_id": event.id,
        "event_type": CONVERSATION_READ,
        "extra": 0,
        "ctime": read_ms // 1000,
        "ctime_ms": read_ms,
        "from_username": event.username,
        "from_appkey": event.appkey,
        "from_uid": event.user_id,
        "description": event.conversation,
        "conversation_id": event.conversation_id,
        "read_seq": event.read_seq,
        "unread_count": event.unread_count,
    }
