"""To whom a message goes: a user, a group, a chat room. Each kind knows how to find one, and who may not speak there.

Groups and chat rooms register theirs when they are ready; messaging knows none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connection

from accounts.actors import Actor
from accounts.identity import application_of
from accounts.models import Application, User
from accounts.rules import require_same_owner
from imsite.core import bus, clock
from imsite.core.cache import ShortCache
from imsite.core.errors import BadValue, ImError
from messaging.errors import NotMember, Silenced

if TYPE_CHECKING:
    from messaging.sends import Send

FOUND_SECONDS = 5  # a command in another process may change things without the bus being there


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes. `target_id` is the wire's: a username, a gid, a room id."""

    kind: str  # single, group, chatroom
    application_id: int
    appkey: str
    conversation_id: int  # 0 of a pair that has not begun: it does with the first message that is allowed
    target_id: str
    title: str = ""  # of a group or room
    peer: User | None = None

    @property
    def topic(self) -> str:
        return f"room:{self.conversation_id}" if self.kind == "chatroom" else f"conversation:{self.conversation_id}"


class TargetKind:
    """One kind of target. Subclasses are registered under the wire's `target_type`."""

    codes: ClassVar[tuple[type[ImError], ...]] = ()  # its refusals, for the description of the REST API

    def find(self, application: Application, target_id: str, *, by: Actor, sender: User) -> Target:
        """The target of this id for this sender, or the refusal that it does not exist."""
        raise NotImplementedError

    def begin(self, send: Send) -> Target:
        """The target of `send` with its conversation, which is made now; or the refusal, and nothing is."""
        raise NotImplementedError

    def refusals(self, sends: list[Send]) -> dict[Send, ImError]:
        """Which of these sends must not happen, and why. Called in the writer's transaction, with all sends of the kind at once."""
        raise NotImplementedError

    def describe(self, conversation_ids: Iterable[int]) -> Mapping[int, Mapping[str, Any]]:
        """What a conversation list shows of these conversations: name, avatar, appkey; without those that are gone."""
        raise NotImplementedError


_kinds: dict[str, TargetKind] = {}
_found: ShortCache[tuple[str, int, str, int], Target] = ShortCache(FOUND_SECONDS)


def register(name: str, kind: TargetKind) -> None:
    _kinds[name] = kind


def codes() -> list[type[ImError]]:
    """The refusals of every kind."""
    return [code for kind in _kinds.values() for code in kind.codes]


def kind_of(name: str) -> TargetKind:
    try:
        return _kinds[name]
    except KeyError:
        raise BadValue("target_type must be single, group or chatroom") from None


def resolve(
    application: Application, target_type: str, target_id: str, *, by: Actor, sender: User, appkey: str | None = None
) -> Target:
    """The target that a request names, in `application` or in another one of the same owner; from a cache of some seconds."""
    if appkey and appkey != application.appkey:
        other = application_of(appkey)
        require_same_owner(application, other)
        application = other
    kind = kind_of(target_type)
    # Users reach what they are in wherever it is; the application's server names another application's by its appkey.
    key = (target_type, application.pk, target_id, sender.pk if target_type == "single" else int(by.is_user))
    target = _found.get(key, lambda: kind.find(application, target_id, by=by, sender=sender))
    if not target.conversation_id:
        _found.forget(key)  # it has none for this once
    return target


@bus.heard("targets")
@bus.heard("profile")
def forget(_: object = None) -> None:
    """Forget what was found: a group, a room or a user is gone or changed its name."""
    _found.clear()


def values(pairs: Collection[tuple[int, int]]) -> tuple[str, list[int]]:
    """Pairs of ids as a VALUES list and its parameters: with the ids themselves in it every statement would be a new one,
    and SQLite takes longer to read one than to do it.
    """
    return ",".join(["(%s,%s)"] * len(pairs)), [one for pair in pairs for one in pair]


class ParticipantTargets(TargetKind):
    """A conversation whose speakers are its active participants. Groups subclass it with their own `find`."""

    codes: ClassVar[tuple[type[ImError], ...]] = (NotMember, Silenced)

    def refusals(self, sends: list[Send]) -> dict[Send, ImError]:
        pairs = {(send.target.conversation_id, send.sender.pk) for send in sends if not send.privileged}
        if not pairs:
            return {}
        listed, parameters = values(pairs)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH asked (conversation, speaker) AS (VALUES {listed})
                SELECT p.conversation_id, p.user_id, p.active, p.silenced_until_ms, c.mute_all AND NOT p.moderates
                FROM asked
                JOIN messaging_participant p ON p.conversation_id = conversation AND p.user_id = speaker
                JOIN messaging_conversation c ON c.id = p.conversation_id
                """,  # noqa: S608  (placeholders)
                parameters,
            )
            facts = {(conversation_id, user_id): rest for conversation_id, user_id, *rest in cursor.fetchall()}
        now_ms = clock.now_ms()
        refused: dict[Send, ImError] = {}
        for send in sends:
            if send.privileged:
                continue
            active, silenced_until_ms, muted = facts.get(
                (send.target.conversation_id, send.sender.pk), (False, 0, False)
            )
            if not active:
                refused[send] = NotMember()
            elif muted or silenced_until_ms > now_ms:
                refused[send] = Silenced()
        return refused
