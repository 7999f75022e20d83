"""Labels of ours, printed, photographed and forged, for the bench `qr`: what is taken for a label?

The sample data hold no signed label, so the pictures are made here, from a seed: by the product's
own signing and printing, put into a scene as seen by a camera that stands askew, moves, is out of
focus, saves little, or sees a damaged print. Forged ones are printed just as well. What is accepted
is decided by the product's own check against a plant whose one label was printed anew. Worn labels
are photographed once more beside a clean code of somebody else.
"""

import string
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.random import Generator
from numpy.typing import NDArray

from app.use_cases import scan
from domain.definitions import load
from domain.errors import FieldError
from domain.plant import Plant
from media import base45, code_signs, label_sheet, vision
from media.label_sheet import PrintLabel
from media.labels import PREFIX, Label, PlantKey, sign
from server.keys import LabelSigner
from server.labels import plant_labels

ASSETS: Final = Path(__file__).parent.parent / "assets"
DAY: Final = date(2026, 11, 22)
PHOTOGRAPHED: Final = ("rotated", "perspective", "blur", "motion", "jpeg", "damage")
FORGED: Final = ("changed", "other_key", "other_plant", "truncated", "retired")
EACH: Final = 4  # pictures of each way of photographing and forging; of genuine ones so much more:
GENUINE: Final = 4
WORN: Final = ("blur", "motion", "jpeg", "damage")  # and how much worse than of the others
WORSE: Final = 1.4
MIDDLE: Final = 0.3  # of the shorter side: the label lies there, the code of somebody else does not
FOREIGN: Final = "https://example.org/pay/4711"
WIDTH, HEIGHT = 1200, 900
Picture = NDArray[np.uint8]
Read = Callable[[bytes], list[str]]
Accept = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Shot:
    """A photographed label: the text that is printed on it, and how it was forged ("": not)."""

    data: bytes
    text: str
    forged: str
    photographed: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the pictures.

    `exact`: genuine labels read to the letter and accepted; `seen`: forged ones read to the letter,
    without which none could be refused; `accepted`: texts taken for a label that no genuine one of
    the plant has; `wrong`: pictures from which a text came that is not printed there.
    """

    genuine: int
    exact: int
    forged: int
    seen: int
    accepted: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Series:
    """Pictures of one run, and the product's check of a text for the plant they belong to."""

    shots: tuple[Shot, ...]
    accept: Accept


def series(seed: int, each: int = EACH) -> Series:
    """Print, forge and photograph the labels of the shipped plant; the same for the same seed."""
    rng = np.random.default_rng(seed)
    ours, foreign, other = (Ed25519PrivateKey.from_private_bytes(rng.bytes(32)) for _ in range(3))
    old = _plant()
    printed = plant_labels(old, LabelSigner(old.code, 1, ours), DAY)
    known = next(iter(old.others), "OTHER")
    keys = {1: _public(old.code, ours), 2: _public(known, other)}
    now = replace(old, assets={
        name: replace(one, label_version=one.label_version + 1) for name, one in old.assets.items()
    })  # fmt: skip
    genuine = plant_labels(now, LabelSigner(old.code, 1, ours), DAY)
    retired = [label for label in printed if label.label_id in now.assets]
    forge = _Forge(ours, foreign, other, old.code, known)
    shots: list[Shot] = []
    for how in PHOTOGRAPHED:
        for number in range(GENUINE * each):
            shots.append(_shot(genuine[number % len(genuine)], "", how, rng))
        for kind in FORGED:
            some = retired if kind == "retired" else genuine
            for number in range(each):
                label = some[(number * 5 + len(shots)) % len(some)]
                shots.append(_shot(forge.made(label, kind, rng), kind, how, rng))
    return Series(tuple(shots), _accepts(now, keys))


def tally(shots: Sequence[Shot], read: Read, accept: Accept) -> Tally:
    """Read all pictures and count; what is genuine is known from the print, not from the check."""
    genuine = {one.text for one in shots if not one.forged}
    exact = seen = accepted = wrong = 0
    for one in shots:
        texts = read(one.data)
        taken = [text for text in texts if accept(text)]
        exact += not one.forged and taken == [one.text]
        seen += bool(one.forged) and one.text in texts
        accepted += sum(text not in genuine for text in taken)
        wrong += any(text != one.text for text in texts)
    count = sum(not one.forged for one in shots)
    return Tally(count, exact, len(shots) - count, seen, accepted, wrong)


