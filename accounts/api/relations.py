"""REST: friends and blacklist. Source: REST API, friends; blacklist."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import schema, services
from accounts.api.users import UsersView
from accounts.errors import AdminNotBlockable, AlreadyBlocked, AlreadyFriends, NoSuchUser, NotAFriend, NotBlocked
from accounts.rules import RELATIONS_MAX
from accounts.serializers import FriendNote, Username, friend_json, user_json
from imsite.rest.describe import ArrayOf, OneOf, described

NAMES = ArrayOf(Username(), least=1, most=RELATIONS_MAX)


class Friends(UsersView):
    """/v1/users/{username}/friends"""

    @described("Make friends", body=NAMES, answers={201: None}, codes=[NoSuchUser, AlreadyFriends])
    def post(self, request: Request, username: str) -> Response:
        """Make the user and the users named in an array friends of each other, all or none; 201 without a body. Nobody
        is asked.

        The user's own name is refused with 899003.

        Source: REST API, add friend.
        """
        user = self.find(username)
        services.add_friends(user, self.users.named(self.read_names(most=RELATIONS_MAX)), by=self.actor)
        return Response(status=201)

    @described("Remove friends", body=NAMES, answers={204: None}, codes=[NoSuchUser])
    def delete(self, request: Request, username: str) -> Response:
        """End the friendships of the user with the users named in an array, for both sides; 204, also where they are no
        friends.

        Source: REST API, delete friend.
        """
        user = self.find(username)
        services.remove_friends(user, self.users.named(self.read_names(most=RELATIONS_MAX)), by=self.actor)
        return Response(status=204)

    @described(
        "Change the notes on friends",
        body=OneOf(ArrayOf(FriendNote, least=1, most=RELATIONS_MAX), FriendNote),
        answers={204: None},
        codes=[NoSuchUser, NotAFriend],
    )
    def put(self, request: Request, username: str) -> Response:
        """Change the user's notes on friends: an array of `{username, note_name?, others?}`, or one such object; all or
        none, 204.

        Source: REST API, update friend notes.
        """
        user = self.find(username)
        notes = self.read_several(FriendNote, most=RELATIONS_MAX)
        friends = {friend.username: friend for friend in self.users.named(note["username"] for note in notes)}
        services.note_friends(
            user,
            [services.Note(friends[note["username"]], note.get("note_name"), note.get("others")) for note in notes],
            by=self.actor,
        )
        return Response(status=204)

    @described("List friends", answers={200: ArrayOf(schema.Friend)}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """All friends, those of other applications too, with the user's notes about them.

        Source: REST API, friend list.
        """
        rows = self.find(username).friendships.select_related("friend__application").order_by("pk")
        return Response([friend_json(row, self.actor.application) for row in rows])


class Blacklist(UsersView):
    """/v1/users/{username}/blacklist"""

    @described("Block users", body=NAMES, answers={204: None}, codes=[NoSuchUser, AlreadyBlocked, AdminNotBlockable])
    def put(self, request: Request, username: str) -> Response:
        """Block the users named in an array, who then cannot send to the user; all or none, 204.

        The user's own name is refused with 899003.

        Source: REST API, add blacklist.
        """
        user = self.find(username)
        services.block(user, self.users.named(self.read_names(most=RELATIONS_MAX)), by=self.actor)
        return Response(status=204)

    @described("Unblock users", body=NAMES, answers={204: None}, codes=[NoSuchUser, NotBlocked])
    def delete(self, request: Request, username: str) -> Response:
        """Unblock the users named in an array, who then can send to the user again; all or none, 204.

        Source: REST API, remove blacklist.
        """
        user = self.find(username)
        services.unblock(user, self.users.named(self.read_names(most=RELATIONS_MAX)), by=self.actor)
        return Response(status=204)

    @described("List blocked users", answers={200: ArrayOf(schema.User)}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """The users of the same application that the user has blocked. Source: REST API, blacklist."""
        application = self.actor.application
        rows = self.find(username).blocks.filter(target__application=application).select_related("target__application")
        return Response([user_json(row.target) for row in rows.order_by("pk")])
