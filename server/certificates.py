"""Certificates: made for each device, renewed when something changed, and asked when it pushes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from domain import certificates
from domain.certificates import Certificate, CertificatePersonError
from domain.changes import Entry
from domain.plant import Person
from offline_store import certificates as store
from offline_store import devices, records
from offline_store.database import lock_feed
from offline_store.devices import Device
from server import scoping
from server.scene import Scene
from server.site import Site
from sync.protocol import CertificateReply, PushHead

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Standing:
    """The certificates that a device had when it pushed, in order.

    `people` are those to whom an administrator has limited it by now; empty: it is for everybody.
    """

    known: Sequence[Certificate]
    people: Collection[str] = ()

    def person_then(self, entry: Entry, scene: Scene, person: Person) -> Person:
        """Return a person with what the certificate said when the entry was written.

        Before the first certificate, and for what only adds or stops, they are as they are now.
        Raises CertificateExpiredError, CertificatePersonError.
        """
        one = certificates.valid_at(self.known, entry)
        if one is None and not self.people:
            return person
        new = scene.record is None
        if not certificates.needed(entry.type, entry.set, scene.definitions.policies, new=new):
            return person
        if self.people and person.person_id not in self.people:
            raise CertificatePersonError(person=person.person_id)
        if one is None:
            return person
        grant = certificates.covered(one, entry.wall_ms, person.person_id)
        return person if grant == certificates.grant_of(person) else grant.on(person)


def standing(session: Session, push: PushHead) -> Standing | None:
    """Return what a push is judged by; None for a device that never had a certificate.

    The head names the newest one that the device has: one that never reached it binds nobody. A
    head that names none is judged by all.
    """
    known = store.of_device(session, push.dev, push.certificate)
    people = scoping.allotment_of(records.lookup(session, push.dev)).people
    return Standing(known, people) if known or people else None


def standing_now(session: Session, device_id: str) -> Standing:
    """Return what an entry is judged by that somebody lets in later."""
    return Standing((), scoping.allotment_of(records.lookup(session, device_id)).people)


def note(here: Site, device: Device, newest: int) -> None:
    """Note the number of the last entry that a device says it wrote."""
    with here.store.reading() as session:
        told, _ = devices.told(session, device.device_id)
    if newest > told:
        now = here.now_ms()
        here.store.run(lambda session: devices.tell(session, device.device_id, newest, now))


def renewed(here: Site, device: Device, have: int) -> CertificateReply | None:
    """Return the certificate that a device should have; None where `have` is still good."""
    with here.store.reading() as session:
        known = store.newest(session, device.device_id)
        if known and have == known[0].serial and _good(here, session, known[0]):
            return None

    def run(session: Session) -> CertificateReply | None:
        lock_feed(session)
        here.refresh(session, locked=True)
        known = store.newest(session, device.device_id)
        if known and _good(here, session, known[0]):  # another process made it, or a cut lost it
            return None if have == known[0].serial else _reply(here, known[1], known[2])
        return make(here, session, device, have)

    return here.store.run(run)


def make(here: Site, session: Session, device: Device, have: int = 0) -> CertificateReply:
    """Make and keep a new certificate for a device; its serial is above all that it knows."""
    now = here.now_ms()
    known = store.newest(session, device.device_id)
    found = here.pack.definitions
    one = Certificate(
        serial=max(have, known[0].serial if known else 0) + 1,
        plant=found.plant.code,
        epoch=here.epoch_now(session),
        device=device.device_id,
        public_key=device.public_key.hex(),
        from_ms=now,
        until_ms=now + found.defaults.whole("device.certificate_days") * _DAY_MS,
        people=certificates.grants(found.plant, records.lookup(session, device.device_id)),
    )
    body = certificates.encode(one)
    signature = here.key.sign(certificates.signed_bytes(body))
    store.add(session, one, body, signature)
    return _reply(here, body, signature)


def _good(here: Site, session: Session, one: Certificate) -> bool:
    device = records.lookup(session, one.device)
    same = one.people == certificates.grants(here.pack.definitions.plant, device)
    return same and one.epoch == here.epoch_now(session) and not one.half_over(here.now_ms())


def _reply(here: Site, body: bytes, signature: bytes) -> CertificateReply:
    return CertificateReply(body=body.decode(), sig=signature.hex(), key=here.public_key)
