"""Which records a device may have, worked out from the people who may sign on at it.

Who those are says `domain.devices.people_of`, for the certificate and the list of people, too.
"""

from typing import NamedTuple

from sqlmodel import Session

from domain import scopes
from domain.definitions import Definitions
from domain.devices import allotment_of, people_of
from domain.scopes import Allotment
from offline_store import records, scoped
from offline_store.scoped import View
from server.site import Site

_KNOWN_MAX = 1000
_known: dict[tuple[str, tuple[str, ...], Allotment], "Subscribed"] = {}


class Subscribed(NamedTuple):
    """What a device subscribes to, what tells it from another subscription, and the rules' mark."""

    scopes: tuple[str, ...]
    mark: str
    rules: str

    @property
    def whole(self) -> bool:
        """Whether the device may have everything."""
        return scopes.EVERYTHING in self.scopes


def subscribed(session: Session, found: Definitions, device_id: str) -> Subscribed:
    """Return what a device subscribes to now."""
    device = records.lookup(session, device_id)
    people, within = people_of(found.plant, device), allotment_of(device)
    key = (found.version, tuple(people), within)
    known = _known.get(key)
    if known is None:  # the same for most devices, and asked with every pull
        ground = found.ground
        wanted = scopes.of_people(ground, people.values(), within)
        known = Subscribed(wanted, scopes.mark_of(ground, wanted), scopes.rules_mark(ground))
        if len(_known) >= _KNOWN_MAX:
            _known.clear()
        _known[key] = known
    return known


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
