"""Coats of messages: gzip always, zstd where both sides have it; unpacked within a limit.

A few kilobytes can claim to hold gigabytes, and what zstd says of its own size cannot be believed:
both are unpacked in steps, and given up once there is more than the limit.
"""

import gzip
import zlib
from collections.abc import Iterator

from domain.errors import EntryInvalidError

try:
    import zstandard
except ImportError:  # a phone may lack it: gzip then
    zstandard = None

GZIP, ZSTD = "gzip", "zstd"
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_LEVEL, _ZSTD_LEVEL = 6, 9
_STEP = 64 * 1024  # bytes that come out of gzip at once
_ZSTD_STEP = 512  # bytes that go into zstd at once: at most 16 MB come out
_WINDOW_MAX = 8 * 1024 * 1024


def accepted() -> str:
    """Return what this side can unpack, best first, as `Accept-Encoding` says it."""
    return f"{ZSTD}, {GZIP}" if zstandard else GZIP


def pack(data: bytes, accept: str) -> tuple[bytes, str]:
    """Return data in the best coat that the other side accepts, and its name; "" for none."""
    if zstandard and ZSTD in accept:
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data), ZSTD
    if GZIP in accept:
        return gzip.compress(data, compresslevel=_GZIP_LEVEL, mtime=0), GZIP
    return data, ""


def is_packed(data: bytes) -> bool:
    """Say whether these bytes have a coat of gzip."""
    return data.startswith(_GZIP_MAGIC)


def inflate(data: bytes, limit: int, coat: str = GZIP) -> bytes:
    """Unpack at most `limit` bytes; raises EntryInvalidError("size", or the name of the coat)."""
    parts: list[bytes] = []
    total = 0
    for part in (_zstd if coat == ZSTD else _gzip)(data):
        total += len(part)
        if total > limit:
            raise EntryInvalidError(reason="size")
        parts.append(part)
    return b"".join(parts)


def _gzip(data: bytes) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    rest = data
    while rest and not inflater.eof:
        try:
            yield inflater.decompress(rest, _STEP)
        except zlib.error as error:
            raise EntryInvalidError(reason=GZIP) from error
        rest = inflater.unconsumed_tail
    if not inflater.eof or inflater.unused_data:
        raise EntryInvalidError(reason=GZIP)


def _zstd(data: bytes) -> Iterator[bytes]:
    if zstandard is None:
        raise EntryInvalidError(reason=ZSTD)
    inflater = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MAX).decompressobj()
    at = 0
    while at < len(data) and not inflater.eof:
        try:
            yield inflater.decompress(data[at : at + _ZSTD_STEP])
        except zstandard.ZstdError as error:
            raise EntryInvalidError(reason=ZSTD) from error
        at += _ZSTD_STEP
    if not inflater.eof or inflater.unused_data or at < len(data):
        raise EntryInvalidError(reason=ZSTD)
