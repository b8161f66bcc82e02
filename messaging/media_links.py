"""Signed references to uploads: who may upload for some minutes, and which file an address shows until it expires."""

from __future__ import annotations

import time
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from messaging.errors import LinkExpired, NoSuchMedia, UploadTokenExpired, UploadTokenInvalid
from messaging.models import Media

UPLOAD_TOKEN_SECONDS = 15 * 60
STEPS = 4  # in the life of a link; within one the same file has the same address, so that browsers keep it

_uploads = TimestampSigner(salt="messaging.upload", sep=".")


class _LinkSigner(TimestampSigner):
    """Stamps the beginning of the current step instead of the moment."""

    def timestamp(self) -> str:
        step = max(1, settings.MEDIA_LINK_SECONDS // STEPS)
        return signing.b62_encode(int(time.time()) // step * step)


_links = _LinkSigner(salt="messaging.media", sep=".")


def upload_token(application_id: int, user_id: int) -> str:
    """Lets this user upload to this application for 15 minutes. No colon in it: it is a Basic password."""
    return _uploads.sign(f"{application_id}-{user_id}")


def read_upload_token(token: str) -> tuple[int, int]:
    """Application id and user id; UploadTokenExpired (898010), UploadTokenInvalid (898008)."""
    try:
        application_id, _, user_id = _uploads.unsign(token, max_age=UPLOAD_TOKEN_SECONDS).partition("-")
    except SignatureExpired:
        raise UploadTokenExpired from None
    except BadSignature:
        raise UploadTokenInvalid from None
    return int(application_id), int(user_id)


def link(media: Media, base_url: str, *, size: str = "") -> str:
    """The address of a file for whoever has it, for MEDIA_LINK_SECONDS less a quarter at least.

    `base_url` is that of the request (`https://host`); IM_PUBLIC_URL goes before it. `size`, as 320x240, is that of a
    thumbnail.
    """
    file = f"{_links.sign(str(media.pk))}/{quote(shown_name(media), safe='')}"
    return f"{settings.PUBLIC_URL or base_url}/media/{file}{'?size=' if size else ''}{size}"


def read_link(token: str) -> int:
    """The id of the Media row; LinkExpired (403), NoSuchMedia (404 at the door)."""
    try:
        return int(_links.unsign(token, max_age=settings.MEDIA_LINK_SECONDS))
    except SignatureExpired:
        raise LinkExpired from None
    except BadSignature:
        raise NoSuchMedia from None


def shown_name(media: Media, extension: str = "") -> str:
    """The name under which a file is saved: a file's own; pictures and voices tell nothing of where they come from.

    With `extension` that of something made of it, a thumbnail.
    """
    if media.kind == Media.Kind.FILE:
        return media.name or "file"
    extension = extension or media.format
    return f"{media.media_id[-12:].lower()}{'.' if extension else ''}{extension}"
