"""Conversations as their participants see them: lists, pages of history, unread counts, read marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery

from accounts.actors import Actor
from accounts.models import Mute, User
from accounts.rules import require_profile
from imsite.core.events import Audience, publish
from messaging.errors import NoSuchConversation
from messaging.events import ConversationChanged, ConversationRead
from messaging.models import GROUP_TYPE, SINGLE_TYPE, Conversation, Hidden, Message, Participant, pair_key
from messaging.targets import kind_of

PAGE_MOST = 100


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One line of a user's conversation list."""

    participant: Participant  # with its conversation
    peer: User | None  # of a pair
    about: Mapping[str, Any]  # of a group: name, avatar, appkey
    last_message: Message | None
    unread_count: int
    no_disturb: bool = False  # the user wants no noise of it; what is brought is the same

    @property
    def conversation(self) -> Conversation:
        return self.participant.conversation


def list_conversations(user: User) -> list[ConversationRow]:
    """Every conversation of the user that has messages or is a group they are in, newest first. A fixed number of queries."""
    places = list(
        Participant.objects.filter(user=user, active=True)
        .filter(Q(conversation__last_seq__gt=F("clear_seq")) | Q(conversation__kind=Conversation.Kind.GROUP))
        .select_related("conversation")
        .order_by("-conversation__last_at_ms", "-conversation__last_message_id", "-conversation_id")
    )
    peers = peers_of(user, (place.conversation for place in places))
    about = describe(place.conversation for place in places)
    lasts = _last_messages(places)
    unread = unread_counts(places)
    muted = set(Mute.objects.filter(owner=user).values_list("target_id", flat=True))
    rows = [
        ConversationRow(
            participant=place,
            peer=peers.get(place.conversation_id),
            about=about.get(place.conversation_id, {}),
            last_message=lasts.get(place.conversation_id),
            unread_count=unread[place.conversation_id],
            no_disturb=_is_quiet(place, peers.get(place.conversation_id), muted),
        )
        for place in places
    ]
    return [row for row in rows if row.peer or row.about]


def _is_quiet(place: Participant, peer: User | None, muted: Collection[int]) -> bool:
    return peer.pk in muted if peer else place.notify == Participant.Notify.NONE


def peers_of(user: User, conversations: Iterable[Conversation]) -> dict[int, User]:
    """The other one of each pair, with their application; oneself in a conversation with oneself."""
    others: dict[int, int] = {}
    for conversation in conversations:
        if conversation.kind == Conversation.Kind.SINGLE and conversation.key:
            first, second = (int(part) for part in conversation.key.split(":"))
            others[conversation.pk] = second if first == user.pk else first
    users = User.objects.select_related("application").in_bulk(set(others.values()))
    return {conversation_id: users[user_id] for conversation_id, user_id in others.items() if user_id in users}


def describe(conversations: Iterable[Conversation]) -> Mapping[int, Mapping[str, Any]]:
    """What groups say of their conversations, in one query a kind."""
    ids = [conversation.pk for conversation in conversations if conversation.kind == Conversation.Kind.GROUP]
    return kind_of("group").describe(ids) if ids else {}


def unread_counts(places: Iterable[Participant]) -> dict[int, int]:
    """Unread messages of each place (with its conversation loaded), by conversation.

    count_no - read_no - own_after_read, less what came under a shield, and less what others wrote after the read mark and
    has been retracted or hidden since.
    """
    places = list(places)
    counts = {
        place.conversation_id: max(0, _behind(place) - place.own_after_read) if place.active else 0 for place in places
    }
    behind = {place.conversation_id: place for place in places if counts[place.conversation_id]}
    if not behind:
        return counts
    user_id = next(iter(behind.values())).user_id
    hidden = Hidden.objects.filter(user_id=user_id).values("message_id")
    gone = (
        Message.objects.filter(count_no__isnull=False, seq__gt=_read_seq_of(user_id))
        .exclude(sender_id=user_id)
        .filter(~Q(state=Message.State.KEPT) | Q(pk__in=hidden))
    )
    spans = {conversation_id: found for conversation_id, place in behind.items() if (found := place.spans())}
    plain = gone.filter(conversation_id__in=behind.keys() - spans.keys())
    for row in plain.values("conversation_id").annotate(gone=Count("pk")):
        counts[row["conversation_id"]] = max(0, counts[row["conversation_id"]] - row["gone"])
    if spans:
        for conversation_id, seq in gone.filter(conversation_id__in=spans).values_list("conversation_id", "seq"):
            if not any(span.holds(seq or 0) for span in spans[conversation_id]):
                counts[conversation_id] = max(0, counts[conversation_id] - 1)
    return counts


def _behind(place: Participant) -> int:
    """Counted messages after the read mark, without those that came under a shield."""
    count_no = place.conversation.count_no
    return count_no - place.read_no - place.shielded_unread(count_no)


def _read_seq_of(user_id: int) -> Subquery:
    own = Participant.objects.filter(user_id=user_id, conversation_id=OuterRef("conversation_id"))
    return Subquery(own.values("read_seq")[:1])


def _last_messages(places: list[Participant]) -> dict[int, Message]:
    """The last message of each conversation that this user may see; without those that came before they joined."""
    wanted = {place.conversation.last_message_id: place for place in places if place.conversation.last_message_id}
    rows = Message.objects.filter(pk__in=wanted).select_related("sender__application")
    hidden = set(
        Hidden.objects.filter(user_id__in={place.user_id for place in places}, message_id__in=wanted).values_list(
            "message_id", flat=True
        )
    )
    lasts: dict[int, Message] = {}
    for row in rows:
        place = wanted[row.pk]
        is_shown = row.state in (Message.State.KEPT, Message.State.RETRACTED) and row.pk not in hidden
        if is_shown and (row.seq or 0) > max(place.join_seq, place.clear_seq):
            lasts[row.conversation_id] = row
    return lasts


