"""Chat rooms: open rooms whose members are there while they are connected. No offline messages, no cursors."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, Operator, User
from chatrooms.errors import NoSuchRoom
from imsite.core.fields import Utf8CharField
from messaging.models import Conversation, Message

MAX_ID = 2**53 - 1


class ChatRoomQuerySet(models.QuerySet["ChatRoom"]):
    def of(self, application: Application) -> Self:
        """The rooms of an application that are not deleted."""
        return self.filter(application=application, deleted_at=None)

    def of_owner(self, application: Application) -> Self:
        """The same, of all applications that have this one's owner."""
        return self.filter(application__owner=application.owner_id, deleted_at=None)

    def find(self, room_id: int) -> ChatRoom:
        """The room with this id, or NoSuchRoom (899081)."""
        room = self.filter(pk=room_id).first() if 0 < room_id <= MAX_ID else None
        if room is None:
            raise NoSuchRoom(f"no such chat room: {room_id}")
        return room

    def with_member_count(self) -> Self:
        """Each room with `member_count`, in one query; only the rooms of the page are counted."""
        own = RoomMembership.objects.filter(room=OuterRef("pk")).order_by().values("room")
        return self.annotate(member_count=Coalesce(Subquery(own.annotate(members=Count("pk")).values("members")), 0))

    def joined_by(self, user: User) -> Self:
        # Not as a join: without statistics SQLite would begin with all rooms of the application.
        return self.filter(pk__in=RoomMembership.objects.filter(user=user).values("room"))

    def in_order(self) -> Self:
        """With what the doors show of a room, in the order of creation."""
        return self.with_member_count().select_related("owner", "application").order_by("pk")


class ChatRoom(models.Model):
    """A chat room. Its id is that of its conversation."""

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="room", db_column="room_id"
    )
    application = models.ForeignKey(Application, models.CASCADE, related_name="rooms", verbose_name=_("application"))
    owner = models.ForeignKey(User, models.PROTECT, related_name="owned_rooms", verbose_name=_("owner"))
    name = Utf8CharField(_("name"), max_bytes=64)
    description = Utf8CharField(_("description"), max_bytes=250, blank=True, default="")
    capacity = models.PositiveIntegerField(_("capacity"), default=10_000)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    member_count: int  # of rooms read `with_member_count`

    objects = ChatRoomQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat room")
        verbose_name_plural = _("chat rooms")
        indexes = [
            models.Index(fields=["application", "conversation"], condition=Q(deleted_at=None), name="room_living")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def topic(self) -> str:
        return f"room:{self.pk}"

    def history(self, limit: int) -> list[Message]:
        """The newest `limit` messages that are kept, oldest first, their senders and the senders' applications loaded."""
        kept = Message.objects.in_conversation(self.pk).filter(state=Message.State.KEPT)
        messages = list(kept.select_related("sender").order_by("-seq")[:limit])[::-1]
        applications = Application.objects.in_bulk({message.sender.application_id for message in messages})
        for message in messages:
            message.sender.application = applications[message.sender.application_id]
        return messages


class RoomMembershipQuerySet(models.QuerySet["RoomMembership"]):
    def with_bans(self) -> Self:
        """Each membership with `banned`, in the same query."""
        own = RoomBan.objects.filter(room=OuterRef("room"), user=OuterRef("user"))
        return self.annotate(banned=Exists(own))

    def in_order(self) -> Self:
        """With what the doors show of a member, in the order of coming in."""
        return self.with_bans().select_related("user__application").order_by("pk")


class RoomMembership(models.Model):
    """A user in a chat room; of its application or of another one of the same owner."""

    room = models.ForeignKey(ChatRoom, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="room_memberships", verbose_name=_("user"))
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)

    banned: bool  # of memberships read `with_bans`

    objects = RoomMembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="room_membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}"


class RoomBan(models.Model):
    """A user may not speak in a chat room, whether inside or not: who leaves and comes back is still banned."""

    room = models.ForeignKey(ChatRoom, models.CASCADE, related_name="bans", verbose_name=_("chat room"))
    user = models.ForeignKey(User, models.CASCADE, related_name="room_bans", verbose_name=_("user"))
    banned_by = models.ForeignKey(
        Operator, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("banned by")
    )  # null: the application's server
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("ban in a chat room")
        verbose_name_plural = _("bans in chat rooms")
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="room_ban_once")]

    def __str__(self) -> str:
        return f"{self.user} ⊘ {self.room}"
