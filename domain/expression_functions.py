"""Comparisons, sums and functions of the expression language; null (None) makes them unknown."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import cast

from domain.places import Place
from domain.places import distance_m as great_circle_m

# Lower end of each Beaufort grade in m/s, grade 1 first (GB/T 28591)
_BEAUFORT = (
    "0.3", "1.6", "3.4", "5.5", "8.0", "10.8", "13.9", "17.2", "20.8", "24.5", "28.5", "32.7",
)  # fmt: skip


class FunctionError(Exception):
    """Values of a kind that the operator or function cannot take."""


def plain(value: object) -> object:
    """Return numbers as decimals and sequences as lists; everything else as it is."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(str(value))  # the shortest text that means this float
    if isinstance(value, (tuple, list, set, frozenset)):
        items = cast("Sequence[object] | frozenset[object]", value)
        return [plain(item) for item in items]
    return value


def compare(operator: str, left: object, right: object, *, asks_null: bool) -> bool | None:
    """Compare two values; with `asks_null` the data asks for null itself (`== null`)."""
    if operator == "in":
        return None if left is None else left in _listed(right)
    if operator in ("==", "!="):
        if (left is None or right is None) and not asks_null:
            return None
        return (left == right) is (operator == "==")
    if left is None or right is None:
        return None
    low, high = (left, right) if operator in ("<", "<=") else (right, left)
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        return low < high or (operator in ("<=", ">=") and low == high)
    raise FunctionError(operator)


def calculate(operator: str, values: Sequence[object]) -> Decimal | None:
    """Add, subtract, multiply, divide or negate; division by zero is unknown."""
    if any(value is None for value in values):
        return None
    numbers = [_number(value) for value in values]
    if operator == "minus":
        return -numbers[0]
    left, right = numbers
    try:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case _:
                return left / right
    except (DivisionByZero, InvalidOperation):
        return None


def wind_grade(m_s: object) -> Decimal | None:
    """Beaufort grade of a wind speed in m/s: 7.9 is 4, 8.0 is 5, 10.8 is 6."""
    if m_s is None:
        return None
    speed = _number(m_s)
    return Decimal(sum(speed >= Decimal(bound) for bound in _BEAUFORT))


def distance_m(a: object, b: object) -> Decimal | None:
    """Great-circle distance of two places (lat, lon in degrees or 1e-7 degree `lat_e7`)."""
    here, there = _place(a), _place(b)
    if here is None or there is None:
        return None
    return Decimal(str(great_circle_m(here, there)))


def hours_between(a: object, b: object) -> Decimal | None:
    """Hours from `a` to `b`, both in ms, with the fraction."""
    return _between(a, b, 3_600_000)


def minutes_between(a: object, b: object) -> Decimal | None:
    """Minutes from `a` to `b`, both in ms, with the fraction."""
    return _between(a, b, 60_000)


def count(values: object) -> Decimal:
    """How many entries; a list that was not filled in is empty."""
    return Decimal(len(_listed(values)))


def mean(values: object) -> Decimal | None:
    """Mean of the numbers; unknown for none, or if one is unknown."""
    numbers = _listed(values)
    if not numbers or any(number is None for number in numbers):
        return None
    return sum((_number(number) for number in numbers), Decimal(0)) / len(numbers)


def disjoint(a: object, b: object) -> bool:
    """Whether two lists have nothing in common."""
    others = _listed(b)
    return all(one not in others for one in _listed(a))


OWN: Mapping[str, Callable[..., object]] = {
    "wind_grade": wind_grade,
    "distance_m": distance_m,
    "hours_between": hours_between,
    "minutes_between": minutes_between,
    "count": count,
    "mean": mean,
    "disjoint": disjoint,
}
ARGUMENTS: Mapping[str, int] = {  # all functions; those not in OWN come with the facts
    "wind_grade": 1,
    "distance_m": 2,
    "hours_between": 2,
    "minutes_between": 2,
    "count": 1,
    "mean": 1,
    "disjoint": 2,
    "is_night": 1,
    "is_holiday": 1,
    "kinds": 1,
    "value": 1,
    "change_pct": 2,
    "certs_valid": 2,
    "blacklisted": 1,
    "in_roster": 2,
    "on_whitelist": 2,
    "every_kind_has_permit": 2,
    "stricter_or_equal": 2,
    "toxic_share": 2,
}


def _between(a: object, b: object, unit_ms: int) -> Decimal | None:
    return None if a is None or b is None else (_number(b) - _number(a)) / unit_ms


def _number(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    raise FunctionError(type(value).__name__)


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    if isinstance(value, list):
        return cast("list[object]", value)
    raise FunctionError(type(value).__name__)


def _place(value: object) -> Place | None:
    if value is None or isinstance(value, Place):
        return value
    if not isinstance(value, Mapping):
        raise FunctionError(type(value).__name__)
    row = cast("Mapping[str, object]", value)
    found: list[int] = []
    for key in ("lat", "lon"):
        degrees, e7 = plain(row.get(key)), plain(row.get(f"{key}_e7"))
        if isinstance(degrees, Decimal):
            e7 = degrees * 10_000_000
        if not isinstance(e7, Decimal):
            return None
        found.append(int(e7))
    return Place(*found)
