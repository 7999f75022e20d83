"""A proof file made on a device: all that the device knows, but without the plant's seal."""

from pathlib import Path

from app.clock import read_wall_ms
from app.link import load_pack
from domain.errors import RecordMissingError
from domain.proofs import encode
from offline_store import keep, proofs
from offline_store.database import FILE_NAME, open_store
from offline_store.sealing import Seal


def export(folder: Path, wanted: str, seal: Seal | None, *, small: bool = False) -> bytes:
    """Return the proof file of a record in a device's store, named by id or short code.

    Raises RecordMissingError, ProofError.
    """
    if not (folder / FILE_NAME).exists():
        raise RecordMissingError(record=wanted)
    store = open_store(folder, seal=seal)
    try:
        pack = load_pack(store)
        if pack is None:
            raise RecordMissingError(record=wanted)
        with store.reading() as session:
            identity = keep.get(session, "identity")
            own = str(identity["device_id"]) if isinstance(identity, dict) else "device"
            maker = proofs.Maker(own, read_wall_ms(), pack.definitions)
            record = proofs.find(session, wanted)
            return encode(proofs.gather(store, session, record, maker, small=small))
    finally:
        store.close()
