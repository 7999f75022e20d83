"""The devices of the plant and the definitions' versions, as administrators see them."""

import io
import os
from dataclasses import dataclass

import segno

from app.field import FieldApp
from app.use_cases import administration, enrolment
from domain.access import Subject, may
from domain.errors import (
    MoveRefusedError,
    NotAllowedError,
    RegisterOwnError,
    RegisterRowError,
)
from domain.invitations import (
    CODE_BYTES,
    INVITED,
    REVOKED,
    Invitation,
    device_of,
    fingerprint,
    make_code,
    spaced,
)
from domain.plant import Person
from domain.records import Value
from domain.register_rules import ACCOUNTS
from domain.registers import REASON_MAX
from domain.words import Words
from offline_store import outbox, records
from offline_store import registers as store

DEFINITION = "device@1"
NAME_MAX = 80
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Lack:
    """Entries `first` to `last` that a device told of, at `told_ms`, and that never came."""

    first: int
    last: int
    told_ms: int

    @property
    def count(self) -> int:
        """Return how many they are."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """One device; `received_ms` is when the last entry of it reached the server."""

    device_id: str
    name: str
    state: str  # "active" | "blocked"
    reason: str
    enrolled_ms: int | None
    received_ms: int | None
    entries: int
    here: bool  # the device this is shown on
    until_ms: int | None = None  # of an invitation: when it runs out
    revoked_ms: int | None = None  # when it was lost
    have: int | None = None  # number of the last entry that the server has, where it said so
    lacks: Lack | None = None

    @property
    def short(self) -> str:
        """Return the part of the id that record codes show."""
        return self.device_id.replace("-", "")[-4:].upper()


@dataclass(frozen=True, slots=True)
class Invited:
    """A one-time code as it is shown once: to scan (PNG), and to type."""

    invitation: Invitation
    device_id: str
    until_ms: int

    @property
    def code(self) -> str:
        """Return the code as people read it out."""
        return spaced(self.invitation.code)

    @property
    def print(self) -> str:
        """Return the fingerprint of the server's key in groups."""
        key = self.invitation.key
        return " ".join(key[at : at + 4] for at in range(0, len(key), 4))

    def picture(self) -> bytes:
        """Return its QR as PNG, sharp at any size."""
        made = io.BytesIO()
        segno.make_qr(self.invitation.text(), error="m").save(made, kind="png", scale=10, border=4)
        return made.getvalue()


@dataclass(frozen=True, slots=True)
class FormVersion:
    """One version of a checklist; `newest` is the one that new sheets are made with."""

    code: str
    version: int
    name: Words
    newest: bool
    sheets: int
    first_ms: int | None
    last_ms: int | None


def cards(field: FieldApp, person: Person) -> list[DeviceCard]:
    """Return all devices, the one that was heard of last first."""
    _allow(field, person)
    with field.store.reading() as session:
        found = records.find(session, "device", limit=records.FIND_MAX)
        tallies = store.tallies(session)
        waiting = outbox.count(session, field.device.device_id).entries
    shown: list[DeviceCard] = []
    for record in found:
        tally = tallies.get(record.record_id)
        here = record.record_id == field.device.device_id
        shown.append(
            DeviceCard(
                record.record_id,
                record.text("name"),
                record.text("state") or "active",
                record.text("reason"),
                record.whole("enrolled_ms"),
                tally.received_ms if tally else None,
                (tally.entries if tally else 0) - (waiting if here else 0),
                here,
                record.whole("until_ms"),
                record.whole("revoked_ms"),
                record.whole("have"),
                _lack(record.get("lacks")),
            )
        )
    return sorted(shown, key=lambda card: (-(card.received_ms or 0), card.device_id))


