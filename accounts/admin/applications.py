"""Tenants. A master secret is shown once, on the page that answers its making, and never again."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts import rules, services
from accounts.admin.base import ServiceAdmin
from accounts.application_settings import ApplicationSettings
from accounts.errors import BadValue
from accounts.models import Application, Organisation

SETTING = "setting_"


class OriginsField(forms.CharField):
    """A list of origin patterns, one a line."""

    widget = UnfoldAdminTextareaWidget({"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        try:
            return [rules.require_origin_pattern(line) for line in super().clean(value).split()]
        except BadValue as refusal:
            raise forms.ValidationError(str(refusal)) from None


class KeyField(forms.CharField):
    """A key that a company brings along; empty for a random one."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        self.name = name
        super().__init__(required=False, widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}), **kwargs)

    def clean(self, value: Any) -> str:
        key = super().clean(value)
        try:
            return rules.require_key(self.name, key) if key else ""
        except BadValue as refusal:
            raise forms.ValidationError(str(refusal)) from None


class _ApplicationForm(forms.ModelForm):
    origins = OriginsField(
        label=_("Allowed origins"),
        required=False,
        help_text=_("Web pages that may use it, one a line, as https://*.example.com. None allows any."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(name, name) for name in sorted(available_timezones())],
        initial="Asia/Shanghai",
        widget=UnfoldAdminSelect2Widget,
        help_text=_("How the REST API prints and reads times."),
    )

    class Meta:
        model = Application
        fields: tuple[str, ...] = ("name", "owner", "time_zone", "origins", "chat_page")
        widgets: ClassVar = {
            "name": UnfoldAdminTextInputWidget,
            "owner": UnfoldAdminSelectWidget,
            "chat_page": UnfoldBooleanSwitchWidget,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = self.instance.limits
        for name in setting_names():
            self.fields[SETTING + name].initial = getattr(limits, name)

    def changed_settings(self) -> dict[str, Any]:
        """The settings that differ from what they are: a default that nobody touched stays a default."""
        limits = self.instance.limits
        given = {name: self.cleaned_data[SETTING + name] for name in setting_names()}
        return {name: value for name, value in given.items() if value != getattr(limits, name)}


def setting_names() -> list[str]:
    return [one.name for one in fields(ApplicationSettings)]


def _setting_field(one: Field[Any]) -> forms.Field:
    """The form field of a setting, made from its type, default and words."""
    words = {"label": one.metadata["name"], "help_text": one.metadata["text"], "initial": one.default}
    if one.metadata["choices"]:
        choices = list(one.metadata["choices"].items())
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **words)
    if isinstance(one.default, bool):
        return forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget, **words)
    return forms.IntegerField(min_value=0, max_value=10**9, widget=UnfoldAdminIntegerFieldWidget, **words)


_settings_fields = {SETTING + one.name: _setting_field(one) for one in fields(ApplicationSettings)}
ApplicationForm: Any = type("ApplicationForm", (_ApplicationForm,), _settings_fields)


class NewApplicationForm(ApplicationForm):
    """Besides: key and secret, where they are brought along."""

    appkey = KeyField("appkey", label=_("Appkey"), help_text=_("24 letters and digits; empty for a random one."))
    secret = KeyField(
        "master secret", label=_("Master secret"), help_text=_("24 letters and digits; empty for a random one.")
    )

    class Meta(_ApplicationForm.Meta):
        fields: tuple[str, ...] = (*_ApplicationForm.Meta.fields, "appkey")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].required = False
        self.fields["owner"].help_text = _("None gives it an organisation of its own.")
        self.initial.pop("appkey", None)  # the model's default would be one that nobody chose

    def clean_appkey(self) -> str:
        appkey = str(self.cleaned_data["appkey"])
        if appkey and Application.objects.filter(appkey=appkey).exists():
            raise forms.ValidationError(_("This appkey is taken."))
        return appkey


@admin.register(Application)
class ApplicationAdmin(ServiceAdmin):
    """The secrets are in no list, no form and no history."""

    list_display = ("name", "appkey", "owner", "chat_page", "created_at")
    list_filter = ("chat_page",)
    list_select_related = ("owner",)
    search_fields = ("name", "^appkey", "owner__name")
    ordering = ("-id",)
    readonly_fields = ("appkey", "created_at")
    actions_detail = ("rotate_secret",)
    form = ApplicationForm

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The fields of the settings are the form's own and no model's: it says itself which ones it has.
        return self.form if obj else NewApplicationForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        key = ("appkey", "created_at") if obj else ("appkey", "secret")
        return [
            (None, {"fields": ("name", "owner", *key)}),
            (_("Access"), {"fields": ("origins", "chat_page")}),
            (_("Settings"), {"fields": ("time_zone", *(SETTING + name for name in setting_names()))}),
        ]

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:
        operator: Any = request.user
        given = form.cleaned_data
        if not change:
            made, form.secret_shown = services.create_application(
                given["name"],
                owner=given["owner"].name if given["owner"] else "",
                appkey=given["appkey"] or None,
                secret=given["secret"] or None,
                origins=given["origins"],
                by=operator,
            )
            obj.__dict__.update(made.__dict__)
        changes = {
            name: given[name] for name in ("name", "owner", "time_zone", "origins", "chat_page") if given[name] != ""
        }
        changes["owner"] = given["owner"] or obj.owner
        services.change_application(obj, {**changes, "settings": form.changed_settings()}, by=operator)
        request.made_secret = getattr(form, "secret_shown", None)  # type: ignore[attr-defined]  # for response_add

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_secret(request, obj, request.made_secret)  # type: ignore[attr-defined]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # all chat data of a tenant would go with it

    @action(description=_("New master secret"), icon="key", url_path="rotate-secret", permissions=["change"])
    def rotate_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make a new secret and show it once. The one before it works until the next rotation."""
        application = self.get_object(request, object_id)
        if application is None:
            return HttpResponseRedirect(reverse("admin:accounts_application_changelist"))
        if not self.has_change_permission(request, application):
            raise PermissionDenied
        if request.method == "POST":
            operator: Any = request.user
            secret = services.rotate_secret(application, by=operator)
            self.log_change(request, application, "New master secret.")
            return self._show_secret(request, application, secret)
        return self._page(request, application, "console/rotate_secret.html", title=_("New master secret"))

    def _show_secret(self, request: HttpRequest, application: Application, secret: str) -> HttpResponse:
        """The only answer that carries a secret: no redirect, which would have to remember it. The console's are no-store."""
        return self._page(request, application, "console/secret.html", title=_("Master secret"), secret=secret)

    def _page(self, request: HttpRequest, application: Application, template: str, **more: Any) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "application": application, **more}
        return TemplateResponse(request, template, context)


@admin.register(Organisation)
class OrganisationAdmin(ServiceAdmin):
    """Owners of applications: cross-application calls are allowed among the applications of one."""

    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        operator: Any = request.user
        services.save_organisation(obj, by=operator)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
