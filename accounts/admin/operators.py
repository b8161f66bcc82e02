"""Console staff and their roles. Nothing to do with chat accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import services
from accounts.admin.base import ServiceAdmin
from accounts.models import Operator, Role

PERMISSIONS = ("is_active", "is_superuser", "groups", "user_permissions")


class NewOperatorForm(UserCreationForm):
    class Meta:
        model = Operator
        fields = ("username", "email")


class OperatorForm(UserChangeForm):
    class Meta:
        model = Operator
        fields = "__all__"


@admin.register(Operator)
class OperatorAdmin(DjangoUserAdmin, ServiceAdmin):
    """Only superusers give permissions away, and only they change superusers."""

    form = OperatorForm
    add_form = NewOperatorForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_superuser", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active")
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("groups", "user_permissions")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Permissions"), {"fields": PERMISSIONS}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if _is_superuser(request) else (*self.readonly_fields, *PERMISSIONS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: Operator, form: Any, change: bool) -> None:
        operator: Any = request.user
        services.save_operator(obj, by=operator)

    def delete_model(self, request: HttpRequest, obj: Operator) -> None:
        operator: Any = request.user
        services.delete_operator(obj, by=operator)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for operator in queryset:
            if self.has_delete_permission(request, operator):
                self.delete_model(request, operator)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, operator: Operator | None) -> bool:
    return operator is None or not operator.is_superuser or _is_superuser(request)


# Roles stand in its place, among the accounts and under a name that is not that of a chat group.
admin.site.unregister(Group)


@admin.register(Role)
class RoleAdmin(DjangoGroupAdmin, ServiceAdmin):
    """Named sets of permissions. Only superusers give permissions away."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        operator: Any = request.user
        services.save_role(obj, by=operator)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        operator: Any = request.user
        services.delete_role(obj, by=operator)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for role in queryset:
            self.delete_model(request, role)
