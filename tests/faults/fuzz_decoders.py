"""Damaged pictures and texts at every decoder entry: `python -m tests.faults.fuzz_decoders SEED N`.

Each case is made from the seed and its number alone. Whatever is thrown at an entry, it answers or
refuses with its own error, within seconds. The last line is JSON: cases, refusals, the slowest
case in seconds and what the peak of memory rose by, in MiB.
"""

import faulthandler
import json
import random
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from domain.errors import LabelError, PictureError
from domain.relay import RelayDamagedError
from media import base45, code_signs, images, labels, relay_frames, vision
from media.adapters.readers import engines
from media.code_front import CodeFront
from tests.media.damage import damaged, pixels, samples, spoilt_code, spoilt_text
from tests.media.pictures import FONT, KEYS

Entry = Callable[[bytes], object]
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
    code_signs.signs(bare)
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
