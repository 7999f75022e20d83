"""Damaged pictures and texts at every decoder entry: `python -m tests.faults.fuzz_decoders SEED N`.

Each case is made from the seed and its number alone. Whatever is thrown at an entry, it answers or
refuses with its own error, within seconds. The last line is JSON: cases, refusals, the slowest
case in seconds and what the peak of memory rose by, in MiB.
"""

import faulthandler
import json
import random
import struct
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import segno
from PIL import Image

from domain.errors import LabelError, PictureError
from domain.relay import RelayDamagedError
from media import base45, images, label_sheet, labels, relay_frames, vision
from media.adapters.readers import engines
from media.code_front import CodeFront
from tests.media.pictures import FONT, KEYS, encoded, jpeg, opened, photo, printed

Entry = Callable[[bytes], object]
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
ENGINES = engines()
FRONT = CodeFront(ENGINES, now_ms=lambda: time.monotonic_ns() // 1_000_000)
ENTRIES: tuple[Entry, ...] = (
    images.inspect,
    images.thumbnail,
    images.preview,
    lambda data: images.stamp(data, ["2026-11-22"], FONT),
    vision.gray,
    lambda data: FRONT.read(data, fast=True),
    FRONT.read,
)


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
    """One file, changed in one to four ways."""
    data = bytearray(chance.choice(good))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(1, len(data)))
        head = chance.randrange(max(1, min(64, len(data))))
        match chance.randrange(8):
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


def refused(act: Callable[[], object], *kinds: type[Exception]) -> bool:
    """Do it; True where it was refused as promised. Any other exception is a defect."""
    try:
        act()
    except kinds:
        return True
    return False


def case(good: list[bytes], chance: random.Random) -> int:
    """Try one case at every entry; returns how often it was refused."""
    data = damaged(good, chance) if chance.random() < 0.8 else spoilt_code(chance)
    count = sum(refused(lambda entry=entry: entry(data), PictureError) for entry in ENTRIES)
    bare = pixels(chance)
    for engine in ENGINES:
        engine.find(bare, thorough=True)
    text = spoilt_text(chance)
    count += refused(lambda: labels.read(text, KEYS), LabelError)
    count += refused(lambda: base45.decode(text), ValueError)
    count += refused(lambda: relay_frames.Gatherer().add(text), RelayDamagedError)
    labels.whole(text)
    return count


def peak_mib() -> float:
    """What this process has taken at most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def main(seed: int, count: int) -> None:
    """Run the cases; an exception that is not promised ends the process with an error."""
    faulthandler.enable()
    warnings.simplefilter("ignore")  # Pillow tells what it skips in damaged EXIF
    good = samples()
    for data in good:
        for entry in ENTRIES:
            entry(data)
    before, slowest, count_refused = peak_mib(), 0.0, 0
    for number in range(count):
        began = time.monotonic()
        try:
            count_refused += case(good, random.Random(seed * 1_000_003 + number))
        except Exception:
            print(f"seed {seed}, case {number}", file=sys.stderr)
            raise
        slowest = max(slowest, time.monotonic() - began)
    found = {"cases": count, "refused": count_refused, "slowest_s": slowest,
             "rose_mib": peak_mib() - before}  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
