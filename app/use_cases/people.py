"""Who works with this device: sign in with a PIN, offline."""

from dataclasses import dataclass

from app.field import FieldApp
from domain.errors import NotAllowedError, PinWaitError, PinWrongError
from domain.pins import fits
from domain.plant import Person
from domain.words import Words
from offline_store import keep

WAITS_S = (0, 0, 5, 15, 60, 300)  # after the 1st, 2nd, … wrong PIN in a row; then the last one


@dataclass(frozen=True, slots=True)
class PersonCard:
    """One person of this device, as the sign-in screen shows them."""

    person_id: str
    name: Words
    unit: Words
    role: Words
    last_ms: int | None
    pin_length: int


def cards(field: FieldApp) -> list[PersonCard]:
    """Return the people of this device: who signed in here last comes first, then by id."""
    plant, access = field.definitions.plant, field.definitions.access
    assert field.pack
    with field.store.reading() as session:
        seen = {
            person_id: _whole(keep.get(session, f"signed_in.{person_id}"))
            for person_id in field.pack.pins
        }
    found = [
        PersonCard(
            person.person_id,
            person.name,
            plant.unit_name(person.unit) or person.name,
            access.roles[person.roles[0]],
            seen[person.person_id],
            field.pack.pin_digits[person.person_id],
        )
        for person in plant.people.values()
        if person.person_id in seen
    ]
    return sorted(found, key=lambda card: (-(card.last_ms or 0), card.person_id))


def sign_in(field: FieldApp, person_id: str, pin: str) -> Person:
    """Check a PIN offline; raises PinWrongError or PinWaitError (params wait_s).

    Waits count on corrected time, so that setting the device's clock does not end them.
    """
    assert field.pack
    stored = field.pack.pins.get(person_id)
    person = field.definitions.plant.people.get(person_id)
    if stored is None or person is None:
        raise NotAllowedError(action="sign_in", person=person_id)
    with field.store.session() as session:
        tries = keep.get(session, f"pin.{person_id}")
        failed, until_ms = (
            (_whole(tries.get("failed")) or 0, _whole(tries.get("until_ms")) or 0)
            if isinstance(tries, dict)
            else (0, 0)
        )
        left_ms = until_ms - field.clock.now_ms()
        if 0 < left_ms <= WAITS_S[-1] * 1000:
            raise PinWaitError(wait_s=left_ms // 1000 + 1)
        if fits(pin, stored):
            keep.put(session, f"pin.{person_id}", {"failed": 0, "until_ms": 0})
            keep.put(session, f"signed_in.{person_id}", field.clock.now_ms())
            return person
        wait_s = WAITS_S[min(failed, len(WAITS_S) - 1)]
        until_ms = field.clock.now_ms() + wait_s * 1000
        keep.put(session, f"pin.{person_id}", {"failed": failed + 1, "until_ms": until_ms})
    raise PinWrongError(wait_s=wait_s)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
