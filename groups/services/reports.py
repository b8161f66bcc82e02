"""How many groups there are and are spoken in. Source: REST API, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from accounts.models import Application
from groups.models import Group
from imsite.core.spans import Span, number_of
from messaging.models import Conversation, Message
from messaging.services.statistics import Existing, count_existing


@dataclass(frozen=True, slots=True)
class GroupCounts:
    existing: Existing
    active: list[int]  # something was said in them


def count_groups(application: Application, spans: Sequence[Span]) -> GroupCounts:
    """The application's groups in each span; who speaks there may be of another application. 3 queries."""
    if not spans:
        return GroupCounts(Existing([], []), [])
    edges = [*(span.since_ms for span in spans), spans[-1].until_ms]
    said = Message.objects.between(edges[0], edges[-1]).filter(
        conversation__application=application, conversation__kind=Conversation.Kind.GROUP
    )
    active = said.annotate(no=number_of("created_ms", edges)).values("no")
    numbers = dict(active.annotate(groups=Count("conversation", distinct=True)).values_list("no", "groups"))
    return GroupCounts(
        existing=count_existing(Group.objects.filter(application=application), spans, gone="dissolved_at"),
        active=[numbers.get(no, 0) for no in range(len(spans))],
    )
