"""REST: chat rooms. Source: REST API, Chat room."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import CrossApplication, NoSuchApplication, NoSuchUser
from accounts.models import User
from accounts.rules import other_application
from accounts.serializers import Username
from chatrooms import schema, services
from chatrooms.errors import BadValue, NoSuchRoom, NotInRoom, RoomFull
from chatrooms.models import ChatRoom, ChatRoomQuerySet
from chatrooms.rules import ACROSS_MOST, LIST_MOST
from chatrooms.serializers import (
    MembersAcross,
    NewRoom,
    RoomBanning,
    RoomIds,
    RoomInfo,
    member_json,
    room_json,
)
from imsite.core.ids import read_id
from imsite.rest.describe import ArrayOf, PageOf, described
from imsite.rest.paging import paged
from imsite.rest.views import ImView

PAGE_MOST = 500


class RoomView(ImView):
    """Looks up what paths and bodies name, within the application."""

    @property
    def rooms(self) -> ChatRoomQuerySet:
        """The application's rooms, with all that is shown of them."""
        return ChatRoom.objects.of(self.actor.application).in_order()

    def find(self, room_id: str) -> ChatRoom:
        """Invalid (899003) for what is no number, NoSuchRoom (899081)."""
        return self.rooms.find(read_id(room_id))

    def named(self, usernames: list[str]) -> list[User]:
        """The users of these names, each once; NoSuchUser (899002)."""
        return User.objects.of(self.actor.application).named(usernames)


class Rooms(RoomView):
    """/v1/chatroom"""

    @described("Create a chat room", body=NewRoom, answers={201: schema.MadeRoom}, codes=[NoSuchUser, RoomFull])
    def post(self, request: Request) -> Response:
        """Create a chat room; 201 and its id, `chatroom_id`. Source: REST API, create chat room."""
        wanted = self.read(NewRoom)
        owner, *members = self.named([wanted["owner_username"], *wanted["members_username"]])
        room = services.create_room(
            wanted["name"], owner=owner, description=wanted["description"], members=members, by=self.actor
        )
        return Response({"chatroom_id": room.pk}, status=201)

    @described("List chat rooms", answers={200: PageOf("rooms", schema.ChatRoom, PAGE_MOST)})
    def get(self, request: Request) -> Response:
        """One page of the application's chat rooms, at most 500, in `rooms`. Source: REST API, list chat rooms."""
        return Response(paged(request, self.rooms, "rooms", room_json, most=PAGE_MOST))


class RoomBatch(RoomView):
    """/v1/chatroom/batch"""

    @described("Show several chat rooms", body=RoomIds(), answers={200: ArrayOf(schema.ChatRoom)}, codes=[NoSuchRoom])
    def post(self, request: Request) -> Response:
        """The chat rooms whose ids are in an array, each once, as an array. One unknown id refuses the whole request
        with 899081.

        Source: REST API, get chat rooms.
        """
        self.require_body(list)
        ids = list(dict.fromkeys(RoomIds().run_validation(self.body)))
        found = {room.pk: room for room in self.rooms.filter(pk__in=ids)}
        if missing := [str(room_id) for room_id in ids if room_id not in found]:
            raise NoSuchRoom(f"no such chat room: {', '.join(missing[:5])}")
        return Response([room_json(found[room_id]) for room_id in ids])


class OneRoom(RoomView):
    """/v1/chatroom/{room}"""

    @described("Change a chat room", body=RoomInfo, answers={204: None}, codes=[NoSuchRoom, NoSuchUser, NotInRoom])
    def put(self, request: Request, room: str) -> Response:
        """Change any of `owner_username`, `name` and `description`; 204. Source: REST API, update chat room."""
        found, change = self.find(room), self.read(RoomInfo)
        name = change.pop("owner_username", None)
        owner = User.objects.of(self.actor.application).find(name) if name is not None else None
        services.update_room(found, **change, owner=owner, by=self.actor)
        return Response(status=204)

    @described("Delete a chat room", answers={204: None}, codes=[NoSuchRoom])
    def delete(self, request: Request, room: str) -> Response:
        """Delete the chat room; 204. Source: REST API, delete chat room."""
        services.delete_room(self.find(room), by=self.actor)
        return Response(status=204)


