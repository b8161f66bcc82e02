"""Uploads over REST and from pages, and their addresses. Source: REST, Media; Web SDK, upload and download."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, load_handler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import identity, rates, rules
from accounts.actors import Actor
from accounts.authentication import read_basic
from accounts.errors import AuthenticationMissing, NoSuchApplication, OriginRefused, UserDisabled
from accounts.models import Application
from imsite.core.errors import ImError, Invalid, TooFast
from imsite.rest.describe import Header, Upload, described
from imsite.rest.errors import answer_refusal
from imsite.rest.views import ImView
from messaging import media_links, schema
from messaging.errors import (
    NoSuchMedia,
    TooLarge,
    UnreadableImage,
    UploadTokenExpired,
    UploadTokenInvalid,
)
from messaging.models import Media
from messaging.serializers import MediaQuery, UploadQuery
from messaging.services import media

DRAINED_BYTES = 64 * 1024 * 1024  # read and thrown away, so that whoever sends too much hears why
HEAD_BYTES = 64 * 1024  # of a body, in which the names of its parts stand
HEADER_LINES = 16  # of a part, as long as its name may need converting
TAIL_BYTES = 4096  # of a body, in which its end stands
PREFLIGHT_SECONDS = 3600
UPLOAD_CODES: dict[type[ImError], int] = {TooLarge: 898061, UploadTokenExpired: 898010}


# Upload


class Resource(ImView):
    """/v1/resource"""

    @described(
        "Upload a file",
        query=UploadQuery,
        body=Upload(),
        answers={200: schema.Stored},
        codes=[TooLarge, UnreadableImage],
    )
    def post(self, request: Request) -> Response:
        """Keep one file, sent as multipart/form-data: the first file part counts, whatever its name; at most 8 MiB.

        An image is answered with `width`, `height` and `format`, a file with `fname`, a voice with `format`. The
        content says what a file is, never its name. Of images only the picture is kept, without what the camera wrote
        beside it, such as the place.

        Source: REST, Media.
        """
        kind = media.require_kind(request.query_params.get("type", ""))
        return Response(media.body_of(receive(request, kind, by=self.actor)))

    @described("Show a file's address", query=MediaQuery, answers={200: schema.Address}, codes=[NoSuchMedia])
    def get(self, request: Request) -> Response:
        """An absolute address from which the file is read without credentials, until the address expires.

        Files of the owner's other applications have one too: their users meet in groups and chat rooms. With
        `?size=320x240` behind the address of a picture, a thumbnail of it is read.

        Source: REST, Media.
        """
        media_id = request.query_params.get("mediaId", "")
        if not media_id:
            raise Invalid("mediaId is required")
        found = Media.objects.shown_to(self.actor.application).find(media_id)
        return Response({"url": media_links.link(found, base_url(request))})


class UploadToken:
    """Basic username:uptoken, for the description; `page_actor` reads it."""

    refusals = (AuthenticationMissing, UploadTokenInvalid, UploadTokenExpired)
    described_as = (
        "uploadToken",
        {
            "type": "http",
            "scheme": "basic",
            "description": "The user's name, and the upload token that their socket was given.",
        },
    )


class UploadFromPage(APIView):
    """/resource, for pages. OPTIONS is the preflight of a page on another origin; any origin that some application allows.

    Source: Web SDK, upload and download.
    """

    authentication_classes: list[Any] = []  # the user's token, read below: other codes than the REST API's
    credentials = (UploadToken,)
    refusals = (TooFast,)

    @described(
        "Upload a file from a web page",
        query=UploadQuery,
        body=Upload(),
        headers=[Header("X-App-Key", "The application's appkey.", most_bytes=24, required=True)],
        answers={200: schema.Stored},
        codes=[NoSuchApplication, OriginRefused, UserDisabled, TooLarge, UnreadableImage],
    )
    def post(self, request: Request) -> Response:
        """The same as `/v1/resource`, from a web page and in the name of a user. Images have at most 10 MiB, other
        files 8 MiB.

        The codes are those of the vendor's upload host, 1000 less than the REST API's: 898061 too large, 898010 the
        token has expired.
        """
        by = page_actor(request)
        kind = media.require_kind(request.query_params.get("type", ""))
        return Response(media.body_of(receive(request, kind, by=by)))

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        require_known_origin(request.META.get("HTTP_ORIGIN", ""))
        return Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "POST, OPTIONS",
                "Access-Control-Allow-Headers": "x-app-key, jm-channel, authorization, content-type",
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            },
        )

    @staticmethod
    def code_of(refusal: type[ImError]) -> int:
        return UPLOAD_CODES.get(refusal) or uploads_number(refusal.code)

    def get_exception_handler(self) -> Any:
        return answer_upload_refusal

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        # On refusals too, or the page would not learn why. No cookie is read here, so any page may see the answer.
        if not (request.method == "OPTIONS" and response.status_code != 204):
            response.headers["Access-Control-Allow-Origin"] = "*"
        return super().finalize_response(request, response, *args, **kwargs)


def page_actor(request: Request) -> Actor:
    """The user whose page this is."""
    application = identity.application_of(request.META.get("HTTP_X_APP_KEY", ""))
    rules.require_origin(application, request.META.get("HTTP_ORIGIN", ""), own=base_url(request))
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header.strip():
        raise AuthenticationMissing
    uploader = media.uploader(application, *read_basic(header))
    rates.require_uploads(uploader)
    return uploader


def answer_upload_refusal(error: Exception, context: dict[str, Any]) -> Response | None:
    """The REST answer with the codes of uploads: those of the REST API, 1000 lower, and some of their own."""
    response = answer_refusal(error, context)
    if response is not None:
        fault = response.data["error"]
        own = UPLOAD_CODES.get(type(error)) if isinstance(error, ImError) else None
        fault["code"] = own or uploads_number(fault["code"])
    return response


def uploads_number(code: int) -> int:
    """A code of the REST API as the vendor's upload host numbers it."""
    return code - 1000 if 899000 <= code <= 899099 else 898003


