"""The rules of escalation: a slip in them is found with its line, before it silences anybody."""
# ruff: noqa: E501 -- a row of the table is one case

import pytest

from domain.definitions import read
from tests.helpers.definitions import DAY0, definition_files

HAZARDS = "hazards.yaml"
PLANT = "plants/demo.yaml"
FILES = definition_files()


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ("{after_min: 15, to: unit_head}", "{after_min: 15, to: boss}", "value.choice"),
        ("{after_min: 15, to: unit_head}", "{to: unit_head}", "mark.times"),
        ("{after_min: 15, to: unit_head}", "{after_min: 15, after_share: 0.5, to: unit_head}", "mark.times"),
        ("{after_min: 15, to: unit_head}", "{every_min: 15, to: next_level, until: interim_recorded}", "mark.times"),
        ("{after_min: 15, to: unit_head}", "{after_min: -1, to: unit_head}", "value.between"),
        ("{after_min: 15, to: unit_head}", "{after_min: soon, to: unit_head}", "value.kind"),
        ("{after_min: 15, to: unit_head}", "{after_min: 15, to: unit_head, loud: true}", "key.unknown"),
        ("{every_min: 30, to: next_level, until: interim_recorded}", "{every_min: 0, to: next_level, until: interim_recorded}", "value.between"),
        ("{every_min: 30, to: next_level, until: interim_recorded}", "{every_min: 30, to: next_level, until: monday}", "value.choice"),
        ("{every_min: 30, to: next_level, until: interim_recorded}", "{after_share: 0.5, to: unit_head}", "mark.times"),  # no time there is a share of
        ("{after_share: 0.5, to: team_leader}", "{after_share: 0, to: team_leader}", "value.between"),
        ("{after_share: 0.25, to: team_leader}", "{after_share: 1000, to: team_leader}", "value.between"),
        ("{role: unit_head, of: area}", "{role: chief, of: area}", "reference.unknown"),
        ("{role: unit_head, of: area}", "{role: unit_head, of: moon}", "value.choice"),
        ("{of: accept, at: start}", "{of: accept, at: start, before_min: 5}", "mark.times"),
        ("{of: accept, at: start}", "{of: dinner, at: start}", "value.choice"),
        ("{kind: inspection, escalate", "{kind: party, escalate", "value.choice"),
        ("{kind: inspection, escalate", "{kind: maintenance, escalate", "code.duplicate"),
        ("{grade: A, state: closed, to: general_manager}", "{grade: A, state: gone, to: general_manager}", "reference.unknown"),
        ("{grade: A, state: closed, to: general_manager}", "{grade: Z, state: closed, to: general_manager}", "reference.unknown"),
    ],
    ids=range(20),
)  # fmt: skip
def test_a_slip_is_named_with_its_line(good: str, bad: str, code: str) -> None:
    text = FILES[HAZARDS]
    assert good in text
    line = text[: text.index(good)].count("\n") + 1
    definitions, problems = read({**FILES, HAZARDS: text.replace(good, bad, 1)}, DAY0)
    assert definitions is None
    found = {(one.path, one.code): one.line for one in problems}
    assert (HAZARDS, code) in found, problems
    if code != "code.duplicate":  # that one is named at the second of the two
        assert found[HAZARDS, code] == line


def test_a_plant_in_which_an_escalation_would_reach_nobody_is_refused() -> None:
    text = FILES[PLANT]
    for role in ("safety_manager", "general_manager"):
        text = text.replace(f"roles: [{role}", "roles: [auditor")
    definitions, problems = read({**FILES, PLANT: text}, DAY0)
    assert definitions is None
    assert "levels.nobody" in {one.code for one in problems}
