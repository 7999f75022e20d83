"""The devices of the plant and the definitions' versions, as administrators see them."""

from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases import administration
from domain.access import Subject, may
from domain.errors import NotAllowedError, RegisterOwnError, RegisterRowError
from domain.plant import Person
from domain.register_rules import ACCOUNTS
from domain.registers import REASON_MAX
from domain.words import Words
from offline_store import outbox, records
from offline_store import registers as store

DEFINITION = "device@1"


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

    @property
    def short(self) -> str:
        """Return the part of the id that record codes show."""
        return self.device_id.replace("-", "")[-4:].upper()


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
            )
        )
    return sorted(shown, key=lambda card: (-(card.received_ms or 0), card.device_id))


def turn(field: FieldApp, person: Person, device_id: str, state: str, reason: str) -> None:
    """Shut a device out ("blocked") or let it in again ("active"); says why.

    Raises NotAllowedError, RegisterOwnError for the device in hand, RegisterRowError without a
    reason.
    """
    _allow(field, person)
    if device_id == field.device.device_id:
        raise RegisterOwnError(key=device_id)
    if not reason.strip():
        raise RegisterRowError(
            table="devices", key=device_id, column="reason", problem="missing", value=""
        )
    with field.store.session() as session:
        records.get(session, device_id)
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=device_id,
            type="device",
            definition=DEFINITION,
            set={
                "state": state,
                "reason": reason.strip()[:REASON_MAX],
                "by": person.person_id,
                "at_ms": field.clock.now_ms(),
            },
        )
    field.nudge()


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
