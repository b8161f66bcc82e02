"""Web SDK: friend list, blacklist, do-not-disturb of users and of all. Source: Web SDK, friends; blacklist; no_disturb.

The list of all that is not to disturb (`no_disturb`) names groups too and stands with them.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts import rules, services
from accounts.errors import CrossApplication, ImError, NobodyNamed, NoSuchApplication, NoSuchUser
from accounts.models import User
from accounts.realtime.sessions import TEXT_MAX
from accounts.serializers import wire_user
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session
from imsite.rest.fields import ListOf, NumberField, TextField

INVITATION, ANSWER = 1, 2  # from_type of add_friend
YES = "yes"  # the reason of an answer that accepts; any other one declines

Data = dict[str, Any]


def unreached(code: int) -> dict[type[ImError], int]:
    """The code of an operation for users whom it does not find."""
    return {NoSuchUser: code, NoSuchApplication: code, CrossApplication: code}


class Target(serializers.Serializer[Any]):
    target_name = TextField(max_bytes=TEXT_MAX)
    appkey = TextField(max_bytes=TEXT_MAX, default="")


class FriendRequested(Target):
    why = TextField(max_bytes=TEXT_MAX, default="")
    from_type = NumberField(min_value=INVITATION, max_value=ANSWER)


class FriendMemo(Target):
    memo_name = TextField(max_bytes=TEXT_MAX)
    memo_others = TextField(max_bytes=TEXT_MAX, required=False)


class Member(serializers.Serializer[Any]):
    username = TextField(max_bytes=TEXT_MAX)
    appkey = TextField(max_bytes=TEXT_MAX, default="")


class Members(serializers.Serializer[Any]):
    member_usernames = ListOf(child=Member(), max_length=rules.RELATIONS_MAX)


# Friends


@on("add_friend", FriendRequested, codes=unreached(881301))
def add_friend(session: Session, data: Data) -> None:
    """Invite somebody (from_type 1), or answer an invitation (2): with the reason "yes" both are friends; code 0 alone.

    881301 no such user, 881302 friends already, 881305 no invitation. Source: Web SDK, addFriend, acceptFriend,
    declineFriend.
    """
    other, why = _target(session, data), data["why"]
    if data["from_type"] == INVITATION:
        services.invite_friend(session.actor.user, other, why=why, by=session.actor)
    elif why == YES:
        services.accept_friend(session.actor.user, other, why=why, by=session.actor)
    else:
        services.decline_friend(session.actor.user, other, why=why, by=session.actor)


@on("del_friend", Target, codes=unreached(881303))
def del_friend(session: Session, data: Data) -> None:
    """End a friendship for both; code 0 alone, 881303 for who is no friend. Source: Web SDK, delFriend."""
    services.remove_friends(session.actor.user, [_target(session, data)], by=session.actor)


@on("update_friend_memo", FriendMemo, codes=unreached(881303))
def update_friend_memo(session: Session, data: Data) -> None:
    """Note something about a friend; code 0 alone, 881303 no friend, 881304 too long. Source: Web SDK, updateFriendMemo."""
    note = services.Note(_target(session, data), data["memo_name"], data.get("memo_others"))
    services.note_friends(session.actor.user, [note], by=session.actor)


@on("get_friend_list", remember=False)
def get_friend_list(session: Session, data: Data) -> Data:
    """`friend_list`: all friends with what one notes about them. Source: Web SDK, getFriendList."""
    rows = session.actor.user.friendships.select_related("friend__application").order_by("pk")
    notes = [(row.friend, {"memo_name": row.note_name, "memo_others": row.others}) for row in rows]
    return {"friend_list": [{**wire_user(friend), **note} for friend, note in notes]}


# Blacklist


@on("add_black_list", Members, codes=unreached(881002))
def add_black_list(session: Session, data: Data) -> None:
    """Let users not send to oneself any more; code 0 alone.

    880602 nobody named, 880903 an admin, 880904 there already, 881002 no such user. Source: Web SDK, addSingleBlacks.
    """
    services.block(session.actor.user, _members(session, data), by=session.actor)


@on("del_black_list", Members, codes=unreached(881002))
def del_black_list(session: Session, data: Data) -> None:
    """Let users send to oneself again; code 0 alone, 880602 nobody named, 881002 not there. Source: Web SDK, delSingleBlacks."""
    services.unblock(session.actor.user, _members(session, data), by=session.actor)


@on("get_black_list", remember=False)
def get_black_list(session: Session, data: Data) -> Data:
    """`black_list`: those who cannot send to oneself. Source: Web SDK, getBlacks."""
    rows = session.actor.user.blocks.select_related("target__application").order_by("pk")
    return {"black_list": [wire_user(row.target) for row in rows]}


# Do not disturb


@on("add_msg_no_disturb_single", Target)
def mute_user(session: Session, data: Data) -> None:
    """Not to be disturbed by a user; code 0 alone, 881101 set already. Source: Web SDK, addSingleNoDisturb."""
    services.change_no_disturb(session.actor.user, add=[_target(session, data)], by=session.actor)


@on("delete_msg_no_disturb_single", Target)
def unmute_user(session: Session, data: Data) -> None:
    """To be disturbed by a user again; code 0 alone, 881102 not set. Source: Web SDK, delSingleNoDisturb."""
    services.change_no_disturb(session.actor.user, remove=[_target(session, data)], by=session.actor)


@on("add_msg_no_disturb_global")
def mute_all(session: Session, data: Data) -> None:
    """Not to be disturbed by anyone; code 0 alone, 881107 set already. Source: Web SDK, addGlobalNoDisturb."""
    services.change_no_disturb(session.actor.user, everyone=True, by=session.actor)


@on("delete_msg_no_disturb_global")
def unmute_all(session: Session, data: Data) -> None:
    """To be disturbed again; code 0 alone, 881108 not set. Source: Web SDK, delGlobalNoDisturb."""
    services.change_no_disturb(session.actor.user, everyone=False, by=session.actor)


def _target(session: Session, data: Data) -> User:
    """The user of this name, in the application named or else the own one."""
    return _find(session, [(data["appkey"], data["target_name"])])[0]


def _members(session: Session, data: Data) -> list[User]:
    if not data["member_usernames"]:
        raise NobodyNamed
    return _find(session, [(one["appkey"], one["username"]) for one in data["member_usernames"]])


def _find(session: Session, pairs: list[tuple[str, str]]) -> list[User]:
    own = session.actor.application
    return [*rules.users_across(own, ((appkey.strip() or own.appkey, name) for appkey, name in pairs)).values()]
