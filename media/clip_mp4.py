"""What an MP4 or QuickTime file says of itself: length, size, tracks (ISO/IEC 14496-12).

Only heads of boxes are read, the pictures are skipped, so a clip of 200 MB costs a few reads.
Files come from anywhere: the number of boxes is limited, and a box that says it ends behind its
parent means a damaged or truncated file.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from domain.errors import ClipError

BOXES_MAX = 20_000  # in one box; a fragmented minute has a few hundred
FIELDS_MAX = 4 * 1024 * 1024  # bytes of one table of sample lengths
_FIRST = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_PICTURES = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"heif", b"mif1")
_UNKNOWN = {0: 0xFFFF_FFFF, 1: 0xFFFF_FFFF_FFFF_FFFF}  # duration "not known", by version


class Box(NamedTuple):
    """One box: its kind, and where its content stands."""

    kind: bytes
    begin: int
    end: int


@dataclass
class Track:
    """One track as far as it was read; lengths in units of `timescale`."""

    handler: bytes = b""
    width: int = 0
    height: int = 0
    timescale: int = 0
    length: int = 0
    fragments: int = 0
    default: int = 0


@dataclass
class Movie:
    """All tracks by number, and the length that the file claims."""

    tracks: dict[int, Track] = field(default_factory=dict[int, Track])
    length_ms: int = 0


def begins_like(head: bytes) -> bool:
    """Say whether a file begins like MP4 or QuickTime, and not like a HEIC or AVIF picture."""
    kind = head[4:8]
    return kind in _FIRST and not (kind == b"ftyp" and head[8:12] in _PICTURES)


def mime(head: bytes) -> str:
    """Return the MIME type by the brand of the file."""
    brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
    if brand == b"qt  ":
        return "video/quicktime"
    return "video/3gpp" if brand.startswith(b"3g") else "video/mp4"


def read(file: BinaryIO, size: int) -> Movie:
    """Read the tables of a file of `size` bytes; raises ClipError "damaged"."""
    movie, found = Movie(), False
    for box in _boxes(file, 0, size):
        if box.kind == b"moov":
            found = True
            _moov(file, box, movie)
        elif box.kind == b"moof":
            _moof(file, box, movie)
    if not found:  # phones write it last: the file was cut off before
        raise ClipError(reason="damaged")
    lengths = [
        max(track.length, track.fragments) * 1000 // track.timescale
        for track in movie.tracks.values()
        if track.timescale
    ]
    movie.length_ms = max([movie.length_ms, *lengths])
    return movie


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[Box]:
    at = begin
    for _ in range(BOXES_MAX):
        if end - at < 8:  # the end, or the four zeros that QuickTime puts behind some lists
            return
        head = _bytes(file, at, 8)
        size, body = int.from_bytes(head[:4]), at + 8
        if size == 1:
            size, body = int.from_bytes(_bytes(file, body, 8)), body + 8
        elif size == 0:  # up to the end of the file
            size = end - at
        if size < body - at or at + size > end:
            raise ClipError(reason="damaged")
        yield Box(head[4:8], body, at + size)
        at += size
    raise ClipError(reason="damaged")


def _moov(file: BinaryIO, moov: Box, movie: Movie) -> None:
    for box in _boxes(file, moov.begin, moov.end):
        if box.kind == b"mvhd":
            scale, length = _scaled(file, box)
            movie.length_ms = length * 1000 // scale if scale else 0
        elif box.kind == b"trak":
            _trak(file, box, movie)
        elif box.kind == b"mvex":
            for inner in _boxes(file, box.begin, box.end):
                if inner.kind == b"trex":
                    number, _, default = struct.unpack(">III", _bytes(file, inner.begin + 4, 12))
                    movie.tracks.setdefault(number, Track()).default = default


def _trak(file: BinaryIO, trak: Box, movie: Movie) -> None:
    number, track = 0, Track()
    for box in _boxes(file, trak.begin, trak.end):
        if box.kind == b"tkhd":
            number = _head(file, box, track)
        elif box.kind == b"mdia":
            for inner in _boxes(file, box.begin, box.end):
                if inner.kind == b"mdhd":
                    track.timescale, track.length = _scaled(file, inner)
                elif inner.kind == b"hdlr":
                    track.handler = _bytes(file, inner.begin + 8, 4)
    known = movie.tracks.get(number)
    track.default = known.default if known else 0
    movie.tracks[number] = track


def _head(file: BinaryIO, tkhd: Box, track: Track) -> int:
    """Read the number and the size of a track, as turned by its matrix."""
    version = _bytes(file, tkhd.begin, 1)[0]
    number = int.from_bytes(_bytes(file, tkhd.begin + (20 if version == 1 else 12), 4))
    matrix = _bytes(file, tkhd.begin + (52 if version == 1 else 40), 44)
    a, b = struct.unpack(">ii", matrix[:8])
    width, height = (side >> 16 for side in struct.unpack(">II", matrix[36:]))
    lying = a == 0 and b != 0
    track.width, track.height = (height, width) if lying else (width, height)
    return number


def _scaled(file: BinaryIO, box: Box) -> tuple[int, int]:
    """Return timescale and duration of an `mvhd` or `mdhd`; an unknown duration is 0."""
    version = _bytes(file, box.begin, 1)[0]
    body = _bytes(file, box.begin + 4, 28 if version == 1 else 16)
    scale, length = struct.unpack(
        ">IQ" if version == 1 else ">II", body[-(12 if version == 1 else 8) :]
    )
    return scale, 0 if length == _UNKNOWN.get(version, 0) else length


def _moof(file: BinaryIO, moof: Box, movie: Movie) -> None:
    for box in _boxes(file, moof.begin, moof.end):
        if box.kind != b"traf":
            continue
        track, default = Track(), 0
        for inner in _boxes(file, box.begin, box.end):
            if inner.kind == b"tfhd":
                number, default = _fragment_head(file, inner)
                track = movie.tracks.setdefault(number, Track())
            elif inner.kind == b"trun":
                track.fragments += _run(file, inner, default or track.default)


def _fragment_head(file: BinaryIO, tfhd: Box) -> tuple[int, int]:
    """Return the number of the track and its length per sample (0: as in `trex`)."""
    flags, number = struct.unpack(">II", _bytes(file, tfhd.begin, 8))
    if not flags & 0x8:
        return number, 0
    at = tfhd.begin + 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    return number, int.from_bytes(_bytes(file, at, 4))


def _run(file: BinaryIO, trun: Box, default: int) -> int:
    """Return the length of a run of samples."""
    flags, count = struct.unpack(">II", _bytes(file, trun.begin, 8))
    if not flags & 0x100:
        return count * default
    at = trun.begin + 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    step = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    if at + count * step > trun.end or count * step > FIELDS_MAX:
        raise ClipError(reason="damaged")
    table = _bytes(file, at, count * step)
    return sum(int.from_bytes(table[i : i + 4]) for i in range(0, len(table), step))


def _bytes(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    found = file.read(size)
    if len(found) < size:
        raise ClipError(reason="damaged")
    return found
