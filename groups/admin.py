"""The console's page about groups. Every change is an operation of the services, told to the members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import action

from accounts.admin.base import ServiceAdmin
from accounts.admin.names import UsernameField, UsernamesField, named
from accounts.models import User
from groups import rules, services
from groups.errors import ImError
from groups.models import Group, Membership

MEMBER_FIELDS = ("add_members", "remove_members")
ROLE_FIELDS = ("new_owner", "add_keepers", "remove_keepers", "silence", "unsilence")


class GroupForm(forms.ModelForm):
    """What members see of the group, who comes and goes, and what members may do."""

    add_members = UsernamesField(label=_("Add members"))
    remove_members = UsernamesField(label=_("Remove members"))
    new_owner = UsernameField(label=_("New owner"), required=False)
    add_keepers = UsernamesField(label=_("Add keepers"))
    remove_keepers = UsernamesField(label=_("Remove keepers"))
    silence = UsernamesField(label=_("Silence"))
    unsilence = UsernamesField(label=_("Let speak again"))

    class Meta:
        model = Group
        fields = ("name", "desc", "avatar")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            rules.require_info(**{name: cleaned.get(name) or "" for name in ("name", "desc", "avatar")})
        except ImError as refusal:
            raise forms.ValidationError(str(refusal)) from None
        for field in (*MEMBER_FIELDS, *ROLE_FIELDS):
            cleaned[field] = named(self, field, self.instance.application)
        return cleaned


class NewGroupForm(forms.ModelForm):
    owner_name = UsernameField(label=_("Owner"), help_text=_("The username of the owner."))
    members = UsernamesField(label=_("Members"))

    class Meta:
        model = Group
        fields = ("application", "type", "name", "desc")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for field in ("owner_name", "members"):
            cleaned[field] = named(self, field, cleaned.get("application"))
        return cleaned


class StateFilter(admin.SimpleListFilter):
    """Without a choice: the groups that exist."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("dissolved", _("dissolved"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> QuerySet[Group]:
        return queryset.filter(dissolved_at__isnull=self.value() != "dissolved")


class MembershipInline(TabularInline):
    model = Membership
    fields = readonly_fields = ("user", "role", "silenced", "joined_at")
    ordering = ("pk",)
    extra = 0
    per_page = 50
    can_delete = False
    hide_title = True

    @admin.display(description=_("silenced until"))
    def silenced(self, membership: Membership) -> Any:
        return _("until it is lifted") if membership.silenced_until == services.FOREVER else membership.silenced_until

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(ServiceAdmin):
    """A dissolved group is shown under the filter of that name, and can be restored from there."""

    list_display = ("name", "gid", "application", "owner", "type", "members", "created_at")
    list_filter = (StateFilter, "type", "application")
    list_select_related = ("application", "owner")
    search_fields = ("name", "=conversation__id", "=owner__username")
    search_help_text = _("Name, gid or the owner's username")
    ordering = ("-conversation",)
    actions = ("dissolve", "restore")
    actions_submit_line = ("dissolve_this",)
    autocomplete_fields = ("application",)
    inlines = (MembershipInline,)
    readonly_fields = ("gid", "application", "owner", "type", "capacity", "created_at", "updated_at", "dissolved_at")
    form = GroupForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).with_member_count()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": GroupForm if obj else NewGroupForm, **kwargs})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("application", "name", "desc", "type", "owner_name", "members")})]
        parts = ((_("Who comes and goes"), MEMBER_FIELDS), (_("Roles"), ROLE_FIELDS))
        changes = [(title, {"fields": names}) for title, names in parts] if obj.dissolved_at is None else []
        return [
            (None, {"fields": ("gid", "application", "owner", "type", "capacity", "name", "desc", "avatar")}),
            *changes,
            (_("Dates"), {"fields": ("created_at", "updated_at", "dissolved_at")}),
        ]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.dissolved_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # dissolving keeps what was said

    @admin.display(description="gid", ordering="pk")
    def gid(self, group: Group) -> int:
        return group.pk

    @admin.display(description=_("members"), ordering="member_count")
    def members(self, group: Group) -> int:
        return group.member_count

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        if not change:
            self._create(request, obj, form.cleaned_data)
            return
        self._change(request, obj, form)
        for one in self.get_actions_submit_line(request, obj.pk):
            if one.action_name in request.POST:
                one.method(request, obj)

    def has_dissolve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Of the button: asked with the id where it is shown, without where it was pressed."""
        gone = object_id is not None and Group.objects.filter(pk=object_id).exclude(dissolved_at=None).exists()
        return super().has_change_permission(request) and not gone

    @action(description=_("Dissolve"), icon="group_off", permissions=["dissolve"])
    def dissolve_this(self, request: HttpRequest, obj: Group) -> None:
        services.dissolve(obj, by=self.actor(request, obj.application))

    @admin.action(description=_("Dissolve: end the groups and tell their members"), permissions=["change"])
    def dissolve(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        self._each(request, queryset, services.dissolve)

    @admin.action(description=_("Restore dissolved groups with their last members"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        self._each(request, queryset, services.restore)

    def _create(self, request: HttpRequest, obj: Group, given: dict[str, Any]) -> None:
        owner: User = given["owner_name"][0]
        made = services.create_group(
            given["name"],
            owner=owner,
            members=given["members"],
            desc=given["desc"],
            type=given["type"],
            by=self.actor(request, given["application"]),
        )
        obj.__dict__.update(made.__dict__)

    def _change(self, request: HttpRequest, group: Group, form: Any) -> None:
        given, by = form.cleaned_data, self.actor(request, group.application)
        if info := {name: given[name] for name in form.changed_data if name in ("name", "desc", "avatar")}:
            services.update_info(group, **info, by=by)
        if given["add_members"] or given["remove_members"]:
            services.change_members(group, add=given["add_members"], remove=given["remove_members"], by=by)
        for name, change in (
            ("add_keepers", services.add_keepers),
            ("remove_keepers", services.remove_keepers),
            ("silence", services.silence_members),
            ("unsilence", services.unsilence_members),
        ):
            if given[name]:
                change(group, given[name], by=by)
        for owner in given["new_owner"]:
            services.transfer_group(group, owner, by=by)

    def _each(self, request: HttpRequest, groups: QuerySet[Group], operation: Any) -> None:
        """Do it to each; those whom it refuses are named, the others are done."""
        done = 0
        for group in groups.select_related("application"):
            try:
                operation(group, by=self.actor(request, group.application))
                done += 1
            except ImError as refusal:
                self.message_user(request, f"{group}: {refusal}", messages.ERROR)
        text = ngettext("%(done)d group was changed.", "%(done)d groups were changed.", done)
        self.message_user(request, text % {"done": done}, messages.SUCCESS)
