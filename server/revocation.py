"""Devices that were lost: since when, and what becomes of what they still send."""

import math
from dataclasses import replace

from domain.quarantine import REVOKED
from domain.records import Record
from offline_store import quarantine, records
from offline_store.devices import Device
from server import clock
from server.problems import RefusalError
from server.proving import Proof
from server.site import Site


def since(record: Record | None) -> int | None:
    """Return since when nothing of the device of a record is believed (ms); None: it is."""
    return record.whole("revoked_ms") if record else None


def held(device: Device | None, record: Record | None, proof: Proof) -> Proof:
    """Return a proof with all of the push held, where its device was revoked before it came.

    What it wrote before it was lost may be honest; only a person can tell, so nothing counts yet.
    `record` is the device's.
    """
    if device is None or since(record) is None:
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
    """Refuse a file of a revoked device that none of its entries names.

    What it wrote before it was lost, and what a manager has let in meanwhile, keeps its photos.
    """
    with here.store.reading() as session:
        if since(records.lookup(session, device.device_id)) is None:
            return
        if not quarantine.names(session, device.device_id, sha256):
            raise RefusalError(403, "blob.unnamed")
