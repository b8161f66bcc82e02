"""The operations on chat rooms. Members are there while they are connected; nobody is told who comes and goes.

Rows are locked in one order: users by id, then the room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction

from accounts.actors import Actor
from accounts.models import User
from accounts.rules import require_within_reach
from accounts.services import lock_users, require_live
from chatrooms import rules
from chatrooms.errors import AlreadyInRoom, Invalid, NotForUsers, NotInRoom
from chatrooms.models import ChatRoom, RoomBan, RoomMembership
from imsite.core import bus, clock
from messaging.models import Conversation
from messaging.services.conversations import begin_conversation


@transaction.atomic
def create_room(
    name: str,
    *,
    owner: User,
    description: str = "",
    members: Sequence[User] = (),
    room_id: int | None = None,
    by: Actor,
) -> ChatRoom:
    """Make a room with its owner and the other members in it. BadValue (899003), RoomFull (899012).

    `room_id` is the one that it brings from another system, and keeps if it is free here.
    """
    rules.require_application(by)
    rules.require_info(name=name, description=description)
    application = by.application
    users = _lock_users([owner, *members], by)
    rules.require_capacity(len(users), application.limits.room_capacity)
    room = ChatRoom.objects.create(
        conversation=begin_conversation(application, Conversation.Kind.ROOM, wanted_id=room_id),
        application=application,
        owner=owner,
        name=name,
        description=description,
        capacity=application.limits.room_capacity,
    )
    _enter(room, users)
    return room


@transaction.atomic
def update_room(
    room: ChatRoom,
    *,
    name: str | None = None,
    description: str | None = None,
    owner: User | None = None,
    by: Actor,
) -> None:
    """Change what is given. NotInRoom (899082) for a new owner who is not there; Invalid (899003) where nothing is given."""
    rules.require_application(by)
    rules.require_info(name=name, description=description)
    if name is None and description is None and owner is None:
        raise Invalid("name what is to change")
    room = _lock_room(room, by)
    if owner is not None and owner.pk != room.owner_id:
        _require_inside(room, owner)
        room.owner = owner
    room.name = room.name if name is None else name
    room.description = room.description if description is None else description
    room.save(update_fields=["owner", "name", "description", "updated_at"])
    _forget_target()


@transaction.atomic
def delete_room(room: ChatRoom, *, by: Actor) -> None:
    """Close the room for good; everyone is out of it, nobody banned. Its messages stay for the application's reports."""
    rules.require_application(by)
    room = _lock_room(room, by)
    user_ids = list(room.memberships.values_list("user_id", flat=True))
    room.memberships.all().delete()
    room.bans.all().delete()
    room.deleted_at = clock.now()
    room.save(update_fields=["deleted_at", "updated_at"])
    _tell_hub(bus.leave, room.topic, user_ids)
    _forget_target()


@transaction.atomic
def enter_room(room: ChatRoom, user: User, *, by: Actor) -> None:
    """Put the user into the room: from here on all their sessions get what is said there.

    AlreadyInRoom (881507), RoomFull (881508), NoSuchRoom (881503), SignedInElsewhere where the session ended meanwhile.
    """
    _require_self(user, by)
    (user,) = _lock_users([user], by)
    _require_connected(by)
    room = _lock_room(room, by)
    if room.memberships.filter(user=user).exists():
        raise AlreadyInRoom
    rules.require_capacity(room.memberships.count() + 1, room.capacity)
    _enter(room, [user])


@transaction.atomic
def leave_room(room: ChatRoom, user: User, *, by: Actor) -> None:
    """Take the user out of the room. NotInRoom (881501), NoSuchRoom (881503)."""
    _require_self(user, by)
    room = _lock_room(room, by)
    if not RoomMembership.objects.filter(room=room, user=user).delete()[0]:
        raise NotInRoom
    _tell_hub(bus.leave, room.topic, [user.pk])


@transaction.atomic
def change_members(room: ChatRoom, *, add: Sequence[User] = (), remove: Sequence[User] = (), by: Actor) -> None:
    """Put users into the room and take others out, all or nothing; who is there already stays.

    They may be of other applications of the room's owner. Invalid (899003) where nobody is named, NoSuchUser (899002),
    NotInRoom (899082) for one to be taken out, RoomFull (899012).
    """
    rules.require_application(by)
    if not add and not remove:
        raise Invalid("name whom to add or to remove")
    add = _lock_users(add, by)
    room = _lock_room(room, by)
    inside = _inside(room, [*add, *remove])
    if outside := [user.username for user in remove if user.pk not in inside]:
        raise NotInRoom(f"not in the chat room: {', '.join(outside[:5])}")
    newcomers = [user for user in add if user.pk not in inside]
    gone = list({user.pk: user for user in remove})
    rules.require_capacity(room.memberships.count() + len(newcomers) - len(gone), room.capacity)
    _enter(room, newcomers)
    if gone:
        RoomMembership.objects.filter(room=room, user__in=gone).delete()
        _tell_hub(bus.leave, room.topic, gone)


