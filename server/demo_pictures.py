"""Drawn pictures for the demo plant's hazards, so that a fresh demo shows no empty frames."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from media import images

WIDTH, HEIGHT = 1600, 1200
_SKY, _FLOOR, _STEEL, _LINE = (203, 214, 222), (142, 140, 132), (96, 112, 122), (44, 52, 58)
_SIGN, _ALERT, _DONE = (24, 92, 168), (206, 60, 44), (52, 140, 84)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture in its three forms, JPEG bytes."""

    original: bytes
    stamped: bytes
    thumb: bytes


def draw(shot: str, sign: str, lines: list[str], font_path: Path) -> Drawn:
    """Draw a piece of equipment under its sign: from afar, the defect close by, or put right."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _SKY)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 900, WIDTH, HEIGHT), fill=_FLOOR)
    far = shot == "panorama"
    box = (560, 420, 1040, 960) if far else (260, 200, 1340, 1120)
    pen.rounded_rectangle(box, 36, fill=_STEEL, outline=_LINE, width=12)
    mark = _DONE if shot == "after" else _ALERT
    middle_x, middle_y, reach = (box[0] + box[2]) // 2, (box[1] + box[3]) // 2, 60 if far else 190
    ring = (middle_x - reach, middle_y - reach, middle_x + reach, middle_y + reach)
    pen.ellipse(ring, outline=mark, width=20)
    font = ImageFont.truetype(str(font_path), 72)
    left, top, right, bottom = pen.textbbox((0, 0), sign, font=font)
    pen.rectangle((80, 60, 80 + right - left + 80, 60 + bottom - top + 80), fill=_SIGN)
    pen.text((120 - left, 100 - top), sign, font=font, fill="white")
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=88)
    original = data.getvalue()
    return Drawn(original, images.stamp(original, lines, font_path), images.thumbnail(original))
