"""From a shot or a file to what is stored as evidence: original, stamped copy, thumbnail."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from domain.evidence import PhotoQuality
from domain.places import Fix
from media import images, photo_quality
from media.images import PictureFacts

Source = Literal["camera", "file", "drawn"]
Progress = Callable[[float], None]  # 0 to 1, called from the thread that prepares


@dataclass(frozen=True, slots=True)
class Prepared:
    """The original byte for byte as received, and the two JPEGs made from it."""

    source: Source
    original: bytes
    stamped: bytes
    thumb: bytes
    facts: PictureFacts
    quality: PhotoQuality | None = None  # None for what was drawn


def prepare(
    data: bytes,
    source: Source,
    lines: list[str],
    font_path: Path,
    *,
    fix: Fix | None = None,
    on_progress: Progress | None = None,
) -> Prepared:
    """Make stamped copy and thumbnail from one decoding of the picture; run it in a thread.

    `lines` is the text of the watermark; `fix` is what the device measured now, and None for a
    picture from a file, whose own position then stays on the copy. A drawn picture (a signature)
    carries no stamp. Raises PictureError and PictureTooLargeError; nothing is stored here.
    """
    report = on_progress or _silent
    picture = images.open_picture(data)
    facts = images.facts_of(picture)
    report(0.1)
    scale = images.scale_for(*picture.size, images.STAMPED_PIXELS_MIN)
    copy = images.upright(images.decode(picture, scale), facts.exif.orientation)
    report(0.6)
    quality = None if source == "drawn" else photo_quality.measure(copy)
    thumb = images.encode(images.shrunk(copy, images.THUMBNAIL_EDGE), images.THUMBNAIL_QUALITY)
    report(0.7)
    stamped = images.stamped(copy, [] if source == "drawn" else lines, font_path, facts, fix)
    report(1.0)
    return Prepared(source, data, stamped, thumb, facts, quality)


def _silent(_: float) -> None:
    """Take progress that nobody watches."""