@transaction.atomic
def ban_member(room: ChatRoom, user: User, *, by: Actor) -> None:
    """Forbid a member to speak in the room, until it is lifted: leaving and coming back does not lift it. Again: nothing.

    NotInRoom (899082) for one who is neither inside nor banned. NotForUsers (880614) for users but the room's owner.
    """
    (user,) = _lock_users([user], by)
    room = _lock_room(room, by)
    rules.require_owner(room, by)
    if room.bans.filter(user=user).exists():
        return
    _require_inside(room, user)
    RoomBan.objects.create(room=room, user=user, banned_by=by.operator)


@transaction.atomic
def lift_ban(room: ChatRoom, user: User, *, by: Actor) -> None:
    """Let a user speak in the room again, who need not be inside. Again: nothing.

    NotInRoom (899082) for one who is neither inside nor banned. NotForUsers (880614) for users but the room's owner.
    """
    room = _lock_room(room, by)
    rules.require_owner(room, by)
    if not room.bans.filter(user=user).delete()[0]:
        _require_inside(room, user)


@transaction.atomic
def forget_user(user: User, *, by: Actor) -> None:
    """The account is about to go: take the user out of every room, and off the lists of the banned."""
    leave_all_rooms(user, by=by)
    RoomBan.objects.filter(user=user).delete()


@transaction.atomic
def leave_all_rooms(user: User, *, by: Actor) -> None:
    """Take the user out of every room."""
    room_ids = list(RoomMembership.objects.filter(user=user).values_list("room_id", flat=True))
    if not room_ids:
        return
    RoomMembership.objects.filter(user=user, room_id__in=room_ids).delete()
    for room_id in room_ids:
        _tell_hub(bus.leave, f"room:{room_id}", [user.pk])


def leave_when_gone(user: User) -> None:
    """The user's last session has ended: nobody stays in a room who is not connected."""
    leave_all_rooms(user, by=Actor.system(user.application))


def topics_of(user: User) -> dict[str, int | None]:
    """The rooms that a session of this user listens to."""
    room_ids = RoomMembership.objects.filter(user=user).values_list("room_id", flat=True)
    return {f"room:{room_id}": None for room_id in room_ids}


def _require_self(user: User, by: Actor) -> None:
    if by.is_user and by.user_id != user.pk:
        raise NotForUsers


def _require_connected(by: Actor) -> None:
    """Who asked and went away would stay in the room for ever. The end of a session locks the user as we do."""
    if by.login_id:
        require_live(by.login_id)


def _require_inside(room: ChatRoom, user: User) -> None:
    if not _inside(room, [user]):
        raise NotInRoom(f"not in the chat room: {user.username}")


def _inside(room: ChatRoom, users: Sequence[User]) -> set[int]:
    """The ids of those of the users who are in the room."""
    return set(room.memberships.filter(user__in=users).values_list("user_id", flat=True))


def _lock_users(users: Sequence[User], by: Actor) -> list[User]:
    """The users as they are now, each once, locked; see `lock_users`. CrossApplication (899020) for those of another owner."""
    locked = lock_users(users) if users else []
    require_within_reach(locked, by)
    return locked


def _lock_room(room: ChatRoom, by: Actor) -> ChatRoom:
    """The room as it is now, locked until the transaction ends. NoSuchRoom (899081) where the actor has no such room."""
    return rules.rooms_open_to(by).select_for_update(of=("self",), no_key=True).find(room.pk)


def _enter(room: ChatRoom, users: Sequence[User]) -> None:
    if not users:
        return
    RoomMembership.objects.bulk_create(RoomMembership(room=room, user=user) for user in users)
    _tell_hub(bus.join, room.topic, [user.pk for user in users])


def _tell_hub(tell: Callable[[str, Sequence[int], int | None], None], topic: str, user_ids: Sequence[int]) -> None:
    """Have the sockets of these users listen, or not, once it is true. Rooms count no versions: nothing there is for few eyes."""

    def announce() -> None:
        tell(topic, user_ids, None)

    transaction.on_commit(announce)


def _forget_target() -> None:
    """What sends remember of rooms is out of date."""
    transaction.on_commit(lambda: bus.announce("targets", None))
