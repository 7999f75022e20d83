"""Devices that were lost: since when, and what becomes of what they still send."""

import math
from dataclasses import replace

from sqlmodel import Session

from domain.quarantine import REVOKED
from domain.records import Record
from offline_store import devices, quarantine, records
from offline_store.devices import Device
from server import clock
from server.problems import RefusalError
from server.proving import Proof
from server.site import Site
from sync.protocol import PushHead


def since(device: Device, record: Record | None) -> int | None:
    """Return since when nothing of a device is believed (ms); None: it is believed."""
    said = record.whole("revoked_ms") if record else None
    if said is None and device.state != "active":
        return device.enrolled_ms or 0
    return said


def held(session: Session, push: PushHead, proof: Proof) -> Proof:
    """Return a proof with all of the push held, where its device was revoked before it came.

    What it wrote before it was lost may be honest; only a person can tell, so nothing counts yet.
    """
    device = devices.lookup(session, push.dev)
    if device is None or since(device, records.lookup(session, push.dev)) is None:
        return proof
    return replace(proof, quarantined=REVOKED)


def slow_down(here: Site, device: Device) -> None:
    """Refuse pushes of a revoked device that come too fast: each makes people look at it."""
    now, key = clock.mono_ms(), device.device_id
    here.lost.proved(key, now)
    wait_s = math.ceil(here.lost.wait_s(key, "", now))
    if wait_s:
        raise RefusalError(429, "request.rate", {"Retry-After": str(wait_s)}, wait_s=wait_s)


def check_file(here: Site, device: Device, sha256: str) -> None:
    """Refuse a file of a revoked device that none of its held entries names."""
    with here.store.reading() as session:
        if since(device, records.lookup(session, device.device_id)) is None:
            return
        if not quarantine.names(session, device.device_id, sha256):
            raise RefusalError(403, "blob.unnamed")
