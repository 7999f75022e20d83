"""What a WebM or Matroska file says of itself, and how long it really is (RFC 8794, RFC 9559).

Browsers write WebM live and often leave the length out, so it is taken from the times of the
blocks. The file is walked element by element; only heads and small values are read. Going into a
master element and passing over any other one needs no stack, so nothing can nest too deeply.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from domain.errors import ClipError

ELEMENTS_MAX = 200_000  # a minute with sound has about 7 000 blocks
HEAD = b"\x1a\x45\xdf\xa3"
_UNKNOWN = -1  # size of a live element: as far as the next one of its level
_DOCTYPE, _SCALE, _DURATION, _TRACK_TYPE = 0x4282, 0x2AD7B1, 0x4489, 0x83
_WIDTH, _HEIGHT, _CLUSTER_TIME = 0xB0, 0xBA, 0xE7
_BLOCKS = frozenset({0xA3, 0xA1})
_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_LIVE = frozenset({_SEGMENT, _CLUSTER})  # the only ones whose size may be unknown
# EBML, Segment, Info, Tracks, TrackEntry, Video, Cluster, BlockGroup
_MASTERS = _LIVE | {_EBML, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0xA0}
_VALUES = frozenset({_DOCTYPE, _SCALE, _DURATION, _TRACK_TYPE, _WIDTH, _HEIGHT, _CLUSTER_TIME})
_VIDEO, _SOUND = 1, 2


@dataclass
class Stream:
    """What was found; times in milliseconds."""

    doctype: str = ""
    scale_ns: int = 1_000_000  # of one unit of time
    claimed: float = 0.0  # units
    last: int = 0  # units: the latest block
    cluster: int = 0
    width: int = 0
    height: int = 0
    video: bool = False
    sound: bool = False

    @property
    def length_ms(self) -> int:
        """The longer of what is claimed and what is there."""
        return round(max(self.claimed, self.last) * self.scale_ns / 1_000_000)


def begins_like(head: bytes) -> bool:
    """Say whether a file begins like WebM or Matroska."""
    return head[:4] == HEAD


def read(file: BinaryIO, size: int, stop_ms: int) -> Stream:
    """Walk a file of `size` bytes until its end or until it is longer than `stop_ms`.

    Raises ClipError "damaged" where an element does not fit in, "clip_format" for another type.
    """
    stream, at = Stream(), 0
    for _ in range(ELEMENTS_MAX):
        if at >= size or stream.length_ms > stop_ms:
            return stream
        kind, body = _number(file, at, keep_mark=True)
        length, body = _number(file, body)
        if length == _UNKNOWN:
            if kind not in _LIVE:
                raise ClipError(reason="damaged")
        elif body + length > size:  # cut off
            raise ClipError(reason="damaged")
        if kind in _MASTERS:
            at = body
            continue
        if kind in _VALUES:
            _take(stream, kind, _bytes(file, body, min(length, 16)))
        elif kind in _BLOCKS:
            _block(stream, file, body, length)
        at = body + length
    raise ClipError(reason="damaged")


def _take(stream: Stream, kind: int, value: bytes) -> None:
    number = int.from_bytes(value[:8])
    match kind:
        case 0x4282:
            stream.doctype = value.rstrip(b"\0").decode("ascii", "replace")
            if stream.doctype not in ("webm", "matroska"):
                raise ClipError(reason="clip_format")
        case 0x2AD7B1:
            stream.scale_ns = number
        case 0x4489:
            stream.claimed = _float(value)
        case 0x83:
            stream.video |= number == _VIDEO
            stream.sound |= number == _SOUND
        case 0xB0:
            stream.width = number
        case 0xBA:
            stream.height = number
        case _:
            stream.cluster = number


def _block(stream: Stream, file: BinaryIO, at: int, length: int) -> None:
    """Note the time of a block: track number, then 16 bits relative to its cluster."""
    _, body = _number(file, at)
    if length < body - at + 2:
        raise ClipError(reason="damaged")
    (after,) = struct.unpack(">h", _bytes(file, body, 2))
    stream.last = max(stream.last, stream.cluster + after)


def _float(value: bytes) -> float:
    if len(value) not in (4, 8):
        return 0.0
    (number,) = struct.unpack(">f" if len(value) == 4 else ">d", value)
    return number if 0 <= number < 1e15 else 0.0  # false for nan too


def _number(file: BinaryIO, at: int, *, keep_mark: bool = False) -> tuple[int, int]:
    """Return a number of variable length and where it ends; ids keep the mark of their length."""
    first = _bytes(file, at, 1)[0]
    width = 9 - first.bit_length()  # as many bytes as there are zeros in front, and one
    if width > (4 if keep_mark else 8):
        raise ClipError(reason="damaged")
    value = int.from_bytes(_bytes(file, at, width))
    if keep_mark:
        return value, at + width
    every = (1 << 7 * width) - 1
    value &= every
    return (_UNKNOWN if value == every else value), at + width


def _bytes(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    found = file.read(size)
    if len(found) < size:
        raise ClipError(reason="damaged")
    return found
