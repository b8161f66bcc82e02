"""What a file is, told from its first bytes; never from its name or what its sender says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD_BYTES = 64


@dataclass(frozen=True, slots=True)
class FileType:
    content_type: str
    format: str  # the usual extension; "" where it is unknown


UNKNOWN = FileType("application/octet-stream", "")
JPEG = FileType("image/jpeg", "jpg")
PNG = FileType("image/png", "png")
GIF = FileType("image/gif", "gif")
WEBP = FileType("image/webp", "webp")
BMP = FileType("image/bmp", "bmp")
IMAGES = (JPEG, PNG, GIF, WEBP, BMP)

_SIGNATURES: tuple[tuple[re.Pattern[bytes], FileType], ...] = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"\xff\xd8\xff", JPEG),
        (rb"\x89PNG\r\n\x1a\n", PNG),
        (rb"GIF8[79]a", GIF),
        (rb"RIFF....WEBP", WEBP),
        (rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", BMP),
        (rb"#!AMR-WB\n", FileType("audio/amr-wb", "awb")),
        (rb"#!AMR\n", FileType("audio/amr", "amr")),
        (rb"ID3[\x02-\x04]|\xff[\xf2\xf3\xfa\xfb]", FileType("audio/mpeg", "mp3")),
        (rb"\xff[\xf0\xf1\xf8\xf9]", FileType("audio/aac", "aac")),
        (rb"RIFF....WAVE", FileType("audio/wav", "wav")),
        (rb"OggS", FileType("audio/ogg", "ogg")),
        (rb"fLaC", FileType("audio/flac", "flac")),
        (rb"....ftypM4[AB] ", FileType("audio/mp4", "m4a")),
        (rb"....ftyp(avif|avis)", FileType("image/avif", "avif")),
        (rb"....ftyp(heic|heix|mif1|msf1)", FileType("image/heic", "heic")),
        (rb"....ftypqt  ", FileType("video/quicktime", "mov")),
        (rb"....ftyp3g2", FileType("video/3gpp2", "3g2")),
        (rb"....ftyp3g", FileType("video/3gpp", "3gp")),
        (rb"....ftyp(isom|iso[2-9]|mp4[12]|mmp4|avc1|M4V |MSNV|dash)", FileType("video/mp4", "mp4")),
        (rb"\x1aE\xdf\xa3.{4,48}webm", FileType("video/webm", "webm")),
        (rb"\x1aE\xdf\xa3.{4,48}matroska", FileType("video/x-matroska", "mkv")),
        (rb"RIFF....AVI ", FileType("video/x-msvideo", "avi")),
        (rb"FLV\x01", FileType("video/x-flv", "flv")),
        (rb"%PDF-", FileType("application/pdf", "pdf")),
        (rb"PK\x03\x04", FileType("application/zip", "zip")),
    )
)  # fmt: skip

# What a browser may show in place: none of it can carry script.
SHOWN_IN_PLACE = frozenset(kind.content_type for _, kind in _SIGNATURES) - {"application/pdf", "application/zip"}


def type_of(head: bytes) -> FileType:
    """The type of a file that begins with `head`; UNKNOWN for everything that is not on the list."""
    return next((kind for pattern, kind in _SIGNATURES if pattern.match(head)), UNKNOWN)
