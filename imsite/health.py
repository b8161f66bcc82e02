"""For those who watch the process."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """GET /livez: 200 while the process serves; asks neither database nor Redis. Source: imsite, operation."""
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [path("livez", live)]
