"""The console's pages about what is said: conversations, messages and uploads to look at, sensitive words to keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html, linebreaks
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import BASE_INPUT_CLASSES, UnfoldAdminTextareaWidget

from accounts.admin.base import ReadOnlyAdmin, ServiceAdmin
from accounts.models import Application, User
from imsite.core import clock
from imsite.core.errors import ImError
from messaging import media_links
from messaging.models import Conversation, Media, Message, Participant, SensitiveWord
from messaging.services import media_types, words

PREVIEW_CHARACTERS = 80
SHOWN_PARTICIPANTS = 50
FOUND_USERS = 100  # of one name, in different applications
ID_DIGITS = 18  # a longer number is no id
WORDS_AT_ONCE = 10_000
LINK = "text-primary-600 dark:text-primary-500"  # as the console's own links look


# What is said


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


class LongListAdmin(ReadOnlyAdmin):
    """Of a table that grows without end: nothing in it is counted for a filter."""

    show_facets = admin.ShowFacets.NEVER


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
                    "client_id", "version",
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
        return shown(found, "w-96") if found else "-"

    @admin.display(description=_("as delivered"))
    def pretty_content(self, message: Message) -> SafeString:
        try:
            text = orjson.dumps(orjson.loads(message.content), option=orjson.OPT_INDENT_2).decode()
        except orjson.JSONDecodeError:
            text = message.content
        return format_html('<pre class="overflow-auto max-w-4xl">{}</pre>', text)


@admin.register(Conversation)
class ConversationAdmin(LongListAdmin):
    list_display = ("id", "kind", "between", "application", "message_count", "last_at", "mute_all")
    list_display_links = ("id", "between")
    list_filter = ("kind", "mute_all", "application")
    list_select_related = ("application",)
    search_fields = ("=pk",)
    search_help_text = _("The id of a conversation, or the username of one of a pair")
    ordering = ("-id",)
    fields = (
        "id", "kind", "application", "who", "messages_link", "message_count", "last_at", "mute_all", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        # Only of pairs: a group has hundreds.
        pairs = Participant.objects.filter(conversation__kind=Conversation.Kind.SINGLE).select_related("user")
        return super().get_queryset(request).prefetch_related(Prefetch("participants", pairs.order_by("pk"), "pair"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        taking_part = Participant.objects.filter(user__in=users_named(term)).values("conversation")
        found = Q(pk__in=taking_part)
        if (number := read_id(term)) is not None:
            found |= Q(pk=number)
        return queryset.filter(found), False

    @admin.display(description=_("between"))
    def between(self, conversation: Conversation) -> str:
        pair: list[Participant] = conversation.pair  # type: ignore[attr-defined]  # prefetched above
        return ", ".join(one.user.username for one in pair) or str(conversation)

    @admin.display(description=_("participants"))
    def who(self, conversation: Conversation) -> str:
        taking_part = conversation.participants.filter(active=True)
        names = taking_part.order_by("pk").values_list("user__username", flat=True)[:SHOWN_PARTICIPANTS]
        more = taking_part.count() - len(names)
        return ", ".join(names) + (f" + {more}" if more else "") or "-"

    @admin.display(description=_("messages"))
    def messages_link(self, conversation: Conversation) -> SafeString:
        address = reverse("admin:messaging_message_changelist", query={"conversation": conversation.pk})
        return format_html('<a href="{}" class="{}">{}</a>', address, LINK, _("Show the messages"))

    @admin.display(description=_("messages"), ordering="count_no")
    def message_count(self, conversation: Conversation) -> int:
        return conversation.count_no

    @admin.display(description=_("last message"), ordering="last_at_ms")
    def last_at(self, conversation: Conversation) -> str:
        return moment(conversation.last_at_ms) if conversation.last_at_ms else "-"


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
        return shown(upload, "h-10") if upload.kind == Media.Kind.IMAGE else ""

    @admin.display(description=_("file"))
    def view(self, upload: Media) -> str:
        return shown(upload, "w-96")

    @admin.display(description=_("size"), ordering="size")
    def bytes(self, upload: Media) -> str:
        return filesizeformat(upload.size)


def moment(at_ms: int) -> SafeString:
    """Date and time in UTC, to the second, on one line."""
    return format_html('<span class="whitespace-nowrap">{}</span>', f"{clock.from_ms(at_ms):%Y-%m-%d %H:%M:%S}")


def users_named(term: str) -> list[int]:
    """The ids of all users of this name."""
    if "\0" in term:
        return []
    return list(User.objects.filter(username=term).values_list("pk", flat=True)[:FOUND_USERS])


def read_id(term: str) -> int | None:
    return int(term) if term.isascii() and term.isdigit() and len(term) <= ID_DIGITS else None


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


def shown(upload: Media, size: str) -> SafeString:
    """A link to the file, through a picture of it where it is one. `size` is a class of the console's style sheet."""
    address = media_links.link(upload, "")
    new_tab = format_html('href="{}" target="_blank" rel="noopener" class="{}"', address, LINK)
    if upload.kind == Media.Kind.IMAGE and upload.content_type in media_types.SHOWN_IN_PLACE:
        picture = format_html('<img src="{}" alt="" loading="lazy" class="{} rounded-default">', address, size)
        return format_html("<a {}>{}</a>", new_tab, picture)
    return format_html("<a {}>{}</a>", new_tab, media_links.shown_name(upload))


