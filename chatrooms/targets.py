"""Chat rooms as something to send to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from accounts.actors import Actor
from accounts.models import Application, User
from chatrooms.errors import BannedInRoom, NoSuchRoom, NotInRoom
from chatrooms.models import ChatRoom
from imsite.core.errors import ImError
from imsite.core.ids import read_id
from messaging.targets import Target, TargetKind, values
from messaging.writer import Send


class RoomTargets(TargetKind):
    """A room, by its id. Whoever is in it and not banned may speak.

    A user may be in a room of another application of the same owner, and speaks there without naming its appkey.
    """

    codes = (NoSuchRoom, NotInRoom, BannedInRoom)

    def find(self, application: Application, target_id: str, *, by: Actor, sender: User) -> Target:
        rooms = ChatRoom.objects.select_related("application")
        open_rooms = rooms.of_owner(application) if by.is_user else rooms.of(application)
        room = open_rooms.find(read_id(target_id))
        return Target(
            kind="chatroom",
            application_id=room.application_id,
            appkey=room.application.appkey,
            conversation_id=room.pk,
            target_id=str(room.pk),
            title=room.name,
        )

    def refusals(self, sends: list[Send]) -> dict[Send, ImError]:
        bound = [send for send in sends if not send.privileged]
        if not bound:
            return {}
        listed, parameters = values({(send.target.conversation_id, send.sender.pk) for send in bound})
        with connection.cursor() as cursor:
            cursor.execute(
                # Pair by pair: of two lists behind IN every room would be looked through for every speaker.
                f"""
                WITH asked (room, speaker) AS (VALUES {listed})
                SELECT m.room_id, m.user_id,
                    EXISTS (SELECT 1 FROM chatrooms_roomban b WHERE b.room_id = m.room_id AND b.user_id = m.user_id)
                FROM asked JOIN chatrooms_roommembership m ON m.room_id = room AND m.user_id = speaker
                """,  # noqa: S608  (placeholders)
                parameters,
            )
            banned = {(room_id, user_id): bool(is_banned) for room_id, user_id, is_banned in cursor.fetchall()}
        refused: dict[Send, ImError] = {}
        for send in bound:
            key = (send.target.conversation_id, send.sender.pk)
            if key not in banned:
                refused[send] = NotInRoom()
            elif banned[key]:
                refused[send] = BannedInRoom()
        return refused

    def describe(self, conversation_ids: Iterable[int]) -> Mapping[int, Mapping[str, Any]]:
        """Nothing: rooms stand in no conversation list."""
        return {}
