"""Sending by socket. Source: Web SDK, Messages: sendSingleMsg, sendGroupMsg, sendChatroomMsg and the like."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from accounts.errors import CrossApplication, NoSuchApplication
from imsite.core.errors import BadValue, Invalid, WrongType
from imsite.realtime.dispatch import Pending, on
from imsite.realtime.session import Session
from messaging import shapes
from messaging.errors import NotMember, TooLong
from messaging.sends import Sent
from messaging.services import sending
from messaging.services.sending import Draft
from messaging.targets import Target, resolve

CLIENT_ID_BYTES = 64  # of the client's own; ours has a prefix before it
# What is in an application that does not exist, or is not the same owner's, is no target to clients.
NO_USER, NO_GROUP, NO_ROOM = (
    {NoSuchApplication: code, CrossApplication: code} for code in (880203, 880204, 881503)
)  # fmt: skip


def read_send(data: dict[str, Any]) -> dict[str, Any]:
    """The request as the SDK builds it, with its body checked; `draft` and `client_id` beside it.

    `client_id` is ours: a client that names its send may repeat it for as long as the message is kept. The vendor's rid is
    random and unique among the open requests of one page only, so the whole body goes with it: its create_time makes a
    retransmission, and only that, identical.
    """
    shapes.require_storable(data)
    content = shapes.mapping(data, "content")
    if content is None:
        raise Invalid("content is missing")
    shapes.require_body(content.get("msg_type"), content.get("msg_body"))
    draft = Draft(
        type=content["msg_type"],
        body=content["msg_body"],
        content=content,
        target_name=shapes.text(data, "target_name", ""),
        at_list=_read_at_list(data),
        need_receipt=shapes.flag(data, "need_receipt"),
        no_offline=shapes.flag(data, "no_offline"),
        no_notification=shapes.flag(data, "no_notification"),
        custom_notification=shapes.mapping(data, "custom_notification"),
    )
    return {**data, "draft": draft, "client_id": _client_id(data)}


def _read_at_list(data: dict[str, Any]) -> list[dict[str, Any]] | None:
    users = data.get("users")
    if users is None:
        return None
    if not isinstance(users, list) or not all(map(_is_mention, users)):
        raise WrongType("users must be a list of objects with a username")
    return [{name: value for name, value in user.items() if value is not None} for user in users]


def _is_mention(user: Any) -> bool:
    return (
        isinstance(user, dict) and isinstance(user.get("username"), str) and isinstance(user.get("appkey"), str | None)
    )


def _client_id(data: dict[str, Any]) -> str:
    own = data.get("client_id")
    if own is not None:
        if not isinstance(own, str) or not 1 <= len(own.encode("utf-8", "surrogatepass")) <= CLIENT_ID_BYTES:
            raise BadValue(f"client_id must be text of 1 to {CLIENT_ID_BYTES} bytes")
        return f"own:{own}"
    body = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    return f"rid:{data['rid']}:{hashlib.blake2b(body, digest_size=16).hexdigest()}"


@on("s_across_single_text", read_send, reply_as="s_single_text", pipelined=True, remember=False, codes=NO_USER)
def send_single(session: Session, data: dict[str, Any]) -> Pending:
    """Answer, under the name s_single_text: msg_id, ctime_ms, key (uid of the target), unread_count; ours: seq, conversation_id.

    880203, 880206, 880207, 880208. Source: Web SDK, Messages, sendSingleMsg.
    """
    target = _resolve(session, "single", shapes.text(data, "target_id"), shapes.text(data, "appkey", ""))
    assert target.peer is not None
    return _send(session, data, target, {"key": target.peer.pk})


@on("send_group_msg", read_send, pipelined=True, remember=False, codes=NO_GROUP)
def send_group(session: Session, data: dict[str, Any]) -> Pending:
    """Answer: msg_id, ctime_ms, target_gid, key (gid), unread_count; ours: seq, conversation_id.

    880204, 880205, 880206, 880208, 880212. Source: Web SDK, Messages, sendGroupMsg.
    """
    gid = shapes.number(data, "target_gid")
    target = _resolve(session, "group", str(gid), shapes.text(data, "appkey", ""))
    return _send(session, data, target, {"target_gid": gid, "key": gid})


@on("send_room_msg", read_send, pipelined=True, remember=False, codes={TooLong: 881504, NotMember: 881501, **NO_ROOM})
def send_room(session: Session, data: dict[str, Any]) -> Pending:
    """The room's id comes as target_gid. Answer: room_id, msg_id, ctime_ms; ours: seq, conversation_id.

    881501, 881502, 881503, 881504, 880208. Source: Web SDK, Messages, sendChatroomMsg.
    """
    room_id = shapes.number(data, "target_gid")
    target = _resolve(session, "chatroom", str(room_id), shapes.text(data, "appkey", ""))
    return _send(session, data, target, {"room_id": room_id})


def _resolve(session: Session, kind: str, target_id: str, appkey: str) -> Target:
    actor = session.actor
    return resolve(actor.application, kind, target_id, by=actor, sender=actor.user, appkey=appkey)


def _send(session: Session, data: dict[str, Any], target: Target, members: dict[str, Any]) -> Pending:
    draft: Draft = data["draft"]

    def finish(sent: Sent) -> dict[str, Any]:
        answer = {
            "msg_id": sent.message_id,
            "ctime_ms": sent.created_ms,
            "seq": sent.seq,
            "conversation_id": sent.conversation_id,
            **members,
        }
        if draft.need_receipt:
            answer["unread_count"] = sent.receipt_base
        return answer

    return Pending(sending.send(target, draft, by=session.actor, client_id=data["client_id"]), finish)
