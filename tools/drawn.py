"""What the tour of screens takes as given: the demo plant, and what a camera sees by default."""

import io
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw

from domain.words import Words
from media.label_sheet import PrintLabel, picture
from media.labels import Label, sign

ASSETS = Path(__file__).resolve().parent.parent / "assets"
FONT = ASSETS / "fonts" / "SafeSC.otf"
TANK = "TK-101"


class Plant(NamedTuple):
    """What the demo plant says of its people and equipment."""

    people: dict[str, dict[str, Any]]
    assets: dict[str, dict[str, Any]]


def read_plant() -> Plant:
    """Read people with their PINs, and where the equipment stands."""
    rows = yaml.safe_load((ASSETS / "definitions/plants/demo.yaml").read_text("utf-8"))
    by_id = [{str(row["id"]): row for row in rows[kind]} for kind in ("people", "equipment")]
    return Plant(*by_id)


def forged_label() -> Image.Image:
    """Print a label that somebody else signed."""
    label = Label("asset", "DEMO", TANK, 2, date(2026, 10, 1), 1)
    name = Words({"zh": TANK, "en": TANK})
    text = sign(label, Ed25519PrivateKey.generate())
    return Image.open(io.BytesIO(picture(PrintLabel(text, TANK, 2, name, name), "zh", FONT)))


def draw_photo(path: Path) -> Path:
    """Draw a switchboard on a wall, where no photograph is at hand."""
    scene = Image.new("RGB", (1280, 960), "#A9B4BA")
    pen = ImageDraw.Draw(scene)
    pen.rectangle((0, 700, 1280, 960), fill="#6F7B80")
    pen.rectangle((120, 90, 1160, 760), fill="#D9D3C2", outline="#4A4A44", width=8)
    pen.rectangle((640, 90, 1160, 760), fill="#C9C2AE", outline="#4A4A44", width=8)
    pen.rectangle((660, 400, 690, 480), fill="#2B2B2B")
    pen.polygon(((200, 260), (280, 120), (360, 260)), fill="#F2C230", outline="#2B2B2B")
    scene.save(path, "JPEG", quality=92)
    return path


def draw_after(photo: Path, path: Path) -> Path:
    """Draw the same place from a step aside."""
    return _seen_from(photo, path, (0.05, 0.02, 0.0, 0.97, 0.93, 1.0, 0.98, 0.06))


def draw_again(after: Path, path: Path) -> Path:
    """Draw it three days later, from yet another place: a picture used before proves no recheck."""
    return _seen_from(after, path, (0.0, 0.05, 0.06, 1.0, 1.0, 0.94, 0.95, 0.0))


def _seen_from(photo: Path, path: Path, corners: tuple[float, ...]) -> Path:
    """Draw a place seen otherwise; corners as shares of width and height, from the upper left."""
    scene = Image.open(photo).convert("RGB")
    quad = [share * scene.size[number % 2] for number, share in enumerate(corners)]
    seen = scene.transform(scene.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    seen.save(path, "JPEG", quality=92)
    return path
