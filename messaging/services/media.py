"""Uploads: what is kept of a file, and where. The file is written before its row: a row always has its file."""

from __future__ import annotations

import hashlib
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction

from accounts.actors import Actor
from accounts.errors import UserDisabled
from accounts.models import Application, User
from imsite.core import clock, ids
from imsite.core.files import files
from messaging import media_links
from messaging.errors import BadValue, TooLarge, UploadTokenInvalid
from messaging.models import Media
from messaging.services import images, media_types
from messaging.services.images import thumbnails

NAME_CHARACTERS = 255
FORMAT_CHARACTERS = 16
JAVA_ENDING = b"\r\n"  # the vendor's Java client puts a line end behind every file


def limit_of(kind: str, by: Actor) -> int:
    """How many bytes an upload of this kind may have: 8 MiB, and for a user's picture 10 MiB."""
    return settings.SDK_IMAGE_BYTES if by.is_user and kind == Media.Kind.IMAGE else settings.REST_UPLOAD_BYTES


def require_kind(text: str) -> str:
    """The kind of an upload; BadValue (899003, 898003) where it is none."""
    if text not in Media.Kind.values:
        raise BadValue(f"type must be one of {', '.join(Media.Kind.values)}")
    return text


def new_upload_token(user: User) -> str:
    """What the user shows when uploading, within some minutes."""
    return media_links.upload_token(user.application_id, user.pk)


def uploader(application: Application, username: str, token: str) -> Actor:
    """Who uploads with this token. UploadTokenExpired (898010), UploadTokenInvalid (898008) also for a token of another user
    or application, UserDisabled."""
    application_id, user_id = media_links.read_upload_token(token)
    user = User.objects.of(application).filter(pk=user_id).first()
    if user is None or application_id != application.pk or user.username != username:
        raise UploadTokenInvalid
    if user.disabled:
        raise UserDisabled
    user.application = application
    return Actor.of(user)


def add_media(kind: str, upload: File[bytes], *, by: Actor) -> Media:
    """Keep an uploaded file; sizes and sums are those of the bytes kept.

    Pictures lose their metadata and are turned upright, unless the application wants to keep it; files and voices are kept
    as they are. The type comes from the content. TooLarge (899003, 898061), BadValue (899003) for an empty file,
    UnreadableImage (899003), Busy (899030).
    """
    upload = _within_limit(upload, kind, limit_of(kind, by))
    name = _name_of(upload)
    media = Media(application=by.application, owner=by.user, kind=kind, name=name, media_id=ids.new_media_id(kind))
    if kind == Media.Kind.IMAGE:
        picture = images.clean(upload.read(), keep_metadata=not by.application.limits.strip_metadata)
        content: File[bytes] = ContentFile(picture.data)
        found = picture.type
        media.width, media.height = picture.width, picture.height
    else:
        content = upload
        found = media_types.type_of(upload.read(media_types.HEAD_BYTES))
    media.content_type, media.format = found.content_type, found.format or _extension_of(name)
    media.sha256, media.crc32, media.size = _sums_of(content)
    with _stored(content, by.application) as media.file.name:
        media.save(force_insert=True)
    return media


def remove_file(media: Media) -> None:
    """Delete file and thumbnails of an upload whose row is deleted, once that is committed."""
    name = str(media.file.name)

    def remove() -> None:
        files().delete(name)
        thumbnails.forget(name)

    transaction.on_commit(
        remove, robust=True
    )  # a storage that does not answer undoes nothing; what it kept is an orphan


def body_of(media: Media) -> dict[str, Any]:
    """What the answer to an upload says of it, and the body of a message that shows it."""
    body = {"media_id": media.media_id, "media_crc32": media.crc32, "hash": media.sha256, "fsize": media.size}
    match media.kind:
        case Media.Kind.IMAGE:
            return body | {"width": media.width, "height": media.height, "format": media.format}
        case Media.Kind.FILE:
            return body | {"fname": media.name}
        case _:
            return body | {"format": media.format}


def _within_limit(upload: File[bytes], kind: str, limit: int) -> File[bytes]:
    """The upload, if it is neither empty nor too large. Behind a picture a line end beyond the limit is not counted."""
    if not upload.size:
        raise BadValue("the file is empty")
    excess = upload.size - limit
    if excess == len(JAVA_ENDING) and kind == Media.Kind.IMAGE:
        data = upload.read()
        if data.endswith(JAVA_ENDING):
            return ContentFile(data[:limit], upload.name)
    if excess > 0:
        raise TooLarge(f"the file has more than {limit} bytes")
    upload.seek(0)
    return upload


def _name_of(upload: File[bytes]) -> str:
    """The last part of the name that the upload came with, at most 255 characters with its extension."""
    name = PurePath((upload.name or "").replace("\\", "/").replace("\0", "")).name
    name = name.encode("utf-8", "replace").decode()
    stem, extension = os.path.splitext(name)
    extension = extension[:FORMAT_CHARACTERS]
    return stem[: NAME_CHARACTERS - len(extension)] + extension


def _extension_of(name: str) -> str:
    """The extension in lower case, where it looks like one."""
    extension = os.path.splitext(name)[1][1:].lower()
    return extension if extension.isascii() and extension.isalnum() and len(extension) <= FORMAT_CHARACTERS else ""


def _sums_of(content: File[bytes]) -> tuple[str, int, int]:
    """SHA-256 in hex, CRC-32, bytes."""
    sha256, crc32, size = hashlib.sha256(), 0, 0
    for chunk in content.chunks():
        sha256.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
        size += len(chunk)
    return sha256.hexdigest(), crc32, size


@contextmanager
def _stored(content: File[bytes], application: Application) -> Iterator[str]:
    """Write the file under a random name that nothing else tells, and take it away again where its row fails."""
    folder = clock.now().strftime(f"{application.appkey}/%Y/%m/%d")
    content.seek(0)
    stored_as = files().save(f"{folder}/{secrets.token_hex(16)}", content)
    try:
        yield stored_as
    except BaseException:
        files().delete(stored_as)
        raise
