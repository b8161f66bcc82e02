"""Transparent commands: text that one client hands to others that are online, for programs and not for people. Kept nowhere."""

from __future__ import annotations

from django.conf import settings

from accounts import rates
from accounts.actors import Actor
from accounts.models import Session, User
from imsite.core.errors import BadValue
from imsite.core.events import Audience, publish
from imsite.core.fields import utf8_len
from messaging.errors import CommandTooLong, NotOnline, SenderGone
from messaging.events import CommandSent
from messaging.models import Conversation
from messaging.sends import Send
from messaging.services import sending
from messaging.targets import Target, kind_of

PLATFORMS = {"all": "", "android": "a", "ios": "i", "pc": "w", "web": "j"}  # and the letters of Session.platform


def command(target: Target, cmd: str, *, by: Actor) -> None:
    """Hand `cmd` to a user's sessions, or to a group's members who are online; never to the session that asks.

    Who may not write there may not command there: NoSuchTarget (880203), Blocked (880207), NotMember (880205), Silenced
    (880212). Who has shielded the group hears nothing of it. CommandTooLong (881604) over `IM_SOCKET_CONTENT_BYTES`;
    NotOnline (881602) for a user without a session; TooFast (880209).
    """
    author = _author(cmd, by)
    _require_may_write(target, author, by)
    if target.peer is not None:
        if not Session.objects.live().filter(user=target.peer).exclude(sid=by.sid or "").exists():
            raise NotOnline
        publish(_sent(author, cmd), to=Audience(users=[target.peer.pk], skip=by.sid))
        return
    version = Conversation.objects.values_list("member_seq", flat=True).get(pk=target.conversation_id)
    to = Audience(conversation=target.conversation_id, skip=by.sid, version=version)
    publish(_sent(author, cmd, gid=target.conversation_id), to=to)


def command_platform(platform: str, cmd: str, *, by: Actor) -> None:
    """Hand `cmd` to the user's own other sessions: of one platform of PLATFORMS, or of all.

    BadValue (880003) for another platform, NotOnline (881602) where there is no such session; CommandTooLong, TooFast.
    """
    if platform not in PLATFORMS:
        raise BadValue(f"platform must be one of {', '.join(PLATFORMS)}")
    author = _author(cmd, by)
    sessions = Session.objects.live().filter(user=author).exclude(sid=by.sid or "")
    if letter := PLATFORMS[platform]:
        sessions = sessions.filter(platform=letter)
    classes = sorted({*sessions.values_list("device_class", flat=True)})
    if not classes:
        raise NotOnline
    event = _sent(author, cmd, platform=platform)
    for device_class in classes:
        publish(event, to=Audience(users=[author.pk], skip=by.sid, device_class=device_class))


def _author(cmd: str, by: Actor) -> User:
    """The acting user as of now, who may hand on this command."""
    if utf8_len(cmd) > settings.SOCKET_CONTENT_BYTES:
        raise CommandTooLong(f"a command has at most {settings.SOCKET_CONTENT_BYTES} bytes")
    rates.require_commands(by)
    author = sending.profile_of(by.user)
    if author.deleted_at or author.disabled:
        raise SenderGone
    return author


def _require_may_write(target: Target, author: User, by: Actor) -> None:
    asked = Send(
        target=target,
        sender=author,
        client_id="",
        fingerprint="",
        type="",
        content="",
        friends_only=sending.is_for_friends(target, by),
    )
    if refusal := kind_of(target.kind).refusals([asked]).get(asked):
        raise refusal


def _sent(author: User, cmd: str, *, gid: int = 0, platform: str = "") -> CommandSent:
    return CommandSent(
        application_id=author.application_id,
        from_username=author.username,
        from_appkey=author.application.appkey,
        cmd=cmd,
        gid=gid,
        platform=platform,
    )
