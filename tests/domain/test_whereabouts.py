"""A label and a position contradict each other only where neither error nor a walk explains it."""

from dataclasses import replace

import pytest

from domain.places import Fix, Place
from domain.whereabouts import LabelLimits, misplaced_m, out_of_reach_m, speed_m_s
from tests.helpers.definitions import demo_definitions

LIMITS = LabelLimits(mismatch_m=100, neighbour_m=30)
HERE = Place(300010900, 1225008440)


def north(metres: float) -> Place:
    return Place(HERE.lat_e7 + round(metres / 111_195 * 1e7), HERE.lon_e7)


def fix(metres: float, accuracy_m: float = 5, at_s: float = 0) -> Fix:
    return Fix(north(metres), round(accuracy_m * 100), round(at_s * 1000))


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "wrong"),
    [(0, 5, False), (100, 5, False), (106, 5, True), (150, 60, False), (170, 60, True)],
)
def test_a_label_is_elsewhere_only_beyond_the_limit_and_the_accuracy(
    metres: float, accuracy_m: float, wrong: bool
) -> None:
    assert (misplaced_m(HERE, fix(metres, accuracy_m), [], LIMITS) is not None) is wrong


def test_a_label_copied_from_the_machine_next_door_is_noticed() -> None:
    next_door = north(50)
    assert misplaced_m(HERE, fix(48), [next_door], LIMITS) == 48
    assert misplaced_m(HERE, fix(48), [north(200)], LIMITS) is None, "it stands at nothing else"
    assert misplaced_m(HERE, fix(48, 15), [next_door], LIMITS) is None, "it may well be here"
    assert misplaced_m(HERE, fix(48), [replace(next_door, floor=2)], LIMITS) is None


def test_nobody_in_the_demo_plant_is_warned_where_he_stands() -> None:
    """At every asset, up to 20 m off in four directions with an accuracy of 10 m."""
    assets = demo_definitions().plant.assets.values()
    for asset in assets:
        others = [other.place for other in assets if other is not asset]
        for d_lat, d_lon in ((0, 0), (1800, 0), (-1800, 0), (0, 2000), (0, -2000)):
            place = Place(asset.place.lat_e7 + d_lat, asset.place.lon_e7 + d_lon)
            assert misplaced_m(asset.place, Fix(place, 1000, 0), others, LIMITS) is None, asset


def test_who_was_at_a_checkpoint_a_moment_ago_is_not_on_the_other_side_of_the_plant() -> None:
    far = north(400)
    assert out_of_reach_m(far, HERE, 10_000, LIMITS) == 400
    assert out_of_reach_m(far, HERE, 101_000, LIMITS) is None, "a brisk walk"
    assert out_of_reach_m(north(90), HERE, 0, LIMITS) is None


@pytest.mark.parametrize(
    ("metres", "seconds", "at_least"), [(1000, 10, 99), (5, 10, 0), (40_000, 0, 0), (1000, -10, 99)]
)
def test_speed_counts_what_the_accuracies_do_not_explain(
    metres: float, seconds: float, at_least: float
) -> None:
    assert speed_m_s(fix(0), fix(metres, at_s=seconds)) == pytest.approx(at_least, abs=0.1)
