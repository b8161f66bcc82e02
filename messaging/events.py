"""Messages and read marks on their way to sockets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from imsite.core.events import Event


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """All that the wire form of a message is made of."""

    message_id: int
    conversation_id: int
    kind: str  # single, group, room
    seq: int  # 0 for what is not kept for those away
    created_ms: int
    sender_id: int
    sender_name: str
    sender_appkey: str
    content: str  # JSON text
    need_receipt: bool = False
    across: bool = False  # between two applications
    custom_notification: str = ""  # JSON text
    state: str = "kept"


@dataclass(frozen=True, kw_only=True)
class MessageSent(Event):
    """A message of a pair or a group was stored."""

    facts: MessageFacts


@dataclass(frozen=True, kw_only=True)
class RoomMessageSent(Event):
    """A message of a chat room was stored."""

    facts: MessageFacts


@dataclass(frozen=True, kw_only=True)
class MessageRetracted(Event):
    """A message was taken back by its sender, or in their name. Event 55 of the wire."""

    message_id: int
    conversation_id: int
    kind: str  # single, group, room
    from_uid: int
    from_username: str
    from_appkey: str
    from_nickname: str = ""
    to: Sequence[dict[str, Any]] = ()  # of a pair: the other one, a brief user
    group_name: str = ""
    group_avatar: str = ""


@dataclass(frozen=True, kw_only=True)
class ConversationRead(Event):
    """A user has read a conversation up to `read_seq`, on another device. Event 200 of the wire."""

    user_id: int
    username: str
    appkey: str
    conversation: dict[str, Any] = field(default_factory=dict)  # {type: 3, appkey, username} or {type: 4, gid}
    conversation_id: int = 0
    read_seq: int = 0
    read_ms: int = 0  # clients count what was sent later as unread; 0 = all is read
    unread_count: int = 0


@dataclass(frozen=True, kw_only=True)
class CommandSent(Event):
    """A user handed a command on to another one, to a group, or to their own devices of a platform. It is kept nowhere."""

    from_username: str
    from_appkey: str
    cmd: str
    gid: int = 0
    platform: str = ""  # as the user named it: all, android, ios, pc, web


@dataclass(frozen=True, kw_only=True)
class ConversationChanged(Event):
    """A user has noted something about a conversation of theirs, on another device."""

    conversation: dict[str, Any] = field(default_factory=dict)  # as above
    conversation_id: int = 0
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReceiptsSent(Event):
    """A user has said on another device that they read these messages. Event 201 of the wire."""

    user_id: int
    username: str
    appkey: str
    nickname: str = ""
    conversation: dict[str, Any] = field(default_factory=dict)  # {type: 3, appkey, username} or {type: 4, gid}
    conversation_id: int = 0
    message_ids: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class ReceiptsChanged(Event):
    """More people have read these messages of one sender in one conversation."""

    user_id: int  # the sender
    conversation: dict[str, Any] = field(default_factory=dict)  # of a pair the reader; as above
    totals: Sequence[dict[str, int]] = ()  # msg_id, unread_count, mtime (ms)
    keys: Sequence[int] = ()  # Message.receipt_key of each
