"""Messages, as they were sent and as they were delivered: shown, not changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, linebreaks
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import BASE_INPUT_CLASSES

from imsite.core import clock
from messaging.admin.base import LINK, LongListAdmin, moment, read_id, users_named
from messaging.admin.uploads import shown
from messaging.models import Media, Message

PREVIEW_CHARACTERS = 80


class SentFilter(admin.ListFilter):
    """Messages from one day on, up to another, in UTC."""

    title = _("sent")
    template = "console/date_range.html"
    names = ("sent_from", "sent_to")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.names:
            if values := params.pop(name, None):
                self.used_parameters[name] = values[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)

    def choices(self, changelist: Any) -> Iterator[Any]:
        labels = zip(self.names, (_("from"), _("to")), strict=True)
        fields = [{"name": name, "label": label, "value": self.used_parameters.get(name, "")} for name, label in labels]
        yield {"fields": fields, "classes": " ".join(BASE_INPUT_CLASSES)}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        first, last = (self._day(name) for name in self.names)
        if first:
            queryset = queryset.filter(created_ms__gte=clock.to_ms(first))
        if last:
            queryset = queryset.filter(created_ms__lt=clock.to_ms(last + timedelta(days=1)))
        return queryset

    def _day(self, name: str) -> datetime | None:
        try:
            day = date.fromisoformat(str(self.used_parameters.get(name, "")))
        except ValueError:
            return None
        return datetime(day.year, day.month, day.day, tzinfo=UTC) if 1970 < day.year < 9999 else None


class TypeFilter(admin.SimpleListFilter):
    """The types that there are, not those that are found: to look for these would read the whole table."""

    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("text", _("text")),
            ("image", _("image")),
            ("voice", _("voice")),
            ("file", _("file")),
            ("video", _("video")),
            ("location", _("location")),
            ("custom", _("custom")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(LongListAdmin):
    list_display = ("id", "sent_at", "sender", "conversation_link", "application", "type", "preview", "shown_state")
    list_display_links = ("id", "preview")
    list_filter = (SentFilter, TypeFilter, "state", "application")
    list_filter_submit = True
    list_select_related = ("application", "conversation", "sender")
    search_fields = ("=pk",)
    search_help_text = _("The id of a message or a conversation, or the username of a sender")
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("id", "sent_at", "sender", "from_type", "conversation_link", "seq", "application")}),
        (_("Content"), {"fields": ("type", "state", "text", "upload", "pretty_content")}),
        (
            _("Delivery"),
            {
                "fields": (
                    "no_offline", "no_notification", "custom_notification", "need_receipt", "receipt_read", "receipt_base",
                    "client_id", "request_key", "version",
                )
            },
        ),
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(sender__in=users_named(term))
        if (number := read_id(term)) is not None:
            found |= Q(pk=number) | Q(conversation=number)
        return queryset.filter(found), False

    @admin.display(description=_("sent"), ordering="id")
    def sent_at(self, message: Message) -> SafeString:
        return moment(message.created_ms)

    @admin.display(description=_("conversation"))
    def conversation_link(self, message: Message) -> SafeString:
        address = reverse("admin:messaging_conversation_change", args=[message.conversation_id])
        name = f"{message.conversation.get_kind_display()} {message.conversation_id}"
        return format_html('<a href="{}" class="{}">{}</a>', address, LINK, name)

    @display(
        description=_("state"),
        label={
            Message.State.KEPT: "success",
            Message.State.RETRACTED: "info",
            Message.State.HELD: "warning",
            Message.State.REMOVED: "danger",
        },
    )
    def shown_state(self, message: Message) -> tuple[str, str]:
        return message.state, message.get_state_display()

    @admin.display(description=_("content"))
    def preview(self, message: Message) -> str:
        return Truncator(" ".join(said(message).split())).chars(PREVIEW_CHARACTERS) or "-"

    @admin.display(description=_("text"))
    def text(self, message: Message) -> SafeString:
        return format_html('<div class="break-words">{}</div>', SafeString(linebreaks(said(message), autoescape=True)))

    @admin.display(description=_("upload"))
    def upload(self, message: Message) -> str:
        media_id = body_of(message).get("media_id")
        found = Media.objects.filter(media_id=media_id).first() if isinstance(media_id, str) else None
        return shown(found, "w-96", pixels="800x") if found else "-"

    @admin.display(description=_("as delivered"))
    def pretty_content(self, message: Message) -> SafeString:
        try:
            text = orjson.dumps(orjson.loads(message.content), option=orjson.OPT_INDENT_2).decode()
        except orjson.JSONDecodeError:
            text = message.content
        return format_html('<pre class="overflow-auto max-w-4xl">{}</pre>', text)


def body_of(message: Message) -> dict[str, Any]:
    """The msg_body of a stored message, {} where it cannot be read."""
    try:
        content = orjson.loads(message.content)
    except orjson.JSONDecodeError:
        return {}
    body = content.get("msg_body") if isinstance(content, dict) else None
    return body if isinstance(body, dict) else {}


def said(message: Message) -> str:
    """What people see of a message, as plain text."""
    body = body_of(message)
    match message.type:
        case "text":
            return str(body.get("text", ""))
        case "image":
            return f"{body.get('width', '?')} × {body.get('height', '?')} {body.get('format', '')}".strip()
        case "file":
            return str(body.get("fname", ""))
        case "location":
            return f"{body.get('label', '')} ({body.get('latitude')}, {body.get('longitude')})".strip()
        case "voice" | "video":
            return f"{body.get('duration', '?')} s"
        case _:
            return orjson.dumps(body).decode()
