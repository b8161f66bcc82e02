"""What these pages have in common."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.base import ReadOnlyAdmin
from accounts.models import User
from imsite.core import clock

FOUND_USERS = 100  # of one name, in different applications
ID_DIGITS = 18  # a longer number is no id
LINK = "text-primary-600 dark:text-primary-500"  # as the console's own links look


class LongListAdmin(ReadOnlyAdmin):
    """Of a table that grows without end: nothing in it is counted for a filter."""

    show_facets = admin.ShowFacets.NEVER


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
