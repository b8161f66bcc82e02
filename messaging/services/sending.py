"""Sending: from what a client asks for to a stored message and its push."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connection, transaction

from accounts import rates
from accounts.actors import Actor
from accounts.models import Application, User
from imsite.core import bus, clock
from imsite.core.cache import ShortCache
from messaging.errors import SenderGone
from messaging.events import MessageFacts, MessageSent, RoomMessageSent
from messaging.rules import require_client_id, require_request_key, require_size, require_sizes_beside
from messaging.sends import RequestKey, Result, Send, Sent
from messaging.services import delivered, words
from messaging.targets import Target, kind_of
from messaging.writer import write, writer

SENDER_SECONDS = 5  # how old a sender's nickname may be

_senders: ShortCache[int, User] = ShortCache(SENDER_SECONDS)
_named: ShortCache[tuple[int, str], User] = ShortCache(SENDER_SECONDS)  # by application and username


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be said, before anybody has checked whether it may be.

    body: the msg_body, an object that passes through unchanged. content: what else the client put beside it (version,
    create_time, from_platform, ...). at_list: who is mentioned, [] for everyone, None for nobody.
    """

    type: str
    body: Mapping[str, Any]
    content: Mapping[str, Any] = field(default_factory=dict)
    target_name: str = ""
    from_name: str = ""
    at_list: Sequence[Mapping[str, Any]] | None = None
    need_receipt: bool = False
    no_offline: bool = False
    no_notification: bool = False
    custom_notification: Mapping[str, Any] | None = None


def send(
    target: Target,
    draft: Draft,
    *,
    by: Actor,
    sender: User | None = None,
    as_user: bool = False,
    client_id: str | None = None,
    request: RequestKey | None = None,
) -> Future[Sent]:
    """Store a message and push it to everyone but the session that sent it. The future is done after the commit.

    `sender` is who it is from: the acting user, or with another actor anyone. What server, operator and system send stands
    above membership, silence, mute-all, the receiver's blacklist, friends-only, room bans, sensitive words and a disabled
    sender; with `as_user` it is said as that user would say it, and all of these bind it. Nothing stands above a receiver,
    group or room that does not exist, nor above a member's shield. Who is disabled gets it when they are not any more.

    The same `client_id` (at most 96 bytes) of a sender again answers the first result and stores nothing; with another
    content it is ClientIdReused. So does the same `request` key of an application, whoever sends; for another request it is
    RequestKeyReused (409).
    Raises, or sets on the future: TooLong (880206), SensitiveText (880208), NoSuchTarget (880203), Blocked (880207),
    NotMember (880205), Silenced (880212), NotInRoom (881501), BannedInRoom (881502), SenderGone (880111), Busy; TooFast
    (880209; 429, 899030) beyond the application's limits, repetitions counted.
    """
    rates.require_sends(by, sender or by.user)
    if connection.in_atomic_block:
        # The writer would wait for this transaction's locks, and this transaction for the writer.
        raise RuntimeError("sending.send must not be called in a transaction; use sending.insert there")
    prepared = prepare(target, draft, by=by, sender=sender, as_user=as_user, client_id=client_id, request=request)
    return writer.submit(prepared)


def insert(
    target: Target, draft: Draft, *, by: Actor, sender: User | None = None, client_id: str | None = None
) -> Sent:
    """The same within the caller's transaction, for an operation that a message is a part of; pushed when it commits."""
    prepared = prepare(target, draft, by=by, sender=sender, client_id=client_id)
    result: Result = write([prepared])[0]
    if not isinstance(result, Sent):
        raise result
    if not result.repeated:
        transaction.on_commit(lambda: push(prepared, result))
    return result


def prepare(
    target: Target,
    draft: Draft,
    *,
    by: Actor,
    sender: User | None = None,
    as_user: bool = False,
    client_id: str | None = None,
    request: RequestKey | None = None,
) -> Send:
    """All that comes before the writer: the checks that need no transaction, and the content as it will be delivered."""
    require_size(draft.content or {"msg_body": draft.body}, draft.body, by)
    require_sizes_beside(draft.at_list, draft.custom_notification)
    require_client_id(client_id)
    if request is not None:
        require_request_key(request.key)
    author = profile_of(sender or by.user)
    is_user = by.is_user or as_user
    if author.deleted_at or (author.disabled and is_user):
        raise SenderGone
    body = words.screen(by.application, draft.type, draft.body) if is_user else draft.body
    from_type = "user" if is_user else "admin"
    send = Send(
        target=target,
        sender=author,
        client_id=client_id or f"one:{secrets.token_urlsafe(15)}",
        fingerprint=request.fingerprint if request else _fingerprint(target, draft),
        request_key=request.key if request else None,
        type=draft.type,
        content=orjson.dumps(_content(target, draft, body, author, by, from_type)).decode(),
        from_type=from_type,
        no_offline=draft.no_offline,
        no_notification=draft.no_notification,
        custom_notification=orjson.dumps(draft.custom_notification).decode() if draft.custom_notification else "",
        need_receipt=draft.need_receipt,
        moves_cursor=by.is_user,
        privileged=not is_user,
        friends_only=is_for_friends(target, by),
        sid=by.sid,
        on_commit=push,
    )
    if not target.conversation_id:
        send.target = kind_of(target.kind).begin(send)
    return send


