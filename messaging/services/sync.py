"""What a client missed: messages and events. A push is a hint; what is here is the truth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Device, User
from imsite.core.events import Event
from imsite.core.models import StoredEvent
from messaging.models import Conversation, Hidden, Message, MessageQuerySet, Participant
from messaging.services import delivered, reading, receipt_changes

EVENTS_MOST = 1_000  # in one packet; the rest follow at the next check
RECEIPTS_MOST = 500  # messages in one packet of receipt changes; the rest follow its acknowledgement
BATCH_MOST = 100  # conversations read together
HOLES = 10  # retracted and hidden messages that a page of history may hold without being asked for again


@dataclass(frozen=True, slots=True)
class Portion:
    """What one conversation has for a client."""

    place: Participant  # with its conversation
    peer: User | None
    messages: list[Message]  # ascending; never empty
    unread_count: int

    @property
    def last_seq(self) -> int:
        return self.messages[-1].seq or 0

    def is_unread(self, message: Message) -> bool:
        return message.sender_id != self.place.user_id and (message.seq or 0) > self.place.read_seq

    def only(self, messages: list[Message]) -> Portion:
        """The same with some of its messages; those left out count as unread elsewhere."""
        kept = {message.pk for message in messages}
        left_out = sum(self.is_unread(message) for message in self.messages if message.pk not in kept)
        return replace(self, messages=messages, unread_count=min(len(messages), max(0, self.unread_count - left_out)))


def missed_messages(user: User) -> list[Portion]:
    """What others wrote and no device of the user has received, conversation by conversation, oldest first.

    At most `IM_SYNC_MESSAGES` in all: when these are acknowledged, the next call has what follows. Who was removed from a
    group meanwhile gets what was said before. What came under a shield is not missed.
    """
    delivered.flush(user.pk)
    held = delivered.held(user.pk)
    reach = Q(active=True, conversation__last_seq__gt=F("delivered_seq")) | Q(leave_seq__gt=F("delivered_seq"))
    before_shield = Q(shield=False) | Q(shield_seq__gt=F("delivered_seq"))
    places = list(
        Participant.objects.filter(reach, before_shield, user=user)
        .select_related("conversation")
        .order_by("conversation__last_at_ms", "conversation__last_message_id")
    )
    portions: list[Portion] = []
    idle: list[Participant] = []
    room = settings.SYNC_MESSAGES
    while places and room > 0:
        batch = _batch(places, room, lambda place: max(0, _last_seq(place) - _missed_after(place)))
        del places[: len(batch)]
        found = _missed_of(user, batch, room, held)
        for place in batch:
            missed = found[place.conversation_id][:room]
            if missed:
                portions.append(Portion(place, None, missed, len(missed)))
                room -= len(missed)
            elif room > 0:
                idle.append(place)
    _close_gaps(idle)
    return _with_peers(user, portions)


def _missed_of(user: User, batch: list[Participant], room: int, held: dict[int, set[int]]) -> dict[int, list[Message]]:
    """What others wrote and the user lacks in these places, ascending, by conversation; at most `room` of a place alone."""
    if len(batch) > 1:
        ranges = [(place, _missed_after(place), _last_seq(place)) for place in batch]
        rows = _within(user, ranges)
    else:
        (place,) = batch
        of_others = Message.objects.filter(seq__gt=place.delivered_seq).exclude(sender_id=user.pk)
        most = room + len(held.get(place.conversation_id, ()))
        rows = {place.conversation_id: list(_visible(place, of_others).order_by("seq")[:most])}
    return {
        conversation_id: [
            row for row in found if row.sender_id != user.pk and row.seq not in held.get(conversation_id, ())
        ]
        for conversation_id, found in rows.items()
    }


def history(user: User) -> list[Portion]:
    """The history of all conversations, own messages too, for a login with roaming.

    The newest `IM_ROAMING_MESSAGES` of each, and `IM_SYNC_MESSAGES` in all: conversations in which nothing was said for long
    are left out first, and so is what came under a shield.
    """
    places = list(
        Participant.objects.filter(user=user, active=True)
        .filter(conversation__last_seq__gt=F("clear_seq"))
        .select_related("conversation")
        .order_by("-conversation__last_at_ms", "-conversation__last_message_id")
    )
    unread = reading.unread_counts(places)
    portions: list[Portion] = []
    room = settings.SYNC_MESSAGES
    while places and room > 0:
        batch = _batch(places, room, partial(_newest_in, room=room))
        del places[: len(batch)]
        for place, rows in _newest_of(user, batch, room):
            if rows:
                portions.append(Portion(place, None, rows, min(unread[place.conversation_id], len(rows))))
                room -= len(rows)
    return _with_peers(user, portions[::-1])


def _newest_of(user: User, batch: list[Participant], room: int) -> Iterator[tuple[Participant, list[Message]]]:
    """The newest messages of each place, ascending: at most `IM_ROAMING_MESSAGES`, and `room` of a place alone."""
    most = min(room, settings.ROAMING_MESSAGES)
    together = len(batch) > 1
    ranges = [(place, _last_seq(place) - _newest_in(place, room), _last_seq(place)) for place in batch]
    found = _within(user, ranges) if together else {}
    for place, after, _ in ranges:
        rows = found.get(place.conversation_id, [])[-most:]
        # Where much was retracted or hidden among them, those before make up for it.
        if not together or (len(rows) < most and after > _first_seq(place)):
            rows = list(_visible(place, Message.objects.all()).order_by("-seq")[:most])[::-1]
        yield place, rows


def _newest_in(place: Participant, room: int) -> int:
    """How many numbers back from the last one the newest messages of this place are looked for; some of them are holes."""
    return min(_last_seq(place) - _first_seq(place), min(room, settings.ROAMING_MESSAGES) + HOLES)


# Places are read together: their messages lie between numbers that are known, and numbers have no gaps. So what a query
# brings is counted before it is asked, and a user of many conversations costs a query for as many messages as fit into a
# packet instead of one for each conversation.


def _batch(places: list[Participant], room: int, size: Callable[[Participant], int]) -> list[Participant]:
    """The first of `places`, one at least, that have together no more numbers than there is room for messages."""
    total = 0
    for count, place in enumerate(places[:BATCH_MOST]):
        total += size(place)
        if count and total > room:
            return places[:count]
    return places[:BATCH_MOST]


def _first_seq(place: Participant) -> int:
    """The participant sees what comes after this."""
    return max(place.join_seq, place.clear_seq)


def _missed_after(place: Participant) -> int:
    return max(_first_seq(place), place.delivered_seq)


def _last_seq(place: Participant) -> int:
    """The last that may be brought to the participant."""
    last = place.conversation.last_seq if place.leave_seq is None else place.leave_seq
    return max(min(last, place.shield_seq) if place.shield else last, _first_seq(place))


def _within(user: User, ranges: Iterable[tuple[Participant, int, int]]) -> dict[int, list[Message]]:
    """What is brought to the user of each place between two numbers (behind the one, up to the other), ascending.

    The same as `_visible` of each, in one query. Every place of `ranges` has its list, by conversation.
    """
    found: dict[int, list[Message]] = {place.conversation_id: [] for place, *_ in ranges}
    spans = {place.conversation_id: place.spans() for place, *_ in ranges}
    wanted = Q(pk__in=())
    for place, after, upto in ranges:
        if upto > after:
            wanted |= Q(conversation_id=place.conversation_id, seq__gt=after, seq__lte=upto)
    hidden = Hidden.objects.filter(user_id=user.pk).values("message_id")
    rows = Message.objects.filter(wanted, state=Message.State.KEPT).exclude(pk__in=hidden)
    for row in rows.select_related("sender__application").order_by("conversation_id", "seq"):
        if not any(span.holds(row.seq or 0) for span in spans[row.conversation_id]):
            found[row.conversation_id].append(row)
    return found


def _visible(place: Participant, messages: MessageQuerySet) -> MessageQuerySet:
    """Which of these messages are brought to the participant: without those that were retracted, or came under a shield."""
    visible = messages.visible_to(place).unshielded(place)
    return visible.filter(state=Message.State.KEPT).select_related("sender__application")


def _with_peers(user: User, portions: list[Portion]) -> list[Portion]:
    peers = reading.peers_of(user, (portion.place.conversation for portion in portions))
    return [
        replace(portion, peer=peers.get(portion.place.conversation_id))
        for portion in portions
        if portion.place.conversation.kind != Conversation.Kind.SINGLE or portion.place.conversation_id in peers
    ]


def _close_gaps(places: list[Participant]) -> None:
    """Nothing that others wrote is missing there: the gaps are own, retracted or shielded messages, which nobody acknowledges.

    What another transaction holds is left for the next time, so that nobody waits for anybody.
    """
    if not places:
        return
    read = {place.pk: place for place in places}
    with transaction.atomic():
        rows = Participant.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=read)
        closed = [row for row in rows if row.delivered_seq == read[row.pk].delivered_seq]
        for row in closed:
            place = read[row.pk]
            row.delivered_seq = place.conversation.last_seq if place.leave_seq is None else place.leave_seq
        Participant.objects.bulk_update(closed, ["delivered_seq"], batch_size=BATCH_MOST)


@transaction.atomic
def acknowledge(user: User, reached: dict[int, int]) -> None:
    """A device of the user has received everything up to these seqs, by conversation."""
    for conversation_id, seq in sorted(reached.items()):
        Participant.objects.filter(user=user, conversation_id=conversation_id, delivered_seq__lt=seq).update(
            delivered_seq=seq
        )


# Events


def missed_events(user: User, device_class: str, seen: Collection[int]) -> list[Event]:
    """The stored events for this user that a device of this class has not got; `seen` are those that it got live."""
    start = _cursor(user, device_class, "delivered_event_id").start
    rows = _events_after(user, start).order_by("pk")
    missed = [row for row in rows[: EVENTS_MOST + len(seen)] if row.pk not in seen]
    return [Event.load(row) for row in missed[:EVENTS_MOST]]


def acknowledge_events(user: User, device_class: str, seen: Collection[int]) -> int:
    """Move the device's cursor over all events that it has, up to the first that it lacks; the new position.

    `seen` are the events that reached it since the last time.
    """
    cursor = _cursor(user, device_class, "delivered_event_id")
    ids = _events_after(user, cursor.start).order_by("pk").values_list("pk", flat=True)[: EVENTS_MOST + len(seen)]
    return cursor.move(ids, seen)


# A device that has caught up when there was nothing yet. While it is away other devices may get far: it is not a new one
# then, for which what they have is old.
NOTHING_YET = -1


@dataclass(frozen=True, slots=True)
class _Cursor:
    """How far a user's devices of a class have something: events, or changes of receipts."""

    devices: QuerySet[Device]
    name: str
    own: int  # 0 before the device has caught up once
    start: int  # what is behind it the device may lack

    def move(self, following: Iterable[int], seen: Collection[int]) -> int:
        """Move it over those `following` that were seen, up to the first that was not; the new position."""
        reached = self.start
        for position in following:
            if position not in seen:
                break
            reached = position
        if reached > max(self.own, 0):
            self.devices.filter(**{f"{self.name}__lt": reached}).update(**{self.name: reached})
        elif not self.own:
            self.devices.filter(**{self.name: 0}).update(**{self.name: NOTHING_YET})
        return reached


