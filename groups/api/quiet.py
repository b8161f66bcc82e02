"""REST: how groups and users reach a user. Source: REST API, do not disturb; block group message; cross-application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import (
    AlreadyMuted,
    AlreadyQuiet,
    CrossApplication,
    NoSuchApplication,
    NoSuchUser,
    NotMuted,
    NotQuiet,
)
from accounts.models import Application
from accounts.rules import other_application, users_across
from groups import services
from groups.api.groups import GroupView
from groups.errors import (
    AlreadyQuietGroup,
    AlreadyShielded,
    NoSuchGroupToQuiet,
    NoSuchGroupToShield,
    NotMemberToQuiet,
    NotMemberToShield,
    NotQuietGroup,
    NotShielded,
)
from groups.models import Group
from groups.serializers import ACROSS_MOST, GroupList, NoDisturb, NoDisturbAcross
from imsite.core.errors import ImError, Invalid
from imsite.rest.describe import ArrayOf, OneOf, described

OF_USERS = (NoSuchUser, AlreadyMuted, NotMuted)
OF_GROUPS = (NoSuchGroupToQuiet, NotMemberToQuiet, AlreadyQuietGroup, NotQuietGroup)


class GroupsShield(GroupView):
    """/v1/users/{username}/groupsShield"""

    @described(
        "Shield a user against messages of groups",
        body=GroupList,
        answers={204: None},
        codes=[NoSuchUser, NoSuchGroupToShield, NotMemberToShield, AlreadyShielded, NotShielded],
    )
    def post(self, request: Request, username: str) -> Response:
        """Shield the user against the messages of the groups in `add`, end it for the groups in `remove`; all or none,
        204.

        Messages of a shielded group do not reach the user, not even later, and never count as unread; the history has
        them.

        Source: REST API, block group message.
        """
        user, change = self.user(username), self.read(GroupList)
        own = self.actor.application
        add, remove = (listed(own, change[part], NoSuchGroupToShield) for part in ("add", "remove"))
        services.change_shields(user, add=add, remove=remove, by=self.actor)
        return Response(status=204)


class UserNoDisturb(GroupView):
    """/v1/users/{username}/nodisturb"""

    @described(
        "Change do-not-disturb of a user",
        body=NoDisturb,
        answers={204: None},
        codes=[*OF_USERS, AlreadyQuiet, NotQuiet, *OF_GROUPS],
    )
    def post(self, request: Request, username: str) -> Response:
        """Say for which users (`single`) and groups (`group`), or whether for everything (`global`), the user gets
        messages without a notification; 204.

        Every part is optional, all are done or none. Messages are delivered all the same.

        Source: REST API, do not disturb settings.
        """
        user, change = self.user(username), self.read(NoDisturb)
        own = self.actor.application
        services.change_no_disturb(
            user,
            add=self.named(change["single"]["add"]),
            remove=self.named(change["single"]["remove"]),
            add_groups=listed(own, change["group"]["add"], NoSuchGroupToQuiet),
            remove_groups=listed(own, change["group"]["remove"], NoSuchGroupToQuiet),
            everyone=None if change.get("global") is None else bool(change["global"]),
            by=self.actor,
        )
        return Response(status=204)


class CrossUserNoDisturb(GroupView):
    """/v1/cross/users/{username}/nodisturb"""

    @described(
        "Change do-not-disturb of a user across applications",
        body=OneOf(ArrayOf(NoDisturbAcross, least=1, most=ACROSS_MOST), NoDisturbAcross),
        answers={204: None},
        codes=[*OF_USERS, *OF_GROUPS, NoSuchApplication, CrossApplication],
    )
    def post(self, request: Request, username: str) -> Response:
        """Change do-not-disturb for users and groups of other applications: an array of `{appkey, single?, group?}`;
        all or none, 204.

        Source: REST API, cross-application do not disturb settings.
        """
        user, changes = self.user(username), self.read_several(NoDisturbAcross, most=ACROSS_MOST)
        pairs = [
            (change["appkey"], name)
            for change in changes
            for part in ("add", "remove")
            for name in change["single"][part]
        ]
        if (
            len(pairs) + sum(len(change["group"][part]) for change in changes for part in ("add", "remove"))
            > ACROSS_MOST
        ):
            raise Invalid(f"a request names at most {ACROSS_MOST} users and groups")
        users = users_across(self.actor.application, pairs)
        services.change_no_disturb(
            user,
            add=[users[change["appkey"], name] for change in changes for name in change["single"]["add"]],
            remove=[users[change["appkey"], name] for change in changes for name in change["single"]["remove"]],
            add_groups=self._groups(changes, "add"),
            remove_groups=self._groups(changes, "remove"),
            by=self.actor,
        )
        return Response(status=204)

    def _groups(self, changes: Iterable[Mapping[str, Any]], part: str) -> list[Group]:
        gids: dict[Application, list[int]] = {}
        for change in changes:
            application = other_application(self.actor.application, change["appkey"])
            gids.setdefault(application, []).extend(change["group"][part])
        return [
            group for application, named in gids.items() for group in listed(application, named, NoSuchGroupToQuiet)
        ]


def listed(application: Application, gids: Iterable[int], missing: type[ImError]) -> list[Group]:
    """The application's groups of these ids, no query for none; `missing` where one is not there."""
    return Group.objects.of(application).listed(gids, missing=missing)