def figures(seed: int, readers: Mapping[str, Read], each: int = EACH) -> dict[str, float]:
    """Return what the front (named "") and each engine alone make of one series."""
    made = series(seed, each)
    every = {name: tally(made.shots, read, made.accept) for name, read in readers.items()}
    ours = every.pop("")
    best = max((one.exact for one in every.values()), default=0)
    return {
        "signed_pictures": ours.genuine, "signed_read": ours.exact, "signed_best_engine": best,
        "forged_pictures": ours.forged, "forged_read": ours.seen,
        "forged_accepted": ours.accepted, "wrong_signed": ours.wrong, "signed_seed": seed,
    }  # fmt: skip


def beside(seed: int, each: int = EACH) -> list[Shot]:
    """Photograph worn labels that have a clean code of somebody else beside them."""
    rng = np.random.default_rng(seed)
    plant, key = _plant(), Ed25519PrivateKey.from_private_bytes(rng.bytes(32))
    genuine = plant_labels(plant, LabelSigner(plant.code, 1, key), DAY)
    code = _code(FOREIGN)
    shots: list[Shot] = []
    for how in WORN:
        for number in range(GENUINE * each):
            label = genuine[number % len(genuine)]
            view, quality = _seen(_plate(label), how, rng, WORSE)
            view[20 : 20 + len(code), 20 : 20 + len(code)] = code
            shots.append(Shot(_jpeg(view, quality), label.text, "", how))
    return shots


def beside_figures(seed: int, front: Read, seek: Read, each: int = EACH) -> dict[str, float]:
    """Return how many worn labels are read beside another's code, and what looking on costs.

    `front` ends with any code, `seek` looks on until it has a label; `seen` are those that it does
    not read, and of which it is known that there is a code.
    """
    shots = beside(seed, each)
    worn = [one.data for one in shots if one.text not in seek(one.data)]
    code = np.full((HEIGHT, WIDTH), 200, np.uint8)
    foreign = _code(FOREIGN)
    code[20 : 20 + len(foreign), 20 : 20 + len(foreign)] = foreign
    alone, times = _jpeg(code, 85), list[float]()
    for _ in range(9):
        began = time.perf_counter()
        seek(alone)
        times.append((time.perf_counter() - began) * 1000)
    return {
        "beside_pictures": len(shots),
        "beside_read": len(shots) - len(worn),
        "beside_seen": sum(map(_seen_unread, worn)),
        "beside_read_first_code": sum(one.text in front(one.data) for one in shots),
        "foreign_alone_ms": median(times),
    }


def _seen_unread(data: bytes) -> bool:
    return any(code.away < MIDDLE for code in code_signs.signs(vision.gray(data)))


@dataclass(frozen=True, slots=True)
class _Forge:
    """What a forger has: keys of others, and genuine labels to change."""

    ours: Ed25519PrivateKey
    foreign: Ed25519PrivateKey
    other: Ed25519PrivateKey
    plant: str
    known: str  # another plant that devices know

    def made(self, label: PrintLabel, kind: str, rng: Generator) -> PrintLabel:
        """Return a label that looks like this one and is not to be accepted."""
        like = Label("asset", self.plant, label.label_id, label.version, DAY, 1)
        match kind:
            case "changed":
                text = _changed(label.text, rng)
            case "other_key":
                text = sign(like, self.foreign)
            case "other_plant":
                text = sign(replace(like, plant=self.known, key_id=2), self.other)
            case "truncated":
                data = base45.decode(label.text.removeprefix(PREFIX))
                text = PREFIX + base45.encode(data[: -int(rng.integers(1, 64))])
            case _:  # an older version, signed as it should be
                text = label.text
        return replace(label, text=text)


def _changed(text: str, rng: Generator) -> str:
    """Return the text with one character behind the prefix exchanged for another of base45."""
    place = int(rng.integers(len(PREFIX), len(text)))
    signs = [sign for sign in string.digits + string.ascii_uppercase if sign != text[place]]
    return text[:place] + str(rng.choice(signs)) + text[place + 1 :]


def _accepts(plant: Plant, keys: Mapping[int, PlantKey]) -> Accept:
    """Return the check of a device: signature, plant, and whether the label was retired."""

    def accept(text: str) -> bool:
        try:
            scan.spot_in(plant, keys, text)
        except FieldError:
            return False
        return True

    return accept


def _plant() -> Plant:
    folder = ASSETS / "definitions"
    files = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }
    return load(files, DAY).plant


def _public(plant: str, key: Ed25519PrivateKey) -> PlantKey:
    return PlantKey(plant, key.public_key().public_bytes_raw())


def _shot(label: PrintLabel, forged: str, how: str, rng: Generator) -> Shot:
    return Shot(_jpeg(*_seen(_plate(label), how, rng)), label.text, forged, how)


