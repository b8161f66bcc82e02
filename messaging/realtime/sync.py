"""Catching up: what was sent while a client was away, and its acknowledgements. Source: Web SDK, sync flow."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from accounts.models import User
from imsite.core import clock
from imsite.core.events import Event
from imsite.realtime.dispatch import Followed, on, registered_pushes
from imsite.realtime.hub import set_loader
from imsite.realtime.session import Session, on_end
from messaging import shapes, wire
from messaging.models import GROUP_TYPE, SINGLE_TYPE, Conversation, Message
from messaging.realtime.pushes import receipts_changed
from messaging.services import delivered, participants, receipt_changes, sync
from messaging.services.sync import Portion

ROAMING = 1  # sync_type
UNDER_WAY_MS = 60_000  # the push of a message that is older has been written, or was lost

set_loader("conversation", participants.listeners)


def lenient(value: Any) -> int:
    """A position as clients send it: a number, or text that may be "undefined"; what cannot be read is 0."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 17:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
        return value
    return 0


def read_check(data: dict[str, Any]) -> dict[str, int]:
    names = ("sync_key", "sync_type", "sync_event_key", "msg_receipt_key")
    return {name: lenient(data.get(name)) for name in names}


@on("sync_check", read_check)
def sync_check(session: Session, data: dict[str, int]) -> Followed:
    """Answer: sync_key (never 0), sync_type, sync_event_key, msg_receipt_key; then what there is of sync_conversation,
    sync_event and sync_receipt.

    With sync_key 0 and sync_type 1 the history of all conversations, at the first check after a login; with sync_type 0 what
    no device of the user has; with another sync_key what a push may have failed to bring. Source: Web SDK, sync flow.
    """
    user = session.actor.user
    # Once a login: what the client has acknowledged since is not remembered here, and would come twice.
    key, first = data["sync_key"], data["sync_key"] == 0 and not session.synced
    roaming = first and data["sync_type"] == ROAMING
    found = sync.history(user) if roaming else sync.missed_messages(user)
    new_key, pushes = _news_pushed(session, user, found, key, roaming)
    session.synced = True
    event_key, event_pushes = _missed_events(session)
    receipt_key, receipt_pushes = _missed_receipts(session)
    members = {
        "sync_key": new_key,
        "sync_type": data["sync_type"] if first else 0,
        "sync_event_key": event_key,
        "msg_receipt_key": receipt_key,
    }
    return Followed(members, (*pushes, *event_pushes, *receipt_pushes))


def _news_pushed(
    session: Session, user: User, found: list[Portion], key: int, even_empty: bool = False
) -> tuple[int, list[tuple[str, dict[str, Any]]]]:
    """The next sync_key, and the one packet that brings what is news to this session, if anything is."""
    portions = [news for portion in found if (news := _news(session, portion))]
    newest = max((portion.messages[-1].pk for portion in portions), default=0)
    new_key = max(key, newest, 1)
    if not portions and not even_empty:
        return new_key, []
    offered = {portion.place.conversation_id: portion.last_seq for portion in portions}
    # Two packets may end in the same message id; an acknowledgement is then one for both.
    session.memory.setdefault("offered", {}).setdefault(new_key, {}).update(offered)
    session.memory.setdefault("offered_to", {}).update(offered)
    own = [row for portion in portions for row in portion.messages if row.need_receipt and row.sender_id == user.pk]
    totals = receipt_changes.totals(own)
    entries = [_entry(portion, user, totals) for portion in portions]
    return new_key, [("sync_conversation", {"sync_key": new_key, "messages": entries})]


def _news(session: Session, portion: Portion) -> Portion | None:
    """What neither a push nor a sync has brought to this session yet, if anything: no message comes twice."""
    recent_ms = clock.now_ms() - UNDER_WAY_MS
    offered_to = session.memory.get("offered_to", {}).get(portion.place.conversation_id, 0)

    def is_news(message: Message) -> bool:
        if message.created_ms >= recent_ms:
            return session.takes_sync(message.pk)
        return message.pk not in session.seen and (message.seq or 0) > offered_to

    news = [message for message in portion.messages if is_news(message)]
    return portion.only(news) if news else None


def _entry(portion: Portion, user: User, totals: dict[int, dict[str, int]]) -> dict[str, Any]:
    conversation = portion.place.conversation
    entry: dict[str, Any] = {
        "msg_type": SINGLE_TYPE if conversation.kind == Conversation.Kind.SINGLE else GROUP_TYPE,
        "unsync_count": portion.unread_count,
        "msgs": [
            wire.message(wire.facts_of(message, conversation, portion.peer, user)) for message in portion.messages
        ],
        "receipt_msgs": [totals[message.pk] for message in portion.messages if message.pk in totals],
    }
    if portion.peer is not None:
        entry |= {
            "from_appkey": portion.peer.application.appkey,
            "from_username": portion.peer.username,
            "key": portion.peer.pk,
        }
    else:
        entry |= {"from_gid": conversation.pk, "key": conversation.pk}
    return entry


