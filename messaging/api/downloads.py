"""The download of uploads, by addresses that are signed and expire. Source: Web SDK, upload and download; docs/media.md."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from imsite.core.errors import Busy, ImError, Invalid
from imsite.core.files import files
from imsite.rest.errors import error_body
from messaging import media_links
from messaging.errors import BadValue, LinkExpired, NoSuchMedia
from messaging.models import Media
from messaging.services import media_types
from messaging.services.images import thumbnails
from messaging.services.images.thumbnails import Box, Size
from messaging.services.media_types import FileType

BLOCK_BYTES = 1024 * 1024  # of a download; some of them wait for a slow reader without keeping a thread
RETRY_SECONDS = 5
REDIRECT_SECONDS = 60  # less than the address lives that is redirected to
STATUS: dict[type[ImError], int] = {LinkExpired: 403, NoSuchMedia: 404}

_size = re.compile(r"(\d*)x?(\d*)", re.ASCII)
_vendors_size = re.compile(r"imageView2/([0-5])((?:/[a-z-]+/[^/]*)*)", re.ASCII)


@require_safe
def download(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """GET /media/{token}/{name}: the file that a signed address stands for, to whoever has it; ranges too.

    ?size=WxH, and with &crop=1 cut to it: a thumbnail of a picture; ?imageView2/2/w/W/h/H says the same.
    403 where the address has expired, 404 where it is none, 400 for a thumbnail that cannot be, 503 where the storage does
    not answer. Never shown as a page: only pictures, sound and film are shown in place, all else is saved.
    Source: Web SDK, upload and download.
    """
    try:
        found = Media.objects.filter(pk=media_links.read_link(token)).first()
        if found is None:
            raise NoSuchMedia
        box = read_box(request, found)
        size = thumbnails.size_for(found, box) if box else None
        response = _thumbnail(request, found, size) if size else _file(request, found)
    except FileNotFoundError:
        response = refused(NoSuchMedia())
    except ImError as refusal:
        response = refused(refusal)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def refused(refusal: ImError) -> HttpResponse:
    response = JsonResponse(error_body(refusal.code, str(refusal)), status=STATUS.get(type(refusal), refusal.status))
    if isinstance(refusal, Busy):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


# Files


def _file(request: HttpRequest, found: Media) -> HttpResponseBase:
    """The file or the part of it that was asked for; 304 and 416 where they are due."""
    headers = _headers(found, FileType(found.content_type, ""), found.sha256)
    if unchanged := get_conditional_response(request, etag=headers["ETag"]):
        return unchanged
    wanted = read_range(request.headers, found)
    start, end = wanted or (0, found.size)
    if start >= end:
        refusal = JsonResponse(error_body(Invalid.code, "the file has no such range"), status=416)
        refusal.headers["Content-Range"] = f"bytes */{found.size}"
        return refusal
    if request.method == "GET" and (elsewhere := _elsewhere(found, headers)):
        return elsewhere
    headers["Accept-Ranges"] = "bytes"
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 206 if wanted else 200
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    response = FilePart(files().part(str(found.file.name), start, end), status=status)
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _elsewhere(found: Media, headers: Mapping[str, str]) -> HttpResponse | None:
    """The way to the storage itself, where browsers may fetch from it."""
    told = {name: headers[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control")}
    address = files().address(str(found.file.name), told)
    if address is None:
        return None
    return HttpResponseRedirect(address, headers={"Cache-Control": f"private, max-age={REDIRECT_SECONDS}"})


def _headers(found: Media, kind: FileType, tag: str) -> dict[str, str]:
    is_saved = kind.content_type not in media_types.SHOWN_IN_PLACE
    return {
        "Content-Type": kind.content_type,
        "Content-Disposition": str(content_disposition_header(is_saved, media_links.shown_name(found, kind.format))),
        "Cache-Control": f"private, max-age={settings.MEDIA_LINK_SECONDS}, immutable",
        "ETag": f'"{tag}"',
    }


def read_range(headers: Mapping[str, str], found: Media) -> tuple[int, int] | None:
    """First byte and the one behind the last of a single range; None for the whole file. Empty where it cannot be had."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", headers.get("Range", "").replace(" ", ""), re.ASCII)
    if not match or match.group() == "bytes=-" or headers.get("If-Range", f'"{found.sha256}"') != f'"{found.sha256}"':
        return None
    first, last = match.groups()
    if not first:
        return max(0, found.size - int(last)), found.size
    return int(first), min(int(last) + 1, found.size) if last else found.size


class FilePart(FileResponse):
    block_size = BLOCK_BYTES


# Thumbnails


def _thumbnail(request: HttpRequest, found: Media, size: Size) -> HttpResponse:
    tag = f"{found.sha256}-{size.name}"
    unchanged = get_conditional_response(request, etag=f'"{tag}"')
    if unchanged:
        return unchanged
    made = thumbnails.thumbnail(found, size)
    response = HttpResponse(made.data, headers=_headers(found, made.type, tag))
    response.headers["Content-Length"] = str(len(made.data))
    if request.method == "HEAD":
        response.content = b""
    return response


def read_box(request: HttpRequest, found: Media) -> Box | None:
    """The room that the query string gives a picture; None where it says nothing of it. BadValue (899003)."""
    query = request.META.get("QUERY_STRING", "")
    if query.startswith("imageView2/"):
        return _vendors_box(query.partition("|")[0].partition("&")[0], found)
    size = request.GET.get("size")
    if size is None:
        return None
    match = _size.fullmatch(size)
    if not match:
        raise BadValue("the size of a thumbnail is WxH")
    crop = request.GET.get("crop", "").lower() in ("1", "true")
    width, height = map(_number, match.groups())
    return Box(width, height, crop=crop)


def _vendors_box(query: str, found: Media) -> Box:
    """`imageView2/<mode>/w/<width>/h/<height>`: 0 long and short side at most, 1 filled and cut, 2 both at most.

    3 to 5 fill the room as well and are cut like 1. Other members of the path choose quality and format, which are ours.
    """
    match = _vendors_size.fullmatch(query)
    if not match:
        raise BadValue("a thumbnail is asked for as imageView2/2/w/<width>/h/<height>")
    mode, rest = match.groups()
    words = rest.split("/")[1:]
    given = dict(zip(words[::2], words[1::2]))
    width, height = _number(given.get("w", "")), _number(given.get("h", ""))
    if mode == "2":
        return Box(width, height)
    if mode == "0":
        return Box(width, height) if found.width >= found.height else Box(height, width)
    return Box(width or height, height or width, crop=True)


def _number(text: str) -> int:
    """Pixels; 0 where nothing stands."""
    if text and not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadValue("the sides of a thumbnail are whole numbers of pixels")
    return int(text or 0)
