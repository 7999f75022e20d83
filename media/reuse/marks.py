"""What is kept of a photo to find it again: its hash, and two 64-bit hashes of what it looks like.

Both small hashes are taken from a 32 x 32 picture that was first turned and mirrored into one of
eight positions by its own light, so that a turned or mirrored copy has the same ones. Where the
light does not say clearly which position it is, a query tries the others too. The middle of the
photo is kept as well as the whole: a copy cut at its sides is near to one of the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import cv2
import numpy as np
from numpy.typing import NDArray

from media import exif as exif_block
from media import images

Gray = NDArray[np.uint8]
Floats = NDArray[np.float32]
Asked = tuple[str, tuple[tuple[int, int], ...]]  # digest, hashes of each view

PIXELS_MIN = 40_000  # decoded: no more than 256 pixels are looked at
_SIDE = 32
_CUT = 0.08  # of each side, for the middle
_CLEAR = 0.12  # of the stronger of two waves: below, its direction may be taken either way
_TIE = 0.7  # ratio of the two above which either may be the first
_BORDER = 3  # standard deviation in grey levels of a line of border
_SHOWN_MIN = 0.2  # share of a screen that a photo fills at least
_TRIM_MIN, _TRIM_MAX = 0.02, 0.45  # share of a side that a border may take


@dataclass(frozen=True, slots=True)
class Mark:
    """SHA-256 of the file; hashes (of waves, of slopes) of the whole photo and of its middle."""

    digest: str
    whole: tuple[int, int]
    middle: tuple[int, int]


def mark(data: bytes) -> Mark:
    """Return what the index keeps; raises PictureError and PictureTooLargeError."""
    return _mark(data, grey(data))


def asked(data: bytes) -> Asked:
    """Return the digest, and every pair of hashes under which a copy may be kept."""
    return sha256(data).hexdigest(), _views(grey(data))


def both(data: bytes) -> tuple[Mark, Asked]:
    """Return what the index keeps and what it is asked, from one decoding."""
    picture = grey(data)
    kept = _mark(data, picture)
    return kept, (kept.digest, _views(picture))


def _mark(data: bytes, picture: Gray) -> Mark:
    height, width = picture.shape
    down, aside = round(_CUT * height), round(_CUT * width)
    inner = picture[down : height - down, aside : width - aside]
    whole, middle = (hashes(next(positions(small(one)))) for one in (picture, inner))
    return Mark(sha256(data).hexdigest(), whole, middle)


def _views(picture: Gray) -> tuple[tuple[int, int], ...]:
    views = (among_bars(picture), trimmed(picture), picture)
    found = [hashes(one) for view in views for one in positions(small(view))]
    return tuple(dict.fromkeys(found))


def grey(data: bytes) -> Gray:
    """Decode a photo small, upright and grey."""
    picture = images.open_picture(data)
    orientation = exif_block.read(picture).orientation
    scale = images.scale_for(*picture.size, PIXELS_MIN)
    return np.asarray(images.upright(images.decode(picture, scale, "L"), orientation))


def small(picture: Gray) -> Floats:
    """Return the picture as 32 x 32."""
    size = (_SIDE, _SIDE)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def trimmed(picture: Gray) -> Gray:
    """Return the picture without borders of one colour, as a screenshot has them."""
    top, bottom = _edges(picture)
    left, right = _edges(picture.T)
    if (top, left) == (0, 0) and (bottom, right) == picture.shape:
        return picture
    return picture[top:bottom, left:right]


def among_bars(picture: Gray) -> Gray:
    """Return what lies between lines of one colour, as a viewer shows a photo below its bars."""
    top, bottom = _longest(picture)
    left, right = _longest(picture[top:bottom].T)
    return picture[top:bottom, left:right]


def positions(picture: Floats) -> Iterator[Floats]:
    """Yield the picture in its own position first, then in those that fit nearly as well."""
    waves = cv2.dct(picture)
    across, down = float(waves[0, 1]), float(waves[1, 0])
    strong = max(abs(across), abs(down), 1e-6)
    ways = [abs(down) > abs(across)]
    if min(abs(across), abs(down)) > _TIE * strong:
        ways.append(not ways[0])
    for turned in ways:
        flips = [(across < 0, down < 0)]
        if abs(across) < _CLEAR * strong:
            flips.append((not flips[0][0], flips[0][1]))
        if abs(down) < _CLEAR * strong:
            flips.extend([(across_, not down_) for across_, down_ in flips])
        for mirrored, upended in flips:
            one = picture[:: -1 if upended else 1, :: -1 if mirrored else 1]
            yield np.ascontiguousarray(one.T if turned else one)


def hashes(picture: Floats) -> tuple[int, int]:
    """Return the two hashes of a 32 x 32 picture."""
    waves = cv2.dct(picture)[:8, :8].ravel()
    steps = cv2.resize(picture, (9, 8), interpolation=cv2.INTER_AREA)
    return _packed(waves > np.median(waves[1:])), _packed((steps[:, 1:] > steps[:, :-1]).ravel())


def _packed(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _longest(picture: Gray) -> tuple[int, int]:
    """Return the longest run of rows that are not of one colour; all of them where it is short."""
    marks = np.flatnonzero(np.r_[True, _plain(picture), True]) - 1
    runs = np.diff(marks) - 1
    at = int(runs.argmax())
    if runs[at] < _SHOWN_MIN * len(picture):
        return 0, len(picture)
    return int(marks[at]) + 1, int(marks[at + 1])


def _plain(picture: Gray) -> NDArray[np.bool_]:
    return np.asarray(picture.astype(np.float32).std(1) <= _BORDER)


def _edges(picture: Gray) -> tuple[int, int]:
    """Return where the picture begins and ends between rows of one colour."""
    plain = _plain(picture)
    height = len(plain)
    most = int(_TRIM_MAX * height)
    first = next((at for at in range(most) if not plain[at]), 0)
    last = next((at for at in range(height, height - most, -1) if not plain[at - 1]), height)
    least = _TRIM_MIN * height
    return (first if first >= least else 0), (last if height - last >= least else height)