def is_for_friends(target: Target, by: Actor) -> bool:
    """Whether the application of the sender, or that of the receiver, lets only friends write to each other."""
    return by.application.limits.friends_only or (
        target.peer is not None and target.peer.application.limits.friends_only
    )


def push(send: Send, sent: Sent) -> None:
    """Hand a stored message to everyone who is to see it now: one frame, encoded once, whatever the number of receivers."""
    target, sender = send.target, send.sender
    facts = MessageFacts(
        message_id=sent.message_id,
        conversation_id=sent.conversation_id,
        kind="room" if target.kind == "chatroom" else target.kind,
        seq=sent.seq,
        created_ms=sent.created_ms,
        sender_id=sender.pk,
        sender_name=sender.username,
        sender_appkey=sender.application.appkey,
        content=send.content,
        need_receipt=send.need_receipt,
        across=target.application_id != sender.application_id,
        custom_notification=send.custom_notification,
    )
    version: tuple[str, int] | None = None
    if target.peer is not None:
        topics: tuple[str, ...] = tuple({f"user:{target.peer.pk}": None, f"user:{sender.pk}": None})
    else:
        topics = (target.topic,)
        version = (target.topic, sent.member_seq) if target.kind == "group" else None
    if sent.seq and target.kind != "chatroom":
        delivered.remember(sent.message_id, sent.conversation_id, sent.seq)
        delivered.note(sender.pk, sent.conversation_id, sent.seq)  # who sends it has it
    if not bus.is_open():
        return
    event_class = RoomMessageSent if target.kind == "chatroom" else MessageSent
    frame = bus.encode(event_class(application_id=sender.application_id, facts=facts))
    # Straight to the bus: `publish` is for facts that are told inside a transaction, and this one has committed.
    message_id = sent.message_id if sent.seq and target.kind != "chatroom" else 0  # of what comes by sync as well
    bus.deliver(bus.Delivery(topics=topics, frame=frame, skip=send.sid, version=version, message_id=message_id))


def profile_of(user: User | None) -> User:
    """The user with a profile that is at most some seconds old, and the application."""
    assert user is not None, "a message is from somebody"
    return _senders.get(user.pk, lambda: User.objects.select_related("application").get(pk=user.pk))


def sender_named(application: Application, username: str) -> User:
    """The user in whose name the application's server sends, at most some seconds old; NoSuchUser (899002)."""
    return _named.get(
        (application.pk, username), lambda: User.objects.of(application).select_related("application").find(username)
    )


@bus.heard("profile")
def forget_profile(user_id: int) -> None:
    _senders.forget(user_id)
    _named.clear()


def _content(
    target: Target, draft: Draft, body: Mapping[str, Any], author: User, by: Actor, from_type: str
) -> dict[str, Any]:
    """The content as receivers get it: what the client gave, with everything that it may not decide filled in here."""
    content = {
        "version": 1,
        "from_platform": "web" if by.is_user else "api",
        "create_time": clock.now_ms(),
        **draft.content,
        "target_type": target.kind,
        "target_id": target.target_id,
        "target_appkey": target.appkey,
        "from_id": author.username,
        "from_appkey": author.application.appkey,
        "from_type": from_type,
        "from_name": draft.from_name or author.nickname,
        "sui_mtime": clock.to_s(author.updated_at),
        "msg_type": draft.type,
        "msg_body": body,
    }
    if name := draft.target_name or target.title:
        content["target_name"] = name
    if draft.from_name:
        content["set_from_name"] = 1  # reports tell a name that was given from the sender's nickname
    if draft.at_list is not None:
        content["at_list"] = [{"appkey": author.application.appkey, **one} for one in draft.at_list]
    else:
        content.pop("at_list", None)
    return content


def _fingerprint(target: Target, draft: Draft) -> str:
    """What makes a repetition the same send: where it goes and what was asked for, not when."""
    where = target.peer.pk if target.peer else target.conversation_id
    asked = [
        target.kind, where, draft.type, draft.body, draft.at_list, draft.need_receipt, draft.no_offline,
        draft.custom_notification,
    ]  # fmt: skip
    return hashlib.blake2b(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
