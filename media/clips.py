"""Video clips as evidence: what a file is, how long it lasts, and the picture that stands for it.

The content decides what a file is, never its name. The clip itself is kept byte for byte and never
decoded in this process: only the tables of its container are read here, and a frame is fetched by a
child process (`media.clip_frames`).
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageFont, ImageOps

from domain.errors import ClipError, ClipTooLargeError, ClipTooLongError
from media import clip_frames, clip_matroska, clip_mp4, images

HEAD_BYTES = 64
NAMES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".3gp")  # what a picker offers beside pictures
SLACK_MS = 1500  # a recorder told to stop ends with the frame, sometimes the second, it is in
EDGE_MAX = 8192
POSTER = (320, 240)
_MARK = (255, 255, 255, 235)
_SHADE = (0, 0, 0, 150)
_GROUND = (17, 24, 29)


@dataclass(frozen=True, slots=True)
class ClipLimits:
    """The longest and the largest clip that is taken."""

    seconds: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What the container says; width and height as a person sees the clip."""

    mime: str
    size: int
    length_ms: int
    width: int
    height: int
    sound: bool

    @property
    def seconds(self) -> int:
        """The length in whole seconds, at least one."""
        return max(1, round(self.length_ms / 1000))


def is_clip(head: bytes) -> bool:
    """Say whether a file that begins with these bytes is a clip of a known kind."""
    return clip_matroska.begins_like(head) or clip_mp4.begins_like(head)


def is_named_like_one(name: str) -> bool:
    """Say whether a person takes a file for a clip by its name: decides only what is said of it."""
    return name.lower().endswith(NAMES)


def inspect(path: Path, limits: ClipLimits, measured_ms: int = 0) -> ClipFacts:
    """Read what a clip is, without decoding it; `measured_ms` counts where the file has no length.

    Raises ClipTooLargeError, ClipTooLongError, and ClipError, `reason`: "file_empty", "clip_format"
    (no clip of a known kind), "damaged" (cut off or broken), "sound_only".
    """
    size = path.stat().st_size
    if size == 0:
        raise ClipError(reason="file_empty")
    if size > limits.size_bytes:
        raise ClipTooLargeError(limit_mb=limits.size_bytes // 10**6)
    with path.open("rb") as file:
        facts, video = _read(file, size, limits.seconds * 1000 + SLACK_MS, measured_ms)
    if facts.length_ms > limits.seconds * 1000 + SLACK_MS:
        raise ClipTooLongError(limit_s=limits.seconds)
    if not video:
        raise ClipError(reason="sound_only")
    if facts.length_ms <= 0 or not 0 < max(facts.width, facts.height) <= EDGE_MAX:
        raise ClipError(reason="damaged")
    return facts


def poster(path: Path, facts: ClipFacts, font_path: Path, shot: bytes | None = None) -> bytes:
    """Return the small JPEG that stands for a clip: a frame, a play mark, the length.

    `shot` is a photo taken just before the recording; it counts where this device can fetch no
    frame. Without either the mark stands on a plain ground.
    """
    frame = clip_frames.first(path, max(POSTER)) or shot
    picture = _drawn(frame)
    layer = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(layer)
    width, height = picture.size
    radius = min(width, height) // 5
    middle_x, middle_y = width // 2, height // 2
    disc = (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius)
    draw.ellipse(disc, fill=_SHADE)
    half = radius // 2
    left = middle_x - half + half // 4
    draw.polygon(
        [(left, middle_y - half), (left, middle_y + half), (left + 2 * half, middle_y)], fill=_MARK
    )
    font = ImageFont.truetype(font_path, max(14, height // 9))
    text = length_text(facts.seconds)
    box = draw.textbbox((0, 0), text, font=font)
    tall, wide = box[3] + 8, box[2] + 16
    side = (width - wide) // 2  # in the middle: a square tile cuts off both sides
    draw.rectangle((side, height - tall, side + wide, height), fill=_SHADE)
    draw.text((side + 8, height - tall + 2), text, font=font, fill=_MARK)
    picture.paste(layer, mask=layer)
    return images.encode(picture, images.THUMBNAIL_QUALITY)


def length_text(seconds: int) -> str:
    """Return a length as people write it: "0:23"."""
    return f"{seconds // 60}:{seconds % 60:02}"


def _read(file: BinaryIO, size: int, stop_ms: int, measured_ms: int) -> tuple[ClipFacts, bool]:
    head = file.read(HEAD_BYTES)
    if clip_matroska.begins_like(head):
        stream = clip_matroska.read(file, size, stop_ms)
        facts = ClipFacts(
            mime="video/webm" if stream.doctype == "webm" else "video/x-matroska",
            size=size,
            length_ms=stream.length_ms or measured_ms,
            width=stream.width,
            height=stream.height,
            sound=stream.sound,
        )
        return facts, stream.video
    if clip_mp4.begins_like(head):
        movie = clip_mp4.read(file, size)
        seen = [track for track in movie.tracks.values() if track.handler == b"vide"]
        facts = ClipFacts(
            mime=clip_mp4.mime(head),
            size=size,
            length_ms=movie.length_ms or measured_ms,
            width=max((track.width for track in seen), default=0),
            height=max((track.height for track in seen), default=0),
            sound=any(track.handler == b"soun" for track in movie.tracks.values()),
        )
        return facts, bool(seen)
    raise ClipError(reason="clip_format")


def _drawn(frame: bytes | None) -> Image.Image:
    """Return the whole frame in the shape of a tile, so that no tile cuts the length off."""
    if frame is None:
        return Image.new("RGB", POSTER, _GROUND)
    small = Image.open(io.BytesIO(images.thumbnail(frame, max(POSTER))))
    return ImageOps.pad(small.convert("RGB"), POSTER, color=_GROUND)
