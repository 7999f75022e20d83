"""The file of the device's key, and the change from one key to the next without losing either."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.field import FieldApp

KEY_FILE = "device.key"
_NEW = KEY_FILE + ".new"


def read_key(path: Path) -> Ed25519PrivateKey | None:
    """Return the key in a file; None where there is none that can be read."""
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (OSError, ValueError):  # not there, not ours to read, cut short
        return None


def find_key(field: FieldApp) -> None:
    """Sign again once the key of this device can be read, where it could not be at the start."""
    if field.key is not None or field.identity is None:
        return
    key = read_key(field.settings.store / KEY_FILE)
    if key is not None and key.public_key().public_bytes_raw() == field.identity.public_key:
        field.key, field.sign, field.key_trouble = key, key.sign, None


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a key for its owner alone; raises FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes_raw())
        file.flush()
        os.fsync(file.fileno())


def write_new(folder: Path, key: Ed25519PrivateKey) -> None:
    """Write the next key beside the present one; call it before the store names the next."""
    path = folder / _NEW
    path.unlink(missing_ok=True)  # of a try that did not end
    write_key(path, key)


def put_in_place(folder: Path, former: str) -> None:
    """Make the next key the present one; the old file stays beside, named after its device."""
    present = folder / KEY_FILE
    if present.exists():
        present.replace(folder / f"device.{former}.key")
    (folder / _NEW).replace(present)


def catch_up(folder: Path, public_key: bytes) -> None:
    """Finish a change of keys that was cut: the store names the next key already."""
    new = read_key(folder / _NEW)
    if new is not None and new.public_key().public_bytes_raw() == public_key:
        put_in_place(folder, "before")
