"""The way back is how the person came, whatever the browser's buttons do meanwhile."""

import pytest

from screens.context import trail_after


@pytest.mark.parametrize(
    ("trail", "route", "expected"),
    [
        (("/",), "/scan", ("/", "/scan")),
        (("/", "/scan"), "/sheet/1", ("/", "/scan", "/sheet/1")),
        (("/", "/scan", "/sheet/1"), "/scan", ("/", "/scan")),
        (("/", "/scan"), "/hazards", ("/hazards",)),
        (("/hazards", "/hazard/1"), "/hazard/1", ("/hazards", "/hazard/1")),
        (("/hazards", "/hazard/1", "/hazard/1/dispatch"), "/", ("/",)),
    ],
)
def test_trail(trail: tuple[str, ...], route: str, expected: tuple[str, ...]) -> None:
    assert trail_after(trail, route) == expected
