"""What the console's pages have in common, those of the slices above too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin

from accounts.actors import Actor
from accounts.errors import ImError
from accounts.models import Application

PAGE_ROWS = 50
COUNTED_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Counts and pages through the first 10,000 rows alone: a search finds what is further down, and counting millions
    of rows for every page would not."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return min(rows[: COUNTED_ROWS + 1].count(), COUNTED_ROWS)


class ServiceAdmin(ModelAdmin):
    """A page whose changes go through services: their refusals are messages, and nothing was changed then."""

    paginator: type = BoundedPaginator
    list_per_page = PAGE_ROWS
    show_full_result_count = False
    warn_unsaved_form = True

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._telling(request, super().changeform_view, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._telling(request, super().changelist_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._telling(request, super().delete_view, *args, **kwargs)

    def actor(self, request: HttpRequest, application: Application) -> Actor:
        """The operator, as the one who acts in this application."""
        return Actor.operator_of(application, request.user)  # type: ignore[arg-type]  # has_permission saw an Operator

    def _telling(self, request: HttpRequest, view: Callable[..., Any], *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ImError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


class ReadOnlyAdmin(ServiceAdmin):
    """A page that only shows."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
