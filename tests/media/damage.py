"""Damaged pictures, clips and texts for every decoder; each case follows from a `Random` alone.

Hypothesis draws that `Random` (`chances`), so a case is made smaller until it is as plain as it can
be; `tests.faults.fuzz_decoders` seeds it. `bounded` says that nothing took more memory than it may.
"""

import random
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import segno
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from PIL import Image

from media import base45, images, label_sheet, relay_frames, vision
from tests.media.pictures import FONT, encoded, jpeg, opened, photo, printed

SIGNS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
NAMED: Final = re.compile(rb"(?<=.{4})[A-Za-z]{4}", re.DOTALL)  # boxes of MP4, parts of a PNG
LENGTHS: Final = (0, 1, 7, 8, 9, 7000, 2**31 - 1, 2**32 - 1)
# The largest picture that is taken, decoded in colour and once more in another mode.
ROSE_MIB: Final = images.PIXELS_MAX * 8 / 2**20
STATUS: Final = Path("/proc/self/status")
chances: SearchStrategy[random.Random] = st.randoms(use_true_random=False)


def samples() -> list[bytes]:
    """Good files of every kind that is taken."""
    plate = opened(label_sheet.picture(printed(), "zh", FONT))
    scene = photo(480, 360)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 0.0, 3.9), 3: "E", 4: (122.0, 30.0, 3.0)})
    return [
        jpeg(plate, quality=80),
        jpeg(scene, exif=exif.tobytes()),
        jpeg(scene, progressive=True),
        encoded(plate, "PNG"),
        encoded(scene.convert("P"), "PNG"),
        encoded(scene.convert("RGBA"), "PNG"),
        encoded(Image.fromarray(np.arange(60_000, dtype=np.uint16).reshape(200, 300)), "PNG"),
        encoded(scene, "WEBP"),
        encoded(plate, "WEBP", lossless=True),
    ]


def damaged(good: list[bytes], chance: random.Random) -> bytes:
    """Return one of some files, changed in one to four ways."""
    data = bytearray(chance.choice(good))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(1, len(data)))
        head = chance.randrange(max(1, min(64, len(data))))
        match chance.randrange(9):
            case 0:
                del data[at:]
            case 1:
                for _ in range(chance.randint(1, 20)):
                    data[chance.randrange(len(data)) : at + 1] = chance.randbytes(1)
                    data = data or bytearray(b"\0")
            case 2:
                data[at : at + chance.randint(1, 400)] = bytes(chance.randint(0, 400))
            case 3:
                data[at:at] = chance.randbytes(chance.randint(1, 200))
            case 4:
                other = chance.choice(good)
                data[at:] = other[chance.randrange(len(other)) :]
            case 5:  # sizes and lengths stand near the beginning
                data[head : head + 4] = struct.pack(">I", chance.choice([0, 1, 7000, 2**31 - 1]))
            case 6:
                data[head : head + 2] = struct.pack(">H", chance.choice([0, 1, 7000, 65535]))
            case 7 if parts := list(NAMED.finditer(data)):  # lengths stand before names of parts
                begin = chance.choice(parts).start() - 4
                data[begin : begin + 4] = struct.pack(">I", chance.choice(LENGTHS))
            case _:
                data[at : at + 1] = bytes([chance.randrange(256)])
        if not data:
            break
    return bytes(data)


def spoilt_code(chance: random.Random) -> bytes:
    """A code with modules turned over, finders kept: readable heads, impossible insides."""
    text = "".join(chance.choices(SIGNS, k=chance.randint(1, 300)))
    code = segno.make(text, error=chance.choice("lmqh"), boost_error=False, micro=False)
    modules = np.array([list(row) for row in code.matrix], dtype=np.uint8)
    noise = np.random.default_rng(chance.randrange(2**31))
    modules ^= (noise.random(modules.shape) < chance.choice([0.02, 0.1, 0.3])).astype(np.uint8)
    cells = np.pad(1 - modules, chance.randint(0, 4), constant_values=1)
    pixels = np.kron(cells, np.ones((4, 4), np.uint8)) * 255
    picture = Image.fromarray(pixels.astype(np.uint8)).rotate(chance.uniform(0, 90), fillcolor=255)
    return encoded(picture, "PNG")


def pixels(chance: random.Random) -> vision.Gray:
    """A bare array of an odd shape for the engines themselves."""
    height, width = chance.choice([(1, 1), (1, 5000), (4000, 2), (23, 25), (300, 301)])
    noise = np.random.default_rng(chance.randrange(2**31))
    return (noise.random((height, width)) * 256).astype(np.uint8)


def spoilt_text(chance: random.Random) -> str:
    """A text that begins like ours."""
    text = list(printed().text)
    for _ in range(chance.randint(1, 12)):
        text[chance.randrange(len(text))] = chance.choice([*SIGNS, "\0", "\x7f", "储", ""])
    start = chance.choice(["", "AS1:", relay_frames.PREFIX])
    return start + "".join(text)[: chance.choice([3, 20, 500])] * chance.choice([1, 1, 40])


def spoilt_frame(chance: random.Random) -> str:
    """A relay frame whose checksum is right and whose head may say anything."""
    body = bytearray(base45.decode(frames()[0][len(relay_frames.PREFIX) :])[:-4])
    for _ in range(chance.randint(1, 6)):
        body[chance.randrange(min(len(body), 24))] = chance.randrange(256)
    return relay_frames.PREFIX + base45.encode(bytes(body) + struct.pack(">I", zlib.crc32(body)))


@cache
def frames() -> list[str]:
    """Good frames of a message of some pieces, more than it needs."""
    packed = relay_frames.pack(random.Random(1).randbytes(1500))
    return [relay_frames.frame(packed, number) for number in range(12)]


@cache
def pictures() -> list[bytes]:
    """Small good files of every kind, for what takes long."""
    small = photo(160, 120)
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        jpeg(small, exif=exif.tobytes()),
        jpeg(small, progressive=True),
        encoded(small, "PNG"),
        encoded(small, "WEBP"),
    ]


@contextmanager
def bounded(mib: float = ROSE_MIB) -> Iterator[None]:
    """Fail where what is done inside takes more memory at its peak; Linux alone says."""
    if not STATUS.exists():
        yield
        return
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before = _kib("VmRSS")
    yield
    rose = (_kib("VmHWM") - before) / 1024
    assert rose < mib, f"memory rose by {rose:.0f} MiB"


def _kib(name: str) -> int:
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])