def _read_ms(place: Participant) -> int:
    """When the last message that was read was sent, where others follow it; else 0: now."""
    if place.read_seq >= place.conversation.last_seq:
        return 0
    read = Message.objects.in_conversation(place.conversation_id).filter(seq__lte=place.read_seq).order_by("-seq")
    return read.values_list("created_ms", flat=True).first() or 0


def named(conversation: Conversation, peer: User | None) -> dict[str, Any]:
    """A conversation as events name it to one of its users: of a pair by the other one, `peer`."""
    if peer is not None:
        return {"type": SINGLE_TYPE, "appkey": peer.application.appkey, "username": peer.username}
    return {"type": GROUP_TYPE, "gid": conversation.pk}


def find_place_with(user: User, peer: User) -> Participant | None:
    """The user's place in the conversation with `peer`, or None when the two never met."""
    places = Participant.objects.filter(user=user, conversation__kind=Conversation.Kind.SINGLE)
    return places.filter(conversation__key=pair_key(user.pk, peer.pk)).select_related("conversation").first()


def place_in_group(user: User, gid: int, *, left_too: bool = False) -> Participant:
    """The user's place in a group; NoSuchConversation when they are not in it, or it is not there: one answer for both.

    With `left_too` also that of who has left it, who still has what was said before.
    """
    places = Participant.objects.filter(user=user, conversation__kind=Conversation.Kind.GROUP)
    place = places.filter(conversation_id=gid).select_related("conversation").first()
    if place is None or not (place.active or left_too):
        raise NoSuchConversation
    return place


def page(
    place: Participant, *, before: int | None = None, after: int | None = None, limit: int = 30
) -> tuple[list[Message], bool]:
    """A page of history by seq, ascending, and whether more follows in the direction asked for.

    Without `before` and `after` the newest; `before` and `after` are exclusive. Senders are loaded with their applications.
    """
    visible = Message.objects.visible_to(place).select_related("sender__application")
    if after is not None:
        rows = list(visible.filter(seq__gt=after).order_by("seq")[: limit + 1])
        return rows[:limit], len(rows) > limit
    if before is not None:
        visible = visible.filter(seq__lt=before)
    rows = list(visible.order_by("-seq")[: limit + 1])
    return rows[:limit][::-1], len(rows) > limit


@transaction.atomic
def set_extras(place: Participant, extras: Mapping[str, Any], *, by: Actor) -> None:
    """What the user notes about a conversation, for themself alone: at most 512 bytes of compact JSON, all of it anew.

    The user's other sessions are told. BadValue (880003), WrongType (880004).
    """
    noted = require_profile({"extras": extras})["extras"]
    assert by.user is not None, "a conversation's extras are a user's own"
    Participant.objects.filter(pk=place.pk).update(extras=noted)
    conversation = place.conversation
    publish(
        ConversationChanged(
            application_id=by.application.pk,
            conversation=named(conversation, peers_of(by.user, [conversation]).get(conversation.pk)),
            conversation_id=conversation.pk,
            extras=noted,
        ),
        to=Audience(users=[by.user.pk], skip=by.sid),
    )


@transaction.atomic
def mark_read(place: Participant, upto: int | None = None, *, by: Actor) -> int:
    """Move the read mark to `upto`, or to the end, never back; the unread count that is left.

    The user's other sessions are told (event 200), but not of a pair in which nothing was kept: their lists do not have it.
    """
    place = Participant.objects.select_for_update().get(pk=place.pk)
    conversation = place.conversation  # read after the lock, and not locked itself: readers must not hold up who writes
    target = conversation.last_seq if upto is None else min(upto, conversation.last_seq)
    if target > place.read_seq or (target == conversation.last_seq and place.own_after_read):
        after = Message.objects.in_conversation(conversation.pk).filter(seq__gt=target, count_no__isnull=False)
        # By what follows, since what came before may have been deleted.
        following = after.order_by("seq").values_list("count_no", flat=True).first()
        place.read_seq = target
        place.read_no = conversation.count_no if following is None else following - 1
        own = after.filter(sender_id=place.user_id).unshielded(place)
        place.own_after_read = own.count() if target < conversation.last_seq else 0
        place.save(update_fields=["read_seq", "read_no", "own_after_read"])
    unread = unread_counts([place])[conversation.pk]
    if by.is_user and (conversation.last_seq or conversation.kind == Conversation.Kind.GROUP):
        _tell_others(place, unread, by)
    return unread


def _tell_others(place: Participant, unread: int, by: Actor) -> None:
    assert by.user is not None
    conversation = place.conversation
    peer = peers_of(by.user, [conversation]).get(conversation.pk)
    if peer is None and conversation.kind == Conversation.Kind.SINGLE:
        return
    publish(
        ConversationRead(
            application_id=by.application.pk,
            user_id=by.user.pk,
            username=by.user.username,
            appkey=by.application.appkey,
            conversation=named(conversation, peer),
            conversation_id=conversation.pk,
            read_seq=place.read_seq,
            read_ms=_read_ms(place),
            unread_count=unread,
        ),
        to=Audience(users=[by.user.pk], skip=by.sid),
    )
