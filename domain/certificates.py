"""Certificates: who may work on a device, from when to when, said and signed by the server.

A device offline works within its certificate. The server judges what it wrote by the certificate
that was valid then, and by what holds now.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from domain.changes import Entry, canonical
from domain.control import stops
from domain.devices import people_of
from domain.errors import EntryInvalidError, FieldError
from domain.plant import Person, Plant
from domain.policies import TypePolicies
from domain.records import Record, Value
from domain.signatures import verifies

VERSION: Final = 1
BODY_MAX_BYTES: Final = 4 * 1024 * 1024  # some 30 000 people
_ADDS: Final = frozenset({"inspection", "maintenance", "evidence", "event", "notice"})


class CertificateError(FieldError):
    """What came as a certificate is none of this plant for this device (`reason`)."""

    code = "certificate.invalid"


class CertificateExpiredError(FieldError):
    """The certificate of the device has run out, at `until_ms`: it decides nothing any more."""

    code = "certificate.expired"


class CertificatePersonError(FieldError):
    """The certificate of the device does not name this `person`."""

    code = "certificate.person"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person is on a device."""

    roles: tuple[str, ...]
    unit: str
    areas: tuple[str, ...]

    def on(self, person: Person) -> Person:
        """Return a person with these roles instead of those they have now."""
        return replace(person, roles=self.roles, unit=self.unit, areas=frozenset(self.areas))


@dataclass(frozen=True, slots=True)
class Certificate:
    """Who may work on device `device`, which signs with `public_key` (hex).

    `serial` counts up per device; `epoch` names the life of the server's feed in which it was made.
    """

    serial: int
    plant: str
    epoch: str
    device: str
    public_key: str
    from_ms: int
    until_ms: int
    people: Mapping[str, Grant]

    def half_over(self, now_ms: int) -> bool:
        """Say whether half its time is over: time for a new one."""
        return now_ms >= (self.from_ms + self.until_ms) // 2

    def runs(self, now_ms: int) -> bool:
        """Say whether it has not run out."""
        return now_ms < self.until_ms


def grants(plant: Plant, device: Record | None) -> dict[str, Grant]:
    """Return what the people of a device are now: its certificate names nobody else."""
    return {name: grant_of(person) for name, person in people_of(plant, device).items()}


def grant_of(person: Person) -> Grant:
    """Return what a person is now."""
    return Grant(tuple(person.roles), person.unit, tuple(sorted(person.areas)))


def encode(one: Certificate) -> bytes:
    """Return the canonical bytes of a certificate."""
    people: dict[str, Value] = {
        person: {"roles": list(grant.roles), "unit": grant.unit, "areas": list(grant.areas)}
        for person, grant in one.people.items()
    }
    return canonical(
        {
            "v": VERSION, "serial": one.serial, "plant": one.plant, "epoch": one.epoch,
            "device": one.device, "key": one.public_key, "from": one.from_ms,
            "until": one.until_ms, "people": people,
        }
    )  # fmt: skip


def decode(body: bytes) -> Certificate:
    """Read a certificate; raises CertificateError for what is none."""
    try:
        if len(body) > BODY_MAX_BYTES:
            raise CertificateError(reason="size")
        row = cast("Value", json.loads(body))
        if not isinstance(row, dict) or canonical(row) != body or row.get("v") != VERSION:
            raise CertificateError(reason="form")
        return Certificate(
            _whole(row["serial"]), _text(row["plant"]), _text(row["epoch"]), _text(row["device"]),
            _text(row["key"]), _whole(row["from"]), _whole(row["until"]), _people(row["people"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError, EntryInvalidError) as error:
        raise CertificateError(reason="form") from error


def signed_bytes(body: bytes) -> bytes:
    """Return what the server signs."""
    return b"anshao-certificate-v1\0" + body


def verified(
    body: bytes, signature: bytes, server_key: bytes, device: str, public_key: str
) -> Certificate:
    """Return a certificate that this server made for this device; raises CertificateError."""
    if not verifies(server_key, signed_bytes(body), signature):
        raise CertificateError(reason="signature")
    found = decode(body)
    if (found.device, found.public_key) != (device, public_key):
        raise CertificateError(reason="device")
    return found


def adds_only(type: str, set: Mapping[str, Value], *, new: bool) -> bool:
    """Whether an entry only adds what its author saw and did, and decides about nothing."""
    if type == "hazard":
        return new
    if type == "task":  # whether the sheet is their own is checked with the task
        return not new and "done_by" in set
    return type in _ADDS


def needed(type: str, set: Mapping[str, Value], policies: TypePolicies, *, new: bool) -> bool:
    """Whether an entry needs a certificate: reports, photos, own sheets and stops never do."""
    return not adds_only(type, set, new=new) and not stops(policies, type, set)


def may_write(
    one: Certificate, now_ms: int, person: str, type: str, set: Mapping[str, Value],
    policies: TypePolicies, *, new: bool,
) -> None:  # fmt: skip
    """Raise what keeps a person from writing this on the device of a certificate at a time."""
    if needed(type, set, policies, new=new):
        covered(one, now_ms, person)


def covered(one: Certificate, at_ms: int, person: str) -> Grant:
    """Return what a certificate makes of a person at a time.

    Raises CertificateExpiredError, CertificatePersonError.
    """
    if not one.runs(at_ms):
        raise CertificateExpiredError(until_ms=one.until_ms)
    if person not in one.people:
        raise CertificatePersonError(person=person)
    return one.people[person]


def valid_at(known: Sequence[Certificate], entry: Entry) -> Certificate | None:
    """Return the certificate (of those in order) under which an entry was written, if any."""
    return next((one for one in reversed(known) if one.from_ms <= entry.wall_ms), None)


def _people(rows: Value) -> dict[str, Grant]:
    if not isinstance(rows, dict):
        raise TypeError
    found: dict[str, Grant] = {}
    for person, row in rows.items():
        if not isinstance(row, dict):
            raise TypeError
        found[person] = Grant(_texts(row["roles"]), _text(row["unit"]), _texts(row["areas"]))
    return found


def _texts(value: Value) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(one) for one in value)


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value
