"""Conversation lists, pages of history, read marks. The events without a vendor section are our own."""

from __future__ import annotations

from typing import Any

from accounts.errors import CrossApplication, NoSuchApplication, NoSuchUser
from accounts.identity import application_of
from accounts.models import User
from accounts.rules import require_same_owner
from imsite.core import clock
from imsite.core.errors import BadValue, Invalid
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session
from messaging import shapes, wire
from messaging.errors import NoSuchConversation
from messaging.models import GROUP_TYPE, SINGLE_TYPE, Participant
from messaging.services import reading
from messaging.services.reading import ConversationRow

# A user of an application that is out of reach is one that does not exist.
NO_USER = {NoSuchApplication: NoSuchUser.sdk_code, CrossApplication: NoSuchUser.sdk_code}


@on("get_conversations")
def get_conversations(session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """Answer: conversations, oldest first; `extras` is ours. Source: Web SDK, Conversation, getConversation."""
    rows = [row for row in reading.list_conversations(session.actor.user) if row.last_message]
    return {"conversations": [_vendor_row(row) for row in reversed(rows)]}


def _vendor_row(row: ConversationRow) -> dict[str, Any]:
    if row.peer is not None:
        return {
            "type": SINGLE_TYPE,
            "key": row.peer.pk,
            "utime": clock.to_ms(row.peer.updated_at),
            "name": row.peer.username,
            "username": row.peer.username,
            "appkey": row.peer.application.appkey,
            "nickname": row.peer.nickname,
            "avatar": row.peer.avatar,
            "mtime": row.conversation.last_at_ms,
            "extras": row.participant.extras,
        }
    return {
        "type": GROUP_TYPE,
        "key": row.conversation.pk,
        "name": row.about["name"],
        "appkey": row.about["appkey"],
        "avatar": row.about["avatar"],
        "mtime": row.conversation.last_at_ms,
        "extras": row.participant.extras,
    }


@on("list_conversations")
def list_conversations(session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """Answer: conversations, newest first, each with unread_count, read_seq, last_seq and last_message (or null).

    `no_disturb` of a conversation, or beside the list for all, asks for no sound and no notification; `shield` says that
    what a group's members say is not brought. Source: imsite, chat page.
    """
    user = session.actor.user
    quiet = User.objects.filter(pk=user.pk, muted_all=True).exists()  # the session's own copy is that of the login
    return {"no_disturb": quiet, "conversations": [_own_row(row, user) for row in reading.list_conversations(user)]}


def _own_row(row: ConversationRow, user: User) -> dict[str, Any]:
    last = row.last_message
    return {
        **_vendor_row(row),
        **({} if row.peer else {"gid": row.conversation.pk}),
        "conversation_id": row.conversation.pk,
        "last_seq": row.conversation.last_seq,
        "read_seq": row.participant.read_seq,
        "unread_count": row.unread_count,
        "no_disturb": row.no_disturb,
        "shield": row.participant.shield,
        "last_message": wire.message(wire.facts_of(last, row.conversation, row.peer, user)) if last else None,
    }


def read_conversation(data: dict[str, Any]) -> dict[str, Any]:
    """`type` 3 with username and, where it is not the own, appkey; or 4 with gid. As the SDK names conversations."""
    kind = shapes.number(data, "type", GROUP_TYPE if "gid" in data else SINGLE_TYPE)
    if kind == SINGLE_TYPE:
        return {"type": kind, "username": shapes.text(data, "username"), "appkey": shapes.text(data, "appkey", "")}
    if kind == GROUP_TYPE:
        return {"type": kind, "gid": shapes.number(data, "gid")}
    raise BadValue("type must be 3 (a user) or 4 (a group)")


def read_page(data: dict[str, Any]) -> dict[str, Any]:
    shape = read_conversation(data)
    for name in ("before", "after"):
        shape[name] = None if data.get(name) is None else shapes.number(data, name)
    if shape["before"] is not None and shape["after"] is not None:
        raise BadValue("either before or after, not both")
    limit = shapes.number(data, "limit", 30)
    if not 1 <= limit <= reading.PAGE_MOST:
        raise BadValue(f"limit must be 1 to {reading.PAGE_MOST}")
    return {**shape, "limit": limit}


@on("get_messages", read_page, remember=False, codes=NO_USER)
def get_messages(session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """A page of a conversation's history: `before` or `after` a seq (exclusive), at most `limit` (1 to 100, 30).

    Answer: messages, ascending by seq, and has_more: whether there are more in that direction. A conversation that has not
    begun is an empty page. 882002 no such user, 880204 no such group. Source: imsite, chat page.
    """
    place = _place(session, data)
    if place is None:
        return {"messages": [], "has_more": False}
    conversation, user = place.conversation, session.actor.user
    peer = reading.peers_of(user, [conversation]).get(conversation.pk)
    rows, has_more = reading.page(place, before=data["before"], after=data["after"], limit=data["limit"])
    messages = [wire.message(wire.facts_of(row, conversation, peer, user)) for row in rows]
    return {"messages": messages, "has_more": has_more}


def read_mark(data: dict[str, Any]) -> dict[str, Any]:
    return {**read_conversation(data), "seq": shapes.number(data, "seq")}


@on("mark_read", read_mark, codes=NO_USER)
def mark_read(session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """Move the read mark up to `seq`, never back. Answer: unread_count. The user's other sessions get event 200.

    Source: imsite, chat page.
    """
    place = _place(session, data)
    return {"unread_count": reading.mark_read(place, data["seq"], by=session.actor) if place else 0}


def read_extras(data: dict[str, Any]) -> dict[str, Any]:
    extras = shapes.mapping(data, "extras")
    if extras is None:
        raise Invalid("extras is missing")
    return {**read_conversation(data), "extras": extras}


@on("update_conversation", read_extras, codes=NO_USER)
def update_conversation(session: Session, data: dict[str, Any]) -> None:
    """Note something about a conversation for oneself: extras, at most 512 bytes, all of it anew. Answer: code 0 alone.

    It stands in the lists of conversations, and the user's other sessions are told (conversation_change). 882002 no such
    user, 880204 no such group, or no conversation with that user. Source: imsite, conversation list.
    """
    place = _place(session, data)
    if place is None:
        raise NoSuchConversation
    reading.set_extras(place, data["extras"], by=session.actor)


@on("unread_single_count", read_conversation, codes=NO_USER)
def unread_single_count(session: Session, data: dict[str, Any]) -> None:
    """The conversation with a user is read. Source: Web SDK, Conversation, resetUnreadCount."""
    if place := _place(session, data):
        reading.mark_read(place, by=session.actor)


@on("unread_group_count", read_conversation)
def unread_group_count(session: Session, data: dict[str, Any]) -> None:
    """The conversation of a group is read. Source: Web SDK, Conversation, resetUnreadCount."""
    if place := _place(session, data):
        reading.mark_read(place, by=session.actor)


def _place(session: Session, data: dict[str, Any]) -> Participant | None:
    """The user's place in the conversation that the request names; None where two users have not begun one."""
    user = session.actor.user
    if data["type"] == GROUP_TYPE:
        return reading.place_in_group(user, data["gid"])
    return reading.find_place_with(user, peer_named(session, data))


def peer_named(session: Session, data: dict[str, Any]) -> User:
    """The user whom a conversation of type 3 is with, in the own application or in another one of the same owner."""
    application = session.actor.application
    if data["appkey"] and data["appkey"] != application.appkey:
        other = application_of(data["appkey"])
        require_same_owner(application, other)
        application = other
    return User.objects.of(application).find(data["username"])
