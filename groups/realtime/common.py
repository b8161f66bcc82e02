"""What requests about groups have in common: whom and what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.errors import CrossApplication, NoSuchApplication, NoSuchUser
from accounts.models import User
from accounts.rules import users_across
from groups.models import Group
from imsite.realtime.session import Session

Data = dict[str, Any]

# A user of an application that is out of reach is one that does not exist.
NO_USER = {NoSuchApplication: NoSuchUser.sdk_code, CrossApplication: NoSuchUser.sdk_code}


def find(session: Session, gid: int) -> Group:
    """The group, of the session's application or one that the user is in; NoSuchGroup (880204)."""
    return Group.objects.known_to(session.actor.user).find(gid)


def named(session: Session, members: Sequence[Mapping[str, Any]]) -> list[User]:
    """The users that `member_usernames` names, also of the owner's other applications; NoSuchUser (882002)."""
    pairs = [(member["appkey"] or session.appkey, member["username"]) for member in members]
    users = users_across(session.application, pairs)
    return [users[pair] for pair in pairs]


def target(session: Session, data: Data) -> User:
    """The user that `target_username` and, where it is not the own, `target_appkey` name; NoSuchUser (882002)."""
    (user,) = named(session, [{"username": data["target_username"], "appkey": data["target_appkey"]}])
    return user
