"""Where uploads lie: a folder of this machine, or with IM_S3_BUCKET a bucket (`imsite.core.s3`).

Django's storage API and three operations more, the same for both. Names are paths with slashes below the storage's root.
"""

from __future__ import annotations

import os
import secrets
from typing import IO, Any, Protocol, cast

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage

from imsite.core.errors import Busy


class StorageFails(Busy):
    """The storage of files does not answer; try again."""


class Part(Protocol):
    """Bytes of a stored file, to be read once from their first to their last."""

    def read(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class Files(Protocol):
    """What is asked of a storage. FileNotFoundError where a file is not there, StorageFails (503/899030) where a remote one
    does not answer."""

    def save(self, name: str | None, content: File[bytes]) -> str:
        """Keep a new file, safe from a power cut when this returns; the name it got."""

    def put(self, name: str, data: bytes) -> None:
        """Keep a file whole or not at all, over one of this name. It may be gone after a power cut."""

    def part(self, name: str, start: int = 0, end: int | None = None) -> Part:
        """The bytes from `start` up to `end`, at least one; all to the last where `end` is None."""

    def address(self, name: str, headers: dict[str, str]) -> str | None:
        """An address from which a browser may fetch the file itself, with these headers; None where we send it."""

    def open(self, name: str, mode: str = "rb") -> File[bytes]: ...

    def delete(self, name: str) -> None: ...

    def exists(self, name: str) -> bool: ...

    def listdir(self, path: str) -> tuple[list[str], list[str]]: ...


def files() -> Files:
    """The storage that the settings name."""
    return cast(Files, default_storage)


class LocalFiles(FileSystemStorage):
    """A folder of this machine: IM_DATA_DIR/media."""

    def _save(self, name: str, content: File[Any]) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]  # the stubs leave it out
        path = self.path(saved)
        for target in (path, os.path.dirname(path)):
            _sync(target)
        return saved

    def put(self, name: str, data: bytes) -> None:
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fresh = f"{path}.{secrets.token_hex(4)}"
        try:
            with open(fresh, "xb") as file:
                file.write(data)
            os.replace(fresh, path)  # whoever reads meanwhile has the old one or the new one
        except BaseException:
            if os.path.exists(fresh):
                os.unlink(fresh)
            raise

    def part(self, name: str, start: int = 0, end: int | None = None) -> Part:
        return Slice(open(self.path(name), "rb"), start, end)  # the slice closes it

    def address(self, name: str, headers: dict[str, str]) -> str | None:
        return None


class Slice:
    """Bytes `start` up to `end` of an open file, as a file."""

    def __init__(self, file: IO[bytes], start: int, end: int | None) -> None:
        self.file = file
        self.left = (os.fstat(file.fileno()).st_size if end is None else end) - start
        file.seek(start)

    def read(self, size: int = -1, /) -> bytes:
        data = self.file.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data

    def close(self) -> None:
        self.file.close()


def _sync(path: str) -> None:
    """What was acknowledged must survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
