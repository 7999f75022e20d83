"""Bench `photo`: from the bytes of a 12-megapixel photo to evidence on the disk, against Pillow.

Ours is all that `evidence.keep` does: hash, EXIF, grade, watermarked copy, thumbnail, three durable
files, the record and its entry in one transaction. Pillow only decodes the same photo and encodes
it once. Both take turns in one process. The peak of memory is that of a process of its own which
keeps one photo and does nothing else. `--data` names the folder whose disk is measured.
"""

import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from PIL import Image, ImageDraw

from app.field import FieldApp
from app.use_cases import evidence
from benchmarks.baselines import pillow_alone
from benchmarks.device import device
from benchmarks.runner import Options, Result
from domain.places import Fix, Place

WIDTH, HEIGHT = 4000, 3000
QUALITY = 90
ROUNDS, WARM_UP = 15, 2
PERSON, ASSET = "U003", "TK-101"
MEBIBYTE = 2**20
STATUS = Path("/proc/self/status")


def run(options: Options) -> Result:
    """Measure both in turn, then the memory of ours alone."""
    with ExitStack() as stack:
        folder = options.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="anshao-bench-"))
        )
        field = device(folder / "photo-bench")
        stack.callback(field.store.close)
        ours: list[float] = []
        bare: list[float] = []
        for turn in range(ROUNDS + WARM_UP):
            photo = photograph(turn)  # another one each time: a known file is not written again
            took = (_ms(lambda photo=photo: keep(field, photo)), _ms(lambda p=photo: alone(p)))
            if turn >= WARM_UP:
                ours.append(took[0])
                bare.append(took[1])
            options.progress(turn + 1, ROUNDS + WARM_UP + 1)
        peak, idle = _peaks(folder / "peak-bench")
        options.progress(ROUNDS + WARM_UP + 1, ROUNDS + WARM_UP + 1)
    figures = {
        "pipeline_ms": median(ours),
        "pipeline_p95_ms": quantiles(ours, n=20)[-1],
        "pillow_ms": median(bare),
        "photo_mb": len(photograph(0)) / MEBIBYTE,
        "peak_rss_mb": peak,
        "idle_rss_mb": idle,
    }
    return {"pipeline_over_pillow": median(ours) / median(bare)}, figures


def keep(field: FieldApp, photo: bytes) -> None:
    """Keep a photo as a person does who has just taken it."""
    person = field.definitions.plant.people[PERSON]
    target = evidence.Target("bench", "IN-0001", ASSET, "item", "T03")
    here = Fix(Place(300010900, 1225008440), 600, field.clock.now_ms())
    evidence.keep(field, person, target, photo, source="camera", fix=here)


def alone(photo: bytes) -> None:
    """Do what the baseline does."""
    pillow_alone.decode_encode(photo)


def photograph(seed: int) -> bytes:
    """Return a 12-megapixel JPEG like one of a plant: light, walls, pipes, grain, sensor noise."""
    rng = np.random.default_rng(seed)
    scene = np.zeros((HEIGHT, WIDTH, 3), dtype=np.float32)
    for cells, strength in ((6, 120), (40, 60), (250, 26), (1000, 14)):
        coarse = rng.integers(0, 255, (cells * 3 // 4, cells, 3), dtype=np.uint8)
        layer = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        scene += np.asarray(layer, dtype=np.float32) * (strength / 255)
    picture = Image.fromarray(scene.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(60):  # pipes, plates and cables with hard edges
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        ink = tuple(int(level) for level in rng.integers(30, 220, 3))
        draw.line((x, 0, int(rng.integers(0, WIDTH)), HEIGHT), fill=ink, width=int(x % 23 + 2))
        draw.rectangle((x, y, x + 180, y + 90), outline=ink, width=5)
    noise = rng.normal(0, 4, (HEIGHT, WIDTH, 1)).astype(np.int16)
    grained = (np.asarray(picture, dtype=np.int16) + noise).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(grained).save(out, "JPEG", quality=QUALITY, exif=_exif())
    return out.getvalue()


def _exif() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:11:22 22:13:05"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (30.0, 0.0, 3.9), "E", (122.0, 30.0, 3.0)
    return exif.tobytes()


def _ms(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _peaks(folder: Path) -> tuple[float, float]:
    """Return the peak of a process that keeps one photo, and what it took before that."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "photo.jpg").write_bytes(photograph(0))
    command = [sys.executable, "-m", "benchmarks.photo", str(folder)]
    child = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    peak, idle = (float(word) for word in child.stdout.split())
    return peak, idle


def _measure(folder: Path) -> None:
    """Be that process: print both peaks in MiB."""
    field = device(folder / "store")
    photo = (folder / "photo.jpg").read_bytes()
    idle = _peak_mb()
    keep(field, photo)
    print(_peak_mb(), idle)
    field.store.close()


def _peak_mb() -> float:
    """Return the peak of this process; Linux's `ru_maxrss` counts the one that started it, too."""
    if STATUS.exists():
        lines = STATUS.read_text("ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEBIBYTE if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    _measure(Path(sys.argv[1]))
