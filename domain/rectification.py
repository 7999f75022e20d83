"""Was the marked defect put right? What two photos showed becomes a verdict (DOMAIN.md §6.1 no. 1).

Three numbers decide: the probability that the defect changed, how well the scene agrees, and
whether the photo was used before. The changed share of the region and of the whole picture are
information beside them. A check that could not look is a case for a person, never a refusal.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from domain.errors import FieldError

SAME = "rectify.reuse_same"  # key of the reason
Outcome = Literal["passed", "refused", "needs_person"]
Reuse = Literal["none", "hint", "same", "block"]


class ModelFileError(FieldError):
    """A file of the installation that the checks go by cannot be used: `file`, `problem`."""

    code = "model.file"


class RegionError(FieldError):
    """The marked region is not on the photo, or smaller than `least` pixels."""

    code = "rectify.region"


class RegionMissingError(FieldError):
    """Nobody has marked yet where the defect is: there is nothing to compare."""

    code = "rectify.no_region"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a photo: "dark", "blown", "blurred" or "small"."""

    which: Literal["before", "after"]
    code: Literal["dark", "blown", "blurred", "small"]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured on the two photos; shares from 0 to 1.

    `scene` and what follows are None where the photos could not be laid on each other; `features`
    also where the region is not in the other photo. `copied`: one exposure made both pictures.
    `slant`: how much shorter the region is seen in one direction than in the other. `full_frame`:
    share of pixels that differ, laid on each other as they are.
    """

    flaws: tuple[Flaw, ...]
    full_frame: float
    scene: float | None = None
    copied: bool = False
    features: Mapping[str, float] | None = None
    region: float | None = None
    slant: float = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic model over named features; `spread` are standard deviations.

    `usual`: what nine of ten unchanged pairs stay below, by feature.
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    usual: tuple[float, ...]

    def signs(self, features: Mapping[str, float]) -> int:
        """Return how many features say by themselves that something changed."""
        each = zip(self.names, self.usual, strict=True)
        return sum(features[name] > limit for name, limit in each)

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the calibrated probability, 0 to 1, that the defect changed."""
        parts = zip(self.names, self.centre, self.spread, self.weights, strict=True)
        line = self.bias + sum(w * (features[name] - c) / s for name, c, s, w in parts)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, line))))


@dataclass(frozen=True, slots=True)
class Quality:
    """What a photo shows at least; assets/models/limits.yaml says what each number is."""

    edge: int
    dark: float
    blown: float
    sharp: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the lines are, all data (assets/models/limits.yaml, the gates in defaults.yaml).

    A region is called unchanged only with fewer than `signs` signs of the contrary: a small defect
    in a large box moves the probability little.
    """

    passed: float
    refused: float
    scene: float
    slant: float
    signs: int
    copy_px: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence of the catalogs: its key and what stands in it."""

    key: str
    params: Mapping[str, str | int] = field(default_factory=dict[str, "str | int"])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check says, and why: the first reason decides, the others stand beside it."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    probability: float | None
    scene: float | None
    reuse: Reuse
    region: float | None
    full_frame: float


def judge(findings: Findings, model: Model, limits: Limits, reuse: Reuse = "none") -> Verdict:
    """Return the verdict; `reuse` is what the search among all other evidence said.

    "same": one and the same picture, and nobody knows whose was first.
    """
    probability, signs = None, 0
    if findings.features is not None:
        probability = model.probability(findings.features)
        signs = model.signs(findings.features)
    outcome, reasons = _decision(findings, probability, signs, limits, reuse)
    return Verdict(
        outcome, reasons, probability, findings.scene, reuse, findings.region, findings.full_frame
    )


def _decision(
    findings: Findings, probability: float | None, signs: int, limits: Limits, reuse: Reuse
) -> tuple[Outcome, tuple[Reason, ...]]:
    if reuse == "block":
        return "refused", (Reason("rectify.reused"),)
    doubts = _doubts(findings, limits, reuse)
    if reuse == "same":
        return "needs_person", (Reason(SAME), *doubts)
    if doubts or probability is None:
        return "needs_person", doubts or (Reason("rectify.region_hidden"),)
    params = {"percent": percent(probability)}
    if probability >= limits.passed:
        return "passed", (Reason("rectify.passed", params),)
    if probability <= limits.refused and signs >= limits.signs:
        return "needs_person", (Reason("rectify.small_signs", params),)
    if probability <= limits.refused:
        return "refused", (Reason("rectify.unchanged", params),)
    return "needs_person", (Reason("rectify.unsure", params),)


def _doubts(findings: Findings, limits: Limits, reuse: Reuse) -> tuple[Reason, ...]:
    """Return what keeps the numbers from deciding, the plainest first."""
    found = [Reason(f"rectify.flaw.{flaw.code}.{flaw.which}") for flaw in findings.flaws]
    if findings.scene is None:
        found.append(Reason("rectify.other_place"))
    elif findings.copied:
        found.append(Reason("rectify.copy"))
    elif findings.scene < limits.scene:
        found.append(Reason("rectify.scene_differs", {"percent": percent(findings.scene)}))
    elif findings.slant > limits.slant:
        found.append(Reason("rectify.aside"))
    elif findings.features is None:
        found.append(Reason("rectify.region_hidden"))
    if reuse == "hint":
        found.append(Reason("rectify.reuse_hint"))
    return tuple(found)


def percent(share: float) -> int:
    """Return whole percent that never say more than is so: 0.849 is 84, 0.001 is 1."""
    whole = Decimal(str(share)) * 100  # as it is written: 0.29 is 29
    return math.ceil(whole) if share < 0.5 else math.floor(whole)