def require_known_origin(origin: str) -> None:
    """Some application allows pages of this origin: a preflight does not say which one it is about. OriginRefused."""
    rules.require_origin(Application(origins=identity.origins_of_all()), origin)


def receive(request: Request, kind: str, *, by: Actor) -> Media:
    """Read the body and keep its first file."""
    first = FirstFile(media.limit_of(kind, by) + len(media.JAVA_ENDING))
    plain: HttpRequest = request._request
    plain.upload_handlers = [first, *(load_handler(name, plain) for name in settings.FILE_UPLOAD_HANDLERS)]
    body = Body(plain)
    try:
        _, files = plain.parse_file_upload(plain.META, body)  # type: ignore[arg-type]  # it only reads
    except MultiPartParserError as error:
        raise Invalid(f"the body is not multipart/form-data: {error}") from None
    except UnreadablePostError:
        raise Invalid("the body broke off") from None
    if first.is_too_large:
        raise TooLarge(f"the file has more than {media.limit_of(kind, by)} bytes")
    upload = next((parts[0] for _, parts in files.lists()), None)
    if upload is None:
        raise Invalid("the body has no file part")
    if not body.is_whole:
        raise Invalid("the body broke off")
    with upload:
        return media.add_media(kind, upload, by=by)


class Body:
    """A multipart body on its way to the parser.

    Its parts may have their names in GBK, as clients of Chinese Windows write them, which Django leaves out: what stands
    between a boundary and an empty line within the first bytes is converted; contents are not. And it is whole only with
    its last boundary, which Django does not ask for: a length that is declared too short cuts a file.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.boundary = b"--" + (request.content_params or {}).get("boundary", "").encode("utf-8", "replace")
        self.tail: bytes | None = None

    @property
    def is_whole(self) -> bool:
        return self.boundary + b"--" in (self.tail or b"")

    def read(self, size: int) -> bytes:
        data = self._begin() if self.tail is None else self.request.read(size)
        self.tail = ((self.tail or b"") + data)[-TAIL_BYTES:]
        return data

    def _begin(self) -> bytes:
        head = b""
        while len(head) < HEAD_BYTES and (more := self.request.read(HEAD_BYTES - len(head))):
            head += more
        # Possessive and counted: whoever sends boundaries alone would have all that follows read again for each of them.
        lines = rb"\r\n(?:[^\r\n]++\r\n){1,%d}+(?=\r\n)" % HEADER_LINES
        headers = re.compile(re.escape(self.boundary) + lines)
        return headers.sub(lambda found: in_utf8(found.group()), head)


def in_utf8(text: bytes) -> bytes:
    """UTF-8 as it is, GBK converted, and of what is neither the readable part."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return text.decode(encoding).encode()
        except UnicodeDecodeError:
            pass
    return text.decode("utf-8", "replace").encode()


class FirstFile(FileUploadHandler):
    """Lets the first file through to the handlers behind it, up to a limit; all else is read and thrown away."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.files = self.size = self.read = 0

    @property
    def is_too_large(self) -> bool:
        return self.size > self.limit

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.files += 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.read += len(raw_data)
        if self.read > max(DRAINED_BYTES, self.limit):
            self.size = max(self.size, self.read)
            raise StopUpload(connection_reset=True)
        if self.files > 1:
            return None
        self.size += len(raw_data)
        return None if self.is_too_large else raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None


def base_url(request: Request) -> str:
    """`https://host` as the request named it."""
    return request.build_absolute_uri("/").rstrip("/")