# Sensitive words


class WordForm(forms.ModelForm):
    """One word."""

    class Meta:
        model = SensitiveWord
        fields: tuple[str, ...] = ("word", "action", "category")

    def clean_word(self) -> str:
        return checked(self.cleaned_data["word"].strip())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        others = SensitiveWord.objects.of(self.instance.application).exclude(pk=self.instance.pk)
        if "word" in cleaned and others.filter(word=cleaned["word"]).exists():
            self.add_error("word", _("This word is in the list already."))
        return cleaned


class NewWordsForm(forms.ModelForm):
    """Many words at once, with one action."""

    words = forms.CharField(
        label=_("Words"),
        widget=UnfoldAdminTextareaWidget,
        help_text=_("One a line, each at most 64 bytes in UTF-8. Words that are in the list already stay as they are."),
    )

    class Meta:
        model = SensitiveWord
        fields: tuple[str, ...] = ("application", "words", "action", "category")

    def clean_words(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["words"].splitlines()]
        found = [checked(line) for line in dict.fromkeys(lines) if line]
        if len(found) > WORDS_AT_ONCE:
            raise forms.ValidationError(_("At most %(most)d words at once."), params={"most": WORDS_AT_ONCE})
        return found


def checked(word: str) -> str:
    try:
        words.require_word(word)
    except ImError as refusal:
        raise forms.ValidationError(f"{Truncator(word).chars(30)}: {refusal}") from None
    return word


@admin.register(SensitiveWord)
class SensitiveWordAdmin(ServiceAdmin):
    list_display = ("word", "shown_action", "category", "hits", "application", "added_by", "created_at")
    list_filter = ("action", "category", "application")
    list_select_related = ("application", "added_by")
    search_fields = ("word", "=category")
    search_help_text = _("A part of a word, or a category")
    ordering = ("-id",)
    form = WordForm
    readonly_fields = ("application", "hits", "added_by", "created_at")
    autocomplete_fields = ("application",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": WordForm if obj else NewWordsForm, **kwargs})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*WordForm.Meta.fields, *self.readonly_fields) if obj else NewWordsForm.Meta.fields

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # Holding messages back for review is not among them: there is no queue yet to review them in.
        if db_field.name == "action":
            kwargs["choices"] = [(one.value, one.label) for one in words.ACTIONS]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @display(
        description=_("action"),
        ordering="action",
        label={
            SensitiveWord.Action.BLOCK: "danger",
            SensitiveWord.Action.MASK: "warning",
            SensitiveWord.Action.FLAG: "info",
        },
    )
    def shown_action(self, entry: SensitiveWord) -> tuple[str, str]:
        return entry.action, entry.get_action_display()

    def save_model(self, request: HttpRequest, obj: SensitiveWord, form: Any, change: bool) -> None:
        given, by = form.cleaned_data, self.actor(request, obj.application)
        if change:
            stored = SensitiveWord.objects.select_related("application").get(pk=obj.pk)
            changes = {name: given[name] for name in WordForm.Meta.fields if name in form.changed_data}
            words.change_word(stored, **changes, by=by)
            return
        added = words.add_words(
            obj.application, given["words"], action=given["action"], category=given["category"], by=by
        )
        first = SensitiveWord.objects.of(obj.application).find(given["words"][0])  # the history names it
        obj.__dict__.update(first.__dict__, added=added)

    def response_add(
        self, request: HttpRequest, obj: SensitiveWord, post_url_continue: str | None = None
    ) -> HttpResponse:
        added: int = obj.added  # type: ignore[attr-defined]  # set by save_model
        text = ngettext("%(added)d word was added.", "%(added)d words were added.", added)
        self.message_user(request, text % {"added": added}, messages.SUCCESS)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(request.path)
        return self.response_post_save_add(request, obj)

    def delete_model(self, request: HttpRequest, obj: SensitiveWord) -> None:
        words.remove_words(obj.application, [obj], by=self.actor(request, obj.application))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SensitiveWord]) -> None:
        for application in Application.objects.filter(words__in=queryset).distinct():
            chosen = list(queryset.filter(application=application))
            words.remove_words(application, chosen, by=self.actor(request, application))
