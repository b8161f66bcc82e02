"""Form fields in which operators name users of an application."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.errors import NoSuchUser
from accounts.models import Application, User


class UsernameField(forms.CharField):
    """One username."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: Any) -> list[str]:
        return super().clean(value).split()[:1]


class UsernamesField(forms.CharField):
    """Usernames, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget({"rows": 3})
        super().__init__(required=False, help_text=_("Usernames, one a line."), widget=widget, **kwargs)

    def clean(self, value: Any) -> list[str]:
        return super().clean(value).split()


def named(form: forms.BaseForm, field: str, application: Application | None) -> list[User]:
    """The users of the application that this field names; an error of the field where one is not there."""
    names = form.cleaned_data.get(field)
    if not names or application is None:
        return []
    try:
        return User.objects.of(application).named(names)
    except NoSuchUser as refusal:
        form.add_error(field, str(refusal))
        return []
