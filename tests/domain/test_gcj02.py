"""Positions are kept as WGS-84; the shifted grid of Chinese maps is undone to some centimetres."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gcj02 import from_chinese_map, on_chinese_map
from domain.places import Place, distance_m


def place(lat: float, lon: float) -> Place:
    return Place(round(lat * 1e7), round(lon * 1e7))


# Points that other implementations of the published formula use as their test, too.
@pytest.mark.parametrize(
    ("wgs", "shown"),
    [
        ((31.1774276, 121.5272106), (31.17530398, 121.53154186)),
        ((22.543847, 113.912316), (22.54079613, 113.91717648)),
        ((39.911954, 116.377817), (39.91334546, 116.38404722)),
    ],
)
def test_known_points(wgs: tuple[float, float], shown: tuple[float, float]) -> None:
    assert distance_m(on_chinese_map(place(*wgs)), place(*shown)) < 0.1


@given(st.floats(18.5, 53), st.floats(74, 134.5))
def test_there_and_back_loses_nothing_that_matters(lat: float, lon: float) -> None:
    here = place(lat, lon)
    shown = on_chinese_map(here)
    assert 30 < distance_m(here, shown) < 1500
    assert distance_m(from_chinese_map(shown), here) < 0.1


@pytest.mark.parametrize("where", [(48.85, 2.35), (-33.9, 151.2), (0.5, 100)])
def test_elsewhere_nothing_is_shifted(where: tuple[float, float]) -> None:
    assert on_chinese_map(place(*where)) == from_chinese_map(place(*where)) == place(*where)
