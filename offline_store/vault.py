"""The data key of a device, wrapped: `anshao.keys` in its folder.

Each slot holds the same key, wrapped under a key made of the secrets it names. The file can be
read by anybody who has the folder, so what is in it must be of no use without such a secret.
"""

import base64
import hashlib
import json
import os
import secrets
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import StoreError
from offline_store import backups, passphrase_key
from offline_store.sealing import KEY_BYTES, Seal, Way, way_here

FILE_NAME: Final = "anshao.keys"
Need = Literal["file", "platform", "passphrase", "recovery"]
_FILE_MAX_BYTES = 64 * 1024
_CODE_BYTES = 15  # 24 letters
_SUM_BYTES = 2
REQUEST: Final = "anshao-unlock"


class StoreLockedError(StoreError):
    """The store is sealed, and none of the secrets at hand opens it."""

    code = "store.locked"


class PassphraseWrongError(StoreError):
    """That is not the passphrase of this device."""

    code = "passphrase.wrong"


class CodeWrongError(StoreError):
    """That is not the unlock code made for this device."""

    code = "unlock_code.wrong"


class VaultDamagedError(StoreError):
    """`anshao.keys` is gone or cannot be read, though the store beside it is sealed."""

    code = "store.keys_damaged"


@dataclass(frozen=True, slots=True)
class Slot:
    """The data key, wrapped under the secrets that `needs` names; `facts` are not secret."""

    needs: tuple[Need, ...]
    wrapped: bytes
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Vault:
    """What `anshao.keys` says. `moving`: an older, plain store is still being sealed."""

    vault_id: str
    way: Way
    moving: bool = False
    slots: tuple[Slot, ...] = ()

    def has(self, need: Need) -> bool:
        """Say whether a slot needs that secret."""
        return any(need in slot.needs for slot in self.slots)


Secrets = Mapping[Need, bytes]


def new(*, moving: bool) -> tuple[Vault, Seal]:
    """Return a vault without slots and its new data key."""
    vault = Vault(str(uuid.uuid4()), way_here(), moving)
    return vault, Seal(os.urandom(KEY_BYTES), vault.way)


def load(folder: Path) -> Vault | None:
    """Return the vault of a folder, None where there is none; raises VaultDamagedError."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            data = file.read(_FILE_MAX_BYTES)
    except FileNotFoundError:
        return None
    try:
        told = json.loads(data)
        way = {1: {"cipher": "cipher", "bodies": "bodies"}}[told["version"]][told["way"]]
        slots = tuple(
            Slot(tuple(row["needs"]), bytes.fromhex(row["wrapped"]), dict(row["facts"]))
            for row in told["slots"]
        )
        return Vault(str(told["id"]), cast("Way", way), bool(told["moving"]), slots)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VaultDamagedError from error


def save(folder: Path, vault: Vault) -> None:
    """Write the vault durably in one step: the old one or the new one is there."""
    told = {
        "version": 1,
        "id": vault.vault_id,
        "way": vault.way,
        "moving": vault.moving,
        "slots": [
            {"needs": list(one.needs), "wrapped": one.wrapped.hex(), "facts": dict(one.facts)}
            for one in vault.slots
        ],
    }
    write_durably(folder / FILE_NAME, json.dumps(told, indent=1).encode())


def write_durably(path: Path, data: bytes) -> None:
    """Put bytes in a file's place, its owner's alone: whole, or not at all."""
    growing = path.with_name(path.name + ".tmp")
    growing.unlink(missing_ok=True)
    handle = os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    growing.replace(path)
    backups.sync(path.parent)


def with_slot(vault: Vault, seal: Seal, given: Secrets) -> Vault:
    """Return the vault with a slot that all of these secrets together open.

    It takes the place of a slot with the same needs.
    """
    needs = tuple(sorted(given))
    facts: dict[str, Any] = {}
    if "passphrase" in needs:
        facts = passphrase_key.new_facts()
    kek = _kek(vault, needs, given, facts)
    nonce = os.urandom(12)
    wrapped = nonce + AESGCM(kek).encrypt(nonce, seal.key, _about(vault, needs))
    kept = tuple(slot for slot in vault.slots if slot.needs != needs)
    return replace(vault, slots=(*kept, Slot(needs, wrapped, facts)))


def without(vault: Vault, need: Need) -> Vault:
    """Return the vault without the slots that need that secret."""
    return replace(vault, slots=tuple(slot for slot in vault.slots if need not in slot.needs))


def forgotten(vault: Vault) -> Vault | None:
    """Return the vault with nothing left but the way back; None where there is no way back."""
    kept = tuple(slot for slot in vault.slots if slot.needs == ("recovery",))
    return replace(vault, slots=kept) if kept else None


def open_with(vault: Vault, given: Secrets) -> Seal | None:
    """Return the data key, if some slot opens with what is given."""
    for slot in vault.slots:
        if not set(slot.needs) <= given.keys():
            continue
        kek = _kek(vault, slot.needs, given, slot.facts)
        try:
            about = _about(vault, slot.needs)
            key = AESGCM(kek).decrypt(slot.wrapped[:12], slot.wrapped[12:], about)
        except (InvalidTag, ValueError):
            continue
        return Seal(key, vault.way)
    return None


# --- the way back -------------------------------------------------------------------------------


def with_recovery(vault: Vault, seal: Seal, public_key: bytes, device: str) -> Vault:
    """Return the vault with a new one-time code that only the holder of a server's key can tell.

    An earlier code opens nothing any more. `device` is named in the request, so that whoever is
    asked knows whose data it is.
    """
    code = os.urandom(_CODE_BYTES)
    own = X25519PrivateKey.generate()
    about = _recovery_about(vault.vault_id, device)
    shared = own.exchange(X25519PublicKey.from_public_bytes(public_key))
    point = own.public_key().public_bytes_raw()
    sealed = AESGCM(_recovery_key(shared, point, public_key)).encrypt(b"\0" * 12, code, about)
    vault = with_slot(vault, seal, {"recovery": code})
    last = vault.slots[-1]
    facts = {"sealed": (point + sealed).hex(), "device": device, "to": public_key.hex()}
    return replace(vault, slots=(*vault.slots[:-1], replace(last, facts=facts)))


def recovery_to(vault: Vault) -> tuple[str, str] | None:
    """Return for which server's key and which device there is a way back."""
    slot = _recovery(vault)
    return (str(slot.facts.get("to")), str(slot.facts.get("device"))) if slot else None


