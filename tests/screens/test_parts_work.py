"""The limit bar promises: ranges in order over the whole width, and the mark where the value is."""

from decimal import Decimal

import pytest

from domain.questions import Limits
from screens.parts_work import limit_spans


def limits(minimum: str = "", maximum: str = "", warn: str = "") -> Limits:
    return Limits(*(Decimal(text) if text else None for text in (minimum, maximum, warn)))


@pytest.mark.parametrize(
    ("here", "kinds"),
    [
        (limits(), ["normal"]),
        (limits("1", "11.5", "11"), ["stop", "normal", "warn", "stop"]),
        (limits(maximum="40"), ["normal", "stop"]),
        (limits(maximum="40", warn="35"), ["normal", "warn", "stop"]),
        (limits(minimum="0.4"), ["stop", "normal"]),
        (limits(minimum="0.4", warn="0.6"), ["stop", "warn", "normal"]),
        (limits(maximum="-5"), ["normal", "stop"]),
        (limits("0", "0"), ["stop", "stop"]),
    ],
)
def test_ranges_stand_in_order_and_fill_the_bar(here: Limits, kinds: list[str]) -> None:
    spans, at = limit_spans(here, None)
    assert [kind for kind, _ in spans] == kinds
    assert sum(share for _, share in spans) == pytest.approx(1)
    assert at is None


def test_the_mark_is_where_the_value_is_and_never_leaves_the_bar() -> None:
    here = limits("0", "10")
    assert limit_spans(here, Decimal(5))[1] == pytest.approx(0.5)
    assert limit_spans(here, Decimal(99))[1] == 1
    assert limit_spans(here, Decimal(-99))[1] == 0
