"""What holds for every group: sizes, and who may do what. Server, operator and system stand above the rules for members."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Count

from accounts.actors import Actor
from accounts.models import User
from groups.errors import (
    BadValue,
    DescTooLong,
    GroupFull,
    MayNotAdd,
    MayNotRemove,
    NameTooLong,
    NoSuchMember,
    NotGroupManager,
    NotMember,
    ProtectedMember,
    TooManyGroups,
    TooManyKeepers,
)
from groups.models import Group, Membership
from imsite.core.fields import utf8_len

NAME_BYTES = 64
DESC_BYTES = 250
KEEPERS_MOST = 15  # of one group; Web SDK, addGroupKeeper
AVATAR_LENGTH = 255  # characters; a media id, not checked

Role = Membership.Role
MANAGERS = (Role.OWNER, Role.KEEPER)


def require_info(*, name: str = "", desc: str = "", avatar: str = "") -> None:
    """NameTooLong, DescTooLong (899003) beyond 64 and 250 bytes of UTF-8, BadValue for an avatar that cannot be stored."""
    if utf8_len(name) > NAME_BYTES:
        raise NameTooLong
    if utf8_len(desc) > DESC_BYTES:
        raise DescTooLong
    if len(avatar) > AVATAR_LENGTH:
        raise BadValue(f"a group's avatar has at most {AVATAR_LENGTH} characters")


def require_capacity(members: int, capacity: int) -> None:
    """GroupFull (899012) where a group would have more members than its capacity, its owner included."""
    if members > capacity:
        raise GroupFull(f"a group has at most {capacity} members")


def require_fewer_groups(users: Sequence[User]) -> None:
    """TooManyGroups (899015) where one of the users is in as many groups as the user's application allows."""
    rows = Membership.objects.filter(user__in=users, group__dissolved_at=None).values_list("user")
    counts = dict(rows.annotate(groups=Count("id")))
    for user in users:
        if counts.get(user.pk, 0) >= (most := user.application.limits.groups_per_user):
            raise TooManyGroups(f"in {most} groups already: {user.username}")


def role_of(group: Group, by: Actor) -> int | None:
    """The acting user's role in the group; None for one who is not in it."""
    return group.memberships.filter(user_id=by.user_id).values_list("role", flat=True).first()


def require_member(group: Group, by: Actor) -> None:
    """NotMember (899014, 880205) for a user who is not in the group."""
    if not by.is_privileged and role_of(group, by) is None:
        raise NotMember


def require_manager(group: Group, by: Actor) -> None:
    """NotMember, or NotGroupManager (880614) for a user who is neither owner nor keeper."""
    if by.is_privileged:
        return
    role = role_of(group, by)
    if role is None:
        raise NotMember
    if role not in MANAGERS:
        raise NotGroupManager


def require_owner(group: Group, by: Actor) -> None:
    """NotGroupManager (880614) for a user who does not own the group."""
    if not by.is_privileged and group.owner_id != by.user_id:
        raise NotGroupManager("only the owner of the group may do this")


def require_may_add(group: Group, roles: dict[int, int], by: Actor) -> None:
    """Any member adds to a private group, the owner and the keepers to a public one; `roles` are the members' by user id."""
    if by.is_privileged:
        return
    if by.user_id not in roles:
        raise NotMember
    if group.type == Group.Type.PUBLIC and roles[by.user_id] not in MANAGERS:
        raise MayNotAdd


def require_may_remove(roles: dict[int, int], users: Collection[User], by: Actor) -> None:
    """The owner and the keepers remove plain members, the owner also keepers; nobody removes the owner but the application."""
    _require_rank(roles, users, by, refusal=MayNotRemove)


def require_may_silence(roles: dict[int, int], users: Collection[User], by: Actor) -> None:
    """As for removing. NotGroupManager (880614), ProtectedMember (880705)."""
    _require_rank(roles, users, by, refusal=NotGroupManager)


def _require_rank(roles: dict[int, int], users: Collection[User], by: Actor, *, refusal: type[NotGroupManager]) -> None:
    if by.is_privileged:
        return
    if by.user_id not in roles:
        raise NotMember
    if roles[by.user_id] not in MANAGERS:
        raise refusal
    concerned = {roles[user.pk] for user in users}
    if Role.OWNER in concerned or (Role.KEEPER in concerned and roles[by.user_id] != Role.OWNER):
        raise ProtectedMember


def require_all_in(roles: dict[int, int], users: Collection[User]) -> None:
    """NoSuchMember (899014) where one of the users is not in the group."""
    if strangers := [user.username for user in users if user.pk not in roles]:
        raise NoSuchMember(f"not in the group: {', '.join(strangers[:5])}")


def require_keepers(count: int) -> None:
    """TooManyKeepers (880608) beyond 15."""
    if count > KEEPERS_MOST:
        raise TooManyKeepers(f"a group has at most {KEEPERS_MOST} keepers")
