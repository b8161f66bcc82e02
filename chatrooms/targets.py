"""Chat rooms as something to send to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.actors import Actor
from accounts.models import Application, User
from chatrooms.errors import BannedInRoom, NotInRoom
from chatrooms.models import ChatRoom, RoomMembership
from imsite.core.errors import ImError
from imsite.core.ids import read_id
from messaging.targets import Target, TargetKind
from messaging.writer import Send


class RoomTargets(TargetKind):
    """A room, by its id. Whoever is in it and not banned may speak."""

    def find(self, application: Application, target_id: str, *, by: Actor, sender: User) -> Target:
        room = ChatRoom.objects.of(application).find(read_id(target_id))
        return Target(
            kind="chatroom",
            application_id=application.pk,
            appkey=application.appkey,
            conversation_id=room.pk,
            target_id=str(room.pk),
            title=room.name,
        )

    def refusals(self, sends: list[Send]) -> dict[Send, ImError]:
        bound = [send for send in sends if not send.privileged]
        if not bound:
            return {}
        rows = RoomMembership.objects.filter(
            room_id__in={send.target.conversation_id for send in bound}, user_id__in={send.sender.pk for send in bound}
        )
        banned = {
            (room_id, user_id): banned for room_id, user_id, banned in rows.values_list("room_id", "user_id", "banned")
        }
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
