"""Groups as something to send to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.actors import Actor
from accounts.models import Application, User
from groups.errors import NoSuchGroup
from groups.models import Group
from imsite.core.errors import ImError
from imsite.core.ids import read_id
from messaging.sends import Send
from messaging.targets import ParticipantTargets, Target


class GroupTargets(ParticipantTargets):
    """A group, by its gid. Who may speak there stands in messaging's participants, which the groups' services keep."""

    codes = (NoSuchGroup, *ParticipantTargets.codes)

    def find(self, application: Application, target_id: str, *, by: Actor, sender: User) -> Target:
        # Users find what they are in, whichever of the owner's applications it is of; a server names that one itself.
        groups = Group.objects.of(application).select_related("application")
        if by.is_user and application.pk == sender.application_id:
            groups = Group.objects.known_to(sender)
        group = groups.find(read_id(target_id))
        return Target(
            kind="group",
            application_id=group.application_id,
            appkey=group.application.appkey,
            conversation_id=group.pk,
            target_id=str(group.pk),
            title=group.name,
        )

    def refusals(self, sends: list[Send]) -> dict[Send, ImError]:
        """Who is bound by the rules is in no group that was dissolved. For the others it is looked up: `find` may be some seconds old."""
        refused = super().refusals(sends)
        above = [send for send in sends if send.privileged]
        gids = {send.target.conversation_id for send in above}
        living = set(Group.objects.filter(pk__in=gids, dissolved_at=None).values_list("pk", flat=True)) if gids else ()
        for send in above:
            if send.target.conversation_id not in living:
                refused[send] = NoSuchGroup(f"no such group: {send.target.target_id}")
        return refused

    def describe(self, conversation_ids: Iterable[int]) -> Mapping[int, Mapping[str, Any]]:
        groups = Group.objects.filter(pk__in=list(conversation_ids), dissolved_at=None).select_related("application")
        return {
            group.pk: {"name": group.name, "avatar": group.avatar, "appkey": group.application.appkey}
            for group in groups
        }
