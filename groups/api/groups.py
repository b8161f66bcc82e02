"""REST: groups. Source: REST API, Group."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import NoSuchUser
from accounts.models import User
from accounts.serializers import Username
from groups import rules, schema, services
from groups.errors import AlreadyMember, GroupFull, NoSuchGroup, NotMember, TooManyGroups
from groups.models import Group
from groups.serializers import NAMES_MOST, GroupInfo, MemberChange, NewGroup, group_json, member_json
from imsite.core.ids import read_id
from imsite.rest.describe import ArrayOf, PageOf, described
from imsite.rest.paging import paged
from imsite.rest.views import ImView

PAGE_MOST = 500


class GroupView(ImView):
    """Looks up what paths and bodies name, within the application."""

    def find(self, gid: str) -> Group:
        """The group, its owner loaded; Invalid (899003) for what is no number, NoSuchGroup (899006)."""
        group = Group.objects.of(self.actor.application).in_order().find(read_id(gid))
        group.application = self.actor.application
        return group

    def user(self, username: str) -> User:
        """The user, NoSuchUser (899002)."""
        user = User.objects.of(self.actor.application).find(username)
        user.application = self.actor.application
        return user

    def named(self, usernames: Sequence[str]) -> list[User]:
        """The users of these names, each once; NoSuchUser (899002)."""
        return User.objects.of(self.actor.application).named(usernames)

    def newcomers(self, usernames: Sequence[str], group: Group | None = None) -> list[User]:
        """The same for those who shall join: more than the group takes are GroupFull (899012) before they are looked up."""
        capacity = group.capacity if group else self.actor.application.limits.group_capacity
        rules.require_capacity(len(set(usernames)), capacity)
        return self.named(usernames)


class Groups(GroupView):
    """/v1/groups"""

    @described(
        "Create a group", body=NewGroup, answers={201: schema.MadeGroup}, codes=[NoSuchUser, GroupFull, TooManyGroups]
    )
    def post(self, request: Request) -> Response:
        """Create a group; 201 and the group, with `owner_username` and `members_username` as they were given.

        Source: REST API, create group.
        """
        wanted = self.read(NewGroup)
        users = self.newcomers([wanted["owner_username"], *wanted["members_username"]])
        group = services.create_group(
            wanted["name"],
            owner=users[0],
            members=users[1:],
            desc=wanted["desc"],
            avatar=wanted["avatar"],
            type=wanted["flag"],
            by=self.actor,
        )
        members = list(dict.fromkeys(wanted["members_username"]))
        return Response({**group_json(group), "members_username": members}, status=201)

    @described("List groups", answers={200: PageOf("groups", schema.Group, PAGE_MOST)})
    def get(self, request: Request) -> Response:
        """One page of the application's groups, at most 500, in `groups`. Source: REST API, list groups."""
        groups = self.actor.application.groups.of(self.actor.application).in_order()
        return Response(paged(request, groups, "groups", group_json, most=PAGE_MOST))


class OneGroup(GroupView):
    """/v1/groups/{gid}"""

    @described("Show a group", answers={200: schema.Group}, codes=[NoSuchGroup])
    def get(self, request: Request, gid: str) -> Response:
        """The group, without its members. Source: REST API, group details."""
        return Response(group_json(self.find(gid)))

    @described("Change a group", body=GroupInfo, answers={204: None}, codes=[NoSuchGroup])
    def put(self, request: Request, gid: str) -> Response:
        """Change any of `name`, `desc` and `avatar`; 204. Source: REST API, update group."""
        services.update_info(self.find(gid), **self.read(GroupInfo), by=self.actor)
        return Response(status=204)

    @described("Dissolve a group", answers={204: None}, codes=[NoSuchGroup])
    def delete(self, request: Request, gid: str) -> Response:
        """Dissolve the group; 204. Source: REST API, delete group."""
        services.dissolve(self.find(gid), by=self.actor)
        return Response(status=204)


class GroupMembers(GroupView):
    """/v1/groups/{gid}/members"""

    @described(
        "Add and remove members of a group",
        body=MemberChange,
        answers={204: None},
        codes=[NoSuchGroup, NoSuchUser, AlreadyMember, GroupFull, TooManyGroups, NotMember],
    )
    def post(self, request: Request, gid: str) -> Response:
        """Add and remove members, all or nothing; 204. Source: REST API, add or remove group members."""
        group, change = self.find(gid), self.read(MemberChange)
        services.change_members(
            group, add=self.newcomers(change["add"], group), remove=self.named(change["remove"]), by=self.actor
        )
        return Response(status=204)

    @described("List the members of a group", answers={200: ArrayOf(schema.GroupMember)}, codes=[NoSuchGroup])
    def get(self, request: Request, gid: str) -> Response:
        """The members that are users of the application, as an array; `flag` is the role in the group. The operation
        across applications lists all of them.

        Source: REST API, group member list.
        """
        members = self.find(gid).members(of=self.actor.application)
        return Response([member_json(membership) for membership in members])


class AddedMembers(GroupView):
    """/v2/groups/{gid}/addMembers"""

    @described(
        "Add members to a group",
        body=ArrayOf(Username(), least=1, most=NAMES_MOST),
        answers={204: None},
        codes=[NoSuchGroup, NoSuchUser, AlreadyMember, GroupFull, TooManyGroups],
    )
    def post(self, request: Request, gid: str) -> Response:
        """Add the users named in an array; 204. Source: REST API, add group members in batch."""
        group = self.find(gid)
        services.change_members(group, add=self.newcomers(self.read_names(most=NAMES_MOST), group), by=self.actor)
        return Response(status=204)


class RemovedMembers(GroupView):
    """/v2/groups/{gid}/delMembers"""

    @described(
        "Remove members from a group",
        body=ArrayOf(Username(), least=1, most=NAMES_MOST),
        answers={204: None},
        codes=[NoSuchGroup, NoSuchUser, NotMember],
    )
    def post(self, request: Request, gid: str) -> Response:
        """Remove the members named in an array; 204. Source: REST API, remove group members in batch."""
        group = self.find(gid)
        services.change_members(group, remove=self.named(self.read_names(most=NAMES_MOST)), by=self.actor)
        return Response(status=204)


class GroupsOfUser(GroupView):
    """/v1/users/{username}/groups"""

    @described("List a user's groups", answers={200: ArrayOf(schema.Group)}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """The groups that the user is in, as an array. Source: REST API, a user's groups."""
        application = self.actor.application
        user = self.user(username)
        groups = application.groups.of(application).joined_by(user).in_order()
        return Response([group_json(group) for group in groups])
