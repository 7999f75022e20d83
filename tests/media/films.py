"""Clips to test with: real ones from OpenCV's encoders, and WebM as browsers write it live."""

import struct
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

KINDS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "MJPG", ".webm": "VP80"}
MIMES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
}


def film(
    folder: Path,
    name: str = "clip.mp4",
    *,
    seconds: int = 3,
    fps: int = 10,
    size: tuple[int, int] = (160, 120),
) -> Path:
    """Write a clip of a colour that changes; the ending of the name says which kind."""
    path = folder / name
    codec = cv2.VideoWriter.fourcc(*KINDS[path.suffix])
    writer = cv2.VideoWriter(str(path), codec, float(fps), size)
    assert writer.isOpened()
    noise = np.random.default_rng(0).integers(0, 60, (size[1], size[0], 3), dtype=np.uint8)
    for number in range(seconds * fps):
        frame = noise.copy()
        frame[:, :, 2] = 120 + number % 100
        writer.write(frame)
    writer.release()
    return path


def live_webm(seconds: float, *, video: bool = True, doctype: str = "webm") -> bytes:
    """Return WebM as a browser streams it: no length anywhere, sizes of clusters unknown."""
    track = element(0x83, b"\x01" if video else b"\x02")
    if video:
        track += element(0xE0, element(0xB0, b"\x01\x40") + element(0xBA, b"\xf0"))
    head = element(0x1A45DFA3, element(0x4282, doctype.encode()))
    body = element(0x1549A966, element(0x2AD7B1, (1_000_000).to_bytes(4)))
    body += element(0x1654AE6B, element(0xAE, track))
    for begin_ms in range(0, round(seconds * 1000), 1000):
        body += b"\x1f\x43\xb6\x75" + b"\x01" + b"\xff" * 7
        body += element(0xE7, begin_ms.to_bytes(4))
        blocks = range(0, 1000, 100)
        body += b"".join(
            element(0xA3, b"\x81" + struct.pack(">h", after) + b"\x80frame") for after in blocks
        )
    return head + b"\x18\x53\x80\x67" + b"\x01" + b"\xff" * 7 + body


def fragmented_mp4(lengths_ms: Iterable[int]) -> bytes:
    """Return MP4 as Safari and newer Chromium stream it: the length only in the fragments."""
    moov = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, 0) + bytes(80))
    moov += box(
        b"trak",
        box(b"tkhd", bytes(12) + struct.pack(">I", 1) + bytes(24) + struct.pack(">9i", 1, *[0] * 8)
            + struct.pack(">II", 320 << 16, 240 << 16))
        + box(
            b"mdia",
            box(b"mdhd", bytes(12) + struct.pack(">II", 1000, 0) + bytes(4))
            + box(b"hdlr", bytes(8) + b"vide" + bytes(13)),
        ),
    )  # fmt: skip
    moov += box(b"mvex", box(b"trex", bytes(4) + struct.pack(">IIIII", 1, 1, 40, 0, 0)))
    found = box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", moov)
    for length in lengths_ms:
        tfhd = box(b"tfhd", struct.pack(">II", 0, 1))
        trun = box(b"trun", struct.pack(">III", 0x100, 1, length))
        found += box(b"moof", box(b"traf", tfhd + trun)) + box(b"mdat", bytes(50))
    return found


def element(kind: int, content: bytes) -> bytes:
    """Return an element of EBML."""
    name = kind.to_bytes((kind.bit_length() + 7) // 8)
    return name + (len(content) | 1 << 28).to_bytes(4) + content


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box of ISO 14496-12."""
    return struct.pack(">I", len(content) + 8) + kind + content
