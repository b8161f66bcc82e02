"""The chat page: its shell, and the signatures with which its socket introduces itself.

`/` is the default application, `/c/{appkey}` any whose chat page is switched on. Whoever may see the page may have a
signature: it lets a user's password be tried, nothing more.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from accounts import signatures
from accounts.errors import NoSuchApplication
from accounts.models import Application
from imsite.core import clock, ids
from imsite.modules import STATIC, modules_of

SHEETS = [
    f"css/{name}.css"
    for name in (
        "tokens", "icons", "base", "controls", "connection", "sign-in",
        "sidebar", "thread", "message", "composer", "viewer",
    )
]  # fmt: skip
PLAIN_SHEETS = SHEETS[:6]
# Named in the shell, so that a browser asks for all at once and not for one layer of imports after the other.
MODULES = sorted(str(file.relative_to(STATIC)) for file in modules_of(STATIC / "chat" / "main.js"))
MISSING = {
    "en": {
        "title": "There is no chat here",
        "reference": "REST reference",
        "text": "This address leads to no chat page, or the page has been switched off. "
        "Ask the people who gave you the address.",
    },
    "zh": {
        "title": "这里没有聊天页面",
        "reference": "REST 参考",
        "text": "此地址没有对应的聊天页面，或者页面已被关闭。请联系向您提供此地址的人。",
    },
}
SAME_ORIGIN = ("same-origin", "none")  # "none": typed into the address bar


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """GET /: the chat page of the default application. Source: imsite, chat page."""
    application = default_application()
    return chat_page(request, application) if application else missing_page(request)


@require_safe
def page_of(request: HttpRequest, appkey: str) -> HttpResponse:
    """GET /c/{appkey}: the chat page of an application. Source: imsite, chat page."""
    application = shown_application(appkey)
    return chat_page(request, application) if application else missing_page(request)


@require_safe
def signature_of(request: HttpRequest, appkey: str) -> HttpResponse:
    """GET /c/{appkey}/signature: a fresh signature for the page's next connection, as JSON; only for the page itself.

    Source: imsite, chat page.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in SAME_ORIGIN:
        return without_cache(JsonResponse({"error": {"message": "only for the chat page itself"}}, status=403))
    application = shown_application(appkey)
    if application is None:
        return without_cache(JsonResponse({"error": {"message": "no such chat page"}}, status=404))
    return without_cache(JsonResponse(introduction(application)))


def default_application() -> Application | None:
    """The application at `/`: the one that IM_DEFAULT_APPKEY names, else the first whose chat page is on."""
    if settings.DEFAULT_APPKEY:
        return Application.objects.filter(appkey=settings.DEFAULT_APPKEY).first()
    return Application.objects.filter(chat_page=True).order_by("pk").first()


def shown_application(appkey: str) -> Application | None:
    """The application, when its chat page is on or it is the one at `/`."""
    if not (appkey.isascii() and appkey.isalnum()):
        return None  # no key; a database may choke on what stands in an address
    try:
        application = Application.objects.find(appkey)
    except NoSuchApplication:
        return None
    return application if application.chat_page or application.appkey == settings.DEFAULT_APPKEY else None


def introduction(application: Application) -> dict[str, Any]:
    """What `c_init` wants, valid for ten minutes from now."""
    timestamp, random_str = clock.now_ms(), ids.new_key()
    return {
        "appkey": application.appkey,
        "name": application.name,
        "timestamp": timestamp,
        "random_str": random_str,
        "signature": signatures.sign(application, timestamp, random_str),
    }


def chat_page(request: HttpRequest, application: Application) -> HttpResponse:
    limits = {"image_bytes": settings.SDK_IMAGE_BYTES, "content_bytes": settings.SOCKET_CONTENT_BYTES}
    shell = {**introduction(application), **limits}
    context = {"shell": shell, "sheets": SHEETS, "modules": MODULES}
    return secured(request, render(request, "chat/page.html", context))


def missing_page(request: HttpRequest) -> HttpResponse:
    """404 in the reader's language."""
    language = "zh" if (translation.get_language() or "").startswith("zh") else "en"
    context = {"language": language, "words": MISSING[language], "sheets": PLAIN_SHEETS}
    return secured(request, render(request, "chat/missing.html", context, status=404))


def secured(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The page may load scripts and styles from its own host alone, talk to it alone, and be framed by nobody."""
    host = request.get_host()
    response["Content-Security-Policy"] = "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' blob: data: {settings.PUBLIC_URL}".strip(),
            f"connect-src 'self' ws://{host} wss://{host}",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
    response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    return without_cache(response)


def without_cache(response: HttpResponse) -> HttpResponse:
    """A stale signature is worth nothing, and a fresh one is nobody else's."""
    add_never_cache_headers(response)
    return response


urlpatterns = [
    path("", home),
    path("c/<str:appkey>", page_of),
    path("c/<str:appkey>/", page_of),
    path("c/<str:appkey>/signature", signature_of),
]
