"""What somebody has to know about the chain of a device: an event that stays, and who is told.

Told are those who administer devices and those who settle conflicts. The id of the event follows
from what it says and the server's key: it is said once, and nobody can take its place.
"""

import hashlib

from sqlmodel import Session

from domain.access import reaches
from domain.changes import canonical
from domain.notices import SECURITY, Due
from domain.records import Value
from offline_store import devices
from server.own_entries import OwnStep
from server.rights import RULE
from server.site import Site

FORGED, UNSIGNED, SIGNATURE = "forged", "unsigned", "signature"
UNREADABLE, REVOKED, FORK = "unreadable", "revoked", "fork"
RIGHTS, EXPIRED, LATE = "rights", "expired", "late"  # of work under control
_TOLD = ("admin.accounts", "conflict.settle")


def of_code(code: str) -> str:
    """Return what to say about entries that are held for a code."""
    return code.rpartition(".")[2]


def steps(
    here: Site, session: Session, what: str, device_id: str, number: int, now_ms: int
) -> list[OwnStep]:
    """Return what to write about entry `number` of a device, and all behind it if so."""
    facts = canonical([what, device_id, number])
    digest = hashlib.sha256(here.receipt(b"anshao-alarm-v1\0" + facts).encode()).hexdigest()
    event = f"alarm-{digest[:40]}"
    cells: dict[str, Value] = {
        "what": f"entry.{what}",
        "by": RULE,
        "at_ms": now_ms,
        "device": device_id,
        "number": number,
    }
    said = [OwnStep(RULE, event, "event", cells, at_ms=now_ms)]
    known = devices.lookup(session, device_id)
    found = here.pack.definitions
    for person in found.plant.people.values():
        if not any(reaches(found.access, person, action) for action in _TOLD):
            continue
        told = Due(
            rule=SECURITY,
            step=what,
            about=event,
            about_type="event",
            to=person.person_id,
            at_ms=now_ms,
            captured_ms=now_ms,
            counted_ms=now_ms,
            params={"code": (known.name if known else "") or device_id, "number": number},
        )
        said.append(OwnStep(RULE, told.notice_id, "notice", told.cells(now_ms), at_ms=now_ms))
    return said
