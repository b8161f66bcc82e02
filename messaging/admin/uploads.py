"""Uploads: shown, not changed."""

from __future__ import annotations

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging import media_links
from messaging.admin.base import LINK, LongListAdmin
from messaging.models import Media
from messaging.services import media_types


@admin.register(Media)
class MediaAdmin(LongListAdmin):
    list_display = ("media_id", "thumbnail", "kind", "name", "format", "bytes", "owner", "application", "created_at")
    list_filter = ("kind", "application", "created_at")
    list_select_related = ("owner", "application")
    search_fields = ("=media_id", "=sha256", "=owner__username")
    search_help_text = _("A media id, a SHA-256, or the username of an owner")
    ordering = ("-id",)
    fields = (
        "media_id", "view", "kind", "name", "content_type", "format", "bytes", "width", "height", "sha256", "crc32", "owner",
        "application", "created_at",
    )  # fmt: skip

    @admin.display(description="")
    def thumbnail(self, upload: Media) -> str:
        return shown(upload, "h-10", pixels="x80") if upload.kind == Media.Kind.IMAGE else ""

    @admin.display(description=_("file"))
    def view(self, upload: Media) -> str:
        return shown(upload, "w-96", pixels="800x")

    @admin.display(description=_("size"), ordering="size")
    def bytes(self, upload: Media) -> str:
        return filesizeformat(upload.size)


def shown(upload: Media, size: str, *, pixels: str) -> SafeString:
    """A link to the file, through a thumbnail of it where it is a picture.

    `size` is a class of the console's style sheet, `pixels` that of the thumbnail on a sharp screen.
    """
    address = media_links.link(upload, "")
    new_tab = format_html('href="{}" target="_blank" rel="noopener" class="{}"', address, LINK)
    if upload.kind == Media.Kind.IMAGE and upload.content_type in media_types.SHOWN_IN_PLACE:
        small = media_links.link(upload, "", size=pixels)
        picture = format_html('<img src="{}" alt="" loading="lazy" class="{} rounded-default">', small, size)
        return format_html("<a {}>{}</a>", new_tab, picture)
    return format_html("<a {}>{}</a>", new_tab, media_links.shown_name(upload))
