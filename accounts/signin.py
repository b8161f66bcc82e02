"""The console's sign-in: Django's, where who guesses passwords has to wait."""

from __future__ import annotations

import math
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from unfold.forms import AuthenticationForm

from accounts import rates


class SignInForm(AuthenticationForm):
    """Named by the settings of the console (UNFOLD), which knows no other way to replace its form."""

    def clean(self) -> dict[str, Any]:
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        name = str(self.cleaned_data.get("username", "")).lower()
        if wait := rates.console.wait(address, name):
            seconds = math.ceil(wait)
            raise ValidationError(_("Too many failed sign-ins. Try again in %(seconds)s s.") % {"seconds": seconds})
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            rates.console.failed(address, name)
            raise
        if self.get_user() is not None:
            rates.console.passed(address, name)
        return cleaned
