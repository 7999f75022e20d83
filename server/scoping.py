"""Which records a device may have, worked out from the people who may sign on at it.

Today these are all people of the plant, or those that an administrator named on the device's
record. `people_of` is the one place that says so.
"""

from typing import NamedTuple

from sqlmodel import Session

from domain import scopes
from domain.definitions import Definitions
from domain.plant import Person
from domain.records import Record
from domain.scopes import Allotment
from offline_store import records, scoped
from offline_store.scoped import View
from server.site import Site


class Subscribed(NamedTuple):
    """What a device subscribes to, what tells it from another subscription, and the rules' mark."""

    scopes: tuple[str, ...]
    mark: str
    rules: str

    @property
    def whole(self) -> bool:
        """Whether the device may have everything."""
        return scopes.EVERYTHING in self.scopes


def people_of(session: Session, found: Definitions, device_id: str) -> tuple[list[Person], Allotment]:
    """Return who may sign on at a device, and the places to which it is limited."""
    within = allotment_of(records.lookup(session, device_id))
    people = found.plant.people
    named = [people[one] for one in within.people if one in people]
    return (named if within.people else list(people.values())), within


def allotment_of(device: Record | None) -> Allotment:
    """Return what stands on the record of a device; nothing was set where it has no such cells."""
    if device is None:
        return Allotment()
    return Allotment(*(_texts(device, cell) for cell in ("people", "areas", "units")))


def subscribed(session: Session, found: Definitions, device_id: str) -> Subscribed:
    """Return what a device subscribes to now."""
    people, within = people_of(session, found, device_id)
    wanted = scopes.of_people(found.ground, people, within)
    return Subscribed(
        wanted, scopes.mark_of(found.ground, wanted), scopes.rules_mark(found.ground)
    )


def view(session: Session, found: Definitions, wanted: tuple[str, ...]) -> View:
    """Return the records of the store as these scopes show them."""
    return View(session, found.ground, wanted, found.policies)


def may_have(here: Site, device_id: str, sha256: str) -> bool:
    """Say whether a device may have a file: that of a record which it may have."""
    found = here.pack.definitions
    with here.store.reading() as session:
        theirs = subscribed(session, found, device_id)
        if theirs.whole:
            return True
        about = scoped.files_records(session, sha256)
        return bool(view(session, found, theirs.scopes).visible(about))


def _texts(record: Record, cell: str) -> tuple[str, ...]:
    value = record.get(cell)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
