"""A proof file takes the names along that its entries need, and no others."""

from msgspec.structs import replace

from domain.changes import DeviceTime, Entry
from domain.proof_names import FIELDS, PEOPLE, STATES, THINGS, names_of
from tests.helpers.definitions import demo_definitions

ENTRY = Entry(
    device_id="d",
    number=1,
    entry_id="e",
    kind="edit",
    person_id="U003",
    record_id="r",
    type="inspection",
    definition="",
    base={},
    set={},
    wall_ms=1,
    counter=0,
    time=DeviceTime(1, 1, "b", None),
)


def test_a_checklist_can_be_read_by_its_questions() -> None:
    definitions = demo_definitions()
    form = next(iter(definitions.forms.values()))
    asked = form.items[0]
    entry = replace(ENTRY, definition=form.definition, set={"answers": {asked.item_id: "ok"}})
    found = {(one.table, one.code): one.zh for one in names_of(definitions, [entry])}
    assert found[FIELDS, asked.item_id] == asked.name.in_("zh")
    assert found[PEOPLE, "U003"] == "巡检员03"
    assert len(found) == 2


def test_people_places_and_states_are_named_and_nobody_else() -> None:
    definitions = demo_definitions()
    cells = {"state": "accepted", "owner": "U025", "asset": "TK-101", "note": "nothing"}
    entry = replace(ENTRY, type="hazard", set=cells)
    found = {(one.table, one.code) for one in names_of(definitions, [entry])}
    assert found == {
        (PEOPLE, "U003"),
        (PEOPLE, "U025"),
        (THINGS, "TK-101"),
        (STATES, "hazard:accepted"),
    }
