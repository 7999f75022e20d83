"""The matrix on the screen promises: what a person may not do has no button, what they may has one.

All roles, states and scopes are compared at the model, thousands of combinations; the real screen
is drawn for two of them per role, so that over all roles every state is drawn.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
import yaml

from app.field import FieldApp
from app.use_cases import hazards
from domain.errors import NotAllowedError
from domain.records import Value
from screens.context import Desk
from screens.dispatch import DispatchBody
from screens.hazard import HazardBody
from screens.me import Me
from tests.helpers.definitions import definition_files
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import offline_field
from tests.helpers.matrix import ROLES, SITUATIONS, allowed, holding, person, with_person
from tests.helpers.render import rendered

FLOW = cast("dict[str, Any]", yaml.safe_load(definition_files()["workflows/hazard.yaml"]))
STATES = [str(row["code"]) for row in FLOW["states"] if row["code"] != "local"]
PLACES = ("own", "assigned", "team", "area", "plant")
GRADES = ("A", "B", "C", "D")
TRIAGE = next(row["edit"] for row in FLOW["cells"] if row["cell"] == "category")
GRADING = next(row["edit"] for row in FLOW["cells"] if row["cell"] == "grade")
FINAL = {str(row["code"]) for row in FLOW["states"] if row.get("final")}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> FieldApp:
    """A device that knows a hazard of each state, grade and place; nobody changes anything here."""
    built = offline_field(tmp_path_factory.mktemp("matrix"))
    assert built.pack
    built.pack = replace(built.pack, definitions=with_person("auditor"))
    with built.store.session() as session:
        for state, place, grade in combinations():
            cells: dict[str, Value] = {
                "code": "HZ-1", "words": "漏", "grade": grade, "category": "EL", "state": state,
                "action": "hazard.report", "reported_ms": 1_700_000_000_000, **SITUATIONS[place],
            }  # fmt: skip
            built.write(
                session, "U012", kind="decide", record_id=name_of(state, place, grade),
                type="hazard", definition="hazard@1", set=cells,
            )  # fmt: skip
    return built


def combinations() -> Iterator[tuple[str, str, str]]:
    """Yield state, place and grade; what the grade decides is decided at the verification."""
    for state in STATES:
        for place in PLACES:
            for grade in ("A", "C") if state.startswith("to_") else ("C",):
                yield state, place, grade


def name_of(state: str, place: str, grade: str) -> str:
    return f"{state}-{place}-{grade}"


def reads(role: str, place: str) -> bool:
    """Whoever was given a hazard reads it, whatever else."""
    return place == "assigned" or allowed(role, "read", holding(place))


def expected_moves(role: str, state: str, place: str, grade: str) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for row in FLOW["transitions"]:
        if state not in row["from"] or row["by"] == "rule":
            continue
        when = row.get("when", "")
        if when and ("!=" in when) == (grade == "A"):
            continue
        if allowed(role, row.get("right", row["by"]), holding(place)):
            found.add((row["by"], row["to"]))
    return found


def expected_grades(role: str, state: str, place: str, grade: str) -> set[str]:
    if state in FINAL:
        return {grade}
    found = {grade}
    at = GRADES.index(grade)
    if any(allowed(role, action, holding(place)) for action in GRADING):
        found |= set(GRADES[:at])
    if allowed(role, "hazard.downgrade", holding(place)):
        found |= set(GRADES[at:])
    return found


def may_correct(role: str, state: str, place: str) -> bool:
    return state not in FINAL and any(allowed(role, action, holding(place)) for action in TRIAGE)


@pytest.mark.parametrize("role", ROLES)
def test_what_is_offered_is_what_the_matrix_allows(field: FieldApp, role: str) -> None:
    who = person(role)
    wrong: list[str] = []
    for state, place, grade in combinations():
        name = name_of(state, place, grade)
        try:
            view = hazards.view(field, who, name)
        except NotAllowedError:
            if reads(role, place):
                wrong.append(f"{role} cannot read {name}")
            continue
        if not reads(role, place):
            wrong.append(f"{role} reads {name}")
            continue
        moves = {(move.action, move.target) for move in view.moves}
        if moves != expected_moves(role, state, place, grade):
            wrong.append(f"{role} {name}: {moves ^ expected_moves(role, state, place, grade)}")
        if set(view.grades) != expected_grades(role, state, place, grade):
            wrong.append(f"{role} {name}: grades {view.grades}")
        if ("category" in view.corrections) is not may_correct(role, state, place):
            wrong.append(f"{role} {name}: corrections {sorted(view.corrections)}")
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_what_is_listed_is_what_may_be_read(field: FieldApp, role: str) -> None:
    listed: set[str] = set()
    after: tuple[int, str] | None = None
    while True:
        page = hazards.page(field, person(role), "all", after, 7)
        listed |= {card.record_id for card in page.cards}
        after = page.after
        if after is None:
            break
        assert len(page.cards) == 7, "a page is full while there is more"
    names = {name_of(*one) for one in combinations() if reads(role, one[1])}
    assert listed == names


SAMPLE = [
    (role, STATES[at * step % len(STATES)], place)
    for at, role in enumerate(ROLES)
    for step, place in ((1, "area"), (3, "assigned"))
]


@pytest.mark.parametrize(("role", "state", "place"), SAMPLE)
async def test_a_denied_action_has_no_button(
    field: FieldApp, role: str, state: str, place: str
) -> None:
    desk = Desk(field=field, language="zh")
    desk.person = person(role)
    name = name_of(state, place, "C")
    async with rendered(desk, lambda: HazardBody(name)) as drawn:
        if not reads(role, place):
            await drawn.until(lambda: drawn.has("gone-back"))
            assert buttons(drawn) == set()
            return
        await drawn.until(lambda: drawn.has("facts"))
        shown = buttons(drawn)
        if drawn.has("more"):
            await drawn.tap("more")
            shown |= buttons(drawn)
        wanted = {
            f"do-{action}-{target}" for action, target in expected_moves(role, state, place, "C")
        }
        assert shown == wanted
        grades = len(expected_grades(role, state, place, "C")) > 1
        assert drawn.has("assess") is (grades or may_correct(role, state, place))


def buttons(drawn: FakeClient) -> set[str]:
    """Return the keys of what can be done with the hazard."""
    keys = (str(getattr(one.key, "value", one.key) or "") for one in drawn.controls())
    return {key for key in keys if key.startswith("do-")}


@pytest.mark.parametrize("role", ["inspector", "auditor", "unit_head"])
async def test_the_page_of_a_dispatch_has_no_button_for_who_may_not(
    field: FieldApp, role: str
) -> None:
    desk = Desk(field=field, language="zh")
    desk.person = person(role)
    async with rendered(desk, lambda: DispatchBody("accepted-area-C")) as drawn:
        may = allowed(role, "hazard.dispatch", holding("area"))
        denied = desk.t("dispatch.denied")
        await drawn.until(lambda: drawn.has("dispatch-do") or drawn.sees(denied))
        assert drawn.has("dispatch-do") is may


@pytest.mark.parametrize("role", ROLES)
async def test_places_to_manage_are_there_for_who_has_something_to_manage(
    field: FieldApp, role: str
) -> None:
    desk = Desk(field=field, language="zh")
    desk.person = person(role)
    everywhere = {"team", "area", "plant"}
    administers = {"admin.accounts", "inspect.plan", "contractor.admit", "definition.edit"}
    async with rendered(desk, Me) as drawn:
        may = any(allowed(role, action, everywhere) for action in administers)
        assert drawn.has("admin") is may
        assert drawn.has("statistics") is allowed(role, "read", everywhere)
