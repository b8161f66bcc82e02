"""What is said, where, and how far each participant has come. Messages are stored once; members hold cursors."""

from __future__ import annotations

from typing import NamedTuple, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Application, Operator, User
from imsite.core.fields import Utf8CharField
from messaging.errors import NoSuchMedia, NoSuchMessage, NoSuchWord

SINGLE_TYPE, GROUP_TYPE = 3, 4  # the wire's msg_type of a conversation
FOREVER_MS = 253_402_214_400_000  # 9999-12-31: silenced until lifted


def pair_key(first_id: int, second_id: int) -> str:
    """The key of the conversation of two users."""
    return f"{min(first_id, second_id)}:{max(first_id, second_id)}"


class Conversation(models.Model):
    """The thread of a pair, a group or a room. A group's gid and a room's id are the id of their conversation.

    `last_seq` and `count_no` are given in the transaction that inserts the message: no gaps, one order for everyone.
    `member_seq` moves with every change of membership, so that whoever pushes can tell a stale list.
    """

    class Kind(models.TextChoices):
        SINGLE = "single", _("single")
        GROUP = "group", _("group")
        ROOM = "room", _("chat room")

    application = models.ForeignKey(Application, models.CASCADE, related_name="conversations")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    key = models.CharField(
        max_length=64, null=True
    )  # of a pair: "lower id:higher id"; groups and rooms are named by id
    last_seq = models.BigIntegerField(default=0)
    count_no = models.BigIntegerField(default=0)  # counted messages
    op_seq = models.BigIntegerField(default=0)
    member_seq = models.BigIntegerField(default=0)
    mute_all = models.BooleanField(_("mute all"), default=False)
    last_message = models.ForeignKey(
        "Message", models.SET_NULL, null=True, related_name="+", db_constraint=False, db_index=False
    )
    last_at_ms = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.UniqueConstraint(fields=["application", "kind", "key"], name="conversation_key"),
            models.CheckConstraint(
                condition=(Q(kind="single") & Q(key__isnull=False)) | (~Q(kind="single") & Q(key=None)),
                name="conversation_keyed_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key or self.pk}"

    @property
    def topic(self) -> str:
        return f"{'room' if self.kind == self.Kind.ROOM else 'conversation'}:{self.pk}"


class Participant(models.Model):
    """One user's place in a pair or a group. Chat rooms have none.

    A reader sees messages with `join_seq < seq`, `clear_seq < seq`, and `seq <= leave_seq` after leaving.
    Groups' services keep `active`, `moderates` and `silenced_until_ms`, so that messaging checks a speaker without knowing groups.
    """

    class Notify(models.IntegerChoices):
        ALL = 0, _("all")
        NONE = 1, _("do not disturb")

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="participants", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="participations", db_index=False)
    active = models.BooleanField(default=True)
    moderates = models.BooleanField(default=False)  # owner or keeper: speaks while all are muted
    join_seq = models.BigIntegerField(default=0)
    leave_seq = models.BigIntegerField(null=True)
    clear_seq = models.BigIntegerField(default=0)
    delivered_seq = models.BigIntegerField(default=0)  # contiguous: every message up to here reached some device
    read_seq = models.BigIntegerField(default=0)
    read_no = models.BigIntegerField(default=0)  # count_no at read_seq
    own_after_read = models.BigIntegerField(default=0)  # own counted messages after read_seq, sent over REST
    silenced_until_ms = models.BigIntegerField(default=0)
    shield = models.BooleanField(default=False)  # what arrives from here on is not brought to the user, and not unread
    shield_seq = models.BigIntegerField(default=0)  # the last message before the shield that stands
    shield_no = models.BigIntegerField(default=0)  # count_no there
    shields = models.JSONField(default=list)  # Spans of those that were lifted, for sync, history and unread
    notify = models.PositiveSmallIntegerField(choices=Notify, default=Notify.ALL)
    since_event_id = models.BigIntegerField(default=0)  # the event of joining: earlier ones were for others
    until_event_id = models.BigIntegerField(null=True)  # the event of leaving
    pinned_at = models.DateTimeField(null=True)
    extras = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="participant_once")]
        indexes = [models.Index(fields=["user", "active"], name="participant_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"

    def spans(self) -> list[Span]:
        """What came under a shield, in order; the last without an end while the shield stands."""
        lifted = [Span(*span) for span in self.shields]
        return [*lifted, Span(self.shield_seq, self.shield_no)] if self.shield else lifted

    def shielded_unread(self, count_no: int) -> int:
        """How many counted messages behind the read mark came under a shield; `count_no` is the conversation's."""
        ends = ((span, count_no if span.to_no is None else span.to_no) for span in self.spans())
        return sum(max(0, end - max(span.from_no, self.read_no)) for span, end in ends)


class Span(NamedTuple):
    """What came while a user had shielded a group: behind `from_seq`, up to `to_seq`; the count_no of both."""

    from_seq: int
    from_no: int
    to_seq: int | None = None
    to_no: int | None = None

    def holds(self, seq: int) -> bool:
        return seq > self.from_seq and (self.to_seq is None or seq <= self.to_seq)


class MessageQuerySet(models.QuerySet["Message"]):
    def in_conversation(self, conversation_id: int) -> Self:
        return self.filter(conversation_id=conversation_id, seq__isnull=False)

    def visible_to(self, participant: Participant) -> Self:
        """What this participant may see, ever: after join and clear, before leave, neither held nor removed nor hidden by them."""
        visible = self.in_conversation(participant.conversation_id).filter(
            seq__gt=max(participant.join_seq, participant.clear_seq),
            state__in=(Message.State.KEPT, Message.State.RETRACTED),
        )
        if participant.leave_seq is not None:
            visible = visible.filter(seq__lte=participant.leave_seq)
        return visible.exclude(pk__in=Hidden.objects.filter(user_id=participant.user_id).values("message_id"))

    def unshielded(self, participant: Participant) -> Self:
        """Without what came while this participant had shielded the group."""
        rows = self
        for span in participant.spans():
            before = Q(seq__lte=span.from_seq)
            rows = rows.filter(before if span.to_seq is None else before | Q(seq__gt=span.to_seq))
        return rows

    def received_by(self, user: User) -> Self:
        """What others said to this user, as far as they may have seen it: in pairs, and in groups between joining and leaving.

        Who came back into a group gets what was said since then. What they have cleared or deleted for themselves counts.
        Of messages that were not kept for those away, those of pairs alone: nobody notes who of a group was there.
        """
        place = "conversation__participants__"
        in_span = Q(seq__gt=F(f"{place}join_seq")) & (
            Q(**{f"{place}leave_seq": None}) | Q(seq__lte=F(f"{place}leave_seq"))
        )
        return self.filter(
            Q(conversation__kind=Conversation.Kind.SINGLE) | in_span,
            ~Q(sender=user),
            state__in=(Message.State.KEPT, Message.State.RETRACTED),
            **{f"{place}user": user},
        )

    def between(self, since_ms: int | None, until_ms: int | None) -> Self:
        """Sent from `since_ms` on and before `until_ms`; None sets no bound."""
        bounds = {"created_ms__gte": since_ms, "created_ms__lt": until_ms}
        return self.filter(**{name: bound for name, bound in bounds.items() if bound is not None})

    def after(self, created_ms: int, message_id: int) -> Self:
        """What stands behind this place in the order of sending, which is that of created_ms, then id."""
        return self.filter(Q(created_ms__gt=created_ms) | Q(id__gt=message_id), created_ms__gte=created_ms)

    def up_to(self, created_ms: int, message_id: int) -> Self:
        """What stands at this place in the order of sending, or before it."""
        return self.filter(Q(created_ms__lt=created_ms) | Q(id__lte=message_id), created_ms__lte=created_ms)

    def find(self, message_id: int) -> Message:
        """The message with this id, or NoSuchMessage."""
        message = self.filter(pk=message_id).first()
        if message is None:
            raise NoSuchMessage
        return message


class Message(models.Model):
    """One message. The id rises; `seq` is its place in the conversation, null for what is not kept for those away, or held.

    `content` is the JSON text exactly as delivered. Inserted by the writer alone.
    """

    class State(models.TextChoices):
        KEPT = "kept", _("kept")
        RETRACTED = "retracted", _("retracted")
        HELD = "held", _("held for review")
        REMOVED = "removed", _("removed")

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(
        Application, models.CASCADE, related_name="messages", db_index=False
    )  # the sender's
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", db_index=False)
    seq = models.BigIntegerField(null=True)
    count_no = models.BigIntegerField(null=True)
    sender = models.ForeignKey(User, models.PROTECT, related_name="messages", db_index=False)
    client_id = models.CharField(max_length=96)  # durable idempotence: once for each sender
    fingerprint = models.CharField(max_length=32)  # of what was asked
    request_key = models.CharField(max_length=92, null=True)  # Idempotency-Key: once in the application, whoever sends
    from_type = models.CharField(max_length=5, default="user")  # user or admin
    type = models.CharField(_("type"), max_length=16)  # text, image, file, voice, location, custom, video
    content = models.TextField(_("content"))
    no_offline = models.BooleanField(default=False)
    no_notification = models.BooleanField(default=False)
    custom_notification = models.TextField(blank=True, default="")  # JSON text
    created_ms = models.BigIntegerField(_("sent"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.KEPT)
    version = models.PositiveIntegerField(default=0)
    need_receipt = models.BooleanField(default=False)
    receipt_base = models.PositiveIntegerField(default=0)  # how many were to read it
    receipt_read = models.PositiveIntegerField(default=0)  # how many have
    receipt_key = models.BigIntegerField(null=True)  # the newest Receipt: the place of this change among the sender's
    reply_to = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="replies", db_constraint=False, db_index=False
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_once"),  # nulls differ
            models.UniqueConstraint(fields=["sender", "client_id"], name="message_client_id_once"),
            models.UniqueConstraint(
                fields=["application", "request_key"],
                condition=Q(request_key__isnull=False),  # most messages have none, and no page to write for it
                name="message_request_key_once",
            ),
        ]
        # Every index is a page more to write for every message: foreign keys are found by the first column of these.
        indexes = [
            models.Index(fields=["application", "created_ms"], name="message_by_time"),
            # Reports of a group or a user must not read what all others of the application said meanwhile.
            models.Index(fields=["conversation", "created_ms"], name="message_by_place"),
            models.Index(fields=["sender", "created_ms"], name="message_by_sender"),
            models.Index(fields=["reply_to"], condition=Q(reply_to__isnull=False), name="message_replies"),
            models.Index(
                fields=["sender", "receipt_key"], condition=Q(receipt_key__isnull=False), name="message_receipts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class ConversationOp(models.Model):
    """What a client must apply to messages that it already has: a retraction, an edit, new receipt totals."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="ops")
    op_seq = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    payload = models.JSONField(default=dict)
    created_ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "op_seq"], name="conversation_op_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.conversation_id}/{self.op_seq}"


class Hidden(models.Model):
    """A message that a user deleted for themself."""

    user = models.ForeignKey(User, models.CASCADE, related_name="hidden_messages")
    message = models.ForeignKey(Message, models.CASCADE, related_name="hidden_by")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="hidden_once")]

    def __str__(self) -> str:
        return f"{self.message_id} for {self.user_id}"


class Receipt(models.Model):
    """Who has read a message that asked for receipts."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="receipts")
    user = models.ForeignKey(User, models.CASCADE, related_name="receipts")
    created_ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="receipt_once")]

    def __str__(self) -> str:
        return f"{self.message_id} by {self.user_id}"


class MediaQuerySet(models.QuerySet["Media"]):
    def of(self, application: Application) -> Self:
        return self.filter(application=application)

    def shown_to(self, application: Application) -> Self:
        """Uploads of all applications of its owner, whose users meet in groups and chat rooms."""
        return self.filter(application__owner_id=application.owner_id)

    def find(self, media_id: str) -> Media:
        """The upload of this media id, or NoSuchMedia (899003, 880005)."""
        media = self.filter(media_id=media_id).first() if media_id.isascii() and media_id.isprintable() else None
        if media is None:
            raise NoSuchMedia
        return media


class Media(models.Model):
    """An uploaded file. `media_id` is what messages name; sizes and sums are those of the bytes kept."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("image")
        FILE = "file", _("file")
        VOICE = "voice", _("voice")

    application = models.ForeignKey(Application, models.CASCADE, related_name="media")
    owner = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="uploads"
    )  # null: the application's server
    media_id = models.CharField(max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    file = models.FileField(max_length=200)
    name = models.CharField(_("file name"), max_length=255, blank=True, default="")
    content_type = models.CharField(_("content type"), max_length=100, default="application/octet-stream")
    format = models.CharField(_("format"), max_length=16, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    crc32 = models.BigIntegerField()
    size = models.BigIntegerField(_("bytes"))
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    duration = models.FloatField(default=0)  # seconds
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = MediaQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")

    def __str__(self) -> str:
        return self.media_id


class WordList(models.Model):
    """How often an application's sensitive words were changed: whoever keeps them in memory asks for this number alone."""

    application = models.OneToOneField(Application, models.CASCADE, primary_key=True, related_name="word_list")
    version = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("word list")
        verbose_name_plural = _("word lists")

    def __str__(self) -> str:
        return f"{self.application_id}/{self.version}"


class SensitiveWordQuerySet(models.QuerySet["SensitiveWord"]):
    def of(self, application: Application) -> Self:
        return self.filter(application=application)

    def find(self, word: str) -> SensitiveWord:
        """The entry written exactly so, or NoSuchWord (899003)."""
        entry = self.filter(word=word).first() if "\0" not in word else None
        if entry is None:
            raise NoSuchWord
        return entry


class SensitiveWord(models.Model):
    """A word that an application does not want to see. Differs by letter case, as the REST API wants it."""

    class Action(models.TextChoices):
        MASK = "mask", _("mask")
        BLOCK = "block", pgettext_lazy("sensitive word", "block")
        HOLD = "hold", _("hold for review")
        FLAG = "flag", _("flag")

    application = models.ForeignKey(Application, models.CASCADE, related_name="words")
    word = Utf8CharField(_("word"), max_bytes=64)
    action = models.CharField(_("action"), max_length=5, choices=Action, default=Action.BLOCK)
    category = models.CharField(_("category"), max_length=32, blank=True, default="")
    hits = models.PositiveBigIntegerField(_("hits"), default=0)
    added_by = models.ForeignKey(Operator, models.SET_NULL, null=True, blank=True, related_name="+")  # null: REST
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = SensitiveWordQuerySet.as_manager()

    class Meta:
        verbose_name = _("sensitive word")
        verbose_name_plural = _("sensitive words")
        constraints = [models.UniqueConstraint(fields=["application", "word"], name="word_once")]

    def __str__(self) -> str:
        return self.word
