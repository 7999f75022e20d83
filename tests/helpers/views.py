"""What a fake camera shows: a real photograph with a real printed label in it."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pypdfium2  # pyright: ignore[reportMissingTypeStubs]
import zxingcpp
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SIZE = (1280, 960)
FRAMES = 4  # Chromium plays the file in a loop
SCALE = 3  # pixels per point: 216 dots per inch


def printed_label(
    folder: Path, server_home: Path, label_id: str, definitions: Path | None = None
) -> Image.Image:
    """Print the label of a running plant with `anshao labels`, and look at the paper."""
    sheet = folder / f"{label_id}.pdf"
    subprocess.run(
        [sys.executable, "-m", "anshao", "labels", label_id, "--out", str(sheet)],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSHAO_SERVER_HOME": str(server_home),
            **({"ANSHAO_SERVER_DEFINITIONS": str(definitions)} if definitions else {}),
        },
        check=True,
        capture_output=True,
        timeout=60,
    )
    page = pypdfium2.PdfDocument(sheet)[0].render(scale=SCALE).to_pil().convert("L")
    code = zxingcpp.read_barcodes(page)[0].position
    left, top = code.top_left.x, code.top_left.y
    edge = code.bottom_right.x - left
    margin = edge // 5
    return page.crop((left - margin, top - margin, left + edge + margin, top + edge * 2))


def sample_photograph(name: str = "neg_edited_000_before.jpg") -> Path | None:
    """Return a real photograph of the sample data beside the checkout; None where there is none."""
    folder = Path(os.environ.get("ANSHAO_SHARED") or ROOT.parent / "shared")
    photograph = folder / "data/rectify_dev/pairs" / name
    return photograph if photograph.exists() else None


def camera_file(
    folder: Path, photograph: Path | None, label: Image.Image | None, *, aside: bool = False
) -> Path:
    """Return a film of the photograph (or a grey wall) with the label held before its middle.

    `aside`: the label is in a corner, so that the place itself is seen.
    """
    scene = Image.new("RGB", SIZE, "#8a8f94")
    if photograph:
        scene = Image.open(photograph).convert("RGB").resize(SIZE)
    if label is not None:
        paper = label.convert("RGB")
        paper.thumbnail((SIZE[0] // 2, SIZE[1] // 2))
        sheet = Image.new("RGB", (paper.width + 60, paper.height + 60), "white")
        sheet.paste(paper, (30, 30))
        free = SIZE[0] - sheet.width, SIZE[1] - sheet.height
        scene.paste(sheet, free if aside else (free[0] // 2, free[1] // 2))
    frame = io.BytesIO()
    scene.save(frame, "JPEG", quality=92)
    held = "" if label is None else "-label"
    path = folder / f"view-{photograph.stem if photograph else 'wall'}{held}.mjpeg"
    path.write_bytes(frame.getvalue() * FRAMES)
    return path
