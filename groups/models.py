"""Groups: lasting circles of users. The thread and its cursors are messaging's Conversation and Participant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, User
from groups.errors import ImError, NoSuchGroup
from imsite.core import clock
from imsite.core.fields import Utf8CharField
from messaging.models import Conversation, Participant

MAX_ID = 2**53 - 1


class GroupQuerySet(models.QuerySet["Group"]):
    def of(self, application: Application) -> Self:
        """The groups of an application that are not dissolved."""
        return self.filter(application=application, dissolved_at=None)

    def of_owner(self, application: Application) -> Self:
        """Those of all applications of its owner: what users may be in."""
        return self.filter(application__owner=application.owner_id, dissolved_at=None)

    def find(self, gid: int) -> Group:
        """The group with this id, or NoSuchGroup (899006)."""
        group = self.filter(pk=gid).first() if 0 < gid <= MAX_ID else None
        if group is None:
            raise NoSuchGroup(f"no such group: {gid}")
        return group

    def listed(self, gids: Iterable[int], *, missing: type[ImError] = NoSuchGroup) -> list[Group]:
        """The groups of these ids, each once, in the order given, their application loaded; `missing` where one is not there."""
        ids = list(dict.fromkeys(gids))
        if not ids:
            return []
        rows = self.filter(pk__in=[gid for gid in ids if 0 < gid <= MAX_ID]).select_related("application")
        found = {group.pk: group for group in rows}
        for gid in ids:
            if gid not in found:
                raise missing(f"no such group: {gid}")
        return [found[gid] for gid in ids]

    def living(self, *lists: Iterable[Group]) -> Self:
        """Those of these groups that were not dissolved meanwhile."""
        return self.filter(pk__in={group.pk for groups in lists for group in groups}, dissolved_at=None)

    def known_to(self, user: User) -> Self:
        """Those of the user's application; of the owner's others the public ones and those that the user is in.

        Their application is loaded.
        """
        inside = Membership.objects.filter(user=user).values("group")
        open_to = Q(application=user.application_id) | Q(type=Group.Type.PUBLIC) | Q(pk__in=inside)
        return self.of_owner(user.application).filter(open_to).select_related("application")

    def joined_by(self, user: User) -> Self:
        # Not as a join: without statistics SQLite would begin with all groups of the application.
        return self.filter(pk__in=Membership.objects.filter(user=user).values("group"))

    def placed(self, user: User, **settings: Any) -> Self:
        """The living groups that the user is in with these settings of their own, as `shield=True`."""
        places = Participant.objects.filter(user=user, active=True, **settings).values("conversation")
        return self.filter(pk__in=places, dissolved_at=None).select_related("application").order_by("pk")

    def with_member_count(self) -> Self:
        """Each group with `member_count`, in one query; only the groups of the page are counted."""
        own = Membership.objects.filter(group=OuterRef("pk")).order_by().values("group")
        return self.annotate(member_count=Coalesce(Subquery(own.annotate(members=Count("pk")).values("members")), 0))

    def in_order(self) -> Self:
        """With what the doors show of a group, in the order of creation."""
        return self.select_related("application", "owner").order_by("pk")


class Group(models.Model):
    """A group. Its id, the wire's `gid`, is that of its conversation."""

    class Type(models.IntegerChoices):
        PRIVATE = 1, _("private")
        PUBLIC = 2, _("public")

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="group", db_column="gid"
    )
    application = models.ForeignKey(Application, models.CASCADE, related_name="groups", verbose_name=_("application"))
    owner = models.ForeignKey(User, models.PROTECT, related_name="owned_groups", verbose_name=_("owner"))
    type = models.PositiveSmallIntegerField(_("type"), choices=Type, default=Type.PRIVATE)
    name = Utf8CharField(_("name"), max_bytes=64)
    desc = Utf8CharField(_("description"), max_bytes=250, blank=True, default="")
    avatar = models.CharField(_("avatar"), max_length=255, blank=True, default="")
    capacity = models.PositiveIntegerField(_("capacity"), default=500)
    info_seq = models.BigIntegerField(default=0)  # moves when name, desc or avatar do
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    dissolved_at = models.DateTimeField(_("dissolved"), null=True, blank=True)

    member_count: int  # of groups read `with_member_count`

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        indexes = [
            models.Index(fields=["application", "conversation"], condition=Q(dissolved_at=None), name="group_living")
        ]

    def __str__(self) -> str:
        return self.name

    def members(self, *, of: Application | None = None) -> list[Membership]:
        """Memberships in the order of joining, their users and the users' application loaded; one query.

        `of`: only those whose users are of this application.
        """
        own = self.memberships.filter(user__application=of) if of else self.memberships
        return list(own.select_related("user__application").order_by("pk"))


def wire_group(group: Group) -> dict[str, Any]:
    """A group as sockets get it, its application loaded; times in seconds. Web SDK, objects."""
    return {
        "gid": group.pk,
        "name": group.name,
        "desc": group.desc,
        "appkey": group.application.appkey,
        "ctime": clock.to_s(group.created_at),
        "mtime": clock.to_s(group.updated_at),
        "avatar": group.avatar,
        "flag": group.type,
        "max_member_count": group.capacity,
    }


class Membership(models.Model):
    """A user in a group, with a role."""

    class Role(models.IntegerChoices):  # the wire's `flag` of a member
        MEMBER = 0, _("member")
        OWNER = 1, _("owner")
        KEEPER = 2, _("keeper")

    group = models.ForeignKey(Group, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    role = models.PositiveSmallIntegerField(_("role"), choices=Role, default=Role.MEMBER)
    silenced_until = models.DateTimeField(_("silenced until"), null=True, blank=True)
    name_card = Utf8CharField(_("name card"), max_bytes=64, blank=True, default="")
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["group", "user"], name="membership_once"),
            models.UniqueConstraint(fields=["group"], condition=Q(role=1), name="membership_one_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"


class JoinRequest(models.Model):
    """A request to join a public group, waiting for its owner or a keeper."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    event_id = models.BigIntegerField(unique=True)  # how event 56 and its answers name the request
    group = models.ForeignKey(Group, models.CASCADE, related_name="join_requests")
    applicant = models.ForeignKey(User, models.CASCADE, related_name="join_requests")
    inviter = models.ForeignKey(User, models.CASCADE, null=True, related_name="invitations")  # null: applied by self
    reason = models.TextField(_("reason"), blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    handler = models.ForeignKey(User, models.SET_NULL, null=True, related_name="handled_requests")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled"), null=True)

    class Meta:
        verbose_name = _("join request")
        verbose_name_plural = _("join requests")
        constraints = [
            models.UniqueConstraint(fields=["group", "applicant"], condition=Q(state="open"), name="join_request_open"),
        ]

    def __str__(self) -> str:
        return f"{self.applicant_id} → {self.group_id} ({self.state})"
