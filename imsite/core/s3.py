"""Uploads in a bucket of an S3-compatible service. Imported only where IM_S3_BUCKET is set: boto3 takes its time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

from imsite.core.files import Part, StorageFails

CONNECT_SECONDS = 5
READ_SECONDS = 20
TRIES = 3
ADDRESS_SECONDS = 300  # enough to begin a download

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def _answering(name: object) -> Iterator[None]:
    """FileNotFoundError where the service knows no such file, StorageFails for all else that it or the way to it does."""
    try:
        yield
    except ClientError as error:
        status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        if status == 404 and code != "NoSuchBucket":
            raise FileNotFoundError(str(name)) from None
        log.error("S3: %s: %s", name, error)
        raise StorageFails from error
    except (BotoCoreError, Boto3Error) as error:
        log.error("S3: %s: %s", name, error)
        raise StorageFails from error


def _answered(operation: Callable[P, R]) -> Callable[P, R]:
    @wraps(operation)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        with _answering(args[1] if len(args) > 1 else ""):
            return operation(*args, **kwargs)

    return asked


class S3Files(S3Storage):
    """A bucket. Its files are for us alone: browsers get them through us, or by addresses that we sign."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_config: Config = self.client_config.merge(
            Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": TRIES},
                # The newer kind of checksum is not known to every service that calls itself compatible.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
        )

    save = _answered(S3Storage.save)
    open = _answered(S3Storage.open)
    exists = _answered(S3Storage.exists)
    delete = _answered(S3Storage.delete)
    listdir = _answered(S3Storage.listdir)
    size = _answered(S3Storage.size)

    def put(self, name: str, data: bytes) -> None:
        self.save(name, ContentFile(data))  # the service keeps a file whole or not at all

    @_answered
    def part(self, name: str, start: int = 0, end: int | None = None) -> Part:
        wanted = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
        found = self.bucket.Object(self._normalize_name(name)).get(**wanted)
        return Body(name, found["Body"])

    @_answered
    def address(self, name: str, headers: dict[str, str]) -> str | None:
        if settings.S3_DOWNLOADS != "redirect":
            return None
        parameters = {f"Response{header.replace('-', '')}": value for header, value in headers.items()}
        address: str = self.url(name, parameters=parameters, expire=ADDRESS_SECONDS)
        return address


class Body:
    """What the service sends of a file, read as it comes."""

    def __init__(self, name: str, stream: Part) -> None:
        self.name, self.stream = name, stream

    def read(self, size: int = -1, /) -> bytes:
        with _answering(self.name):
            return self.stream.read(size if size >= 0 else None)  # type: ignore[arg-type]  # botocore's "all of it"

    def close(self) -> None:
        self.stream.close()
