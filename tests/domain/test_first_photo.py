"""Who had a picture first: the order of receipt accuses, a time only ever clears somebody."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.first_photo import Arrival, order

HOUR = 3_600_000
HELD = Arrival("owner", 7, feed=10, said_ms=100 * HOUR, unc_ms=500)
LATER = Arrival("other", 3, feed=20, said_ms=102 * HOUR, unc_ms=500)


def test_what_the_server_held_first_was_first_where_the_times_say_so_too() -> None:
    assert (order(HELD, LATER), order(LATER, HELD)) == ("before", "after")


@pytest.mark.parametrize("unc_ms", [0, 500, 120_000, None])
def test_a_copy_dated_back_accuses_nobody_whatever_its_time_is_worth(unc_ms: int | None) -> None:
    """The same as an honest photo that was sent late: nobody can tell them apart."""
    copy = replace(LATER, said_ms=90 * HOUR, unc_ms=unc_ms)
    assert (order(HELD, copy), order(copy, HELD)) == ("unknown", "unknown")


def test_times_that_overlap_say_nothing_and_the_order_of_receipt_stands() -> None:
    near = replace(LATER, said_ms=HELD.said_ms - 900)
    assert order(HELD, near) == "before"
    assert order(HELD, replace(near, said_ms=HELD.said_ms - 1001)) == "unknown"


def test_without_trusted_times_the_order_of_receipt_stands_unless_they_speak_against_it() -> None:
    held, came = replace(HELD, unc_ms=None), replace(LATER, unc_ms=None)
    assert order(held, came) == "before"
    assert order(held, replace(came, said_ms=held.said_ms - 1)) == "unknown"


def test_photos_of_one_device_stand_in_the_order_of_its_chain_whatever_they_say() -> None:
    one = Arrival("phone", 4, feed=9, said_ms=50 * HOUR)
    two = Arrival("phone", 5, feed=9, said_ms=10 * HOUR)  # the same push, dated back
    assert (order(one, two), order(two, one)) == ("before", "after")
    assert order(one, one) == "unknown"


def test_two_devices_under_one_number_of_the_feed_are_not_told_apart() -> None:
    assert order(HELD, replace(LATER, feed=HELD.feed)) == "unknown"


def test_who_sent_first_and_dated_back_gets_no_further_than_its_last_contact() -> None:
    """The copy came first, dated to before the owner's photo: the owner, late, is no copier."""
    copy = Arrival("copier", 9, feed=10, said_ms=90 * HOUR, unc_ms=10, since_ms=103 * HOUR)
    owner = Arrival("owner", 2, feed=30, said_ms=100 * HOUR, unc_ms=500)
    assert order(copy, owner) == "unknown"
    assert order(replace(copy, since_ms=0), owner) == "before"  # nothing speaks for the owner


TIMES = st.integers(min_value=-(2**53), max_value=2**53)
SOME = st.builds(
    Arrival,
    device=st.sampled_from("ab"),
    number=st.integers(1, 5),
    feed=st.integers(1, 5),
    said_ms=TIMES,
    unc_ms=st.none() | st.integers(0, 2**40),
    since_ms=st.integers(0, 2**45),
)


@given(SOME, SOME)
def test_both_sides_say_the_same_and_no_time_turns_the_accusation_round(
    one: Arrival, other: Arrival
) -> None:
    turned = {"before": "after", "after": "before", "unknown": "unknown"}
    assert order(other, one) == turned[order(one, other)]
    plain = order(replace(one, said_ms=0, unc_ms=0, since_ms=0),
                  replace(other, said_ms=0, unc_ms=0, since_ms=0))  # fmt: skip
    for said, unc in itertools.product((-1, 0, one.said_ms, 2**53), (None, 0, 10**6)):
        assert order(replace(one, said_ms=said, unc_ms=unc), other) in (plain, "unknown")
