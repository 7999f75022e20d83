"""What the signs go by: the lines of limits.yaml and the fitted model, read and looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from domain.capture_trust import SIGNS, CaptureLimits, ChallengeLimits, StreamLimits
from domain.rectification import Model, ModelFileError
from media.model_files import numbers, part, whole
from media.recapture.screen import FEATURES
from media.rectify import model

MODEL: Final = "recapture.yaml"
_SHARE: Final = (0.0, 1.0)
_STREAM: Final = {"frames": (2, 60), "same": _SHARE, "frozen": (0.0, 50.0), "even": _SHARE}
_CHALLENGE: Final = {
    "closer": (1.0, 10.0), "aside_px": (0.0, 100.0), "shake_percent": (0.0, 100.0),
    "copy_px": (0.0, 10.0),
}  # fmt: skip
_DEVICES_MAX, _NAME_MAX = 100, 60


@dataclass(frozen=True, slots=True)
class Capture:
    """Lines of the signs and the model that tells a screen."""

    limits: CaptureLimits
    model: Model
    pictures: frozenset[str]


def load(found: Mapping[str, object], path: Path) -> Capture:
    """Return them from the rows of limits.yaml; raises ModelFileError."""
    rows = part(found.get("capture"), path, "capture")
    screen = numbers({"screen": rows.get("screen")}, {"screen": _SHARE}, path, "capture")
    stream = numbers(
        part(rows.get("stream"), path, "capture.stream"), _STREAM, path, "capture.stream"
    )
    second = numbers(
        part(rows.get("challenge"), path, "capture.challenge"), _CHALLENGE, path,
        "capture.challenge",
    )  # fmt: skip
    given = part(rows.get("rates"), path, "capture.rates")
    bounds = {str(name): (0.0, 100.0) for name in given}
    if bounds.keys() - set(SIGNS):
        raise ModelFileError(file=path.name, problem="capture.rates")
    rates = whole(numbers(given, bounds, path, "capture.rates"), bounds, path)
    trained = model.load(path.with_name(MODEL), FEATURES)
    limits = CaptureLimits(
        screen=screen["screen"],
        stream=StreamLimits(
            whole(stream, ["frames"], path)["frames"],
            stream["same"],
            stream["frozen"],
            stream["even"],
        ),
        challenge=ChallengeLimits(**second),
        devices=_names(rows.get("devices"), path),
        rates=tuple(sorted(rates.items())),
    )
    return Capture(limits, trained.model, trained.pictures)


def _names(value: object, path: Path) -> tuple[str, ...]:
    """Return parts of device names, in lower case."""
    if not isinstance(value, list):
        raise ModelFileError(file=path.name, problem="capture.devices")
    names = [one for one in cast("list[object]", value) if isinstance(one, str)]
    good = all(0 < len(one.strip()) <= _NAME_MAX for one in names)
    if len(names) != len(cast("list[object]", value)) or len(names) > _DEVICES_MAX or not good:
        raise ModelFileError(file=path.name, problem="capture.devices")
    return tuple(one.strip().lower() for one in names)
