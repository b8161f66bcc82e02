"""Conversations, and who takes part in them: shown, not changed."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.admin.base import LINK, LongListAdmin, moment, read_id, users_named
from messaging.models import Conversation, Participant

SHOWN_PARTICIPANTS = 50


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
