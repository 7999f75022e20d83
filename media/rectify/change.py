"""What changed inside the marked region, against what changed around it.

Parallax, light and noise move every cell a little everywhere; what was repaired is not found again,
neither the defect in the after photo nor the repair in the before photo. Two looks: wide (each cell
is searched over a third of the region), then close, after the smooth part of what was found is
taken out. Colour is compared at the place found, after a transfer learnt outside the region.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media.rectify import align
from media.rectify.cells import Floats, Search, boxed, search
from media.rectify.grids import Grids, Mask, halved, parts
from media.rectify.photos import grey

CELL = 9
_REACH = 19  # pixels of the half grid: a third of the region
_CLOSE = 5  # pixels of the whole grid
_COLOUR_CELL = 11
_SMOOTH = 9
_LOST = 0.5  # likeness below which nothing of a cell is left
_USUAL = 0.15  # share of the surroundings that counts as changed
_LIKE_MAX = 0.75
_FLAT = (1.5, 2.0)  # grey levels, wide and close: a cell with less texture says nothing
_COLOUR_MIN = 6.0  # steps of Lab that a person sees
_GAIN = (0.4, 2.5)
_DARK = 25.0  # mean level
_NOISE = 30.0  # variance of grey that is no structure

FEATURES = (
    "likeness", "low", "changed", "structure", "colour", "colour_shift", "close_changed",
    "close_lost",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """The features, the changed share of the region, and where it changed (0 to 1, on the grid)."""

    features: Mapping[str, float]
    share: float
    heat: Floats


@dataclass(frozen=True, slots=True)
class _Look:
    """One direction of a search over region and surroundings, with what counts and how much."""

    found: Search
    region: Mask
    ring: Mask
    weight: Floats

    def of(self, where: Mask) -> tuple[Floats, Floats]:
        """Return likeness and weight over a part."""
        return self.found.likeness[where], self.weight[where] + 1e-6

    @property
    def limit(self) -> float:
        """Return the likeness below which a cell counts as changed."""
        alike, weight = self.of(self.ring)
        textured = weight > 1e-3
        usual = float(np.quantile(alike[textured], _USUAL)) if textured.any() else _LIKE_MAX
        return min(usual, _LIKE_MAX)


def measured(grids: Grids) -> Seen | None:
    """Return what changed; None where the region is not in both photos."""
    small = halved(grids)
    found = parts(small, CELL)
    near = parts(grids, CELL)
    if found is None or near is None:
        return None
    wide = search(*_soft(small, 0.5), CELL, _REACH)
    looks = [_look(one, found, _FLAT[0]) for one in wide]
    colours = _colours(small, wide)
    close = [
        _look(one, near, _FLAT[1])
        for one in search(*_soft(_bent(grids, small, wide[0]), 0.8), CELL, _CLOSE)
    ]
    each = [
        _of_likeness(look) | _of_structure(look, other, colour) | _of_close(near_look)
        for look, other, colour, near_look in zip(looks, looks[::-1], colours, close, strict=True)
    ]
    features = {name: max(one[name] for one in each) for name in FEATURES}
    heat, share = _heat(looks, colours, close)
    return Seen(features, share, heat)


def _look(found: Search, where: tuple[Mask, Mask], flat: float) -> _Look:
    looked = ~np.isnan(found.likeness)
    region, ring = (part & looked for part in where)
    weight = np.clip(found.texture, 0, 25) * (found.texture > flat)
    return _Look(found, region, ring if ring.any() else looked, weight.astype(np.float32))


def _of_likeness(look: _Look) -> dict[str, float]:
    inner, inner_weight = look.of(look.region)
    outer, outer_weight = look.of(look.ring)
    if not len(inner):
        return {"likeness": 0.0, "low": 0.0, "changed": 0.0}
    return {
        "likeness": float(
            np.average(outer, weights=outer_weight) - np.average(inner, weights=inner_weight)
        ),
        "low": _quantile(outer, outer_weight, 0.25) - _quantile(inner, inner_weight, 0.25),
        "changed": float(np.average(inner < look.limit, weights=inner_weight)),
    }


def _of_structure(look: _Look, other: _Look, colour: Floats) -> dict[str, float]:
    """Return what contrast and colour say at the places found."""
    if not look.region.any():
        return {"structure": 0.0, "colour": 0.0, "colour_shift": 0.0}
    levels = [float(np.median(one.found.texture[one.ring])) for one in (look, other)]
    gain = min(3.0, max(0.3, levels[0] / max(levels[1], 0.3)))
    here, there = look.found.texture, _at(other.found.texture, look.found) * gain
    both = here * here + there * there + _NOISE
    lack = 1 - (2 * np.nan_to_num(look.found.likeness) * here * there + _NOISE) / both
    inner, outer = colour[look.region], colour[look.ring]
    usual = float(np.quantile(outer, 0.9))
    return {
        "structure": float(lack[look.region].mean() - lack[look.ring].mean()),
        "colour": float((inner > max(_COLOUR_MIN, usual)).mean()),
        "colour_shift": float(np.quantile(inner, 0.9)) - usual,
    }


def _of_close(look: _Look) -> dict[str, float]:
    inner, weight = look.of(look.region)
    if not len(inner):
        return {"close_changed": 0.0, "close_lost": 0.0}
    return {
        "close_changed": float(np.average(inner < look.limit, weights=weight)),
        "close_lost": float(np.average(inner < _LOST, weights=weight)),
    }


def _soft(grids: Grids, sigma: float) -> tuple[Floats, Floats]:
    one, two = (
        cv2.GaussianBlur(grey(picture), (0, 0), sigma).astype(np.float32)
        for picture in (grids.before, grids.after)
    )
    return one, two


def _bent(grids: Grids, small: Grids, wide: Search) -> Grids:
    """Return the grids with the after picture bent by the smooth part of what was found."""
    alike = np.clip(np.nan_to_num(wide.likeness), 0, 1) ** 4
    weight = (alike * (np.clip(wide.texture, 0, 25) + 0.3) * small.seen).astype(np.float32)
    total = boxed(weight, _SMOOTH, cv2.BORDER_DEFAULT) + 1e-3
    height, width = grids.seen.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    way = [
        2
        * _floats(
            cv2.resize(boxed(weight * shift, _SMOOTH, cv2.BORDER_DEFAULT) / total, (width, height))
        )
        for shift in (wide.dx, wide.dy)
    ]
    bent = cv2.remap(
        grids.after, x + way[0], y + way[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
    return Grids(grids.before, bent, grids.seen, grids.corners, grids.fit, grids.frame)


def _colours(grids: Grids, wide: tuple[Search, Search]) -> tuple[Floats, Floats]:
    """Return by direction how far each cell's colour is from the one at the place found.

    The cell there is made as bright first: a shadow or a flash is no change of colour.
    """
    soft = [
        cv2.GaussianBlur(one, (0, 0), 0.8).astype(np.float32) for one in (grids.before, grids.after)
    ]
    left, top, right, bottom = grids.corners
    outside = grids.seen.copy()
    outside[top:bottom, left:right] = False
    soft[1] = _transferred(soft[0], soft[1], outside)
    cells = [boxed(one, _COLOUR_CELL, cv2.BORDER_DEFAULT).clip(0, 255) for one in soft]
    one, two = (_apart(cells[here], _at(cells[1 - here], wide[here])) for here in (0, 1))
    return one, two


def _apart(here: Floats, there: Floats) -> Floats:
    """Return how far two pictures are from each other in colour, brightness put aside."""
    light = [_floats(picture.mean(2, keepdims=True) + 1) for picture in (here, there)]
    level = _floats(np.sqrt(light[0] * light[1]))  # both meet in the middle
    lab = [
        _floats(
            cv2.cvtColor(
                _floats((picture * np.clip(level / own, *_GAIN)).clip(0, 255) / 255),
                cv2.COLOR_RGB2LAB,
            )
        )
        for picture, own in zip((here, there), light, strict=True)
    ]
    trust = np.clip(np.minimum(*light)[..., 0] / _DARK, 0, 1)  # in the dark, colour is noise
    return (np.linalg.norm(lab[0][..., 1:] - lab[1][..., 1:], axis=2) * trust).astype(np.float32)


def _transferred(goal: Floats, picture: Floats, outside: Mask) -> Floats:
    """Return the picture in the light of the other: an affine change of colour, robustly fitted."""
    rows, columns = np.nonzero(outside)
    if len(rows) < 16:
        return picture
    step = max(1, len(rows) // 4000)
    chosen = rows[::step], columns[::step]
    source = np.c_[picture[chosen], np.ones(len(chosen[0]))].astype(np.float64)
    target = goal[chosen].astype(np.float64)
    weight = np.ones(len(source))
    change: NDArray[np.float64] = np.zeros((4, 3))
    for _ in range(5):
        change = align.solved(source * weight[:, None], target * weight[:, None])
        error = np.abs(target - source @ change).sum(1)
        weight = 1 / (1 + (error / (np.median(error) + 1e-3)) ** 2)
    return (picture @ change[:3] + change[3]).astype(np.float32)


def _heat(
    looks: list[_Look], colours: tuple[Floats, Floats], close: list[_Look]
) -> tuple[Floats, float]:
    """Return where the region changed on the whole grid, and the share of it that did."""
    small = np.zeros(looks[0].region.shape, np.float32)
    for look, colour in zip(looks, colours, strict=True):
        usual = max(_COLOUR_MIN, float(np.quantile(colour[look.ring], 0.9)))
        gone = (look.found.likeness < look.limit) & (look.weight > 0)
        small = np.maximum(small, (gone | (colour > usual)) & look.region)
    height, width = close[0].region.shape
    heat: NDArray[np.generic] = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    for look in close:
        gone = (look.found.likeness < look.limit) & (look.weight > 0) & look.region
        heat = np.maximum(heat, gone.astype(np.float32) * 0.8)
    region = looks[0].region | looks[1].region
    share = float(small[region].mean()) if region.any() else 0.0
    return boxed(heat.astype(np.float32), 7, cv2.BORDER_CONSTANT), share


def _at(values: Floats, found: Search) -> Floats:
    """Return the values at the places found."""
    height, width = found.dx.shape
    y, x = np.mgrid[:height, :width]
    return values[np.clip(y + found.dy, 0, height - 1), np.clip(x + found.dx, 0, width - 1)]


def _floats(picture: object) -> Floats:
    """Return what OpenCV made; its stubs do not say what its numbers are."""
    return np.asarray(picture, np.float32)


def _quantile(values: Floats, weight: Floats, share: float) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])
