"""What both checks of photos go by: the fitted model and the lines, read once from their files."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from domain.rectification import Limits, Model, ModelFileError, Quality
from domain.reuse import ReuseLimits
from media.model_files import numbers, part, read_file, whole
from media.recapture import lines as capture_lines
from media.recapture.lines import Capture
from media.rectify import model

FOLDER: Final = Path(__file__).resolve().parent.parent / "assets" / "models"
_SHARE: Final = (0.0, 1.0)
_RECTIFY: Final = {"scene": _SHARE, "slant": (1.0, 10.0), "signs": (0, 20), "copy_px": (0.0, 10.0)}
_QUALITY: Final = {"edge": (1, 10_000), "dark": (0, 255), "blown": (0, 255), "sharp": (0, 100)}
_REUSE: Final = {
    "waves": (0, 64), "slopes": (0, 64), "candidates": (1, 1000),
    "agree": (1, 10_000), "share": _SHARE, "error": (0.0, 100.0),
    "hint_agree": (1, 10_000), "hint_share": _SHARE, "hint_error": (0.0, 100.0),
    "near": (0, 128), "certain": (0.0, 100.0), "coherent": (-1.0, 1.0),
    "bent": (-1.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checks:
    """Model with its version; lines of the repair check, the search for copies, the signs."""

    model: Model
    version: str
    limits: Limits
    reuse: ReuseLimits
    capture: Capture


@lru_cache(maxsize=8)
def load(passed: float, refused: float, folder: Path = FOLDER) -> Checks:
    """Read the files, once; `passed` and `refused` are the plant's gates. Raises ModelFileError."""
    trained = model.load(folder / "rectification.yaml")
    limits, reuse = load_limits(passed, refused, folder)
    return Checks(trained.model, trained.version, limits, reuse, load_capture(folder))


def load_capture(folder: Path = FOLDER) -> Capture:
    """Read what the signs of a replaced camera go by; raises ModelFileError."""
    path = folder / "limits.yaml"
    return capture_lines.load(read_file(path), path)


def load_limits(passed: float, refused: float, folder: Path = FOLDER) -> tuple[Limits, ReuseLimits]:
    """Read the lines alone; raises ModelFileError, also where the gates are the wrong way round."""
    path = folder / "limits.yaml"
    found = read_file(path)
    if not 0 <= refused < passed <= 1:
        raise ModelFileError(file="defaults.yaml", problem="rectify.min_probability")
    rows = dict(part(found.get("rectify"), path, "rectify"))
    quality = part(rows.pop("quality", None), path, "rectify.quality")
    lines = numbers(rows, _RECTIFY, path, "rectify")
    least = numbers(quality, _QUALITY, path, "rectify.quality")
    used = numbers(part(found.get("reuse"), path, "reuse"), _REUSE, path, "reuse")
    limits = Limits(
        passed, refused,
        scene=lines["scene"],
        slant=lines["slant"],
        signs=whole(lines, ["signs"], path)["signs"],
        copy_px=lines["copy_px"],
        quality=Quality(
            whole(least, ["edge"], path)["edge"], least["dark"], least["blown"], least["sharp"]
        ),
    )  # fmt: skip
    names = ("waves", "slopes", "candidates", "agree", "hint_agree", "near")
    counts = whole(used, names, path)
    reuse = ReuseLimits(
        **counts,
        share=used["share"],
        error=used["error"],
        certain=used["certain"],
        coherent=used["coherent"],
        bent=used["bent"],
        hint_share=used["hint_share"],
        hint_error=used["hint_error"],
    )
    return limits, reuse
