"""Receipts by socket: what was read, and who has read it. Source: Web SDK, Messages."""

from __future__ import annotations

from typing import Any

from accounts.models import briefs
from imsite.core.errors import BadValue, Invalid, WrongType
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session
from messaging import shapes
from messaging.errors import NoSuchMessage
from messaging.models import GROUP_TYPE, Participant
from messaging.realtime.conversations import NO_USER, peer_named, read_conversation
from messaging.services import reading, receipts

IDS_MOST = 1_000  # in one request; the SDK collects about 50


def read_report(data: dict[str, Any]) -> dict[str, Any]:
    """`sessions`: conversations, in practice one, each with `msg_ids`."""
    sessions = data.get("sessions")
    if sessions is None:
        raise Invalid("sessions is missing")
    if not isinstance(sessions, list) or not all(isinstance(one, dict) for one in sessions):
        raise WrongType("sessions must be a list of objects")
    if not sessions:
        raise BadValue("sessions is empty")
    read = [{**read_conversation(one), "msg_ids": _read_ids(one)} for one in sessions]
    if sum(len(one["msg_ids"]) for one in read) > IDS_MOST or len(read) > IDS_MOST:
        raise BadValue(f"at most {IDS_MOST} msg_ids at once")
    return {"sessions": read}


def _read_ids(data: dict[str, Any]) -> list[int]:
    ids = data.get("msg_ids")
    if ids is None:
        raise Invalid("msg_ids is missing")
    if not isinstance(ids, list):
        raise WrongType("msg_ids must be a list")
    return sorted({shapes.number({"msg_ids": one}, "msg_ids") for one in ids})


@on("receipt_report", read_report, codes=NO_USER)
def receipt_report(session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """Messages were read whose senders asked to be told. Answer: appkey and username, or gid, of the (first) conversation.

    Each reader counts once; ids of messages that ask for nothing, or that the user cannot see, change nothing. The senders
    are told (receipt_change), and the user's other sessions (event 201). 882002 no such user, 880204 no such group.
    Source: Web SDK, Messages, addSingleReceiptReport and addGroupReceiptReport.
    """
    found = [(*_place(session, one), one["msg_ids"]) for one in data["sessions"]]  # all are there, or nothing is done
    for place, _, message_ids in found:
        if place is not None and message_ids:
            receipts.report(place, message_ids, by=session.actor)
    return found[0][1]


def _place(session: Session, data: dict[str, Any]) -> tuple[Participant | None, dict[str, Any]]:
    """The user's place in the conversation, None where two users have not begun one; and how the answer names it."""
    user = session.actor.user
    if data["type"] == GROUP_TYPE:
        return reading.place_in_group(user, data["gid"], left_too=True), {"gid": data["gid"]}
    peer = peer_named(session, data)
    answer = {"appkey": data["appkey"] or session.appkey, "username": peer.username}
    return reading.find_place_with(user, peer), answer


@on(
    "msg_unread_list",
    lambda data: {"msg_id": shapes.number(data, "msg_id")},
    remember=False,
    codes={NoSuchMessage: 880008},
)
def msg_unread_list(session: Session, data: dict[str, int]) -> dict[str, Any]:
    """Who has read an own message that asked for receipts, and who has not yet. Works for pairs and groups.

    Answer: msg_unread_list with unread_list and read_list, brief users. 880008 for any other message.
    Source: Web SDK, Messages, msgUnreadList.
    """
    unread, read = receipts.readers(data["msg_id"], by=session.actor)
    return {"msg_unread_list": {"unread_list": briefs(unread), "read_list": briefs(read)}}
