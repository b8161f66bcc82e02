"""Tenants, console staff, chat accounts, their devices and sessions, and what users are to each other."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.contrib.auth.models import AbstractUser, Group
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.application_settings import ApplicationSettings
from accounts.errors import NoSuchApplication, NoSuchUser
from imsite.core import ids
from imsite.core.cache import ShortCache
from imsite.core.crypto import EncryptedField
from imsite.core.fields import Utf8CharField

KEY_PATTERN = r"^[A-Za-z0-9]{24}$"
LIMITS_S = 5.0
USERNAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.\-@]{3,127}$"
_KEY = re.compile(KEY_PATTERN)


class Organisation(models.Model):
    """Who owns applications; cross-application calls are allowed among the applications of one organisation."""

    name = models.CharField(_("name"), max_length=128, unique=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return self.name


class ApplicationQuerySet(models.QuerySet["Application"]):
    def find(self, appkey: str) -> Application:
        """The application with this key, or NoSuchApplication (899009)."""
        application = self.select_related("owner").filter(appkey=appkey).first() if _KEY.fullmatch(appkey) else None
        if application is None:
            raise NoSuchApplication
        return application


class Application(models.Model):
    """A tenant: an appkey with its master secret. All chat data belongs to one."""

    appkey = models.CharField(
        _("appkey"), max_length=24, unique=True, default=ids.new_key, validators=[RegexValidator(KEY_PATTERN)]
    )
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="applications", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=128)
    master_secret = EncryptedField(_("master secret"))
    previous_secret = EncryptedField(_("previous secret"), blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Shanghai")
    origins = models.JSONField(_("allowed origins"), default=list, blank=True)  # patterns; empty allows any
    chat_page = models.BooleanField(_("chat page"), default=True)  # served at /c/{appkey}
    settings = models.JSONField(_("settings"), default=dict, blank=True)  # overrides of ApplicationSettings
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_at = time.monotonic()

    def __str__(self) -> str:
        return self.name

    @property
    def limits(self) -> ApplicationSettings:
        """Switches and limits, typed, with defaults, though sessions hold a row for hours: as they are since the last change
        that this process heard of, and some seconds old at most where it did not."""
        fresh_since = max(time.monotonic() - LIMITS_S, _limits_changed.get(self.appkey, 0.0))
        if self._read_at > fresh_since:
            return self._own_limits
        return _limits.get(self.appkey, lambda: Application.objects.get(pk=self.pk)._own_limits)

    @cached_property
    def _own_limits(self) -> ApplicationSettings:
        return ApplicationSettings.read(self.settings)


_limits: ShortCache[str, ApplicationSettings] = ShortCache(LIMITS_S)  # by appkey
_limits_changed: dict[str, float] = {}  # when, by appkey: rows that were read before are not to be asked


def forget_limits(appkey: str) -> None:
    """The application's settings changed: read them anew."""
    _limits_changed[appkey] = time.monotonic()
    _limits.forget(appkey)


class Operator(AbstractUser):
    """A person at the admin console. Has nothing to do with chat accounts."""

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operators")


class Role(Group):
    """A named set of permissions of operators. Django's word for it is group, which here is something else."""

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")


class UserQuerySet(models.QuerySet["User"]):
    def of(self, application: Application) -> Self:
        """The living users of an application."""
        return self.filter(application=application, deleted_at=None)

    def find(self, username: str) -> User:
        """The user of this name, or NoSuchUser (899002)."""
        user = self.filter(username=username).first() if isinstance(username, str) and "\0" not in username else None
        if user is None:
            raise NoSuchUser(f"no such user: {str(username)[:128]}")
        return user

    def named(self, usernames: Iterable[str]) -> list[User]:
        """The users of these names, each once, in the order named; NoSuchUser (899002) when one is missing."""
        names = list(dict.fromkeys(usernames))
        storable = [name for name in names if "\0" not in name]  # which PostgreSQL refuses to look for
        found: dict[str, User] = {}
        for start in range(0, len(storable), 500):
            found |= {user.username: user for user in self.filter(username__in=storable[start : start + 500])}
        if missing := [name for name in names if name not in found]:
            raise NoSuchUser(f"no such user: {', '.join(missing[:5])}")
        return [found[name] for name in names]

    def with_states(self) -> Self:
        """Devices and live sessions along with the users."""
        return self.prefetch_related(
            models.Prefetch("devices", Device.objects.order_by("id")),
            models.Prefetch("sessions", Session.objects.live()),
        )


