"""Every device of the plant as a record, so that administrators see it and can shut it out."""

from sqlmodel import Session

from domain.records import Value
from offline_store import devices, records
from offline_store.devices import Device
from server import own_entries
from server.own_entries import OwnStep
from server.rights import RULE
from server.site import Site


def add(here: Site, session: Session, enrolled: Device) -> None:
    """Take a device in and write its record; the caller announces it after the commit."""
    devices.add(session, enrolled)
    own_entries.write_within(here, session, [_step(enrolled)])


def add_missing(here: Site) -> None:
    """Write the records of devices that were taken in before there were such records."""
    with here.store.reading() as session:
        known = [one for one in devices.find(session) if one.token_hash is not None]
        missing = [one for one in known if records.lookup(session, one.device_id) is None]
    own_entries.write_own(here, [_step(one) for one in missing], only_new=True)


def _step(enrolled: Device) -> OwnStep:
    cells: dict[str, Value] = {
        "name": enrolled.name,
        "state": "active",
        "enrolled_ms": enrolled.enrolled_ms,
        "by": RULE,
    }
    return OwnStep(RULE, enrolled.device_id, "device", cells)
