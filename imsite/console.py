"""The console's table of contents, by what an operator comes for rather than by app."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

SECTIONS: list[tuple[Any, list[tuple[str, str]]]] = [  # title, and models with the icon of each
    (
        _("Tenants"),
        [
            ("accounts.Application", "apps"),
            ("accounts.Organisation", "corporate_fare"),
            ("importing.ImportedItem", "move_to_inbox"),
        ],
    ),
    (_("People"), [("accounts.User", "person"), ("accounts.Device", "devices"), ("accounts.Session", "sensors")]),
    (
        _("Conversations"),
        [
            ("groups.Group", "groups"),
            ("chatrooms.ChatRoom", "meeting_room"),
            ("messaging.Conversation", "forum"),
            ("messaging.Message", "chat"),
            ("messaging.Media", "perm_media"),
        ],
    ),
    (_("Moderation"), [("messaging.SensitiveWord", "gavel"), ("chatrooms.RoomBan", "voice_over_off")]),
    (_("Staff"), [("accounts.Operator", "badge"), ("accounts.Role", "admin_panel_settings")]),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with the pages that this operator may see, and the reference."""
    sections = [
        {
            "title": title,
            "separator": False,
            "items": [_item(label, icon) for label, icon in pages if _is_open(request, label)],
        }
        for title, pages in SECTIONS
    ]
    reference = {"title": _("REST reference"), "icon": "api", "link": reverse("rest_reference")}
    developers = {"title": _("For developers"), "separator": False, "items": [reference]}
    return [*(section for section in sections if section["items"]), developers]


def lists_style(request: HttpRequest) -> str:
    return static("console/lists.css")


def _is_open(request: HttpRequest, label: str) -> bool:
    model = apps.get_model(label)
    page = admin.site.get_model_admin(model) if admin.site.is_registered(model) else None
    return page is not None and page.has_view_permission(request)


def _item(label: str, icon: str) -> dict[str, Any]:
    model = apps.get_model(label)
    title = model._meta.verbose_name_plural.capitalize()
    link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return {"title": title, "icon": icon, "link": link}
