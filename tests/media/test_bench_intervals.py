"""The benches say how sure a share is: by scenes, not by pictures of them."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import held_out, intervals, runner
from tests.media.places import file, wall

SIZES = np.array([95, 25, 10, 3, 3, 2, 2, 2, 2])  # pairs by scene, as in the development data


def bounds(hits: list[bool], scenes: list[str], name: str = "share") -> tuple[float, float]:
    found = intervals.share(name, hits, scenes)
    return found[f"{name}_low"], found[f"{name}_high"]


def counted(hits: int, of: int) -> tuple[float, float]:
    """Return the interval that takes every picture for a case of its own (Wilson)."""
    z = 1.96
    middle = (hits + z * z / 2) / (of + z * z)
    half = z * (hits * (of - hits) / of + z * z / 4) ** 0.5 / (of + z * z)
    return middle - half, middle + half


def test_pictures_of_a_scene_that_fail_together_are_one_case() -> None:
    scenes = [f"room {at}" for at in range(9) for _ in range(20)]
    low, high = bounds([at < 60 for at in range(180)], scenes)  # all of three rooms
    narrow_low, narrow_high = counted(60, 180)
    assert low < narrow_low - 0.15
    assert high > narrow_high + 0.15


def test_cases_that_are_independent_are_counted_as_ever() -> None:
    hits = [at % 3 == 0 for at in range(300)]
    assert bounds(hits, [str(at) for at in range(300)]) == pytest.approx(
        counted(100, 300), abs=0.01
    )


@pytest.mark.parametrize("alike", [0.2, 0.6])
def test_made_scenes_hold_the_truth_where_counting_pairs_does_not(alike: float) -> None:
    truth, ours, pairs = 0.87, 0, 0
    scenes = [str(at) for at, size in enumerate(SIZES) for _ in range(size)]
    rng = np.random.default_rng(3)
    for _ in range(60):
        of_scene = rng.beta(truth * (1 - alike) / alike, (1 - truth) * (1 - alike) / alike, 9)
        hits = (rng.random(len(scenes)) < np.repeat(of_scene, SIZES)).tolist()
        low, high = bounds(hits, scenes)
        ours += low <= truth <= high
        low, high = counted(sum(hits), len(hits))
        pairs += low <= truth <= high
    assert ours >= 54
    assert pairs <= 36


def test_nothing_in_nine_scenes_is_no_rate_below_a_quarter() -> None:
    none = intervals.share("false", [False] * 4000, [str(at % 9) for at in range(4000)])
    assert none["false"] == none["false_low"] == 0
    assert none["false_high"] == pytest.approx(1 - 0.05 ** (1 / 9))
    assert (none["false_n"], none["false_units"]) == (4000, 9)
    assert intervals.nothing_seen(2995) == pytest.approx(0.001, rel=0.01)


def test_one_event_more_never_makes_us_surer() -> None:
    scenes = [str(at % 9) for at in range(900)]
    highs = [bounds([at < events for at in range(900)], scenes)[1] for events in range(4)]
    assert highs == sorted(highs)


def test_of_no_case_all_is_possible() -> None:
    assert bounds([], []) == (0.0, 1.0)
    assert bounds([True] * 50, ["one room"] * 50) == (pytest.approx(0.05), 1.0)


def test_the_order_of_scores_is_as_sure_as_there_are_scenes() -> None:
    rng = np.random.default_rng(0)
    changed = [at % 2 == 0 for at in range(180)]
    room = rng.normal(0, 1, 9).repeat(20)  # what all pictures of a room share
    scores = (np.array(changed) * 1.5 + room).tolist()
    by_room = intervals.order("auc", scores, changed, [str(at // 20) for at in range(180)])
    by_pair = intervals.order("auc", scores, changed, [str(at) for at in range(180)])
    assert by_room["auc"] == by_pair["auc"]
    assert by_room["auc_high"] - by_room["auc_low"] > 1.3 * (
        by_pair["auc_high"] - by_pair["auc_low"]
    )
    assert intervals.order("auc", [0.1, 0.9], [True, True], ["a", "b"]) == {}
    two = intervals.order("auc", [0.9, 0.1], [True, False], ["a", "b"])
    assert (two["auc"], two["auc_high"]) == (1.0, 1.0)
    assert two["auc_low"] < 0.3  # two scenes, one of each: nearly anything


def test_a_line_is_chosen_without_the_scenes_it_is_judged_on() -> None:
    scenes = ["big"] * 6 + ["small"] * 3 + ["tiny"] * 2
    half = held_out.halves(scenes)
    assert half == {"big"}
    lines = [(0.0,), (1.0,), (2.0,), (3.0,), (4.0,)]
    costs = np.array([[0, 1, 1, 1, 1]] * 6 + [[1, 0, 0, 0, 1]] * 5, float)
    assert held_out.cross_fitted(costs, scenes, half, lines) == ((2.0,), (0.0,))


def test_the_table_says_beside_a_share_how_many_cases_are_independent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["file,label,source"]
    for at in range(3):
        (tmp_path / f"{at}.jpg").write_bytes(file(wall(at, (400, 300))))
        rows.append(f"{at}.jpg,0,room_{at}" if at < 2 else f"{at}.jpg,0,hall_{at}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    assert runner.main(["recapture", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    [false] = [line.split(maxsplit=1)[1] for line in lines if line.startswith("false ")]
    assert false == "0  0 to 0.7764, n 3, units 2"
    assert not any(line.startswith("false_") for line in lines)
