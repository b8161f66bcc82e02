"""Chat accounts. Passwords are set, never shown; the name and the tenant of an account do not change."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget

from accounts import rules, services
from accounts.admin.base import ServiceAdmin
from accounts.errors import ImError
from accounts.models import Device, User
from accounts.passwords import md5_hex

NAMES_SHOWN = 50  # of a friend list or the like


class UserForm(forms.ModelForm):
    """Access and profile; the rules look at what their services would refuse."""

    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("4 to 128 bytes. Ends the sessions of the user. Empty leaves the password as it is."),
    )

    class Meta:
        model = User
        widgets: ClassVar = {"extras": UnfoldAdminTextareaWidget({"rows": 4})}
        fields: tuple[str, ...] = (*rules.PROFILE_FIELDS, "is_admin", "disabled")

    def clean_extras(self) -> Any:
        return self.cleaned_data["extras"] or {}

    def clean_new_password(self) -> str:
        plain = str(self.cleaned_data["new_password"])
        if plain:
            _checked(rules.require_password, plain)
        return plain

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        _checked(rules.require_profile, cleaned)
        return cleaned


class NewUserForm(UserForm):
    class Meta(UserForm.Meta):
        fields: tuple[str, ...] = ("application", "username", *UserForm.Meta.fields)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password"].required = True
        self.fields["new_password"].label = _("Password")
        self.fields["new_password"].help_text = _("4 to 128 bytes.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        application, username = cleaned.get("application"), cleaned.get("username")
        if application and username and User.objects.of(application).filter(username=username).exists():
            self.add_error("username", _("This name is taken."))
        return cleaned


class StateFilter(admin.SimpleListFilter):
    """Without a choice: the living."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("disabled", _("disabled")), ("deleted", _("deleted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == "deleted":
            return queryset.exclude(deleted_at=None)
        living = queryset.filter(deleted_at=None)
        return living.filter(disabled=True) if self.value() == "disabled" else living


class DeviceInline(TabularInline):
    model = Device
    fields = readonly_fields = ("device_class", "platform", "logged_in", "last_login_at")
    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ServiceAdmin):
    list_display = ("username", "nickname", "application", "role", "state", "created_at")
    list_filter = (StateFilter, "is_admin", "application")
    list_select_related = ("application",)
    search_fields = ("^username", "^nickname")
    ordering = ("-id",)
    actions = ("disable", "enable")
    autocomplete_fields = ("application",)
    inlines = (DeviceInline,)
    readonly_fields = (
        "id", "application", "username", "created_at", "updated_at", "deleted_at", "friends", "blacklist", "muted",
    )  # fmt: skip
    form = UserForm

    @display(description=_("role"), label={"admin": "info"})
    def role(self, user: User) -> Any:
        return ("admin", _("admin")) if user.is_admin else ""

    @display(description=_("state"), label={"active": "success", "disabled": "warning", "deleted": "danger"})
    def state(self, user: User) -> Any:
        if user.deleted_at is not None:
            return "deleted", _("deleted")
        return ("disabled", _("disabled")) if user.disabled else ("active", _("active"))

    @display(description=_("Friends"))
    def friends(self, user: User) -> str:
        return _names(user.friendships.order_by("pk"), "friend")

    @display(description=_("Blacklist"))
    def blacklist(self, user: User) -> str:
        return _names(user.blocks.order_by("pk"), "target")

    @display(description=_("Not disturbed by"))
    def muted(self, user: User) -> str:
        everyone = gettext("everyone") if user.muted_all else ""
        return everyone or _names(user.mutes.order_by("pk"), "target")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": UserForm if obj else NewUserForm, **kwargs})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        dates = [(_("Dates"), {"fields": ("created_at", "updated_at", "deleted_at")})] if obj else []
        others = [(_("Other users"), {"fields": ("friends", "blacklist", "muted")})] if obj else []
        name = ("id", "application", "username") if obj else ("application", "username")
        return [
            (None, {"fields": (*name, "new_password", "is_admin", "disabled")}),
            (_("Profile"), {"fields": rules.PROFILE_FIELDS}),
            *others,
            *dates,
        ]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The accounts alone: what they wrote stays, so there is no tree of rows to look for."""
        living = [user for user in objs if user.deleted_at is None]
        allowed = self.has_delete_permission(request)
        return (
            [str(user) for user in living],
            {self.opts.verbose_name_plural: len(living)},
            set() if allowed else {self.opts.verbose_name},
            [],
        )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            self._change(request, obj, form)
        else:
            self._register(request, obj, form)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.delete_user(obj, by=self.actor(request, obj.application))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, services.delete_user)

    @admin.action(description=_("Disable: end the sessions and let nobody sign in"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._report(request, self._each(request, queryset, services.disable_user))

    @admin.action(description=_("Enable: let the users sign in again"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._report(request, self._each(request, queryset, services.enable_user))

    def _register(self, request: HttpRequest, obj: User, form: Any) -> None:
        given = form.cleaned_data
        by = self.actor(request, given["application"])
        profile = {name: given[name] for name in rules.PROFILE_FIELDS}
        wanted = {**profile, "username": given["username"], "password": md5_hex(given["new_password"])}
        if given["is_admin"]:
            user = services.register_admin(given["application"], wanted, by=by)
        else:
            (made,) = services.register(given["application"], [wanted], by=by)
            if isinstance(made, ImError):
                raise made
            user = made
        if given["disabled"]:
            services.disable_user(user, by=by)
        obj.__dict__.update(user.__dict__)

    def _change(self, request: HttpRequest, user: User, form: Any) -> None:
        given, changed = form.cleaned_data, set(form.changed_data)
        by = self.actor(request, user.application)
        # Not `changed`: it also names extras that were {} and came back as {}.
        profile = {name: given[name] for name in rules.PROFILE_FIELDS if given[name] != form.initial[name]}
        if profile:
            services.update_profile(user, profile, by=by)
        if "is_admin" in changed:
            (services.grant_admin if given["is_admin"] else services.revoke_admin)(user, by=by)
        if given["new_password"]:
            services.set_password(user, md5_hex(given["new_password"]), by=by)
        if "disabled" in changed:
            (services.disable_user if given["disabled"] else services.enable_user)(user, by=by)

    def _each(self, request: HttpRequest, users: QuerySet[User], operation: Any) -> int:
        """Do it to each; those whom it refuses are named, the others are done. How many were."""
        done = 0
        for user in users.select_related("application"):
            try:
                operation(user, by=self.actor(request, user.application))
                done += 1
            except ImError as refusal:
                self.message_user(request, f"{user}: {refusal}", messages.ERROR)
        return done

    def _report(self, request: HttpRequest, done: int) -> None:
        text = ngettext("%(done)d user was changed.", "%(done)d users were changed.", done)
        self.message_user(request, text % {"done": done}, messages.SUCCESS)


def _names(rows: QuerySet[Any], member: str) -> str:
    """The first names in a list of relations, and how many more there are; those of other applications with their appkey."""
    shown = rows.select_related(f"{member}__application", "owner")[:NAMES_SHOWN]
    users = [(getattr(row, member), row.owner) for row in shown]
    names = [
        user.username if user.application_id == owner.application_id else f"{user.username} ({user.application.appkey})"
        for user, owner in users
    ]
    more = rows.count() - len(names) if len(names) == NAMES_SHOWN else 0
    return ", ".join(names) + (f" … +{more}" if more else "") if names else "-"


def _checked(rule: Any, value: Any) -> None:
    try:
        rule(value)
    except ImError as refusal:
        raise forms.ValidationError(str(refusal)) from None
