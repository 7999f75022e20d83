"""What the server accepts about who uses a device, and to which places it is limited."""

from collections.abc import Collection

from domain.access import Subject, may
from domain.changes import Entry
from domain.devices import ALLOTTED
from domain.errors import EntryInvalidError, NotAllowedError
from domain.plant import Person
from domain.register_rules import ACCOUNTS
from server.scene import Scene

PLACES_MAX = 200  # people, areas or units of one device
_CELLS = frozenset((*ALLOTTED, "by", "at_ms"))


def is_one(entry: Entry) -> bool:
    """Say whether an entry of a device's record is about its people and places."""
    return not entry.set.keys().isdisjoint(ALLOTTED)


def check(entry: Entry, scene: Scene, person: Person) -> None:
    """Check that an administrator sets all three lists, with people and places that exist."""
    found = scene.definitions
    if entry.kind != "edit" or frozenset(entry.set) != _CELLS:
        raise EntryInvalidError(reason="fields")
    if entry.set["by"] != person.person_id:
        raise EntryInvalidError(reason="fields")
    known: dict[str, Collection[str]] = {
        "people": found.plant.people, "areas": found.plant.areas, "units": found.codes("unit")
    }  # fmt: skip
    for name in ALLOTTED:
        value = entry.set[name]
        if not isinstance(value, list) or len(value) > PLACES_MAX:
            raise EntryInvalidError(reason="size")
        if any(not isinstance(one, str) or one not in known[name] for one in value):
            raise EntryInvalidError(reason="fields")
    if not may(found.access, found.plant, person, ACCOUNTS, Subject()):
        raise NotAllowedError(action=ACCOUNTS, person=person.person_id)
