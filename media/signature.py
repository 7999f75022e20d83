"""A drawn signature as a picture: black strokes on white, so that it reads in light and dark."""

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from domain.errors import PictureError

Stroke = Sequence[tuple[float, float]]  # points in units of the pad, from its top left corner
EDGE_MAX = 2000
POINTS_MAX = 20_000  # 60 points a second for five minutes
SCALE = 2  # pixels per unit of the pad
_SMOOTH = 2  # drawn larger by this and scaled down: soft edges
_LINE = 2.5


def draw(strokes: Sequence[Stroke], width: int, height: int) -> bytes:
    """Return a PNG of `SCALE` times the pad's size; raises PictureError "empty" or "size"."""
    if not (0 < width <= EDGE_MAX and 0 < height <= EDGE_MAX):
        raise PictureError(reason="size")
    points = [point for stroke in strokes for point in stroke]
    if not points:
        raise PictureError(reason="empty")
    if len(points) > POINTS_MAX or not all(
        math.isfinite(x) and math.isfinite(y) for x, y in points
    ):
        raise PictureError(reason="size")
    scale = SCALE * _SMOOTH
    sheet = Image.new("L", (width * scale, height * scale), 255)
    pen = ImageDraw.Draw(sheet)
    for stroke in strokes:
        _draw(pen, [_inside(point, width, height, scale) for point in stroke], round(_LINE * scale))
    drawn = sheet.reduce(_SMOOTH)
    out = io.BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue()


def _inside(point: tuple[float, float], width: int, height: int, scale: int) -> tuple[float, float]:
    # A finger may slide off the pad: the stroke then follows its edge.
    return min(max(point[0], 0.0), width) * scale, min(max(point[1], 0.0), height) * scale


def _draw(pen: ImageDraw.ImageDraw, path: list[tuple[float, float]], line: int) -> None:
    if len(path) > 1:
        pen.line(path, fill=0, width=line, joint="curve")
    for x, y in path[:1] + path[-1:]:  # round ends; a tap is a dot
        pen.ellipse((x - line / 2, y - line / 2, x + line / 2, y + line / 2), fill=0)
