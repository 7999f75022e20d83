"""What a device's record says of it: whether it is believed, who works on it, and where."""

from collections.abc import Mapping
from typing import Literal

from domain.invitations import BLOCKED
from domain.plant import Person, Plant
from domain.records import Record
from domain.scopes import Allotment

SHORT = 4  # characters of a device's id that people read
ALLOTTED = ("people", "areas", "units")  # cells of the record, in the order of an `Allotment`


def named(name: str, device_id: str) -> str:
    """Return how a device is called where several may have one name: "vm (68AF)"."""
    short = device_id.replace("-", "")[-SHORT:].upper()
    return f"{name} ({short})" if name else short


def shut_out(record: Record | None) -> Literal["lost", "blocked"] | None:
    """Return why nothing that a device says counts: reported lost for good, or blocked for now."""
    if record is None:
        return None
    if record.whole("revoked_ms") is not None:
        return "lost"
    return "blocked" if record.text("state") == BLOCKED else None


def allotment_of(device: Record | None) -> Allotment:
    """Return what an administrator set for a device; nothing where its record has no such cells."""
    if device is None:
        return Allotment()
    return Allotment(*(_texts(device, cell) for cell in ALLOTTED))


def people_of(plant: Plant, device: Record | None) -> Mapping[str, Person]:
    """Return who works on a device: those named for it, else everybody; nobody who has left.

    The one rule for its certificate, for what it takes along, and for its list of people.
    """
    named = allotment_of(device).people
    return {
        one.person_id: one
        for one in plant.people.values()
        if one.retired_ms is None and (not named or one.person_id in named)
    }


def _texts(record: Record, cell: str) -> tuple[str, ...]:
    value = record.get(cell)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
