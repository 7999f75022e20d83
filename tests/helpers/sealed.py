"""The store of a device, opened beside the app: sealed under the key file of the tests."""

from pathlib import Path

from app.settings import ClientSettings
from app.unlock import open_seal
from offline_store.database import Store, open_store


def open_client(folder: Path, secret: Path | None = None) -> Store:
    """Open what a client with a key file keeps; the file lies beside its folder."""
    secret = secret or folder.with_name(folder.name + ".secret")
    seal = open_seal(ClientSettings(store=folder, store_key_file=secret), None)
    return open_store(folder, seal=seal)
