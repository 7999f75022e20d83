"""The matrix promises: on the server what it denies is not taken, what it allows is not refused.

Every cell (role, action, scope) goes through `server.rights.check`, the function that judges each
entry of a push, some eight thousand in a few seconds; a part of them is pushed over the wire as
well, to show that nothing comes past it. Cells are named in the message when one is wrong.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain.definitions import Definitions
from domain.errors import FieldError
from domain.records import Value
from offline_store import records
from server import rights
from tests.helpers.definitions import demo_definitions
from tests.helpers.matrix import (
    ACTIONS,
    AREA,
    ROLES,
    SCOPES,
    SITUATIONS,
    TEAM,
    WHO,
    allowed,
    person,
    with_person,
)
from tests.server import attempts
from tests.server.attempts import Attempt, scene
from tests.server.phone import Bench, report

DENIED = "access.denied"
# rights that are no entry: reading is what a device shows, and comes with the feed (sync issue)
NO_ENTRY = {"read"}
ELSEWHERE = {"conflict.settle"}  # takes the right to the cell beside


def judged(attempt: Attempt, found: Definitions) -> FieldError | None:
    return rights.check(attempt.entry, scene(attempt, found))


def cells_of(role: str, found: Definitions) -> Iterator[tuple[str, bool, FieldError | None]]:
    """Yield each cell of a role: its name, whether it is allowed, and what the server says."""
    for situation in SCOPES:
        for action in ACTIONS:
            for one in attempts.of_action(action, situation, found):
                name = f"{role} {action} {situation}: {one.name}"
                yield name, allowed(role, action, one.scopes), judged(one, found)


def wrong(cells: Iterator[tuple[str, bool, FieldError | None]]) -> list[str]:
    """Return the cells that are refused and should not be, or the other way round."""
    return [
        f"{name}: {error or 'accepted'}"
        for name, may, error in cells
        if (error is None) is not may or (error is not None and error.code != DENIED)
    ]


def definitions_of(role: str) -> Definitions:
    return attempts.with_equipment(with_person(role))


@pytest.mark.parametrize("role", ROLES)
def test_the_server_takes_what_the_matrix_allows_and_nothing_else(role: str) -> None:
    assert wrong(cells_of(role, definitions_of(role))) == []


def test_every_scope_of_the_file_is_tried() -> None:
    assert set(SCOPES) == set(SITUATIONS)


@pytest.mark.parametrize("action", ACTIONS)
def test_what_nobody_can_do_yet_is_refused_to_everybody(action: str) -> None:
    """No record type (permits, alarms, ...), or no such move of the workflow: unknown."""
    tried = list(attempts.of_action(action, "area", definitions_of(ROLES[0])))
    if tried or action in NO_ENTRY or action in ELSEWHERE:
        return  # tried for every role and scope by another test of this file
    for role in ROLES:
        found = with_person(role)
        for situation in SCOPES:
            error = judged(attempts.unknown(action, situation), found)
            assert error is not None, (role, action, situation)
            refused = (error.code, error.params.get("reason"))
            known = action.startswith("hazard.")
            assert known or refused == ("entry.invalid", "type"), (role, action)


@pytest.mark.parametrize("role", ROLES)
def test_each_cell_of_a_hazard_is_changed_by_those_the_file_names_only(role: str) -> None:
    found, rules = with_person(role), demo_definitions().workflows["hazard"].cells

    def tried() -> Iterator[tuple[str, bool, FieldError | None]]:
        for situation in SCOPES:
            for name, one in attempts.corrections(situation, found):
                rule = rules[name]
                may = any(allowed(role, action, one.scopes) for action in rule.editors)
                own = rule.own and situation == "own"
                yield f"{role} edits {name} {situation}", may or own, judged(one, found)

    assert wrong(tried()) == []


@pytest.mark.parametrize("role", ROLES)
def test_conflicts_are_settled_and_photos_attached_by_who_may(role: str) -> None:
    found = with_person(role)
    editors = found.workflows["hazard"].cells["note"].editors
    steps = [one for one in ACTIONS if one.startswith("hazard.") and one != "hazard.report"]

    def tried() -> Iterator[tuple[str, bool, FieldError | None]]:
        for situation in SCOPES:
            one = attempts.settlement(situation)
            note = situation == "own" or any(allowed(role, act, one.scopes) for act in editors)
            may = allowed(role, "conflict.settle", one.scopes) and note
            yield f"{role} settles {situation}", may, judged(one, found)
            one = attempts.photo(situation)
            part = situation in ("own", "assigned")
            may = part or any(allowed(role, step, one.scopes) for step in steps)
            yield f"{role} attaches {situation}", may, judged(one, found)

    assert wrong(tried()) == []


MOVES: list[tuple[str, str, dict[str, Value]]] = [
    ("hazard.accept", "reported", {"state": "accepted", "action": "hazard.accept", "owner": WHO}),
    ("hazard.void", "reported", {"state": "void", "action": "hazard.void", "note": "x"}),
    ("hazard.return", "reported", {"state": "returned", "action": "hazard.return", "note": "x"}),
]
PLACES: dict[str, dict[str, str]] = {
    "team": {"asset": "TK-101", "area": "A01", "unit": TEAM},
    "area": {"asset": "DB-03", "area": AREA, "unit": "T-CHA"},
    "plant": {"asset": "TK-101", "area": "A01", "unit": "T-CHA"},
}


async def test_a_push_over_the_wire_is_judged_by_the_same_matrix(bench: Bench) -> None:
    phone = await bench.phone()
    expected: set[int] = set()
    number = 0
    people = {f"M-{role}": person(role, f"M-{role}") for role in ROLES}
    pack = bench.site.pack
    plant = replace(pack.definitions.plant, people={**pack.definitions.plant.people, **people})
    bench.site.pack = replace(pack, definitions=replace(pack.definitions, plant=plant))
    made: list[tuple[str, str]] = []
    for role in ROLES:
        for situation, place in PLACES.items():
            for action, _, cells in MOVES:
                who = f"M-{role}"
                hazard_id = phone.write("U012", "hazard", report(**place))
                signed = {name: who if value == WHO else value for name, value in cells.items()}
                phone.write(who, "hazard", signed, record_id=hazard_id)
                number += 2
                if allowed(role, action, {situation, "plant"}):
                    made.append((hazard_id, str(cells["state"])))
                else:
                    expected.add(number)
                    made.append((hazard_id, "reported"))
    refused: set[int] = set()
    while phone.sent < number:
        refused |= {one.n for one in (await phone.push()).exceptions}
    assert refused == expected
    with bench.site.store.reading() as session:
        for hazard_id, state in made:
            assert records.get(session, hazard_id).text("state") == state
