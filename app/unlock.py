"""How the store of this device is opened: key file, key store of the system, passphrase, code.

None of these: no store. There is no way to run without (docs/adr/0010).
"""

import os
from dataclasses import dataclass
from typing import Literal, Protocol

from app.settings import ClientSettings
from domain.errors import FieldError
from domain.passphrases import require_strong
from offline_store import locks, passphrase_key, safety, seal_store, vault
from offline_store.sealing import KEY_BYTES, Seal
from offline_store.vault import Need, PassphraseWrongError, StoreLockedError, Vault


class SecretStore(Protocol):
    """Where the system keeps secrets that are in no folder: its key store."""

    def get(self, name: str) -> bytes | None:
        """Return a secret, or None."""

    def put(self, name: str, secret: bytes) -> bool:
        """Keep a secret; says whether it is kept."""
        ...

    def forget(self, name: str) -> None:
        """Forget a secret, if there is one."""


Asks = Literal["nothing", "new", "passphrase", "code"]


class KeyFileError(FieldError):
    """The key file of the settings (`file`: its name) cannot be read, or holds another secret."""

    code = "store.key_file"


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed: the passphrase, or a code and (where one is needed) a new passphrase."""

    passphrase: str = ""
    code: str = ""


NOTHING = Typed()


def asks(settings: ClientSettings, secrets: SecretStore | None) -> Asks:
    """Return what a person has to type before the store opens; raises VaultDamagedError."""
    found = vault.load(settings.store)
    if found is None:
        opens = settings.store_key_file or (secrets and not settings.ask_passphrase)
        return "nothing" if opens else "new"
    given = _given(found, settings, secrets).keys()
    if any(set(slot.needs) <= given for slot in found.slots):
        return "nothing"
    with_passphrase = given | {"passphrase"}
    if any(set(slot.needs) <= with_passphrase for slot in found.slots):
        return "passphrase"
    return "code"


def open_seal(
    settings: ClientSettings, secrets: SecretStore | None, typed: Typed = NOTHING
) -> Seal:
    """Return the key of the data, made at the first start; seals an older store first.

    Raises StoreLockedError where a person has to type something, PassphraseWeakError,
    PassphraseWrongError, CodeWrongError, KeyFileError, VaultDamagedError, StoreTakenError.
    """
    settings.store.mkdir(parents=True, exist_ok=True)
    settings.store.chmod(0o700)  # whoever made the folder: records are for its owner alone
    with locks.held(settings.store):
        found = vault.load(settings.store)
        if found is None:
            found, seal = _first(settings, secrets, typed)
        elif typed.code:
            found, seal = _with_code(found, settings, secrets, typed)
        else:
            seal = _opened(found, settings, secrets, typed)
        seal_store.finish(settings.store, found, seal)
        return seal


def keep_way_back(settings: ClientSettings, seal: Seal, public_key: bytes, device: str) -> None:
    """Seal a one-time unlock code to the server's key, unless there is one for it already."""
    with locks.held(settings.store):
        found = vault.load(settings.store)
        if found is None or vault.recovery_to(found) == (public_key.hex(), device):
            return
        vault.save(settings.store, vault.with_recovery(found, seal, public_key, device))


def may_forget(settings: ClientSettings) -> bool:
    """Say whether ten wrong PINs take the key away here: never without a way back."""
    found = vault.load(settings.store)
    if found is None or vault.forgotten(found) is None:
        return False
    if settings.forget_key == "auto":
        return found.has("platform")
    return settings.forget_key == "always"


def forget(settings: ClientSettings, secrets: SecretStore | None) -> None:
    """Take away every way to the key but the unlock code; the data stays where it is."""
    with locks.held(settings.store):
        found = vault.load(settings.store)
        left = vault.forgotten(found) if found else None
        if found is None or left is None:
            return
        vault.save(settings.store, left)
        if secrets:
            secrets.forget(found.vault_id)


def request(settings: ClientSettings) -> str | None:
    """Return what whoever runs the server needs to make the unlock code; None: no way back."""
    found = vault.load(settings.store)
    return vault.request(found) if found else None


def _first(
    settings: ClientSettings, secrets: SecretStore | None, typed: Typed
) -> tuple[Vault, Seal]:
    plain = seal_store.is_plain(settings.store)
    if asks(settings, secrets) == "new" and not typed.passphrase:
        raise StoreLockedError
    if plain:  # damage is mended before anything is sealed
        safety.open_or_save(settings.store).close()
    made, seal = vault.new(moving=plain)
    made = _with_slots(made, seal, settings, secrets, typed)
    vault.save(settings.store, made)
    return made, seal


def _with_slots(
    made: Vault, seal: Seal, settings: ClientSettings, secrets: SecretStore | None, typed: Typed
) -> Vault:
    """Return a vault that this device can open from now on; nothing is saved of the vault yet."""
    given: dict[Need, bytes] = {}
    if settings.store_key_file:
        return vault.with_slot(made, seal, {"file": _key_file(settings, make=True)})
    if secrets:
        secret = os.urandom(KEY_BYTES)
        if secrets.put(made.vault_id, secret):
            given["platform"] = secret
    if not given or settings.ask_passphrase:
        if not typed.passphrase:
            raise StoreLockedError
        require_strong(typed.passphrase.strip(), settings.passphrase_min)
        given["passphrase"] = passphrase_key.as_bytes(typed.passphrase)
    return vault.with_slot(made, seal, given)


def _opened(
    found: Vault, settings: ClientSettings, secrets: SecretStore | None, typed: Typed
) -> Seal:
    given = _given(found, settings, secrets)
    if typed.passphrase:
        given["passphrase"] = passphrase_key.as_bytes(typed.passphrase)
    seal = vault.open_with(found, given)
    if seal is None and typed.passphrase:
        raise PassphraseWrongError
    if seal is None and found.has("file") and settings.store_key_file:
        raise KeyFileError(file=settings.store_key_file.name)
    if seal is None:
        raise StoreLockedError
    return seal


def _with_code(
    found: Vault, settings: ClientSettings, secrets: SecretStore | None, typed: Typed
) -> tuple[Vault, Seal]:
    """Open with an unlock code, which counts once; the device gets a way of its own again."""
    seal = vault.open_with(found, {"recovery": vault.read_code(typed.code)})
    back = vault.recovery_to(found)
    if seal is None or back is None:
        raise vault.CodeWrongError
    only = vault.forgotten(found)
    assert only is not None, "the code has just opened a slot"
    made = _with_slots(only, seal, settings, secrets, typed)
    made = vault.with_recovery(made, seal, bytes.fromhex(back[0]), back[1])
    vault.save(settings.store, made)
    return made, seal


def _given(
    found: Vault, settings: ClientSettings, secrets: SecretStore | None
) -> dict[Need, bytes]:
    given: dict[Need, bytes] = {}
    if found.has("file") and settings.store_key_file and settings.store_key_file.exists():
        given["file"] = _key_file(settings, make=False)
    if found.has("platform") and secrets and (secret := secrets.get(found.vault_id)):
        given["platform"] = secret
    return given


def _key_file(settings: ClientSettings, *, make: bool) -> bytes:
    path = settings.store_key_file
    assert path is not None, "asked for only where the settings name one"
    try:
        if make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            vault.write_durably(path, os.urandom(KEY_BYTES).hex().encode() + b"\n")
        secret = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise KeyFileError(file=path.name) from error
    if len(secret) != KEY_BYTES:
        raise KeyFileError(file=path.name)
    return secret
