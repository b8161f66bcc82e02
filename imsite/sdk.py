"""/sdk/: the JavaScript SDK at addresses that stay, for pages of other sites.

The same files are served below /static/sdk/. Any page may load them: they hold no secret, and the module form needs the
server's permission where it comes from another origin.
"""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from imsite.modules import STATIC

FOLDER = STATIC / "sdk"
KINDS = {".js": "text/javascript; charset=utf-8", ".ts": "text/plain; charset=utf-8"}
FILES = {
    str(file.relative_to(FOLDER)): file for file in sorted(FOLDER.rglob("*")) if file.is_file() and file.suffix in KINDS
}
CACHE_SECONDS = 300


@require_safe
def script(request: HttpRequest, name: str) -> HttpResponseBase:
    """GET /sdk/{name}: a file of the SDK: jmessage.js, jmessage.classic.js, jmessage.d.ts, and what they import.

    Source: imsite, SDK.
    """
    if name not in FILES:
        raise Http404
    content = FILES[name].read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(content, content_type=KINDS[FILES[name].suffix], headers={"ETag": etag})
    answer = get_conditional_response(request, etag=etag, response=response) or response
    answer["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


urlpatterns = [path("sdk/<path:name>", script)]
