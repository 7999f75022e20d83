"""Only an exact or verified match blocks; a likeness is a hint, most of them nothing."""

import pytest

from domain.reuse import Fitted, ReuseLimits, action

LIMITS = ReuseLimits(
    waves=18, slopes=18, candidates=8, agree=10, share=0.6, error=0.6, certain=0.2, coherent=0.4,
    bent=0.05, hint_agree=30, hint_share=0.6, hint_error=0.9, near=12,
)  # fmt: skip


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ((200, 0.95, 0.2, 0.1, 0.0), "block"),
        ((10, 0.6, 0.59, 0.1, 0.0), "block"),
        ((9, 0.9, 0.1, 0.1, 0.0), "none"),  # too few to prove anything
        ((80, 0.7, 0.8, 0.1, 0.0), "hint"),  # nearly one exposure
        ((80, 0.7, 2.0, 0.1, 0.0), "none"),  # another shot of the same place
        ((80, 0.3, 0.2, 0.1, 0.0), "none"),
        ((400, 0.95, 0.5, 0.7, 0.0), "none"),  # from a step aside: neighbours deviate alike
        ((400, 0.95, 0.5, 0.1, 0.06), "none"),  # a bare wall under another angle
        ((400, 0.7, 0.8, 0.7, 0.0), "none"),
        ((400, 0.95, 0.1, 0.9, 0.9), "block"),  # too exact for any other exposure
    ],
)
def test_a_fit_decides(fit: Fitted, expected: str) -> None:
    assert action(exact=False, apart=3, fit=fit, limits=LIMITS) == expected


def test_the_same_file_is_blocked_without_a_look() -> None:
    assert action(exact=True, apart=0, fit=None, limits=LIMITS) == "block"


def test_an_earlier_photo_that_is_not_at_hand_can_only_be_hinted_at() -> None:
    assert action(exact=False, apart=LIMITS.near, fit=None, limits=LIMITS) == "hint"
    assert action(exact=False, apart=LIMITS.near + 1, fit=None, limits=LIMITS) == "none"
