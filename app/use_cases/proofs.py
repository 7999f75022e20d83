"""A proof file made on a device: all that the device knows, but without the plant's seal."""

from collections.abc import Callable

from app import unlock
from app.clock import read_wall_ms
from app.link import load_pack
from app.settings import ClientSettings
from app.wiring import key_store
from domain.errors import RecordMissingError
from domain.proofs import encode
from offline_store import keep, proofs, vault
from offline_store.database import FILE_NAME, open_store
from offline_store.sealing import Seal


def export(
    settings: ClientSettings, wanted: str, ask: Callable[[], str], *, small: bool = False
) -> bytes:
    """Return the proof file of a record in a device's store, named by id or short code.

    `ask` returns the passphrase, where one is needed. Raises RecordMissingError, ProofError, and
    what `unlock.open_seal` does.
    """
    folder = settings.store
    if not (folder / FILE_NAME).exists():
        raise RecordMissingError(record=wanted)
    store = open_store(folder, seal=_seal(settings, ask))
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


def _seal(settings: ClientSettings, ask: Callable[[], str]) -> Seal | None:
    if vault.load(settings.store) is None:  # from before there were keys: it stays as it is
        return None
    secrets = key_store()
    typed = unlock.asks(settings, secrets) == "passphrase"
    return unlock.open_seal(settings, secrets, unlock.Typed(ask() if typed else ""))