class User(models.Model):
    """A chat account. The id is the wire's `uid`; names are unique among its application's living users."""

    class Gender(models.IntegerChoices):
        UNKNOWN = 0, _("unknown")
        MALE = 1, _("male")
        FEMALE = 2, _("female")

    application = models.ForeignKey(Application, models.CASCADE, related_name="users", verbose_name=_("application"))
    username = models.CharField(_("username"), max_length=128, validators=[RegexValidator(USERNAME_PATTERN)])
    password = models.CharField(_("password"), max_length=255)  # a hash over md5(password), see accounts.passwords
    nickname = Utf8CharField(_("nickname"), max_bytes=64, blank=True, default="")
    avatar = models.CharField(_("avatar"), max_length=255, blank=True, default="")  # a media id, not checked
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    gender = models.PositiveSmallIntegerField(_("gender"), choices=Gender, default=Gender.UNKNOWN)
    signature = Utf8CharField(_("signature"), max_bytes=250, blank=True, default="")
    region = Utf8CharField(_("region"), max_bytes=250, blank=True, default="")
    address = Utf8CharField(_("address"), max_bytes=250, blank=True, default="")
    extras = models.JSONField(_("extras"), default=dict, blank=True)
    is_admin = models.BooleanField(_("admin"), default=False, help_text=_("May send over REST as from_type admin."))
    disabled = models.BooleanField(_("disabled"), default=False, help_text=_("May not sign in."))
    muted_all = models.BooleanField(_("do not disturb"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"))  # the wire's mtime: moves when the profile does
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = UserQuerySet.as_manager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                fields=["application", "username"], condition=Q(deleted_at=None), name="user_name_once"
            ),
        ]
        indexes = [
            models.Index(fields=["application", "id"], condition=Q(deleted_at=None), name="user_living"),
            models.Index(fields=["application", "is_admin", "id"], name="user_admins"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        return self.nickname or self.username


class DeviceClass(models.TextChoices):
    """Which sessions push each other out: a class holds one, the classes live side by side."""

    MOBILE = "mobile", _("phone")
    PC = "pc", _("computer")
    WEB = "web", _("browser")


class Device(models.Model):
    """A user's devices of one class: the last login, and how far events and receipt changes were delivered there."""

    user = models.ForeignKey(User, models.CASCADE, related_name="devices", verbose_name=_("user"))
    device_class = models.CharField(_("class"), max_length=8, choices=DeviceClass)
    platform = models.CharField(_("platform"), max_length=1, default="j")  # a Android, i iOS, j JS, w Windows
    last_login_at = models.DateTimeField(_("last login"), null=True)
    logged_in = models.BooleanField(_("signed in"), default=False)  # until it signs out; survives a lost connection
    delivered_event_id = models.BigIntegerField(default=0)
    delivered_receipt_id = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [models.UniqueConstraint(fields=["user", "device_class"], name="device_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.device_class}"


class SessionQuerySet(models.QuerySet["Session"]):
    def live(self) -> Self:
        """Those that have not ended."""
        return self.filter(ended_at=None)


class Session(models.Model):
    """One login on one connection, until either ends."""

    class Ended(models.TextChoices):
        LOGGED_OUT = "out", _("signed out")
        LOST = "lost", _("connection lost")
        KICKED = "kicked", _("signed in elsewhere")
        DISABLED = "disabled", _("account disabled")
        DELETED = "deleted", _("account deleted")
        PASSWORD = "password", _("password changed")
        RESTART = "restart", _("server restarted")

    user = models.ForeignKey(User, models.CASCADE, related_name="sessions", verbose_name=_("user"))
    sid = models.CharField(max_length=32)  # the connection
    device_class = models.CharField(_("class"), max_length=8, choices=DeviceClass)
    platform = models.CharField(_("platform"), max_length=1)
    address = models.GenericIPAddressField(_("address"), null=True)
    login_at = models.DateTimeField(_("login"))
    seen_at = models.DateTimeField(_("last seen"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_why = models.CharField(_("why"), max_length=8, choices=Ended, blank=True, default="")

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [
            models.Index(fields=["user", "-login_at"], name="session_user"),
            models.Index(fields=["user"], condition=Q(ended_at=None), name="session_live"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.device_class} {self.login_at:%Y-%m-%d %H:%M}"


class Friendship(models.Model):
    """`friend` is in the friend list of `owner`; the other direction is a row of its own."""

    class Source(models.TextChoices):
        REQUEST = "request", _("friend request")
        REST = "rest", _("REST API")

    owner = models.ForeignKey(User, models.CASCADE, related_name="friendships")
    friend = models.ForeignKey(User, models.CASCADE, related_name="befriended_by")
    note_name = Utf8CharField(_("note name"), max_bytes=64, blank=True, default="")
    others = Utf8CharField(_("note"), max_bytes=250, blank=True, default="")
    source = models.CharField(_("source"), max_length=8, choices=Source, default=Source.REQUEST)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("friendship")
        verbose_name_plural = _("friendships")
        constraints = [
            models.UniqueConstraint(fields=["owner", "friend"], name="friendship_once"),
            models.CheckConstraint(condition=~Q(owner=F("friend")), name="friendship_not_self"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} → {self.friend_id}"


class FriendRequest(models.Model):
    """An invitation to be friends, open until it is answered."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")

    sender = models.ForeignKey(User, models.CASCADE, related_name="friend_requests_sent")
    receiver = models.ForeignKey(User, models.CASCADE, related_name="friend_requests")
    why = models.TextField(_("reason"), blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("friend request")
        verbose_name_plural = _("friend requests")
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "receiver"], condition=Q(state="open"), name="friend_request_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sender_id} → {self.receiver_id} ({self.state})"


class Block(models.Model):
    """`target` may not send to `owner`; the other direction works. The wire says blacklist."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="blocks")
    target = models.ForeignKey(User, models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        constraints = [models.UniqueConstraint(fields=["owner", "target"], name="block_once")]

    def __str__(self) -> str:
        return f"{self.owner_id} ⊘ {self.target_id}"


class Mute(models.Model):
    """`owner` is not to be disturbed by `target`; delivery does not change. The wire says no_disturb."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="mutes")
    target = models.ForeignKey(User, models.CASCADE, related_name="muted_by")
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("do not disturb")
        verbose_name_plural = _("do not disturb")
        constraints = [models.UniqueConstraint(fields=["owner", "target"], name="mute_once")]

    def __str__(self) -> str:
        return f"{self.owner_id} ∅ {self.target_id}"


def brief(user: User) -> dict[str, Any]:
    """A user as events and read lists carry it; avatar and memo_name always there, "" when not set."""
    return {
        "username": user.username,
        "appkey": user.application.appkey,
        "nickname": user.nickname,
        "avatar": user.avatar,
        "memo_name": "",
    }


def briefs(users: Sequence[User]) -> tuple[dict[str, Any], ...]:
    return tuple(brief(user) for user in users)
