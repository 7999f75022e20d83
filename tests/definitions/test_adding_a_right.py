"""Rights promise: a role, an action or a scope is added in the data alone, to server and screen."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.definitions import Definitions, load
from domain.errors import FieldError
from domain.plant import Person
from domain.records import Value
from domain.words import Words
from screens.context import Desk
from screens.hazard import HazardBody
from server import rights
from tests.helpers.definitions import DAY0, definition_files
from tests.helpers.field import offline_field
from tests.helpers.matrix import hazard
from tests.helpers.render import rendered
from tests.server.attempts import Attempt, entry, scene

ACCESS, FLOW = "access.yaml", "workflows/hazard.yaml"
CHANGES: list[tuple[str, str, str]] = [
    (ACCESS, "roles:\n", "roles:\n  - {code: shift_lead, zh: 值班长, en: Shift lead}\n"),
    (
        ACCESS,
        "scopes:\n",
        "scopes:\n  - {code: my_unit, zh: 本单位, en: My unit, subject: unit, person: unit}\n",
    ),
    (ACCESS, "actions:\n", "actions:\n  - {code: hazard.park, zh: 挂起, en: Put on hold}\n"),
    (
        ACCESS,
        "  inspector: [",
        "  shift_lead: [{scope: my_unit, can: [hazard.park, read]}]\n  inspector: [",
    ),
    (FLOW, "states:\n", "states:\n  - {code: parked, zh: 已挂起, en: On hold}\n"),
    (
        FLOW,
        "transitions:\n",
        """transitions:
  - {from: [accepted], to: parked, by: hazard.park, needs: [note]}
  - {from: [parked], to: accepted, by: hazard.accept}
""",
    ),
]
WHO = "M001"


@pytest.fixture(scope="module")
def changed() -> Definitions:
    """The definitions of a copy of the files with a role, a scope and an action more."""
    files = dict(definition_files())
    for path, old, new in CHANGES:
        assert old in files[path]
        files[path] = files[path].replace(old, new, 1)
    found = load(files, DAY0)
    people = {**found.plant.people, WHO: person()}
    return replace(found, plant=replace(found.plant, people=people))


def person(unit: str = "T-ELE") -> Person:
    return Person(WHO, Words({"zh": "值", "en": "S"}), ("shift_lead",), unit, frozenset())


def judged(found: Definitions, who: Person, **cells: Value) -> FieldError | None:
    people = {**found.plant.people, WHO: who}
    here = replace(found, plant=replace(found.plant, people=people))
    park: dict[str, Value] = {"state": "parked", "action": "hazard.park", "note": "等备件"}
    made = entry("hazard", park, "decide")
    target = hazard("plant", **{"state": "accepted", **cells})
    one = Attempt("park", made, set(), target)
    return rights.check(one.entry, scene(one, here))


def test_the_server_takes_the_new_action_from_the_new_role_in_the_new_scope(
    changed: Definitions,
) -> None:
    assert judged(changed, person(), unit="T-ELE") is None
    elsewhere = judged(changed, person(), unit="T-CHA")
    assert elsewhere is not None
    assert elsewhere.code == "access.denied"
    above = judged(changed, person("D-EQU"), unit="T-ELE")  # the unit itself, not those below it
    assert above is not None
    other = replace(person(), roles=("team_leader",))
    assert judged(changed, other, unit="T-ELE") is not None


async def test_the_screen_offers_it_there_and_nowhere_else(
    changed: Definitions, tmp_path: Path
) -> None:
    field = offline_field(tmp_path)
    assert field.pack
    field.pack = replace(field.pack, definitions=changed)
    with field.store.session() as session:
        for unit, state in (("T-ELE", "accepted"), ("T-CHA", "accepted"), ("T-ELE", "parked")):
            cells: dict[str, Value] = {
                "code": "HZ-1", "words": "漏", "grade": "C", "state": state, "area": "A01",
                "unit": unit, "reporter": WHO, "reported_ms": 1_700_000_000_000,
                "action": "hazard.report",
            }  # fmt: skip
            field.write(
                session, WHO, kind="decide", record_id=f"{unit}-{state}", type="hazard",
                definition="hazard@1", set=cells,
            )  # fmt: skip
    desk = Desk(field=field, language="zh")
    desk.person = person()
    key = "do-hazard.park-parked"
    async with rendered(desk, lambda: HazardBody("T-ELE-accepted")) as drawn:
        await drawn.until(lambda: drawn.has(key))
        assert drawn.sees("挂起")
    async with rendered(desk, lambda: HazardBody("T-CHA-accepted")) as drawn:
        await drawn.until(lambda: drawn.has("facts"))
        assert not drawn.has(key)
    async with rendered(desk, lambda: HazardBody("T-ELE-parked")) as drawn:
        await drawn.until(lambda: drawn.has("waits"))
        assert drawn.sees("已挂起")
        assert not drawn.sees("hazard.wait"), "no key of a catalog is shown to people"
