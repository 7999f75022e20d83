"""All signs of one photo together: of the picture, its file, and the camera that gave it."""

from typing import Final

from domain.capture_trust import SIGN_DEVICE, SIGN_EXIF, SIGN_SCREEN
from domain.errors import PictureError
from media import images, photo_quality
from media.recapture import screen, stream
from media.recapture.lines import Capture
from media.recapture.stream import Seen

SHARP_MIN: Final = 5.0  # photos in focus have 9.4 and more; blurred by two pixels 5.1 to 5.6
EDGE_MAX: Final = 6000  # a larger picture is reduced first: a display's pattern is still in it


def found(
    data: bytes, seen: Seen | None, capture: Capture, sharp: float | None = None
) -> tuple[str, ...]:
    """Return the signs of a picture, in the order of SIGNS; `seen`: None for one from a file.

    `sharp`: how sharp it is, where that was measured already. Decodes the picture once at full
    size. Raises PictureError, PictureTooLargeError.
    """
    limits = capture.limits
    marks: list[str] = []
    if shows_screen(data, capture, sharp):
        marks.append(SIGN_SCREEN)
    if seen is None:
        return tuple(marks)
    marks += stream.signs(seen.frames, limits.stream)
    if seen.about.stamps and not _has_exif(data):
        marks.append(SIGN_EXIF)
    name = seen.about.name.lower()
    if any(one in name for one in limits.devices):
        marks.append(SIGN_DEVICE)
    return tuple(marks)


def shows_screen(data: bytes, capture: Capture, sharp: float | None = None) -> bool:
    """Say whether a picture carries the pattern of a display."""
    chance = probability(data, capture, sharp)
    return chance is not None and chance >= capture.limits.screen


def probability(data: bytes, capture: Capture, sharp: float | None = None) -> float | None:
    """Return the fitted probability that it shows a display; None where it is too small to say."""
    numbers = measured(data, sharp)
    return capture.model.probability(numbers) if numbers else None


def measured(data: bytes, sharp: float | None = None) -> dict[str, float] | None:
    """Return the numbers of `screen.FEATURES`; None where it is too small or too blurred to say."""
    if sharp is not None and sharp < SHARP_MIN:
        return None
    picture = images.open_picture(data)
    scale = next(s for s in (1, 2, 4, 8) if s == 8 or max(picture.size) // s <= EDGE_MAX)
    decoded = images.decode(picture, scale)
    if sharp is None and photo_quality.measure(decoded).sharp < SHARP_MIN:
        return None  # only the blocks of the JPEG are fine in it, and they look like a display's
    return screen.features(decoded)


def _has_exif(data: bytes) -> bool:
    """Say whether the file has any EXIF, readable or not."""
    picture = images.open_picture(data)
    try:
        return len(picture.getexif()) > 0
    except (OSError, SyntaxError, ValueError, TypeError, KeyError) as error:
        raise PictureError(reason="damaged") from error
