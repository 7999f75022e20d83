"""Pictures as bytes: look inside, shrink, stamp. No more of a picture is decoded than is needed.

The original is never changed; everything here makes a derived JPEG, upright. A JPEG is decoded at
1/2, 1/4 or 1/8 by its own transform ("draft"), which for a 12-megapixel photo takes half the time
and a quarter of the memory of decoding it whole.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from domain.errors import PictureError, PictureTooLargeError
from domain.places import Fix
from media import exif as exif_block
from media import heic, watermark
from media.exif import Exif

BYTES_MAX = 30 * 1024 * 1024
PIXELS_MAX = 60_000_000
EDGE_MAX = 30_000
SCANS_MAX = 100  # a progressive JPEG has about 10; each costs a pass over the whole picture
STAMPED_PIXELS_MIN = 1_900_000  # 1600 x 1200: enough to print 13 cm wide; a 12-MP photo gives 3 MP
THUMBNAIL_EDGE = 320
THUMBNAIL_QUALITY = 80
QUALITY = 88
FORMATS = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG with more pictures behind it, as many phones write
    "PNG": "image/png",
    "WEBP": "image/webp",
}
_OPENERS = ("JPEG", "PNG", "WEBP")  # the one of JPEG finds MPO too
Image.MAX_IMAGE_PIXELS = PIXELS_MAX  # in case another library of the process opens a picture
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, struct.error, EOFError, IndexError)


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """Size in pixels as a person sees it (upright), MIME type, EXIF."""

    width: int
    height: int
    mime: str
    exif: Exif


def inspect(data: bytes) -> PictureFacts:
    """Read size, kind and EXIF without decoding; raises PictureError, PictureTooLargeError."""
    return facts_of(open_picture(data))


def open_picture(data: bytes) -> Image.Image:
    """Open a picture within the limits, nothing decoded yet; raises PictureError with `reason`.

    Reasons: "file_empty", "heic" (no decoder on this device), "format" (no picture of a known
    kind).
    """
    if not data:
        raise PictureError(reason="file_empty")
    if len(data) > BYTES_MAX:
        raise PictureTooLargeError(limit=BYTES_MAX // 2**20, unit="MB")
    heif = heic.is_heic(data)
    if heif:
        data = heic.to_jpeg(data, PIXELS_MAX)
    try:
        picture = Image.open(io.BytesIO(data), formats=_OPENERS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLargeError(limit=PIXELS_MAX // 10**6, unit="MP") from error
    except _UNREADABLE as error:
        raise PictureError(reason="format") from error
    if picture.width * picture.height > PIXELS_MAX or max(picture.size) > EDGE_MAX:
        raise PictureTooLargeError(limit=PIXELS_MAX // 10**6, unit="MP")
    if "progressive" in picture.info and data.count(b"\xff\xda") > SCANS_MAX:
        raise PictureError(reason="format")
    if heif:
        picture.info["mime"] = "image/heic"  # what the original is
    return picture


def facts_of(picture: Image.Image) -> PictureFacts:
    """Read size, kind and EXIF of an opened picture."""
    exif = exif_block.read(picture)
    width, height = picture.size
    if exif.orientation >= 5:  # lying on its side
        width, height = height, width
    return PictureFacts(
        width, height, picture.info.get("mime", FORMATS[picture.format or ""]), exif
    )


def decode(picture: Image.Image, scale: int, mode: str = "RGB") -> Image.Image:
    """Decode an opened picture at 1/`scale` (1, 2, 4, 8), not yet upright, as "RGB" or "L".

    Raises PictureError "damaged" where the file ends early or its content is broken.
    """
    assert scale in (1, 2, 4, 8)
    width, height = picture.size
    if picture.format in ("JPEG", "MPO"):
        picture.draft("L" if mode == "L" else picture.mode, (width // scale, height // scale))
    try:
        picture.load()
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError(limit=PIXELS_MAX // 10**6, unit="MP") from error
    except _UNREADABLE as error:
        raise PictureError(reason="damaged") from error
    done = round(width / picture.width)  # what the draft has reduced already
    if picture.mode in ("P", "1"):  # palette entries cannot be averaged
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    small = picture.reduce(scale // done) if done < scale else picture
    return _flat(small, mode)


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """Turn a decoded picture as its EXIF orientation (1 to 8) says."""
    turn = _TURNS.get(orientation)
    return picture.transpose(turn) if turn is not None else picture


def scale_for(width: int, height: int, pixels_min: int) -> int:
    """Return the strongest reduction (8, 4, 2, 1) that keeps at least `pixels_min` pixels."""
    return next(s for s in (8, 4, 2, 1) if s == 1 or width * height // (s * s) >= pixels_min)


def thumbnail(data: bytes, edge: int = THUMBNAIL_EDGE) -> bytes:
    """Return a small upright JPEG whose longer side is at most `edge` pixels."""
    picture = open_picture(data)
    orientation = exif_block.read(picture).orientation
    longest = max(picture.size)
    scale = next(s for s in (8, 4, 2, 1) if s == 1 or longest // s >= edge * 2)
    return encode(shrunk(upright(decode(picture, scale), orientation), edge), THUMBNAIL_QUALITY)


def preview(data: bytes, edge: int = 1280) -> bytes:
    """Return an upright JPEG for the screen whose longer side is at most `edge` pixels."""
    picture = open_picture(data)
    orientation = exif_block.read(picture).orientation
    longest = max(picture.size)
    scale = next(s for s in (8, 4, 2, 1) if s == 1 or longest // s >= edge)
    return encode(shrunk(upright(decode(picture, scale), orientation), edge), QUALITY)


def stamp(data: bytes, lines: list[str], font_path: Path, fix: Fix | None = None) -> bytes:
    """Return an upright JPEG copy with `lines` burnt in and the position in its EXIF.

    The position is `fix` (what the device measured) or else what the picture itself says.
    """
    picture = open_picture(data)
    facts = facts_of(picture)
    scale = scale_for(*picture.size, STAMPED_PIXELS_MIN)
    copy = upright(decode(picture, scale), facts.exif.orientation)
    return stamped(copy, lines, font_path, facts, fix)


def stamped(
    copy: Image.Image, lines: list[str], font_path: Path, facts: PictureFacts, fix: Fix | None
) -> bytes:
    """Stamp a decoded upright picture in place and return it as JPEG (see `stamp`)."""
    marked = watermark.draw(copy, lines, font_path)
    block = exif_block.of_copy(facts.exif, fix or facts.exif.fix)
    return encode(marked, QUALITY, block)


def shrunk(picture: Image.Image, edge: int) -> Image.Image:
    """Return the picture with its longer side at most `edge`; smaller ones stay as they are."""
    longest = max(picture.size)
    if longest <= edge:
        return picture
    size = (
        max(1, round(picture.width * edge / longest)),
        max(1, round(picture.height * edge / longest)),
    )
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def encode(picture: Image.Image, quality: int, exif: Image.Exif | None = None) -> bytes:
    """Return a JPEG."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, exif=b"" if exif is None else exif.tobytes())
    return out.getvalue()


def _flat(picture: Image.Image, mode: str) -> Image.Image:
    """Return the picture as RGB or L: 16-bit scaled, transparent parts white."""
    if picture.mode.startswith(("I", "F")):
        picture = picture.convert("I").point(lambda level: level / 256).convert("L")
    if "A" in picture.mode or "a" in picture.mode:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    return picture if picture.mode == mode else picture.convert(mode)
