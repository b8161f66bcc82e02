"""What a client missed: messages and events. A push is a hint; what is here is the truth."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Device, User
from imsite.core.events import Event
from imsite.core.models import StoredEvent
from messaging.models import Conversation, Message, MessageQuerySet, Participant
from messaging.services import delivered, reading

EVENTS_MOST = 1_000  # in one packet; the rest follow at the next check


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
    for place in places:
        of_others = Message.objects.filter(seq__gt=place.delivered_seq).exclude(sender_id=user.pk)
        known = held.get(place.conversation_id, set())
        rows = _visible(place, of_others).order_by("seq")[: room + len(known)]
        missed = [row for row in rows if row.seq not in known][:room]
        if missed:
            portions.append(Portion(place, None, missed, len(missed)))
            room -= len(missed)
            if room <= 0:
                break
        else:
            idle.append(place)
    _close_gaps(idle)
    return _with_peers(user, portions)


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
    for place in places:
        newest = _visible(place, Message.objects.all()).order_by("-seq")[: min(room, settings.ROAMING_MESSAGES)]
        if rows := list(newest)[::-1]:
            portions.append(Portion(place, None, rows, min(unread[place.conversation_id], len(rows))))
            room -= len(rows)
        if room <= 0:
            break
    return _with_peers(user, portions[::-1])


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
    """Nothing that others wrote is missing there: the gaps are own, retracted or shielded messages, which nobody acknowledges."""
    for place in places:
        Participant.objects.filter(pk=place.pk, delivered_seq=place.delivered_seq).update(
            delivered_seq=place.conversation.last_seq if place.leave_seq is None else place.leave_seq
        )


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
    rows = _events_after(user, _cursor(user, device_class)).order_by("pk")
    missed = [row for row in rows[: EVENTS_MOST + len(seen)] if row.pk not in seen]
    return [Event.load(row) for row in missed[:EVENTS_MOST]]


def acknowledge_events(user: User, device_class: str, seen: Collection[int]) -> int:
    """Move the device's cursor over all events that it has, up to the first that it lacks; the new position.

    `seen` are the events that reached it since the last time.
    """
    start = _cursor(user, device_class)
    ids = _events_after(user, start).order_by("pk").values_list("pk", flat=True)[: EVENTS_MOST + len(seen)]
    reached = start
    for event_id in ids:
        if event_id not in seen:
            break
        reached = event_id
    Device.objects.filter(user=user, device_class=device_class, delivered_event_id__lt=reached).update(
        delivered_event_id=reached
    )
    return reached


def _cursor(user: User, device_class: str) -> int:
    """The last event that the device has; on a first login what the user's other devices have, so that nothing old is told twice."""
    reached = dict(Device.objects.filter(user=user).values_list("device_class", "delivered_event_id"))
    return reached.get(device_class) or max(reached.values(), default=0)


def _events_after(user: User, event_id: int) -> QuerySet[StoredEvent]:
    """Events told to the user, or in a conversation while the user was in it."""
    there = Participant.objects.filter(
        Q(until_event_id=None) | Q(until_event_id__gte=OuterRef("pk")),
        user=user,
        conversation_id=OuterRef("audience_id"),
        since_event_id__lte=OuterRef("pk"),
    )
    of_user = Q(audience_kind=StoredEvent.Audience.USER, audience_id=user.pk)
    conversations = Participant.objects.filter(user=user).values("conversation_id")
    of_conversations = Q(audience_kind=StoredEvent.Audience.CONVERSATION, audience_id__in=conversations) & Q(
        Exists(there)
    )
    # Kinds of another version of this program are nobody's to miss.
    return StoredEvent.objects.filter(of_user | of_conversations, pk__gt=event_id, kind__in=list(Event.kinds))
