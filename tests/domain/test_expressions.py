"""The expression language promises: exact numbers, unknown stays unknown, outcomes explained."""

from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.expressions import ExpressionError, evaluate, holds, parse
from tests.helpers.definitions import definition_files

FACTS = {
    "asset": {"medium": {"flammable": True, "lel_vol": Decimal("5.5")}, "kind": "tank"},
    "area": {"major_hazard": 3, "risk": "red"},
    "answer": {"C05": Decimal("0.2")},
    "permit": {"workers": ["U005"], "approvers": [], "height_m": 5.0},
    "now": 1_800_000,
    "gas": {"sampled": 0},
    "a": {"lat_e7": 300010900, "lon_e7": 1225008440},  # TK-101
    "b": {"lat": Decimal("30.001930"), "lon": Decimal("122.503308")},  # TK-102
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("asset.medium.flammable", True),
        ("answer.C05 <= 0.2", True),  # exact, unlike floats
        ("0.1 + 0.2 == 0.3", True),
        ("asset.medium.none", None),
        ("area.none > 1", None),
        ("area.none == null", True),
        ("area.major_hazard != null", True),
        ("area.none == area.other", None),
        ("not area.none", None),
        ("area.none and false", False),
        ("area.none or true", True),
        ("area.none or false", None),
        ("not area.major_hazard == 3 or area.risk == 'red'", True),
        ("2 + 3 * 4", Decimal(14)),
        ("(2 + 3) * 4", Decimal(20)),
        ("-2 - -3", Decimal(1)),
        ("1 / 0", None),
        ("area.risk in ['red', 'orange']", True),
        ("'U005' in permit.none", False),  # a list that was not filled in is empty
        ("permit.height_m >= 2 and permit.height_m <= 5", True),
        ("wind_grade(7.9)", Decimal(4)),
        ("wind_grade(8.0)", Decimal(5)),
        ("wind_grade(10.8)", Decimal(6)),
        ("wind_grade(area.none) < 5", None),
        ("minutes_between(gas.sampled, now)", Decimal(30)),
        ("hours_between(gas.sampled, now) <= 0.5", True),
        ("disjoint(permit.approvers, permit.workers)", True),
        ("count(permit.workers)", Decimal(1)),
        ("mean([1, 2, 6])", Decimal(3)),
        ("mean([])", None),
        ("distance_m(a, b) > 254 and distance_m(a, b) < 256", True),
        ("distance_m(a, area.none)", None),
        ("distance_m(a, gas)", None),  # a thing without a place
        ("a.__class__", None),  # a name like any other: it only ever looks into mappings
    ],
)
def test_value(text: str, value: object) -> None:
    assert evaluate(parse(text), FACTS).value == value


def test_an_outcome_names_the_parts_that_decided_it() -> None:
    outcome = evaluate(parse("area.risk == 'red' and (answer.C05 > 1 or area.none)"), FACTS)
    assert [part.text for part in outcome.parts] == ["area.none"]
    assert outcome.value is None
    outcome = evaluate(parse("area.risk == 'red' and answer.C05 > 1"), FACTS)
    assert [(part.text, part.value) for part in outcome.parts] == [("answer.C05 > 1", False)]


def test_unknown_does_not_hold_and_no_condition_does() -> None:
    assert not holds(parse("area.none"), FACTS)
    assert holds(None, FACTS)


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("", "empty", 0),
        ("a and", "unfinished", 5),
        ("if the tank is wet", "unexpected", 3),
        ("罐内潮湿", "character", 0),
        ("a == 1 == 1", "unexpected", 7),
        ("a = 1", "character", 2),
        ("import_os('x')", "function", 0),
        ("count(a, b)", "function", 0),
        ("5m", "character", 0),
        ("(" * 40 + "a" + ")" * 40, "depth", 31),
        ("not " * 40 + "a", "depth", 124),
        ("a or " * 200 + "a", "size", 500),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(
    text: str, reason: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert (refused.value.reason, refused.value.position) == (reason, position)


@pytest.mark.parametrize("text", ["area.risk < 1", "area.risk and true", "count(1)", "- area.risk"])
def test_values_that_do_not_fit_are_an_error_and_no_guess(text: str) -> None:
    with pytest.raises(ExpressionError, match="type"):
        evaluate(parse(text), FACTS)


def test_a_function_that_needs_data_comes_with_the_facts() -> None:
    expression = parse("is_night(now)")
    with pytest.raises(ExpressionError, match="function"):
        evaluate(expression, FACTS)

    def is_night(at: Decimal) -> bool:
        return at == 1_800_000

    facts = {**FACTS, "functions": {"is_night": is_night}}
    assert evaluate(expression, facts).value is True


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    position = 0
    try:
        parse(text)
    except ExpressionError as error:
        position = error.position
    assert 0 <= position <= len(text)


TRUTH = st.sampled_from([True, False, None])


@given(TRUTH, TRUTH)
def test_and_or_not_follow_three_valued_logic(a: bool | None, b: bool | None) -> None:
    facts = {"a": a, "b": b}
    both = evaluate(parse("a and b"), facts).value
    either = evaluate(parse("not (not a or not b)"), facts).value
    assert both is either
    assert both is (False if False in (a, b) else None if None in (a, b) else True)


RULES = yaml.safe_load(definition_files()["permits.yaml"])
OWN_FUNCTIONS = [row for row in RULES["rule_examples"] if row["rule"] not in ("PH21", "PH24")]


@pytest.mark.parametrize("example", OWN_FUNCTIONS, ids=lambda row: row["rule"])
def test_the_permit_rules_of_the_data_decide_as_their_examples_say(
    example: dict[str, Any],
) -> None:
    rule = next(row for row in RULES["permit_common"]["hard_rules"] if row["id"] == example["rule"])
    facts: dict[str, Any] = {}
    for name, value in example["given"].items():
        *path, last = name.split(".")
        place = facts
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value
    applies = evaluate(parse(rule.get("applies_when", "true")), facts).value
    if applies is False:
        assert example["expect"] == "off"
        return
    outcome = evaluate(parse(rule["check"]), facts).value
    expected = {"pass": True, "fail": False, "unknown": None}[example["expect"]]
    assert outcome is expected
