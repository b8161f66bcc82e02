"""BMP without what may stand beside the picture. Source: BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV5HEADER."""

from __future__ import annotations

import struct

from messaging.services.images.container import Container, broken, broken_off

FILE_HEAD = 14  # bytes, as all of these
OS2_HEAD, INFO_HEAD, V5_HEAD = 12, 40, 124
RLE8, RLE4, MASKS, ALPHA_MASKS = 1, 2, 3, 6  # how the pixels are coded; 4 and 5 are other formats inside
COLOUR_SPACE, PROFILE_PLACE = 56, slice(112, 120)  # in the head
SRGB, LINKED, EMBEDDED = b"BGRs", b"KNIL", b"DEBM"


def strip(data: bytes) -> Container:
    """Heads, palette and pixels. The newest head may name or hold a colour profile; it says sRGB instead."""
    start, head_bytes = struct.unpack_from("<II", data, 10)
    head = bytearray(data[FILE_HEAD : FILE_HEAD + head_bytes])
    if len(head) != head_bytes:
        raise broken_off()
    found = Container()
    table, size = _sizes_os2(found, head) if head_bytes == OS2_HEAD else _sizes(found, head)
    table = min(table, start - FILE_HEAD - head_bytes)  # a palette may be shorter than it could be
    pixels = memoryview(data)[start : start + size if size else len(data)]
    if table < 0 or not pixels or len(pixels) < size:
        raise broken_off()
    if head_bytes >= V5_HEAD and head[COLOUR_SPACE : COLOUR_SPACE + 4] in (LINKED, EMBEDDED):
        head[COLOUR_SPACE : COLOUR_SPACE + 4] = SRGB
        head[PROFILE_PLACE] = bytes(8)
    begin = FILE_HEAD + head_bytes + table
    found.parts = [
        struct.pack("<2sIII", b"BM", begin + len(pixels), 0, begin),
        bytes(head),
        data[FILE_HEAD + head_bytes : begin],
        pixels,
    ]
    return found


def _sizes(found: Container, head: bytearray) -> tuple[int, int]:
    """Bytes of masks and palette, and of the pixels; 0 for pixels whose length only their end tells."""
    width, height, _, bits, coding, size = struct.unpack_from("<iiHHII", head, 4)
    (colours,) = struct.unpack_from("<I", head, 32)
    found.measure(width, abs(height))
    masks = {MASKS: 12, ALPHA_MASKS: 16}.get(coding, 0) if len(head) == INFO_HEAD else 0
    palette = min(colours or (1 << bits if bits <= 8 else 0), 256) * 4
    if coding in (RLE8, RLE4):
        return palette, size
    if coding not in (0, MASKS, ALPHA_MASKS):
        raise broken()
    return masks + palette, _row(width, bits) * abs(height)


def _sizes_os2(found: Container, head: bytearray) -> tuple[int, int]:
    width, height, _, bits = struct.unpack_from("<HHHH", head, 4)
    found.measure(width, height)
    return (3 << bits if bits <= 8 else 0), _row(width, bits) * height


def _row(width: int, bits: int) -> int:
    """Bytes of a row of pixels, which ends at a multiple of four."""
    if bits not in (1, 2, 4, 8, 16, 24, 32):
        raise broken()
    return (width * bits + 31) // 32 * 4
