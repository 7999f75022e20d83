"""Signatures that a salvage could read but not leave in place.

Behind a lost entry every entry gets another hash, so its signature fits no longer. When the lost
entry comes back from the server, the old hashes are right again, and so are the signatures: what
this device signed is then sent as signed, and waits for nobody.
"""

from collections.abc import Mapping

from sqlalchemy import update
from sqlmodel import Session, col

from domain.changes import signed_bytes
from domain.records import Value
from domain.signatures import verifies
from offline_store import devices, entries, keep
from offline_store.tables import EntryRow

KEPT = "salvage.signatures"


def put(session: Session, signatures: Mapping[int, tuple[bytes, bytes]]) -> None:
    """Keep signatures by number, each with the hash it was given for."""
    if signatures:
        rows: dict[str, Value] = {
            str(number): [digest.hex(), signature.hex()]
            for number, (digest, signature) in signatures.items()
        }
        keep.put(session, KEPT, rows)


def restore(session: Session, device_id: str) -> None:
    """Put back each signature whose entry has the hash again that the device signed."""
    rows, known = keep.get(session, KEPT), devices.lookup(session, device_id)
    if not isinstance(rows, dict) or known is None:
        return
    for key, row in rows.items():
        match row:
            case [str(digest), str(signature)]:
                pass
            case _:
                continue
        found = entries.of_device(session, device_id, int(key), 1)
        if not found or found[0].entry.number != int(key) or found[0].hash.hex() != digest:
            continue
        one, signed = found[0], bytes.fromhex(signature)
        message = signed_bytes(one.entry.kind, one.hash)
        if one.signature is not None or not verifies(known.public_key, message, signed):
            continue
        session.connection().execute(
            update(EntryRow)
            .where(col(EntryRow.device_id) == device_id, col(EntryRow.number) == int(key))
            .values(signature=signed)
        )
