"""The console's page about what was imported: which id an old group or room has here."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ReadOnlyAdmin
from imsite.importing.models import ImportedItem


@admin.register(ImportedItem)
class ImportedItemAdmin(ReadOnlyAdmin):
    list_display = ("key", "kind", "made_id", "source", "application", "created_at")
    list_filter = ("kind", "application")
    list_select_related = ("application",)
    search_fields = ("=key", "=made_id", "=source")
    search_help_text = _("Name or id there, id here, or source")
    ordering = ("-pk",)
    fields = list_display
    readonly_fields = list_display
