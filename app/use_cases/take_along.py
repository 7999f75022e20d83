"""What this device has taken along to work without a network, and for whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.field import FieldApp
from domain.access import Subject, may
from domain.devices import ALLOTTED, allotment_of
from domain.errors import NotAllowedError, RegisterRowError
from domain.plant import Person
from domain.records import Value
from domain.register_rules import ACCOUNTS
from domain.scopes import Allotment
from domain.words import Words
from offline_store import records, take_along
from offline_store.take_along import Held

__all__ = ["Held", "TakeAlong", "allot", "allotted", "view"]
DEFINITION = "device@1"


@dataclass(frozen=True, slots=True)
class TakeAlong:
    """What is here, for whom in words, and for how many days offline it is meant."""

    held: Held
    people: tuple[Words, ...]
    places: tuple[Words, ...]
    days: int


def view(field: FieldApp) -> TakeAlong:
    """Return what this device has taken along; some tens of milliseconds."""
    found = field.definitions
    with field.store.reading() as session:
        held = take_along.held(session)
        own = records.lookup(session, field.device.device_id)
    given = allotment_of(own)
    plant = found.plant
    places = [plant.areas[one].name for one in given.areas if one in plant.areas]
    places += [name for one in given.units if (name := plant.unit_name(one))]
    return TakeAlong(
        held,
        tuple(plant.people[one].name for one in given.people if one in plant.people),
        tuple(places),
        found.scopes.days,
    )


def allotted(field: FieldApp, device_id: str) -> Allotment:
    """Return who uses a device and where."""
    with field.store.reading() as session:
        return allotment_of(records.lookup(session, device_id))


def allot(field: FieldApp, person: Person, device_id: str, wanted: Allotment) -> None:
    """Say who uses a device and where: it takes along what they may have, and nothing else.

    Raises NotAllowedError, and RegisterRowError for the first code that nobody knows.
    """
    found = field.definitions
    if not may(found.access, found.plant, person, ACCOUNTS, Subject()):
        raise NotAllowedError(action=ACCOUNTS, person=person.person_id)
    known = {
        "people": found.plant.people, "areas": found.plant.areas, "units": found.codes("unit")
    }  # fmt: skip
    cells: dict[str, Value] = {"by": person.person_id, "at_ms": field.clock.now_ms()}
    for name in ALLOTTED:
        codes: Sequence[str] = getattr(wanted, name)
        for one in codes:
            if one not in known[name]:
                raise RegisterRowError(
                    table="devices", key=device_id, column=name, problem="reference", value=one
                )
        cells[name] = list(dict.fromkeys(codes))
    with field.store.session() as session:
        records.get(session, device_id)
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=device_id,
            type="device",
            definition=DEFINITION,
            set=cells,
        )
    field.nudge()