def _plate(label: PrintLabel) -> Picture:
    file = label_sheet.picture(label, "zh", ASSETS / "fonts/SafeSC.otf")
    plate = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert plate is not None
    return plate.astype(np.uint8, copy=False)


def _code(text: str) -> Picture:
    """Return a clean QR code, 200 pixels or a little more wide."""
    modules = np.array([list(row) for row in segno.make(text, micro=False).matrix], np.uint8)
    light = np.pad(255 * (1 - modules), 4, constant_values=255)
    return np.kron(light, np.ones((200 // len(light) + 1,) * 2)).astype(np.uint8)


def _scratched(plate: Picture, rng: Generator, worse: float = 1.0) -> Picture:
    """Cover 1 to 4 % of the code, or more, with spots of dirt and bare metal."""
    side = plate.shape[1]
    spoilt = plate.copy()
    covered, share = 0.0, float(rng.uniform(0.01, 0.04)) * worse
    while covered < share * side * side:
        radius = float(rng.uniform(0.01, 0.03) * side)
        x, y = (int(one) for one in rng.integers(0, side, 2))
        cv2.circle(spoilt, (x, y), round(radius), int(rng.choice([20, 128, 235])), cv2.FILLED)
        covered += np.pi * radius * radius
    return spoilt


def _jpeg(view: Picture, quality: int) -> bytes:
    return bytes(cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def _seen(plate: Picture, how: str, rng: Generator, worse: float = 1.0) -> tuple[Picture, int]:
    """Put the plate on a wall and look at it; returns the picture, and how well it is saved."""
    if how == "damage":
        plate = _scratched(plate, rng, worse)
    scene = _wall(rng)
    height, width = plate.shape
    size = float(rng.uniform(0.35, 0.75)) * HEIGHT / height
    angle = float(rng.uniform(0, 360) if how == "rotated" else rng.uniform(-6, 6))
    tilt = float(rng.uniform(35, 55) if how == "perspective" else rng.uniform(0, 8))
    there = _corners(width * size, height * size, np.radians(angle), np.radians(tilt))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    move = cv2.getPerspectiveTransform(corners, there)
    seen = cv2.warpPerspective(plate, move, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    there_is = cv2.warpPerspective(np.full_like(plate, 255), move, (WIDTH, HEIGHT))
    light = float(rng.uniform(0.6, 0.95))
    view = np.where(there_is > 127, 20 + seen * np.float32(light), scene)
    module = worse * size * 456 / 57  # pixels
    if how == "blur":
        view = cv2.GaussianBlur(view, (0, 0), float(rng.uniform(0.3, 0.5)) * module)
    if how == "motion":
        view = cv2.filter2D(view, -1, _streak(round(module * float(rng.uniform(0.8, 1.3))), rng))
    view = view + 4 * rng.standard_normal(view.shape, np.float32)
    quality = round(int(rng.integers(12, 25)) / worse) if how == "jpeg" else 85
    return view.clip(0, 255).astype(np.uint8), quality


def _corners(width: float, height: float, turn: float, tilt: float) -> NDArray[np.float32]:
    """Return where the corners of a plate lie that is turned and seen from the side."""
    far = 3.0 * HEIGHT  # from the camera, in pixels
    found: list[tuple[float, float]] = []
    for x, y in _around(width / 2, height / 2):
        across = x * np.cos(turn) - y * np.sin(turn)
        down = x * np.sin(turn) + y * np.cos(turn)
        depth = far + across * np.sin(tilt)
        found.append((
            WIDTH / 2 + across * np.cos(tilt) * far / depth, HEIGHT / 2 + down * far / depth,
        ))  # fmt: skip
    return np.array(found, np.float32)


def _around(x: float, y: float) -> Iterator[tuple[float, float]]:
    yield from ((-x, -y), (x, -y), (x, y), (-x, y))


def _streak(length: int, rng: Generator) -> NDArray[np.float64]:
    """Return the path of a hand that shakes while the picture is taken."""
    size = max(3, length | 1)
    middle = (size - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), float(rng.uniform(0, 180)), 1)
    path = np.zeros((size, size))
    path[size // 2] = 1
    path = np.asarray(cv2.warpAffine(path, turn, (size, size)), np.float64)
    return path / path.sum()


def _wall(rng: Generator) -> NDArray[np.float32]:
    """Return a painted wall: soft patches and grain."""
    patches = rng.uniform(40, 200, (9, 12)).astype(np.float32)
    soft = np.asarray(cv2.resize(patches, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))
    return soft + 6 * rng.standard_normal((HEIGHT, WIDTH), np.float32)
