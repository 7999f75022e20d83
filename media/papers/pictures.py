"""Photos for paper: small JPEGs, decoded at a fraction, the marked region drawn on them."""

from PIL import Image, ImageDraw

from domain.repair_checks import WHOLE, Region
from media import exif, images

EDGES = (1000, 800, 640, 480, 320)  # longer side in pixels; the first one small enough is taken
QUALITIES = (78, 62, 45)
MARK = (226, 30, 30)


def fitting(
    data: bytes,
    bytes_max: int,
    region: Region | None = None,
    shape: tuple[int, int] | None = None,
) -> bytes:
    """Return an upright JPEG of at most `bytes_max`, or the smallest there is.

    `region` is drawn; `shape` is the size of the original that it is measured on, where the
    picture has a band below. Raises PictureError, PictureTooLargeError.
    """
    picture = images.open_picture(data)
    orientation = exif.read(picture).orientation
    longest = max(picture.size)
    scale = next(s for s in (8, 4, 2, 1) if s == 1 or longest // s >= EDGES[0])
    whole = images.upright(images.decode(picture, scale), orientation)
    made = b""
    for edge in EDGES:
        small = images.shrunk(whole, edge)
        if region is not None:
            small = _marked(small, region, shape)
        for quality in QUALITIES:
            made = images.encode(small, quality)
            if len(made) <= bytes_max:
                return made
    return made


def _marked(picture: Image.Image, region: Region, shape: tuple[int, int] | None) -> Image.Image:
    width, height = picture.size
    if shape and shape[0] > 0:
        height = min(height, round(width * shape[1] / shape[0]))
    across, down = width / WHOLE, height / WHOLE
    box = (
        region.left * across,
        region.top * down,
        region.right * across,
        region.bottom * down,
    )
    copy = picture.copy()
    line = max(2, max(picture.size) // 200)
    pen = ImageDraw.Draw(copy)
    pen.rectangle(
        tuple(round(side) for side in box),  # type: ignore[arg-type]
        outline=(255, 255, 255),
        width=line + 2,
    )
    pen.rectangle(
        tuple(round(side) for side in box),  # type: ignore[arg-type]
        outline=MARK,
        width=line,
    )
    return copy
