"""REST: friends and blacklist with users of other applications of the same owner. Source: REST API, cross-application."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import schema, services
from accounts.api.users import UsersView
from accounts.errors import (
    AdminNotBlockable,
    AlreadyBlocked,
    AlreadyFriends,
    CrossApplication,
    Invalid,
    NoSuchApplication,
    NoSuchUser,
    NotAFriend,
    NotBlocked,
)
from accounts.models import User
from accounts.rules import RELATIONS_MAX, users_across
from accounts.serializers import FriendNoteAcross, FriendsAcross, NamesAcross, user_across_json
from imsite.rest.describe import ArrayOf, OneOf, described

UNREACHED = (NoSuchUser, NoSuchApplication, CrossApplication)
NAMES = OneOf(ArrayOf(NamesAcross, least=1, most=RELATIONS_MAX), NamesAcross)


class CrossFriends(UsersView):
    """/v1/cross/users/{username}/friends"""

    @described(
        "Make friends across applications", body=FriendsAcross, answers={201: None}, codes=[*UNREACHED, AlreadyFriends]
    )
    def post(self, request: Request, username: str) -> Response:
        """Make the user and those of `{appkey, users}` friends of each other, all or none; 201 without a body. Nobody
        is asked.

        Source: REST API, add friends across applications.
        """
        user = self.find(username)
        services.add_friends(user, self._friends(), by=self.actor)
        return Response(status=201)

    @described("Remove friends across applications", body=FriendsAcross, answers={204: None}, codes=UNREACHED)
    def delete(self, request: Request, username: str) -> Response:
        """End the friendships of the user with those of `{appkey, users}`, for both sides; 204, also where they are no
        friends.

        Source: REST API, delete friends across applications.
        """
        user = self.find(username)
        services.remove_friends(user, self._friends(), by=self.actor)
        return Response(status=204)

    @described(
        "Change the notes on friends across applications",
        body=OneOf(ArrayOf(FriendNoteAcross, least=1, most=RELATIONS_MAX), FriendNoteAcross),
        answers={204: None},
        codes=[*UNREACHED, NotAFriend],
    )
    def put(self, request: Request, username: str) -> Response:
        """Change the user's notes on friends: an array of `{appkey, username, note_name?, others?}`, or one such
        object; all or none, 204.

        Source: REST API, update friend notes across applications.
        """
        user = self.find(username)
        asked = self.read_several(FriendNoteAcross, most=RELATIONS_MAX)
        named = users_across(self.actor.application, ((one["appkey"], one["username"]) for one in asked))
        notes = [
            services.Note(named[one["appkey"], one["username"]], one.get("note_name"), one.get("others"))
            for one in asked
        ]
        services.note_friends(user, notes, by=self.actor)
        return Response(status=204)

    def _friends(self) -> list[User]:
        asked = self.read(FriendsAcross)
        pairs = ((asked["appkey"], name) for name in asked["users"])
        return [*users_across(self.actor.application, pairs).values()]


class CrossBlacklist(UsersView):
    """/v1/cross/users/{username}/blacklist"""

    @described(
        "Block users across applications",
        body=NAMES,
        answers={204: None},
        codes=[*UNREACHED, AlreadyBlocked, AdminNotBlockable],
    )
    def put(self, request: Request, username: str) -> Response:
        """Block the users named in an array of `{appkey, usernames}`, who then cannot send to the user; all or none,
        204.

        At most 500 names in all.

        Source: REST API, add a blacklist across applications.
        """
        user = self.find(username)
        services.block(user, self._targets(), by=self.actor)
        return Response(status=204)

    @described("Unblock users across applications", body=NAMES, answers={204: None}, codes=[*UNREACHED, NotBlocked])
    def delete(self, request: Request, username: str) -> Response:
        """Unblock the users named in an array of `{appkey, usernames}`, who then can send to the user again; all or
        none, 204.

        Source: REST API, remove a blacklist across applications.
        """
        user = self.find(username)
        services.unblock(user, self._targets(), by=self.actor)
        return Response(status=204)

    @described("List blocked users of all applications", answers={200: ArrayOf(schema.UserAcross)}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """All users that the user has blocked, each with the `appkey` of their application.

        Source: REST API, blacklist across applications.
        """
        rows = self.find(username).blocks.select_related("target__application").order_by("pk")
        return Response([user_across_json(row.target, self.actor.application) for row in rows])

    def _targets(self) -> list[User]:
        asked = self.read_several(NamesAcross, most=RELATIONS_MAX)
        pairs = [(one["appkey"], name) for one in asked for name in one["usernames"]]
        if len(pairs) > RELATIONS_MAX:
            raise Invalid(f"a request takes at most {RELATIONS_MAX} usernames")
        return [*users_across(self.actor.application, pairs).values()]
