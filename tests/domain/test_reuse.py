"""Only an exact or verified match blocks; a likeness is a hint, most of them nothing."""

import pytest

from domain.reuse import ReuseLimits, action

LIMITS = ReuseLimits(18, 18, 8, 10, 0.6, 0.6, 30, 0.6, 0.9, 12)


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ((200, 0.95, 0.2), "block"),
        ((10, 0.6, 0.59), "block"),
        ((9, 0.9, 0.1), "none"),  # too few to prove anything
        ((80, 0.7, 0.8), "hint"),  # nearly one exposure
        ((80, 0.7, 2.0), "none"),  # another shot of the same place
        ((80, 0.3, 0.2), "none"),
    ],
)
def test_a_fit_decides(fit: tuple[int, float, float], expected: str) -> None:
    assert action(exact=False, apart=3, fit=fit, limits=LIMITS) == expected


def test_the_same_file_is_blocked_without_a_look() -> None:
    assert action(exact=True, apart=0, fit=None, limits=LIMITS) == "block"


def test_an_earlier_photo_that_is_not_at_hand_can_only_be_hinted_at() -> None:
    assert action(exact=False, apart=LIMITS.near, fit=None, limits=LIMITS) == "hint"
    assert action(exact=False, apart=LIMITS.near + 1, fit=None, limits=LIMITS) == "none"