def _missed_events(session: Session) -> tuple[int, list[tuple[str, dict[str, Any]]]]:
    """The position before the events that follow, and the push that brings them."""
    missed = sync.missed_events(session.actor.user, session.device_class, _seen(session))
    events = [event for event in missed if session.takes_sync(-event.id)]
    if not events:
        return _acknowledge(session, session.actor), []
    session.memory.setdefault("offered_events", set()).update(event.id for event in events)
    return events[0].id - 1, [
        (
            "sync_event",
            {"sync_key": events[-1].id, "events": [_render(event.seen_by(session.user_id)) for event in events]},
        )
    ]


def _seen(session: Session) -> frozenset[int]:
    """The events that reached this session, and that its device's cursor does not cover yet. The hub adds to them meanwhile."""
    return frozenset(session.memory.get("live_events", ()))


def _acknowledge(session: Session, actor: Any) -> int:
    """Move the cursor of the session's device over what has reached it; the position."""
    seen = _seen(session)
    reached = sync.acknowledge_events(actor.user, session.device_class, seen)
    for event_id in [event_id for event_id in seen if event_id <= reached]:
        session.memory["live_events"].discard(event_id)
        session.forget_push(-event_id)
    return reached


def _render(event: Event) -> dict[str, Any]:
    _, data = registered_pushes()[type(event).__name__](event)
    return data


def read_key(data: dict[str, Any]) -> dict[str, int]:
    return {"sync_key": lenient(data.get("sync_key"))}


@on("sync_conversation_ack", read_key, uncounted=True)
def sync_conversation_ack(session: Session, data: dict[str, int]) -> Followed:
    """Everything that was offered under this key has arrived; what did not fit into that packet follows.

    Source: Web SDK, sync flow.
    """
    offered = session.memory.get("offered", {}).pop(data["sync_key"], None)
    if not offered:
        return Followed(None, ())
    user = session.actor.user
    sync.acknowledge(user, offered)
    _, pushes = _news_pushed(session, user, sync.missed_messages(user), data["sync_key"])
    return Followed(None, tuple(pushes))


@on("sync_event_ack", read_key, uncounted=True)
def sync_event_ack(session: Session, data: dict[str, int]) -> None:
    """The events up to this key have arrived. Source: Web SDK, sync flow."""
    offered = session.memory.get("offered_events", set())
    reached = {event_id for event_id in offered if event_id <= data["sync_key"]}
    offered -= reached
    session.memory.setdefault("live_events", set()).update(reached)
    _acknowledge(session, session.actor)


@on("sync_receipt_ack", read_key, uncounted=True)
def sync_receipt_ack(session: Session, data: dict[str, int]) -> Followed:
    """Receipt changes up to this key have arrived; what did not fit into that packet follows. Source: Web SDK, sync flow."""
    offered = session.memory.get("offered_receipts", set())
    reached = {key for key in offered if key <= data["sync_key"]}
    if not reached:
        return Followed(None, ())
    offered -= reached
    session.memory.setdefault("live_receipts", set()).update(reached)
    return Followed(None, tuple(_missed_receipts(session)[1]))


def _missed_receipts(session: Session) -> tuple[int, list[tuple[str, dict[str, Any]]]]:
    """The position before the receipt changes that follow, and the push that brings them."""
    # What was offered and never acknowledged is told at the next login: this client has it, or is gone.
    offered = session.memory.setdefault("offered_receipts", set())
    position, missed = _told_receipts(session, session.actor, offered)
    if not missed:
        return position, []
    keys = [message.receipt_key or 0 for message in missed]
    offered.update(keys)
    receipts = [receipts_changed(event)[1] for event in receipt_changes.changes(missed)]
    return keys[0] - 1, [("sync_receipt", {"sync_key": keys[-1], "receipts": receipts})]


def _told_receipts(session: Session, actor: Any, offered: Collection[int] = ()) -> tuple[int, list[Message]]:
    """Move the cursor of the session's device over the receipt changes that have reached it: where it is, what it lacks."""
    seen = frozenset(session.memory.get("live_receipts", ()))  # the hub adds to them meanwhile
    reached, missed = sync.missed_receipts(actor.user, session.device_class, seen, offered)
    if seen:
        session.memory["live_receipts"].difference_update([key for key in seen if key <= reached])
    return reached, missed


@on("msg_recv_v2", lambda data: {"msg_id": shapes.number(data, "msg_id")}, remember=False, uncounted=True)
def msg_recv_v2(session: Session, data: dict[str, int]) -> None:
    """A message has arrived on a device of this user. Source: Web SDK, automatic acknowledgement of msg_sync."""
    delivered.acknowledge(session.user_id, data["msg_id"])
    session.forget_push(data["msg_id"])


@on_end
def keep_cursors(session: Session, actor: Any) -> None:
    """What this session got need not be told again at the next login, in whichever process that is."""
    delivered.flush(actor.user_id)
    if session.memory.get("live_events"):
        _acknowledge(session, actor)
    if session.memory.get("live_receipts"):
        _told_receipts(session, actor)
