"""Who is signed in where: shown, not changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ReadOnlyAdmin
from accounts.models import Device, Session


class LiveFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", _("live")), ("ended", _("ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        if self.value() is None:
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "live")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ("user", "application", "device_class", "platform", "address", "login_at", "ended_at", "ended_why")
    list_filter = (LiveFilter, "device_class", "ended_why", "user__application")
    list_select_related = ("user__application",)
    search_fields = ("=user__username", "address")
    ordering = ("-id",)
    fields = (
        "user", "application", "device_class", "platform", "address", "login_at", "seen_at", "ended_at", "ended_why",
    )  # fmt: skip

    @admin.display(description=_("application"))
    def application(self, session: Session) -> str:
        return session.user.application.name


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    list_display = ("user", "application", "device_class", "platform", "logged_in", "last_login_at")
    list_filter = ("device_class", "logged_in", "user__application")
    list_select_related = ("user__application",)
    search_fields = ("=user__username",)
    ordering = ("-id",)
    fields = ("user", "application", "device_class", "platform", "logged_in", "last_login_at")

    @admin.display(description=_("application"))
    def application(self, device: Device) -> str:
        return device.user.application.name
