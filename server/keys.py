"""Keys of the server: its own signing key and the keys that sign labels, files of mode 0600."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

SERVER_FILE = "server.pem"
UNLOCK_FILE = "unlock.key"
_LABEL_FILE = "label-{plant}.pem"
_INDEX_FILE = "plant_keys.json"


@dataclass(frozen=True, slots=True)
class LabelSigner:
    """The key that signs the labels of one plant; `key_id` stands in every label."""

    plant: str
    key_id: int
    private: Ed25519PrivateKey

    @property
    def public_hex(self) -> str:
        """The public key that devices verify labels with."""
        return public_bytes(self.private).hex()


def public_bytes(private: Ed25519PrivateKey) -> bytes:
    """Return the raw public key (32 bytes)."""
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def write_private(path: Path, data: bytes) -> None:
    """Write a secret file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def server_key(folder: Path) -> Ed25519PrivateKey:
    """Return the server's signing key; made on the first call."""
    return _key(folder / SERVER_FILE)


def unlock_key(folder: Path) -> X25519PrivateKey:
    """Return the key to which devices seal the way back to their data; made on the first call."""
    path = folder / UNLOCK_FILE
    if not path.exists():
        write_private(path, X25519PrivateKey.generate().private_bytes_raw().hex().encode())
    return X25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii")))


def label_signers(folder: Path, plants: tuple[str, ...] = ()) -> dict[str, LabelSigner]:
    """Return the label keys by plant; a plant of `plants` without a key gets one.

    Key ids are given in the order of first mention and never again to another plant.
    """
    index_file = folder / _INDEX_FILE
    index: dict[str, int] = json.loads(index_file.read_text("utf-8")) if index_file.exists() else {}
    known = len(index)
    for plant in plants:
        index.setdefault(plant, max(index.values(), default=0) + 1)
    if len(index) > known:
        write_private(index_file, json.dumps(index, sort_keys=True).encode())
    return {
        plant: LabelSigner(plant, key_id, _key(folder / _LABEL_FILE.format(plant=plant)))
        for plant, key_id in index.items()
    }


def _key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        fresh = Ed25519PrivateKey.generate()
        write_private(path, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey), path.name
    return key
