"""The console's page about chat rooms. Every change is an operation of the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ReadOnlyAdmin, ServiceAdmin
from accounts.admin.names import UsernameField, UsernamesField, named
from accounts.models import Application, User
from chatrooms import rules, services
from chatrooms.errors import ImError
from chatrooms.models import ChatRoom, RoomBan

SHOWN_BANS = 20


class RoomForm(forms.ModelForm):
    """What members see of the room, and whom the operator puts in or takes out."""

    add_members = UsernamesField(label=_("Add members"))
    remove_members = UsernamesField(label=_("Remove members"))
    ban_members = UsernamesField(label=_("Forbid to speak"))
    lift_bans = UsernamesField(label=_("Allow to speak again"))

    class Meta:
        model = ChatRoom
        fields = ("name", "description")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            rules.require_info(name=cleaned.get("name"), description=cleaned.get("description"))
        except ImError as refusal:
            raise forms.ValidationError(str(refusal)) from None
        for field in ("add_members", "remove_members", "ban_members", "lift_bans"):
            cleaned[field] = named(self, field, self.instance.application)
        return cleaned


class NewRoomForm(forms.ModelForm):
    owner_name = UsernameField(label=_("Owner"), help_text=_("The username of the owner."))
    members = UsernamesField(label=_("Members"))

    class Meta:
        model = ChatRoom
        fields = ("application", "name", "description")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for field in ("owner_name", "members"):
            cleaned[field] = named(self, field, cleaned.get("application"))
        return cleaned


class StateFilter(admin.SimpleListFilter):
    """Without a choice: the rooms that exist."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("deleted", _("deleted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> QuerySet[ChatRoom]:
        return queryset.filter(deleted_at__isnull=self.value() != "deleted")


@admin.register(ChatRoom)
class ChatRoomAdmin(ServiceAdmin):
    list_display = ("name", "room_id", "application", "owner", "members", "capacity", "created_at")
    list_filter = (StateFilter, "application")
    list_select_related = ("application", "owner")
    search_fields = ("name", "=conversation__id", "=owner__username")
    search_help_text = _("Name, id or the owner's username")
    ordering = ("-conversation",)
    autocomplete_fields = ("application",)
    readonly_fields = (
        "room_id",
        "application",
        "owner",
        "members",
        "banned",
        "capacity",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    form = RoomForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatRoom]:
        return super().get_queryset(request).with_member_count()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": RoomForm if obj else NewRoomForm, **kwargs})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("application", "name", "description", "owner_name", "members")})]
        members = (_("Members"), {"fields": ("add_members", "remove_members", "banned", "ban_members", "lift_bans")})
        changes = [members] if obj.deleted_at is None else []
        return [
            (None, {"fields": ("room_id", "application", "owner", "members", "capacity", "name", "description")}),
            *changes,
            (_("Dates"), {"fields": ("created_at", "updated_at", "deleted_at")}),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The rooms alone: what was said there stays, so there is no tree of rows to look for."""
        living = [room for room in objs if room.deleted_at is None]
        allowed = self.has_delete_permission(request)
        return (
            [str(room) for room in living],
            {self.opts.verbose_name_plural: len(living)},
            set() if allowed else {self.opts.verbose_name},
            [],
        )

    @admin.display(description=_("id"), ordering="pk")
    def room_id(self, room: ChatRoom) -> int:
        return room.pk

    @admin.display(description=_("members"), ordering="member_count")
    def members(self, room: ChatRoom) -> int:
        return room.member_count

    @admin.display(description=_("may not speak"))
    def banned(self, room: ChatRoom) -> str:
        """The names of the first of them; all are on the page of the bans."""
        names = list(room.bans.order_by("-pk").values_list("user__username", flat=True)[: SHOWN_BANS + 1])
        return ", ".join(names[:SHOWN_BANS]) + (" …" if len(names) > SHOWN_BANS else "") or "-"

    def save_model(self, request: HttpRequest, obj: ChatRoom, form: Any, change: bool) -> None:
        given = form.cleaned_data
        if not change:
            self._create(request, obj, given)
            return
        by = self.actor(request, obj.application)
        if info := {name: given[name] for name in form.changed_data if name in ("name", "description")}:
            services.update_room(obj, **info, by=by)
        if given["add_members"] or given["remove_members"]:
            services.change_members(obj, add=given["add_members"], remove=given["remove_members"], by=by)
        for user in given["ban_members"]:
            services.ban_member(obj, user, by=by)
        for user in given["lift_bans"]:
            services.lift_ban(obj, user, by=by)

    def delete_model(self, request: HttpRequest, obj: ChatRoom) -> None:
        services.delete_room(obj, by=self.actor(request, obj.application))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> None:
        for room in queryset.filter(deleted_at=None).select_related("application"):
            self.delete_model(request, room)

    def _create(self, request: HttpRequest, obj: ChatRoom, given: dict[str, Any]) -> None:
        owner: User = given["owner_name"][0]
        made = services.create_room(
            given["name"],
            owner=owner,
            description=given["description"],
            members=given["members"],
            by=self.actor(request, given["application"]),
        )
        obj.__dict__.update(made.__dict__)


@admin.register(RoomBan)
class RoomBanAdmin(ReadOnlyAdmin):
    """Who may not speak where; to delete an entry is to lift the ban. Bans are made on the page of the room."""

    list_display = ("user", "room", "application", "banned_by", "created_at")
    list_filter = ("room__application",)
    list_select_related = ("user", "room__application", "banned_by")
    search_fields = ("=user__username", "room__name", "=room__conversation__id")
    search_help_text = _("Username, or the room's name or id")
    ordering = ("-pk",)
    fields = ("user", "room", "application", "banned_by", "created_at")
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    @admin.display(description=_("application"), ordering="room__application")
    def application(self, ban: RoomBan) -> Application:
        return ban.room.application

    def delete_model(self, request: HttpRequest, obj: RoomBan) -> None:
        services.lift_ban(obj.room, obj.user, by=self.actor(request, obj.room.application))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RoomBan]) -> None:
        for ban in queryset.select_related("user", "room__application"):
            self.delete_model(request, ban)