class RoomBan(RoomView):
    """/v1/chatroom/{room}/forbidden/{username}"""

    @described(
        "Forbid a member to speak, or allow it",
        query=RoomBanning,
        answers={204: None},
        codes=[NoSuchRoom, NoSuchUser, NotInRoom, NoSuchApplication, CrossApplication],
    )
    def put(self, request: Request, room: str, username: str) -> Response:
        """Forbid a member to speak (`?status=1`), or allow it again (`?status=0`); 204, also where nothing changes.

        The ban stays when the member leaves. A user who is neither in the room nor banned is refused with 899082.
        `appkey`, which imsite adds to the vendor's API, names the application of a user of another one.

        Source: REST API, modify user banned state.
        """
        found, query = self.find(room), self.read_query(RoomBanning)
        own = self.actor.application
        application = other_application(own, query["appkey"]) if query["appkey"] else own
        change = services.ban_member if query["status"] else services.lift_ban
        change(found, User.objects.of(application).find(username), by=self.actor)
        return Response(status=204)


class RoomMembers(RoomView):
    """/v1/chatroom/{room}/members"""

    @described(
        "List the members of a chat room",
        answers={200: PageOf("users", schema.RoomMember, PAGE_MOST)},
        codes=[NoSuchRoom],
    )
    def get(self, request: Request, room: str) -> Response:
        """One page of the room's members, at most 500, in `users`. Source: REST API, chat room member list."""
        rows = self.find(room).memberships.in_order()
        application = self.actor.application
        return Response(paged(request, rows, "users", lambda row: member_json(row, application), most=PAGE_MOST))

    @described(
        "Add members to a chat room",
        body=ArrayOf(Username(), least=1, most=LIST_MOST),
        answers={204: None},
        codes=[NoSuchRoom, NoSuchUser, RoomFull],
    )
    def put(self, request: Request, room: str) -> Response:
        """Put the users named in an array into the room; those inside already stay; 204.

        Source: REST API, add chat room members.
        """
        services.change_members(self.find(room), add=self._users(), by=self.actor)
        return Response(status=204)

    @described(
        "Remove members from a chat room",
        body=ArrayOf(Username(), least=1, most=LIST_MOST),
        answers={204: None},
        codes=[NoSuchRoom, NoSuchUser, NotInRoom],
    )
    def delete(self, request: Request, room: str) -> Response:
        """Take the users named in an array out of the room; 204. Source: REST API, remove chat room members."""
        services.change_members(self.find(room), remove=self._users(), by=self.actor)
        return Response(status=204)

    def _users(self) -> list[User]:
        return self.named(self.read_names(most=LIST_MOST))


class CrossRoomMembers(RoomView):
    """/v1/cross/chatroom/{room}/members"""

    @described(
        "Change the members of a chat room across applications",
        body=ArrayOf(MembersAcross, least=1, most=ACROSS_MOST),
        answers={204: None},
        codes=[NoSuchRoom, NoSuchUser, NotInRoom, RoomFull, NoSuchApplication, CrossApplication],
    )
    def post(self, request: Request, room: str) -> Response:
        """Put users of several applications into the room and take others out, all or nothing; 204.

        An array of `{appkey, add?, remove?}`, or one such object, with at most 3000 user names in all.

        Source: REST API, cross-application chat room members.
        """
        found = self.find(room)
        if isinstance(self.body, dict):
            self.body = [self.body]
        changes = self.read(MembersAcross, many=True, allow_empty=False, max_length=ACROSS_MOST)
        if sum(len(change["add"]) + len(change["remove"]) for change in changes) > LIST_MOST:
            raise BadValue(f"a request takes at most {LIST_MOST} usernames")
        services.change_members(
            found, add=self._users(changes, "add"), remove=self._users(changes, "remove"), by=self.actor
        )
        return Response(status=204)

    def _users(self, changes: list[dict[str, Any]], member: str) -> list[User]:
        names: dict[str, list[str]] = {}
        for change in changes:
            names.setdefault(change["appkey"], []).extend(change[member])
        return [
            user
            for appkey, named in names.items()
            for user in User.objects.of(other_application(self.actor.application, appkey)).named(named)
        ]


class RoomsOfUser(RoomView):
    """/v1/users/{username}/chatroom"""

    @described("List a user's chat rooms", answers={200: ArrayOf(schema.ChatRoom)}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """The chat rooms that the user is in, as an array. Source: REST API, a user's chat rooms."""
        user = User.objects.of(self.actor.application).find(username)
        return Response([room_json(room) for room in self.rooms.joined_by(user)])
