"""REST: what is done to members of a group. Source: REST API, Group."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import CrossApplication, NoSuchApplication, NoSuchUser
from accounts.models import User
from accounts.rules import other_application
from accounts.serializers import Username
from groups import services
from groups.api.groups import GroupView
from groups.errors import NoSuchGroup, NotMember
from groups.serializers import NAMES_MOST, NewOwner, Silencing
from imsite.rest.describe import ArrayOf, described


class Silence(GroupView):
    """/v1/groups/messages/{gid}/silence"""

    @described(
        "Silence members of a group, or let them speak",
        body=ArrayOf(Username(), least=1, most=NAMES_MOST),
        query=Silencing,
        answers={204: None},
        codes=[NoSuchGroup, NoSuchUser, NotMember],
    )
    def put(self, request: Request, gid: str) -> Response:
        """Forbid the members named in an array to speak (`?status=true`), or allow it again (`?status=false`); all or
        none, 204.

        Source: REST API, ban group members.
        """
        group, status = self.find(gid), self.read_query(Silencing)["status"]
        change = services.silence_members if status else services.unsilence_members
        change(group, self.named(self.read_names(most=NAMES_MOST)), by=self.actor)
        return Response(status=204)


class Owner(GroupView):
    """/v1/groups/owner/{gid}"""

    @described(
        "Transfer a group to another owner",
        body=NewOwner,
        answers={204: None},
        codes=[NoSuchGroup, NoSuchUser, NotMember, NoSuchApplication, CrossApplication],
    )
    def put(self, request: Request, gid: str) -> Response:
        """Make a member the owner; the old owner stays a member; 204.

        `appkey` (also written `appKey`) is needed only where the new owner is of another application.

        Source: REST API, change the owner.
        """
        group, wanted = self.find(gid), self.read(NewOwner)
        application = other_application(self.actor.application, wanted["appkey"] or self.actor.application.appkey)
        services.transfer_group(group, User.objects.of(application).find(wanted["username"]), by=self.actor)
        return Response(status=204)
