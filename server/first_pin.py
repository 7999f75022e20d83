"""The first PIN of a new plant: given at the server's machine to one who administers accounts.

Everybody else gets theirs in the app from an administrator. As long as no administrator has a PIN
nobody can sign in to give one, so this is the only way in; and it is shut as soon as one has.
"""

import os
import secrets

from domain import pins
from domain.errors import FieldError
from domain.pins import hash_pin
from domain.records import Value
from domain.register_rules import administrators
from domain.registers import DEFINITION, register_id
from server import standing
from server.main import prepare
from server.own_entries import OwnStep, write_own
from server.rights import RULE
from server.settings import ServerSettings
from server.site import Site


class FirstPinError(FieldError):
    """No first PIN for this `person`; `reason`: unknown, no administrator, or one has a PIN."""

    code = "first_pin.refused"


def give(settings: ServerSettings, person_id: str) -> str:
    """Give an administrator a PIN for one time and return it: it stands nowhere else.

    Raises ServerMissingError, StoreTakenError while the server runs, FirstPinError.
    """
    standing.require(settings)
    here = prepare(settings)
    try:
        return _give(here, person_id)
    finally:
        here.store.close()


def _give(here: Site, person_id: str) -> str:
    found = here.pack.definitions
    may = administrators(found.access, found.plant)
    if person_id not in found.plant.people:
        raise FirstPinError(person=person_id, reason="first_pin_unknown")
    if person_id not in may:
        raise FirstPinError(person=person_id, reason="first_pin_role")
    assert here.base, "made by prepare"
    with here.store.reading() as session:
        given = here.base.with_pin(session, found.plant)
    if may & given:
        raise FirstPinError(person=person_id, reason="first_pin_given")
    length = pins.digits_for(found.access, found.plant.people[person_id].roles)
    pin = pins.drawn(length, lambda: secrets.choice("0123456789"))
    now = here.now_ms()
    row: dict[str, Value] = {"verifier": hash_pin(pin, os.urandom(16)), "temporary": True}
    step = OwnStep(
        RULE,
        register_id("pins", person_id),
        "register",
        {
            "table": "pins", "key": person_id, "state": "active", "row": row, "reason": "",
            "by": RULE, "at_ms": now,
        },
        definition=DEFINITION,
    )  # fmt: skip
    (written,) = write_own(here, [step])
    assert written.code is None, written.code
    return pin
