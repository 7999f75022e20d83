"""Colours promise contrast: 7 : 1 for body and key numbers, 4.5 : 1 for the rest (WCAG 2.2)."""

import pytest

from screens.theme import DARK, LIGHT, Tokens

BODY = 7.0
REST = 4.5
PAIRS = (
    ("ink", "background", BODY),
    ("ink", "surface", BODY),
    ("ink", "surface2", BODY),
    ("on_stop", "stop_container", BODY),
    ("on_mind", "mind_container", BODY),
    ("on_good", "good_container", BODY),
    ("on_primary", "primary", BODY),
    ("on_primary_container", "primary_container", BODY),
    ("on_offline", "offline", BODY),
    ("ink2", "background", REST),
    ("ink2", "surface", REST),
    ("ink2", "surface2", REST),
    ("primary", "surface", REST),
    ("primary", "background", REST),
    ("stop", "surface", REST),
    ("stop", "background", REST),
    ("mind", "surface", REST),
    ("good", "surface", REST),
    ("on_sending", "sending", REST),
    ("on_synced", "synced", REST),
)


def luminance(colour: str) -> float:
    """Return the relative luminance of "#RRGGBB" (WCAG 2.2, definition)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_every_pair_is_readable(tokens: Tokens, ink: str, ground: str, least: float) -> None:
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= least
