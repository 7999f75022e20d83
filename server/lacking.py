"""What the server lacks of a device: entries that it said it wrote and that never came.

Said in the device's record, for administrators. A device that is just sending lacks nothing; one
that was lost is looked at at once.
"""

from sqlmodel import Session

from domain.records import Record, Value
from offline_store import batches, devices, journal, records
from offline_store.devices import Device
from server import revocation
from server.own_entries import OwnStep, write_own
from server.rights import RULE
from server.site import SERVER_DEVICE, Site

SENDING_MS = 15 * 60_000  # a device that told so lately is still on its way


def run(here: Site, now_ms: int) -> int:
    """Write what is lacking, where that is another thing than the record says."""
    with here.store.reading() as session:
        steps = [
            step
            for device in devices.find(session)
            if device.token_hash is not None and device.device_id != SERVER_DEVICE
            for step in _step(session, device, now_ms)
        ]
    return len(write_own(here, steps))


def _step(session: Session, device: Device, now_ms: int) -> list[OwnStep]:
    record = records.lookup(session, device.device_id)
    if record is None:
        return []
    revoked = revocation.since(record) is not None
    have, _ = journal.head(session, device.device_id)
    told, told_ms = devices.told(session, device.device_id)
    lacks: Value = None
    if told > have and (revoked or now_ms - told_ms > SENDING_MS):
        lacks = {"first": have + 1, "last": told, "told_ms": told_ms}
    if not revoked and lacks is None and record.get("lacks") is None:
        return []
    return _changed(session, record, have, lacks)


def _changed(session: Session, record: Record, have: int, lacks: Value) -> list[OwnStep]:
    if (record.whole("have"), record.get("lacks")) == (have, lacks):
        return []
    pushes = batches.of_device(session, record.record_id)
    cells: dict[str, Value] = {"have": have, "lacks": lacks, "by": RULE}
    if pushes and pushes[-1].received_ms is not None:
        cells["heard_ms"] = pushes[-1].received_ms
    return [OwnStep(RULE, record.record_id, "device", cells)]
