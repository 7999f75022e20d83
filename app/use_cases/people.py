"""Who works with this device: sign in with a PIN, offline, and choose a new one.

A PIN that was changed counts as soon as this device knows: by an entry in its own journal or by the
pack, whichever is newer.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session

from app import unlock
from app.field import FieldApp
from domain.certificates import CertificatePersonError
from domain.devices import people_of
from domain.errors import FieldError, NotAllowedError, PinEasyError, PinWaitError, PinWrongError
from domain.invitations import DeviceRevokedError
from domain.pins import digits, digits_for, fits, hash_pin, is_easy
from domain.plant import Person
from domain.records import Record, Value
from domain.registers import DEFINITION, register_id
from domain.words import Words
from offline_store import keep, records, registers

WAITS_S = (0, 0, 5, 15, 60, 300)  # after the 1st, 2nd, … wrong PIN in a row; then the last one
FORGET_AFTER = 10  # wrong PINs of one person in a row: the key of the data is forgotten
FORGET_AFTER_ALL = 30  # of all people together, since anybody got in
_ALL = "pin.all"


class KeyForgottenError(FieldError):
    """Too many wrong PINs: the key is gone from this device, until an unlock code is typed."""

    code = "pin.forgotten"


@dataclass(frozen=True, slots=True)
class PersonCard:
    """One person of this device, as the sign-in screen shows them.

    `pin_length` is 0 for somebody who was given no PIN yet and cannot sign in.
    """

    person_id: str
    name: Words
    unit: Words
    role: Words
    last_ms: int | None
    pin_length: int


def cards(field: FieldApp) -> list[PersonCard]:
    """Return the people of this device: who signed in here last first, who has no PIN yet last."""
    plant, access = field.definitions.plant, field.definitions.access
    with field.store.reading() as session:
        own = field.identity.device_id if field.identity else ""
        people = people_of(plant, records.lookup(session, own))
        stored = _pins(field, session, people)
        seen = {person: _whole(keep.get(session, f"signed_in.{person}")) for person in stored}
    found = [
        PersonCard(
            person.person_id,
            person.name,
            plant.unit_name(person.unit) or person.name,
            access.roles[person.roles[0]],
            seen.get(person.person_id),
            digits(stored[person.person_id].verifier) if person.person_id in stored else 0,
        )
        for person in people.values()
    ]
    return sorted(
        found, key=lambda card: (not card.pin_length, -(card.last_ms or 0), card.person_id)
    )


def has_pin(field: FieldApp, person_id: str) -> bool:
    """Return whether somebody was given a PIN, as far as this device knows."""
    with field.store.reading() as session:
        return person_id in _pins(field, session, [person_id])


def sign_in(field: FieldApp, person_id: str, pin: str) -> Person:
    """Check a PIN offline; raises PinWrongError or PinWaitError (params wait_s).

    Raises DeviceRevokedError on a device that was lost, CertificatePersonError for somebody whom
    its certificate does not name. One that has run out lets people in to report, and to stop work.

    Waits count on corrected time, so that setting the device's clock does not end them. Too many
    wrong ones take the key of the data away, where there is a way back (`app.unlock`): raises
    KeyForgottenError.
    """
    person = field.definitions.plant.people.get(person_id)
    if field.revoked is not None:
        raise DeviceRevokedError(why=field.revoked)
    with field.store.session() as session:
        stored = _pins(field, session, [person_id]).get(person_id)
        if stored is None or person is None or person.retired_ms is not None:
            raise NotAllowedError(action="sign_in", person=person_id)
        if field.certificate and person_id not in field.certificate.people:
            raise CertificatePersonError(person=person_id)
        tries = keep.get(session, f"pin.{person_id}")
        failed, until_ms = (
            (_whole(tries.get("failed")) or 0, _whole(tries.get("until_ms")) or 0)
            # tries at another PIN say nothing about this one
            if isinstance(tries, dict) and tries.get("since_ms", 0) == stored.since_ms
            else (0, 0)
        )
        left_ms = until_ms - field.clock.now_ms()
        if 0 < left_ms <= WAITS_S[-1] * 1000:
            raise PinWaitError(wait_s=left_ms // 1000 + 1)
        if fits(pin, stored.verifier):
            keep.put(session, f"pin.{person_id}", _tries(stored, 0, 0))
            keep.put(session, f"signed_in.{person_id}", field.clock.now_ms())
            keep.put(session, _ALL, 0)
            return person
        wait_s = WAITS_S[min(failed, len(WAITS_S) - 1)]
        until_ms = field.clock.now_ms() + wait_s * 1000
        failed, of_all = failed + 1, (_whole(keep.get(session, _ALL)) or 0) + 1
        forgets = _forgets(field, failed, of_all)
        if forgets:  # whoever unlocks it later begins anew
            failed, of_all = 0, 0
        keep.put(session, f"pin.{person_id}", _tries(stored, failed, until_ms))
        keep.put(session, _ALL, of_all)
    if forgets:
        unlock.forget(field.settings, field.secrets)
        field.store.close()
        field.shut()
        raise KeyForgottenError
    raise PinWrongError(wait_s=wait_s)


def _forgets(field: FieldApp, failed: int, of_all: int) -> bool:
    many = failed >= FORGET_AFTER or of_all >= FORGET_AFTER_ALL
    return many and unlock.may_forget(field.settings)


def has_temporary(field: FieldApp, person_id: str) -> bool:
    """Return whether somebody has to choose a PIN of their own before they go on."""
    with field.store.reading() as session:
        stored = _pins(field, session, [person_id]).get(person_id)
    return stored is not None and stored.temporary


def new_length(field: FieldApp, person_id: str) -> int:
    """Return how many digits a new PIN of this person has."""
    person = field.definitions.plant.people[person_id]
    return digits_for(field.definitions.access, person.roles)


def choose_pin(field: FieldApp, person: Person, pin: str) -> None:
    """Take a new PIN of the person signing in; raises PinEasyError for one that all would try.

    Only its hash leaves this function.
    """
    length = new_length(field, person.person_id)
    with field.store.session() as session:
        stored = _pins(field, session, [person.person_id]).get(person.person_id)
        same = stored is not None and fits(pin, stored.verifier)
        if len(pin) != length or not pin.isdecimal() or is_easy(pin) or same:
            raise PinEasyError(digits=length)
        write_pin(field, session, person.person_id, person.person_id, pin, temporary=False)
    field.nudge()


def write_pin(
    field: FieldApp, session: Session, author: str, person_id: str, pin: str, *, temporary: bool
) -> None:
    """Write the hash of a PIN as an entry of its author; the caller commits."""
    row: dict[str, Value] = {"verifier": hash_pin(pin, os.urandom(16)), "temporary": temporary}
    field.write(
        session,
        author,
        kind="edit",
        record_id=register_id("pins", person_id),
        type="register",
        definition=DEFINITION,
        set={
            "table": "pins",
            "key": person_id,
            "state": "active",
            "row": row,
            "reason": "",
            "by": author,
            "at_ms": field.clock.now_ms(),
        },
    )


class _Pin(NamedTuple):
    verifier: str
    temporary: bool
    since_ms: int


def _pins(field: FieldApp, session: Session, people: Iterable[str]) -> dict[str, _Pin]:
    """Return the PINs that hold for these people, as far as this device knows."""
    assert field.pack
    wanted = list(people)
    found = {
        person: _Pin(
            field.pack.pins[person],
            person in field.pack.temporary,
            field.pack.pin_since_ms.get(person, 0),
        )
        for person in wanted
        if person in field.pack.pins
    }
    for person, record in registers.of_keys(session, "pins", wanted).items():
        pin = _pin(record)
        if pin and (person not in found or pin.since_ms >= found[person].since_ms):
            found[person] = pin
    return found


def _pin(record: Record) -> _Pin | None:
    row = record.get("row")
    if not isinstance(row, dict) or not isinstance(row.get("verifier"), str):
        return None
    since_ms = record.whole("at_ms") or 0
    return _Pin(str(row["verifier"]), row.get("temporary") is True, since_ms)


def _tries(stored: _Pin, failed: int, until_ms: int) -> dict[str, Value]:
    return {"failed": failed, "until_ms": until_ms, "since_ms": stored.since_ms}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
