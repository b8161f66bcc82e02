"""Sockets: chat rooms. Source: Web SDK, Chat room."""

from __future__ import annotations

from typing import Any

from accounts.errors import NoSuchApplication
from accounts.rules import other_application
from chatrooms import services
from chatrooms.models import ChatRoom, ChatRoomQuerySet
from chatrooms.rules import HISTORY_MOST, rooms_open_to
from chatrooms.serializers import WirePage, WireRoomId, wire_room
from imsite.realtime.dispatch import Followed, on
from imsite.realtime.session import Session
from messaging import wire
from messaging.models import Conversation

Data = dict[str, Any]

PAGE_MOST = 500


def history(room: ChatRoom) -> tuple[tuple[str, Data], ...]:
    """The push that shows what was said last to who enters, oldest first; none for a silent room.

    Source: Web SDK, pushes, room_msg_sync_his.
    """
    conversation = Conversation(pk=room.pk, application_id=room.application_id, kind=Conversation.Kind.ROOM)
    messages = [wire.room_message(wire.facts_of(row, conversation)) for row in room.history(HISTORY_MOST)]
    if not messages:
        return ()
    pushed = {"room_id": room.pk, "messages": [{"room_id": room.pk, "msgs": messages}]}
    return (("room_msg_sync_his", pushed),)


@on("room_list", WirePage, codes={NoSuchApplication: 880203})
def room_list(session: Session, data: Data) -> Data:
    """Answer: `result` with total, start, count, rooms; at most 500. Source: Web SDK, Chat room, getAppkeyChatrooms.

    `appkey` may be that of another application of the same owner; else 880203.
    """
    rooms, start = _rooms_of(session, data["appkey"]), data["start"]
    total = rooms.count()
    page = [wire_room(room) for room in rooms[start : start + PAGE_MOST]] if start < total else []
    return {"result": {"total": total, "start": start, "count": len(page), "rooms": page}}


def _rooms_of(session: Session, appkey: str) -> ChatRoomQuerySet:
    """The rooms of the application of this key, the session's own without one, with all that is shown of them."""
    own = session.application
    return ChatRoom.objects.of(other_application(own, appkey) if appkey else own).in_order()


@on("room_list_self")
def room_list_self(session: Session, data: Data) -> Data:
    """Answer: `chat_rooms` that the user is in. Source: Web SDK, Chat room, getSelfChatrooms."""
    rooms = rooms_open_to(session.actor).joined_by(session.actor.user).in_order()
    return {"chat_rooms": [wire_room(room) for room in rooms]}


@on("room_info", WireRoomId)
def room_info(session: Session, data: Data) -> Data:
    """Answer: `info`. Source: Web SDK, Chat room, getChatroomInfo."""
    return {"info": wire_room(rooms_open_to(session.actor).in_order().find(data["id"]))}


# Entering and leaving are repeated on a new connection rather than answered from memory: rooms are left with the old one.


@on("join_room", WireRoomId, remember="connection")
def join_room(session: Session, data: Data) -> Followed:
    """Answer: `id`; then the last messages of the room. Source: Web SDK, Chat room, enterChatroom."""
    room = rooms_open_to(session.actor).find(data["id"])
    services.enter_room(room, session.actor.user, by=session.actor)
    return Followed({"id": room.pk}, history(room))


@on("exit_room", WireRoomId, remember="connection")
def exit_room(session: Session, data: Data) -> Data:
    """Answer: `id`. Source: Web SDK, Chat room, exitChatroom."""
    room = rooms_open_to(session.actor).find(data["id"])
    services.leave_room(room, session.actor.user, by=session.actor)
    return {"id": room.pk}