def invite(field: FieldApp, person: Person, name: str, server: str) -> Invited:
    """Make a one-time code for a new device of that name, which finds the server at `server`.

    It lets the device in once the server has this entry. Raises NotAllowedError,
    RegisterRowError without a name, ServerAddressError.
    """
    _allow(field, person)
    _needed(name, "", "name")
    address = enrolment.address_of(server)
    now = field.clock.now_ms()
    until_ms = now + field.definitions.defaults.whole("device.code_h") * _HOUR_MS
    invitation = Invitation(
        address,
        field.device.plant,
        make_code(os.urandom(CODE_BYTES)),
        fingerprint(bytes.fromhex(field.device.server_key)) if field.device.server_key else "",
    )
    device_id = device_of(invitation.code)
    cells: dict[str, Value] = {
        "state": INVITED, "name": name.strip()[:NAME_MAX], "until_ms": until_ms,
        "by": person.person_id, "at_ms": now,
    }  # fmt: skip
    _write(field, person, device_id, cells)
    return Invited(invitation, device_id, until_ms)


def turn(field: FieldApp, person: Person, device_id: str, state: str, reason: str) -> None:
    """Shut a device out ("blocked"), let it in again ("active"), withdraw its code ("withdrawn").

    Raises NotAllowedError, RegisterOwnError for the device in hand, RegisterRowError without a
    reason, MoveRefusedError for a device that was reported lost.
    """
    _turn(field, person, device_id, {"state": state}, reason)


def revoke(field: FieldApp, person: Person, device_id: str, lost_ms: int, reason: str) -> None:
    """Say that a device was lost at `lost_ms`, for good: what it sends from now on is held.

    Raises as `turn`, and RegisterRowError for a time that has not come yet.
    """
    if lost_ms > field.clock.now_ms():
        raise RegisterRowError(
            table="devices", key=device_id, column="revoked_ms", problem="ahead", value=""
        )
    _turn(field, person, device_id, {"state": REVOKED, "revoked_ms": lost_ms}, reason)


def _turn(
    field: FieldApp, person: Person, device_id: str, cells: dict[str, Value], reason: str
) -> None:
    _allow(field, person)
    if device_id == field.device.device_id:
        raise RegisterOwnError(key=device_id)
    _needed(reason, device_id, "reason")
    with field.store.reading() as session:
        record = records.get(session, device_id)
    if record.get("revoked_ms") is not None:
        raise MoveRefusedError(reason="state", state=REVOKED, target=str(cells["state"]))
    said: dict[str, Value] = {
        "reason": reason.strip()[:REASON_MAX], "by": person.person_id,
        "at_ms": field.clock.now_ms(),
    }  # fmt: skip
    _write(field, person, device_id, cells | said)


def _needed(text: str, device_id: str, column: str) -> None:
    if not text.strip():
        raise RegisterRowError(
            table="devices", key=device_id, column=column, problem="missing", value=""
        )


def _write(field: FieldApp, person: Person, device_id: str, cells: dict[str, Value]) -> None:
    with field.store.session() as session:
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


def _lack(value: Value) -> Lack | None:
    match value:
        case {"first": int(first), "last": int(last), "told_ms": int(told_ms)}:
            return Lack(first, last, told_ms)
        case _:
            return None


def form_versions(field: FieldApp, person: Person) -> list[FormVersion]:
    """Return every version of every checklist with how many sheets this device has of it."""
    if "definitions" not in administration.sections(field, person):
        raise NotAllowedError(action="definition.edit", person=person.person_id)
    found = field.definitions
    with field.store.reading() as session:
        uses = {use.definition: use for use in store.uses(session, "inspection")}
    shown: list[FormVersion] = []
    for (code, version), form in sorted(found.versions.items()):
        definition = f"{code}@{version}"
        use = uses.get(definition, store.Use(definition, 0, None, None))
        newest = found.forms[code].version == version
        shown.append(
            FormVersion(
                code, version, form.name, newest,
                use.times, use.first_ms, use.last_ms,
            )
        )  # fmt: skip
    return shown


def _allow(field: FieldApp, person: Person) -> None:
    found = field.definitions
    if not may(found.access, found.plant, person, ACCOUNTS, Subject()):
        raise NotAllowedError(action=ACCOUNTS, person=person.person_id)
