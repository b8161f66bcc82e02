"""REST: groups with members of several applications of one owner. Source: REST API, cross-application."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import CrossApplication, NoSuchApplication, NoSuchUser
from accounts.rules import users_across
from groups import rules, schema, services
from groups.api.groups import GroupView
from groups.errors import AlreadyMember, GroupFull, NoSuchGroup, NotMember, TooManyGroups
from groups.models import Group
from groups.serializers import ACROSS_MOST, MemberChangeAcross, group_across_json, member_across_json
from imsite.rest.describe import ArrayOf, OneOf, described


class CrossGroupMembers(GroupView):
    """/v1/cross/groups/{gid}/members"""

    @described(
        "Add and remove members of several applications",
        body=OneOf(ArrayOf(MemberChangeAcross, least=1, most=ACROSS_MOST), MemberChangeAcross),
        answers={204: None},
        codes=[
            NoSuchGroup, NoSuchUser, NoSuchApplication, CrossApplication, AlreadyMember, NotMember, GroupFull, TooManyGroups,
        ],
    )  # fmt: skip
    def post(self, request: Request, gid: str) -> Response:
        """Add and remove users of other applications: an array of `{appkey, add?, remove?}`, or one such object; all or
        none, 204.

        A group that is left without members is deleted.

        Source: REST API, cross-application manage group members.
        """
        group, changes = self.find(gid), self.read_several(MemberChangeAcross, most=ACROSS_MOST)
        add = [(change["appkey"], name) for change in changes for name in change["add"]]
        remove = [(change["appkey"], name) for change in changes for name in change["remove"]]
        rules.require_capacity(len(set(add)), group.capacity)
        users = users_across(self.actor.application, [*add, *remove])
        services.change_members(
            group, add=[users[one] for one in add], remove=[users[one] for one in remove], by=self.actor
        )
        return Response(status=204)

    @described(
        "List members of a group with their applications",
        answers={200: ArrayOf(schema.GroupMemberAcross)},
        codes=[NoSuchGroup],
    )
    def get(self, request: Request, gid: str) -> Response:
        """All members as an array; `flag` is the role in the group, `appkey` the member's application.

        Source: REST API, group member list across applications.
        """
        members = self.find(gid).members()
        return Response([member_across_json(membership, self.actor.application) for membership in members])


class CrossGroupsOfUser(GroupView):
    """/v1/cross/users/{username}/groups"""

    @described(
        "List a user's groups of all applications", answers={200: ArrayOf(schema.GroupAcross)}, codes=[NoSuchUser]
    )
    def get(self, request: Request, username: str) -> Response:
        """The groups that the user is in, those of other applications too, as an array.

        Source: REST API, a user's groups across applications.
        """
        own = self.actor.application
        groups = Group.objects.of_owner(own).joined_by(self.user(username)).in_order()
        return Response([group_across_json(group, own) for group in groups])
