"""What holds for every chat room: sizes, and who manages it."""

from __future__ import annotations

from accounts.actors import Actor
from chatrooms.errors import BadValue, NotForUsers, RoomFull
from chatrooms.models import ChatRoom, ChatRoomQuerySet
from imsite.core.fields import utf8_len

NAME_BYTES = 64
DESCRIPTION_BYTES = 250
LIST_MOST = 3_000  # usernames in one request
ACROSS_MOST = 500  # applications in one request
HISTORY_MOST = 50  # messages that who enters is shown


def require_info(*, name: str | None = None, description: str | None = None) -> None:
    """BadValue (899003) where the name has not 1 to 64 bytes of UTF-8, or the description more than 250."""
    if name is not None and not 1 <= utf8_len(name) <= NAME_BYTES:
        raise BadValue(f"a chat room's name takes 1 to {NAME_BYTES} bytes in UTF-8")
    if description is not None and utf8_len(description) > DESCRIPTION_BYTES:
        raise BadValue(f"a chat room's description takes at most {DESCRIPTION_BYTES} bytes in UTF-8")


def require_capacity(members: int, capacity: int) -> None:
    """RoomFull (899012, 881508) where a room would have more members than its capacity."""
    if members > capacity:
        raise RoomFull(f"the chat room takes at most {capacity} members")


def require_application(by: Actor) -> None:
    """NotForUsers (880614) for a user: server, operator and system manage rooms."""
    if not by.is_privileged:
        raise NotForUsers


def require_owner(room: ChatRoom, by: Actor) -> None:
    """NotForUsers (880614) for a user who does not own the room."""
    if by.is_user and by.user_id != room.owner_id:
        raise NotForUsers("only the owner of the chat room may do this")


def rooms_open_to(by: Actor) -> ChatRoomQuerySet:
    """The living rooms that this actor may act in.

    For the application its own alone; for a user those of all applications of one owner, since the server of another may
    put them in.
    """
    rooms = ChatRoom.objects.all()
    return rooms.of_owner(by.application) if by.is_user else rooms.of(by.application)