def _cursor(user: User, device_class: str, name: Literal["delivered_event_id", "delivered_receipt_id"]) -> _Cursor:
    """The device's; on a first login it starts where the user's other devices are, so that nothing old is told twice."""
    devices = Device.objects.filter(user=user)
    reached = dict(devices.values_list("device_class", name))
    own = reached.get(device_class, 0)
    start = max(0, own or max(reached.values(), default=0))
    return _Cursor(devices.filter(device_class=device_class), name, own, start)


def _events_after(user: User, event_id: int) -> QuerySet[StoredEvent]:
    """Events told to the user, or in a conversation while the user was in it."""
    there = Participant.objects.filter(
        Q(until_event_id=None) | Q(until_event_id__gte=OuterRef("pk")),
        user=user,
        conversation_id=OuterRef("audience_id"),
        since_event_id__lte=OuterRef("pk"),
    )
    # Kinds of another version of this program are nobody's to miss.
    events = StoredEvent.objects.filter(pk__gt=event_id, kind__in=list(Event.kinds))
    of_user = events.filter(audience_kind=StoredEvent.Audience.USER, audience_id=user.pk)
    conversations = Participant.objects.filter(user=user).values("conversation_id")
    of_conversations = events.filter(
        Exists(there), audience_kind=StoredEvent.Audience.CONVERSATION, audience_id__in=conversations
    )
    # Two searches: for an OR of them PostgreSQL would read all that anybody was told since.
    return of_user.union(of_conversations, all=True)


# Receipts


def missed_receipts(
    user: User, device_class: str, seen: Collection[int], offered: Collection[int] = ()
) -> tuple[int, list[Message]]:
    """How far a device of this class has been told of receipts, and own messages that were read since, oldest change first.

    `seen` are the keys of changes that it got: its cursor moves over them, up to the first that it lacks. `offered` are
    those on their way. The messages come with their conversations. Two queries, and one that moves the cursor.
    """
    cursor = _cursor(user, device_class, "delivered_receipt_id")
    rows = list(_receipts_after(user, cursor.start)[: RECEIPTS_MOST + len(seen) + len(offered)])
    keys = [row.receipt_key or 0 for row in rows]
    reached = cursor.move(keys, seen)
    missed = [row for key, row in zip(keys, rows, strict=True) if key not in seen and key not in offered]
    return reached, missed[:RECEIPTS_MOST]


def _receipts_after(user: User, key: int) -> QuerySet[Message]:
    return receipt_changes.read_by_others().filter(sender=user, receipt_key__gt=key).order_by("receipt_key")