def request(vault: Vault) -> str | None:
    """Return what is sent to whoever runs the server, to get a code; it is no secret."""
    slot = _recovery(vault)
    if slot is None:
        return None
    sealed = base64.b32encode(bytes.fromhex(str(slot.facts["sealed"]))).decode().rstrip("=")
    return ":".join((REQUEST, "1", vault.vault_id, str(slot.facts["device"]), sealed))


def device_of(asked: str) -> str:
    """Return the device that a request is for; raises CodeWrongError for what is no request."""
    return _parts(asked)[1]


def answer(asked: str, key: X25519PrivateKey) -> str:
    """Return the code for a request; raises CodeWrongError for one sealed to another key."""
    vault_id, device, sealed = _parts(asked)
    point, rest = sealed[:32], sealed[32:]
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(point))
        kek = _recovery_key(shared, point, key.public_key().public_bytes_raw())
        code = AESGCM(kek).decrypt(b"\0" * 12, rest, _recovery_about(vault_id, device))
    except (InvalidTag, ValueError) as error:
        raise CodeWrongError from error
    told = base64.b32encode(code + hashlib.sha256(code).digest()[:_SUM_BYTES]).decode().rstrip("=")
    return "-".join(told[at : at + 4] for at in range(0, len(told), 4))


def read_code(typed: str) -> bytes:
    """Return the secret that a typed code stands for; raises CodeWrongError for a mistyped one."""
    plain = "".join(char for char in unicodedata.normalize("NFKC", typed).upper() if char.isalnum())
    plain = plain.translate(str.maketrans("018", "OIB"))
    try:
        raw = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except ValueError as error:
        raise CodeWrongError from error
    code, check = raw[:_CODE_BYTES], raw[_CODE_BYTES:]
    if len(raw) != _CODE_BYTES + _SUM_BYTES or not secrets.compare_digest(
        check, hashlib.sha256(code).digest()[:_SUM_BYTES]
    ):
        raise CodeWrongError
    return code


def _recovery(vault: Vault) -> Slot | None:
    return next((slot for slot in vault.slots if slot.needs == ("recovery",)), None)


def _parts(asked: str) -> tuple[str, str, bytes]:
    found = "".join(asked.split()).split(":")
    try:
        word, version, vault_id, device, sealed = found
        raw = base64.b32decode(sealed + "=" * (-len(sealed) % 8))
    except ValueError as error:
        raise CodeWrongError from error
    if (word, version) != (REQUEST, "1") or len(raw) != 32 + _CODE_BYTES + 16:
        raise CodeWrongError
    return vault_id, device, raw


def _recovery_about(vault_id: str, device: str) -> bytes:
    return json.dumps(["anshao/1/recovery", vault_id, device]).encode()


def _recovery_key(shared: bytes, point: bytes, public_key: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, point + public_key, b"anshao/1/recovery").derive(shared)


def _about(vault: Vault, needs: tuple[Need, ...]) -> bytes:
    return json.dumps(["anshao/1/slot", vault.vault_id, vault.way, list(needs)]).encode()


def _kek(vault: Vault, needs: tuple[Need, ...], given: Secrets, facts: Mapping[str, Any]) -> bytes:
    parts: list[bytes] = []
    for need in needs:
        secret = given[need]
        if need == "passphrase":
            secret = _stretched(secret, facts)
        parts.append(hashlib.sha256(secret).digest())
    salt = vault.vault_id.encode()
    return HKDF(SHA256(), KEY_BYTES, salt, b"anshao/1/slot").derive(b"".join(parts))


def _stretched(secret: bytes, facts: Mapping[str, Any]) -> bytes:
    try:
        return passphrase_key.stretch(secret, facts)
    except ValueError as error:
        raise VaultDamagedError from error
