"""For the bench `rectify`: lines chosen on half of the scenes and judged on the other half.

The gates of the probability (0.85, 0.15) are the plant's and were not chosen by these pictures; the
lines for a copy, for another scene and for single signs were. They are chosen anew here by what a
wrong verdict costs. The models stay those that were fitted without the scene they judge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

import numpy as np

from benchmarks import held_out, intervals
from benchmarks.rectify_pairs import Judged
from domain.rectification import Limits, Model, Outcome, judge

LINES: Final[tuple[held_out.Line, ...]] = tuple(product(
    (0.2, 0.23, 0.26, 0.3, 0.35, 0.4, 0.5, 0.6),  # copy_px
    (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),  # scene
    (1, 2, 3, 4, 5, 6),  # signs
))  # fmt: skip
WRONG, MISSED, ASKED = 1e3, 10.0, 1.0  # a false pass or refusal, a fix not passed, a person's look
FALSE_MAX: Final = 0.02


def figures(
    judged: Sequence[Judged], models: Mapping[str, Model], model: Model, limits: Limits
) -> dict[str, float]:
    """Return the shares that are asked for by such lines, and what the lines were."""
    scenes = [one.pair.scene for one in judged]
    half = held_out.halves(scenes)
    if len(half) == len(set(scenes)):
        return {}  # one scene has no halves
    told: dict[held_out.Line, list[Outcome]] = {
        line: [_outcome(one, models.get(one.pair.scene, model), _limits(limits, line))
               for one in judged]
        for line in LINES
    }  # fmt: skip
    costs = np.array([[_cost(one, told[line][at]) for line in LINES]
                      for at, one in enumerate(judged)])  # fmt: skip
    sides = held_out.cross_fitted(costs, scenes, half, LINES)
    found: dict[str, float] = {}
    for side, line in zip(("half", "rest"), sides, strict=True):
        names = ("copy_px", "scene", "signs")
        found |= {f"line_{name}_{side}": each for name, each in zip(names, line, strict=True)}
    outcomes = [told[sides[0 if scene in half else 1]][at] for at, scene in enumerate(scenes)]
    for name, changed, outcome in (
        ("true_pass_held", True, "passed"),
        ("false_pass_held", False, "passed"),
        ("genuine_refused_held", True, "refused"),
    ):
        some = [at for at, one in enumerate(judged) if one.pair.changed is changed]
        hits = [outcomes[at] == outcome for at in some]
        found |= intervals.share(name, hits, [scenes[at] for at in some])
    usual = [at for at, one in enumerate(judged) if one.usual]
    asked = [outcomes[at] == "needs_person" for at in usual]
    found |= intervals.share("needs_person_held", asked, [scenes[at] for at in usual])
    return found | _gate(judged, half)


def _gate(judged: Sequence[Judged], half: frozenset[str]) -> dict[str, float]:
    """Return what passes a gate that let 2 % of the other half's unchanged pairs through."""
    gates: dict[bool, float] = {}
    for inside in (True, False):
        others = [one for one in judged if (one.pair.scene in half) is not inside]
        no = sorted((one.score for one in others if not one.pair.changed), reverse=True)
        gates[inside] = no[int(FALSE_MAX * len(no))] if no else 1.0
    found: dict[str, float] = {"gate_at_2_half": gates[True], "gate_at_2_rest": gates[False]}
    for name, changed in (("true_pass_at_2_held", True), ("false_pass_at_2_held", False)):
        some = [one for one in judged if one.pair.changed is changed]
        hits = [one.score > gates[one.pair.scene in half] for one in some]
        found |= intervals.share(name, hits, [one.pair.scene for one in some])
    return found


def _limits(limits: Limits, line: held_out.Line) -> Limits:
    copy_px, scene, signs = line
    return replace(limits, copy_px=copy_px, scene=scene, signs=int(signs))


def _outcome(one: Judged, model: Model, limits: Limits) -> Outcome:
    copied = one.apart_px is not None and one.apart_px < limits.copy_px
    return judge(replace(one.findings, copied=copied), model, limits).outcome


def _cost(one: Judged, outcome: Outcome) -> float:
    wrong = (outcome == "passed") is not one.pair.changed if outcome != "needs_person" else False
    missed = MISSED if one.pair.changed and outcome != "passed" else 0.0
    asked = ASKED if outcome == "needs_person" and one.usual else 0.0
    return (WRONG if wrong else 0.0) + missed + asked
