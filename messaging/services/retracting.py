"""Taking a message back. The row stays and says so; what was said is not handed out any more."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from accounts.actors import Actor
from accounts.models import Application, User, brief
from imsite.core import clock
from imsite.core.events import Audience, publish
from messaging.errors import AlreadyRetracted, NoSuchMessage, NotSender, TooLateToRetract
from messaging.events import MessageRetracted
from messaging.models import Conversation, ConversationOp, Message
from messaging.services import participants, reading

State = Message.State


@transaction.atomic
def retract(message: Message, *, by: Actor, sender: User | None = None) -> None:
    """Take back a message, within the application's time after it was sent, and tell all who may have it (event 55).

    `sender` is in whose name: the acting user, or with another actor the one who is said to have sent it. Whoever is a
    sender may take back, also who has left the group or was silenced since; clients that have the message apply a
    ConversationOp of kind "retract" and payload {"message_id", "seq"}, those that have not are not shown it.
    NoSuchMessage (855003, 881403), NotSender (855002, 881402), AlreadyRetracted (855004, 881404), TooLateToRetract (855001,
    881401).
    """
    author = sender or by.user
    assert author is not None, "a message is taken back in somebody's name"
    conversation = _lock(message)
    message = Message.objects.select_related("sender__application").find(message.pk)  # as it is now
    _require_may_retract(message, author, by.application)
    changed = Message.objects.filter(pk=message.pk, version=message.version, state=State.KEPT)
    if not changed.update(state=State.RETRACTED, version=message.version + 1):
        raise AlreadyRetracted
    ConversationOp.objects.create(
        conversation=conversation,
        op_seq=conversation.op_seq,
        kind="retract",
        payload={"message_id": message.pk, "seq": message.seq},
        created_ms=clock.now_ms(),
    )
    _tell(message, conversation, by)


def _lock(message: Message) -> Conversation:
    """The message's conversation, locked as a send locks it, with room for one operation more."""
    Conversation.objects.filter(pk=message.conversation_id).update(op_seq=F("op_seq") + 1)
    return Conversation.objects.get(pk=message.conversation_id)


def _require_may_retract(message: Message, author: User, application: Application) -> None:
    if message.state not in (State.KEPT, State.RETRACTED):
        raise NoSuchMessage
    if message.sender_id != author.pk:
        raise NotSender
    if message.state == State.RETRACTED:
        raise AlreadyRetracted
    seconds = application.limits.retract_seconds
    if clock.now_ms() - message.created_ms > seconds * 1000:
        raise TooLateToRetract(f"a message may be retracted for {seconds} s after it was sent")


def _tell(message: Message, conversation: Conversation, by: Actor) -> None:
    """Everyone who may have the message, all but the session that asked; stored for those away, except of a room."""
    peer = None
    users: set[int] = set()
    if conversation.kind == Conversation.Kind.SINGLE:
        peer = reading.peers_of(message.sender, [conversation])[conversation.pk]
        users = {peer.pk, message.sender_id}  # pairs are told by user, nobody listens to their conversation
    about = reading.describe([conversation]).get(conversation.pk, {})
    event = MessageRetracted(
        application_id=message.application_id,
        message_id=message.pk,
        conversation_id=conversation.pk,
        kind=conversation.kind,
        from_uid=message.sender_id,
        from_username=message.sender.username,
        from_appkey=message.sender.application.appkey,
        from_nickname=message.sender.nickname,
        to=(brief(peer),) if peer else (),
        group_name=about.get("name", ""),
        group_avatar=about.get("avatar", ""),
    )
    if conversation.kind == Conversation.Kind.ROOM:
        publish(event, to=Audience(room=conversation.pk, skip=by.sid))
    else:
        publish(event, to=participants.audience(conversation, users=sorted(users), skip=by.sid), keep=True)
