"""Trusted time promises: corrections that follow from the chain alone, and no invented jumps."""

from domain.changes import DeviceTime, Entry
from domain.trusted_time import (
    JUMP_MS,
    Anchor,
    Pair,
    anchor_cells,
    anchor_of,
    corrected,
    correction,
    is_trusted,
    jump_ms,
    uncertainty_ms,
)

HOUR_MS = 3_600_000
TRUE_MS = 1_800_000_000_000
TWO_DAYS_MS = 48 * HOUR_MS


def entry(mono: int, *, boot: str = "b2", unc: int | None = None, **cells: int) -> Entry:
    wall = TRUE_MS - TWO_DAYS_MS + mono
    return Entry(
        "d", 3, "e", "edit", "U1", "r", "hazard", "hazard@1", {}, cells, wall, 0,
        DeviceTime(wall, mono, boot, unc),
    )  # fmt: skip


ANCHOR = Anchor("b2", HOUR_MS, TRUE_MS + HOUR_MS, 500)


def test_uncertainty_is_half_a_round_trip_and_50_ppm_of_the_age() -> None:
    assert uncertainty_ms(600 // 2, 0) == 300
    assert uncertainty_ms(300, 9 * 24 * HOUR_MS) == 300 + 38_880
    assert is_trusted(300 + 38_880)
    assert not is_trusted(None)


def test_an_anchor_corrects_what_was_written_before_it_in_its_boot() -> None:
    made = correction(entry(0), ANCHOR)
    assert made is not None
    assert (made.true_ms, made.unc_ms) == (TRUE_MS, 500 + 180)
    assert correction(entry(0, boot="b1"), ANCHOR) is None, "another boot: nobody can say"
    assert correction(entry(0, unc=40), ANCHOR) is None, "it knew the time"
    assert correction(entry(2 * HOUR_MS), ANCHOR) is None, "it came later"


def test_what_the_same_clock_stamped_moves_with_it_and_nothing_else() -> None:
    wall = TRUE_MS - TWO_DAYS_MS
    typed = TRUE_MS + HOUR_MS  # from elsewhere: no clock of this device
    told = entry(0, reported_ms=wall - 5, due_ms=wall + HOUR_MS, at_ms=typed)
    read = corrected(told, TRUE_MS)
    assert read.wall_ms == TRUE_MS
    assert read.set == {"reported_ms": TRUE_MS - 5, "due_ms": wall + HOUR_MS, "at_ms": typed}
    assert read.time == told.time, "what the device said stays"
    assert corrected(told, None) is told


def test_a_clock_that_was_set_is_a_jump_and_drift_is_none() -> None:
    before = Pair(1_000_000, 5_000)
    assert jump_ms(before, Pair(1_000_000 + HOUR_MS, 5_000 + HOUR_MS)) == 0
    assert jump_ms(before, Pair(1_000_000 + HOUR_MS + JUMP_MS, 5_000 + HOUR_MS)) == 0
    assert jump_ms(before, Pair(1_000_000 - 2 * HOUR_MS, 5_000 + HOUR_MS)) == -3 * HOUR_MS
    assert jump_ms(before, Pair(1_000_000 + 2_100, 5_000)) == 2_100


def test_an_anchor_is_read_as_it_was_written_and_a_forged_one_is_none() -> None:
    cells = anchor_cells(ANCHOR)
    assert anchor_of(cells) == ANCHOR
    for name, value in (("mono", -1), ("unc", None), ("source", "me"), ("what", "x"), ("boot", 3)):
        assert anchor_of({**cells, name: value}) is None
