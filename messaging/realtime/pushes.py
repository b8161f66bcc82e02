"""How messages and read marks look on the wire."""

from __future__ import annotations

from typing import Any

from accounts.serializers import notification
from imsite.realtime.dispatch import pushed
from messaging import wire
from messaging.events import (
    CommandSent,
    ConversationChanged,
    ConversationRead,
    MessageRetracted,
    MessageSent,
    ReceiptsChanged,
    ReceiptsSent,
    RoomMessageSent,
)
from messaging.models import GROUP_TYPE, SINGLE_TYPE, Conversation

RETRACTED, CONVERSATION_READ, RECEIPTS_SENT = 55, 200, 201  # event types
PLATFORM_TYPE = 5  # of a command to one's own devices


@pushed(MessageSent)
def message_sent(event: MessageSent) -> tuple[str, dict[str, Any]]:
    """One message a packet: applications read the first alone. Source: Web SDK, pushes, msg_sync."""
    return "msg_sync", {"messages": [wire.message(event.facts)]}


@pushed(RoomMessageSent)
def room_message_sent(event: RoomMessageSent) -> tuple[str, dict[str, Any]]:
    """The message itself is the packet. Source: Web SDK, pushes, room_msg_sync."""
    return "room_msg_sync", wire.room_message(event.facts)


@pushed(MessageRetracted)
def message_retracted(event: MessageRetracted) -> tuple[str, dict[str, Any]]:
    """Event 55: msg_ids and, the same, msgid_list; from_gid 0 of a pair, else the gid or the room's id.

    Source: Web SDK, event_notification.
    """
    is_single = event.kind == Conversation.Kind.SINGLE
    members: dict[str, Any] = {
        "from_username": event.from_username,
        "from_appkey": event.from_appkey,
        "from_uid": event.from_uid,
        "from_nickname": event.from_nickname,
        "msg_ids": [event.message_id],
        "msgid_list": [event.message_id],
        "from_gid": 0 if is_single else event.conversation_id,
        "to_usernames": list(event.to),
        "conversation_id": event.conversation_id,
    }
    if event.kind == Conversation.Kind.GROUP:
        members |= {"gid": event.conversation_id, "group_name": event.group_name, "media_id": event.group_avatar}
    return notification(event, RETRACTED, **members)


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


@pushed(ConversationChanged)
def conversation_changed(event: ConversationChanged) -> tuple[str, dict[str, Any]]:
    """What a user notes about a conversation, to their other sessions. Source: imsite, conversation list."""
    members = {"conversation_id": event.conversation_id, "extras": event.extras}
    return "conversation_change", {**event.conversation, **members}


@pushed(ReceiptsSent)
def receipts_sent(event: ReceiptsSent) -> tuple[str, dict[str, Any]]:
    """Event 201, to the user's other sessions: which messages were read, in msg_ids. Source: Web SDK, event_notification."""
    return notification(
        event,
        RECEIPTS_SENT,
        from_username=event.username,
        from_appkey=event.appkey,
        from_uid=event.user_id,
        from_nickname=event.nickname,
        description=event.conversation,
        msg_ids=list(event.message_ids),
        conversation_id=event.conversation_id,
    )


@pushed(ReceiptsChanged)
def receipts_changed(event: ReceiptsChanged) -> tuple[str, dict[str, Any]]:
    """How many have not read them yet, to the sender of the messages. Source: Web SDK, pushes, receipt_change."""
    return "receipt_change", {**event.conversation, "receipt_msgs": list(event.totals)}


@pushed(CommandSent)
def command_sent(event: CommandSent) -> tuple[str, dict[str, Any]]:
    """type 3 from a user, 4 with gid to a group, 5 with platform to the user's own devices. Source: Web SDK, trans_msg_rec."""
    sender = {"from_appkey": event.from_appkey, "from_username": event.from_username, "cmd": event.cmd}
    if event.platform:
        return "trans_msg_rec", {"type": PLATFORM_TYPE, "platform": event.platform, **sender}
    if event.gid:
        return "trans_msg_rec", {"type": GROUP_TYPE, "gid": event.gid, **sender}
    return "trans_msg_rec", {"type": SINGLE_TYPE, **sender}
