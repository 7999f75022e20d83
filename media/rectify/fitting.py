"""Fit the model of the rectification check, and calibrate it on scenes it has not seen.

Used by `tools/rectification_model.py`, which writes the data file the product reads, and by the
benchmark, which fits again without the scene it asks about. Two steps: a logistic model with
balanced classes, then the slope and offset that make its held-out answers probabilities.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.rectification import Model

Doubles = NDArray[np.float64]
FIRMNESS = 0.1  # strength of the evidence against the pull to zero
_ROUNDS = 60
_USUAL = 0.9


def fit(
    rows: Sequence[Mapping[str, float]],
    changed: Sequence[bool],
    groups: Sequence[str],
    names: Sequence[str],
) -> Model:
    """Return a model; `groups` says which rows show one scene and must be held out together."""
    table = np.array([[row[name] for name in names] for row in rows], np.float64)
    label, group = np.array(changed, bool), np.array(groups)
    held = np.zeros(len(label))
    for one in np.unique(group):
        rest = group != one
        if len(set(label[rest])) == 2:
            centre, spread, weight = _line(table[rest], label[rest])
            held[~rest] = (table[~rest] - centre) / spread @ weight[:-1] + weight[-1]
    slope, offset = _logistic(held[:, None], label, 10.0)
    slope = max(slope, 0.5)  # no calibration may turn the evidence round
    centre, spread, weight = _line(table, label)
    return Model(
        tuple(names),
        tuple(map(float, centre)),
        tuple(map(float, spread)),
        tuple(float(one) for one in weight[:-1] * slope),
        float(weight[-1] * slope + offset),
        tuple(map(float, np.quantile(table[~label], _USUAL, axis=0))),
    )


def _line(table: Doubles, label: NDArray[np.bool_]) -> tuple[Doubles, Doubles, Doubles]:
    """Return centre and spread of the columns, and weights with the bias last."""
    centre, spread = table.mean(0), table.std(0) + 1e-9
    return centre, spread, _logistic((table - centre) / spread, label, FIRMNESS)


def _logistic(table: Doubles, label: NDArray[np.bool_], firmness: float) -> Doubles:
    """Return weights and bias of a ridge logistic model; both classes count as much (Newton)."""
    rows = np.c_[table, np.ones(len(table))]
    share = float(label.mean())
    counts = np.where(label, 0.5 / share, 0.5 / (1 - share))
    pull = np.r_[np.ones(table.shape[1]), 1e-6] / firmness
    weight = np.asarray(np.zeros(rows.shape[1]), np.float64)
    for _ in range(_ROUNDS):
        guess = np.asarray(1 / (1 + np.exp(-np.clip(rows @ weight, -30, 30))), np.float64)
        slope = rows.T @ (counts * (guess - label)) + pull * weight
        bend = (rows * (counts * guess * (1 - guess))[:, None]).T @ rows + np.diag(pull)
        step = np.asarray(np.linalg.solve(bend, slope), np.float64)
        weight -= step
        if np.abs(step).max() < 1e-9:
            break
    return weight
