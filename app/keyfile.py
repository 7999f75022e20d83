"""The file of the device's key, and the change from one key to the next without losing either."""

import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.field import FieldApp
from offline_store import vault
from offline_store.sealing import Seal

KEY_FILE = "device.key"
KEY_TRIES, KEY_WAIT_S = 4, 0.25  # a second: nobody waits longer for a start
_NEW = KEY_FILE + ".new"
_RAW_BYTES = 32  # of a key in clear
_ABOUT = KEY_FILE.encode()


def read_key(path: Path, seal: Seal | None) -> Ed25519PrivateKey | None:
    """Return the key of a file, sealed or from before there was a seal; None for no such key."""
    try:
        kept = path.read_bytes()
        raw = seal.open(kept, _ABOUT) if seal and len(kept) != _RAW_BYTES else kept
        return Ed25519PrivateKey.from_private_bytes(raw)
    except (OSError, ValueError):  # not there, not ours to read, cut short, of another device
        return None


def read_patiently(path: Path, seal: Seal | None) -> Ed25519PrivateKey | None:
    """Read a key; where it is there and cannot be read just now (a backup, a scanner), wait."""
    key = read_key(path, seal)
    for _ in range(KEY_TRIES):
        if key is not None or not path.exists():
            break
        time.sleep(KEY_WAIT_S)
        key = read_key(path, seal)
    return key


def keep_key(path: Path, key: Ed25519PrivateKey, seal: Seal | None) -> None:
    """Write a key where there is none yet; one in clear is sealed where there is a seal."""
    raw = key.private_bytes_raw()
    if not path.exists() or (seal and path.read_bytes() == raw):
        vault.write_durably(path, seal.seal(raw, _ABOUT) if seal else raw)


def device_key(folder: Path, seal: Seal | None) -> Ed25519PrivateKey:
    """Return the key of a device of no plant yet, made at the first call; its owner's alone."""
    path = folder / KEY_FILE
    known = read_key(path, seal)
    if known is None:
        path.unlink(missing_ok=True)  # a start that was cut while it wrote: nobody knows that key
    key = known or Ed25519PrivateKey.generate()
    keep_key(path, key, seal)
    return key


def find_key(field: FieldApp) -> None:
    """Sign again once the key of this device can be read, where it could not be at the start."""
    if field.key is not None or field.identity is None:
        return
    key = read_key(field.settings.store / KEY_FILE, field.store.seal)
    if key is not None and key.public_key().public_bytes_raw() == field.identity.public_key:
        field.key, field.sign, field.key_trouble = key, key.sign, None


def write_new(folder: Path, key: Ed25519PrivateKey, seal: Seal | None) -> None:
    """Write the next key beside the present one; call it before the store names the next."""
    path = folder / _NEW
    path.unlink(missing_ok=True)  # of a try that did not end
    keep_key(path, key, seal)


def put_in_place(folder: Path, former: str) -> None:
    """Make the next key the present one; the old file stays beside, named after its device."""
    present = folder / KEY_FILE
    if present.exists():
        present.replace(folder / f"device.{former}.key")
    (folder / _NEW).replace(present)


def catch_up(folder: Path, public_key: bytes, seal: Seal | None) -> None:
    """Finish a change of keys that was cut: the store names the next key already."""
    new = read_key(folder / _NEW, seal)
    if new is not None and new.public_key().public_bytes_raw() == public_key:
        put_in_place(folder, "before")
