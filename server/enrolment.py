"""Taking a device in: by a one-time code, or by the code of the settings where that still counts.

A one-time code is the record of a device that is only invited; who brings the code becomes it. A
code made at the machine of the server has no record before it is used: its hash stands among the
small things of the store.
"""

import hmac
import secrets
from typing import NamedTuple

from sqlmodel import Session

from domain import invitations
from domain.invitations import INVITED, WITHDRAWN, device_of, normal
from domain.records import Value
from domain.signatures import verifies
from offline_store import devices, keep, records
from offline_store.database import lock_feed, open_store
from offline_store.devices import Device
from server import certificates, clock, device_records
from server.problems import RefusalError
from server.settings import ServerSettings
from server.site import Site
from sync.protocol import CertificateReply, EnrolRequest

_MADE_HERE = "server.invitations"  # device id -> until_ms
_HOUR_MS = 3_600_000


class Taken(NamedTuple):
    """A device that belongs to the plant now; its certificate, if its program knows of any."""

    device_id: str
    certificate: CertificateReply | None


class _Place(NamedTuple):
    device_id: str
    name: str = ""


def take(here: Site, asked: EnrolRequest, token_hash: str) -> Taken:
    """Take a device in; raises RefusalError with the reason."""
    return here.store.run(lambda session: _taken(here, session, asked, token_hash))


def _taken(here: Site, session: Session, asked: EnrolRequest, token_hash: str) -> Taken:
    lock_feed(session)
    here.refresh(session, locked=True)
    key = bytes.fromhex(asked.public_key)
    if asked.plant not in (None, here.pack.definitions.plant.code):
        raise RefusalError(403, invitations.EnrolPlantError.code)
    place = _place(here, session, asked)
    proof = invitations.proof_bytes(asked.code, asked.device_name, asked.public_key)
    if asked.proof is not None and not verifies(key, proof, bytes.fromhex(asked.proof)):
        raise RefusalError(403, invitations.EnrolProofError.code)
    enrolled = Device(
        device_id=place.device_id,
        public_key=key,
        name=place.name or asked.device_name,
        token_hash=token_hash,
        enrolled_ms=here.now_ms(),
    )
    device_records.add(here, session, enrolled)
    known = asked.proof is not None
    return Taken(place.device_id, certificates.make(here, session, enrolled) if known else None)


def _place(here: Site, session: Session, asked: EnrolRequest) -> _Place:
    """Return which device the code is for; raises RefusalError."""
    wanted = here.settings.enrol_code
    if wanted is not None and hmac.compare_digest(asked.code.encode(), wanted.encode()):
        taken = devices.enrolled(session)
        if not here.settings.demo and taken >= here.settings.enrol_code_devices:
            raise RefusalError(403, invitations.EnrolClosedError.code)
        return _Place(clock.new_id(here.now_ms()))
    if asked.proof is None and len(normal(asked.code)) == invitations.CODE_LENGTH:
        raise RefusalError(403, invitations.EnrolProofError.code)
    device_id = device_of(asked.code)
    if _made_here(here, session, device_id):
        return _Place(device_id)
    record = records.lookup(session, device_id)
    if record is None or record.type != "device" or record.get("until_ms") is None:
        if devices.lookup(session, device_id) is not None:  # one made here, and used
            raise RefusalError(403, invitations.EnrolUsedError.code)
        raise RefusalError(403, "enrol.refused")
    state = record.text("state")
    if devices.lookup(session, device_id) is not None or state not in (INVITED, WITHDRAWN):
        raise RefusalError(403, invitations.EnrolUsedError.code)
    if state == WITHDRAWN:
        raise RefusalError(403, invitations.EnrolWithdrawnError.code)
    if here.now_ms() >= (record.whole("until_ms") or 0):
        raise RefusalError(403, invitations.EnrolExpiredError.code)
    return _Place(device_id, record.text("name"))


def _made_here(here: Site, session: Session, device_id: str) -> bool:
    """Use up a code that was made at the server's machine; says whether there was one."""
    kept = _kept(session)
    until_ms = kept.pop(device_id, None)
    if not isinstance(until_ms, int):
        return False
    if here.now_ms() >= until_ms:
        raise RefusalError(403, invitations.EnrolExpiredError.code)
    keep.put(session, _MADE_HERE, kept)
    return True


def _kept(session: Session) -> dict[str, Value]:
    kept = keep.get(session, _MADE_HERE)
    return dict(kept) if isinstance(kept, dict) else {}


def invite(settings: ServerSettings, hours: int) -> tuple[str, int]:
    """Make a one-time code beside a running server, or before its first start.

    Returns the code and until when (ms) it lets a device in. Who can call this can read the
    server's keys anyhow. Raises what opening the store raises.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    code = invitations.make_code(secrets.token_bytes(invitations.CODE_BYTES))
    now = clock.now_ms()
    until_ms = now + hours * _HOUR_MS
    store = open_store(settings.home, settings.database_url)
    try:
        with store.session() as session:
            lock_feed(session)
            live = {
                device: until
                for device, until in _kept(session).items()
                if isinstance(until, int) and until > now
            }
            keep.put(session, _MADE_HERE, {**live, device_of(code): until_ms})
    finally:
        store.close()
    return code, until_ms
