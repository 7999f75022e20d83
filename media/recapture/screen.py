"""Does a photo show a screen? A display leaves a fine pattern nearly everywhere on it.

Tiles of the picture at full size (the pattern is in nothing smaller) go through a Fourier
transform. A display's grid, and its beat with the sensor's, stand as sharp peaks over their
surroundings, in brightness and even more in colour, because its stripes are red, green and blue. A
facade or a mesh does so in brightness and in some tiles; a display in most.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
Plane = NDArray[np.float32]
FEATURES: Final = ("colour_few", "colour_most", "light", "stripes")
TILE: Final = 256
TILES_MAX: Final = 20
_ACROSS: Final = 8  # places a way at most, before some are left out
_AROUND: Final = 21  # pixels of the spectrum that a peak is compared with
_LIGHT_MAX: Final = 3.0  # pictures drawn by computer have far higher ones
_LOW, _LOW_COLOUR = 0.05, 0.02  # cycles per pixel below which the picture itself is
_FLOOR: Final = 0.655  # power that counts as nothing: a thousandth of a grey level


def features(picture: Image.Image) -> dict[str, float] | None:
    """Return the numbers of FEATURES of an RGB picture; None where it is smaller than a tile.

    Takes some 2 ms a tile, 20 tiles at most, whatever the picture's size.
    """
    rows = [_of_tile(tile) for tile in tiles(picture)]
    if not rows:
        return None
    few, middle, most = np.quantile(np.array(rows), (0.25, 0.5, 0.75), axis=0)
    return {
        "colour_few": float(few[0]),
        "colour_most": float(most[0]),
        "light": min(_LIGHT_MAX, float(middle[1])),
        "stripes": float(middle[2]),
    }


def tiles(picture: Image.Image) -> Iterator[Picture]:
    """Yield up to TILES_MAX squares from all over a picture, at full size."""
    width, height = picture.size
    if min(height, width) < TILE:
        return
    tops, lefts = _places(height), _places(width)
    corners = [(top, left) for top in tops for left in lefts]
    step = max(1.0, len(corners) / TILES_MAX)
    for number in range(min(len(corners), TILES_MAX)):
        top, left = corners[int(number * step)]
        yield np.asarray(picture.crop((left, top, left + TILE, top + TILE)))


def _places(length: int) -> list[int]:
    number = max(1, min(length // TILE, _ACROSS))
    return [int(place) for place in np.linspace(0, length - TILE, number)]


def _of_tile(tile: Picture) -> tuple[float, float, float]:
    """Return the highest peak in colour and in brightness, and fine colour over fine brightness."""
    planes = cv2.split(cv2.cvtColor(tile, cv2.COLOR_RGB2YCrCb))
    spectra = [_spectrum(one.astype(np.float32)) for one in planes]
    light = _peak(spectra[0], _LIGHT_AT)
    colour = max(_peak(one, _COLOUR_AT) for one in spectra[1:])
    power = [_fine(one) for one in spectra]
    return colour, light, max(power[1:]) - power[0]


def _spectrum(plane: Plane) -> Plane:
    """Return the logarithm of the amplitudes, those of neighbours taken together."""
    power = cv2.GaussianBlur(power_of((plane - plane.mean()) * _WINDOW), (0, 0), 0.7)
    return np.asarray(0.5 * np.log(power + _FLOOR), np.float32)


def power_of(plane: Plane) -> Plane:
    """Return the squared amplitudes of a tile, half of them: (TILE, TILE // 2 + 1).

    OpenCV's real transform is several times as quick as NumPy's; it packs the first and the last
    column, which are symmetrical, into one column each.
    """
    packed = cv2.dft(plane)
    power = np.empty((TILE, TILE // 2 + 1), np.float32)
    power[:, 1:-1] = packed[:, 1:-1:2] ** 2 + packed[:, 2::2] ** 2
    for column in (0, -1):
        ends = packed[:, column]
        half = ends[1:-1:2] ** 2 + ends[2:-1:2] ** 2
        power[:, column] = np.concatenate([ends[:1] ** 2, half, ends[-1:] ** 2, half[::-1]])
    return power


def _peak(spectrum: Plane, where: NDArray[np.bool_]) -> float:
    """Return how far the highest peak stands over what is around it."""
    around = cv2.blur(spectrum, (_AROUND, _AROUND), borderType=cv2.BORDER_REFLECT)
    return float((spectrum - around)[where].max())


def _fine(spectrum: Plane) -> float:
    """Return the logarithm of the power between a tenth and nearly half a cycle per pixel."""
    return float(np.log(np.exp(2 * spectrum[_FINE]).sum() / TILE**4 * 1e3 + 1e-4))


def _masks() -> Mapping[str, NDArray[np.bool_]]:
    """Where to look: not at the picture itself, upright edges, or the 8-pixel blocks of a JPEG."""
    down, across = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]
    radius = np.hypot(across, down)
    upright = (np.abs(across) < 1.5 / TILE) | (np.abs(down) < 1.5 / TILE)
    blocks = (_eighth(across) & (np.abs(down) < 2.5 / TILE)) | (
        _eighth(down) & (np.abs(across) < 2.5 / TILE)
    )
    clear = ~upright & ~blocks
    return {
        "light": (radius > _LOW) & clear,
        "colour": (radius > _LOW_COLOUR) & clear,
        "fine": (radius > 0.1) & (radius < 0.45),
    }


def _eighth(frequency: NDArray[np.floating]) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(frequency * 8 - np.round(frequency * 8)) < 12 / TILE
    return near


_WINDOW: Final = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
_MASKS: Final = _masks()
_LIGHT_AT, _COLOUR_AT, _FINE = _MASKS["light"], _MASKS["colour"], _MASKS["fine"]
