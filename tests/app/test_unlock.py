"""Who may open a device's data: key store, passphrase, key file, code; and what wrong PINs do."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app import unlock
from app.field import FieldApp
from app.link import keep_way_back
from app.settings import ClientSettings
from app.unlock import Typed
from app.use_cases import people
from app.use_cases.people import KeyForgottenError
from app.wiring import build_field
from domain.errors import FieldError, PinWaitError, PinWrongError
from domain.passphrases import PassphraseWeakError
from offline_store import blobs, drafts, keep, vault
from offline_store.database import open_store
from offline_store.vault import CodeWrongError, PassphraseWrongError, StoreLockedError
from server import keys
from tests.helpers.field import INSPECTOR, MANAGER, offline_field, pin_of

WORDS = "quiet river brass lantern"


@dataclass
class System:
    """A key store of a system: what it holds is in no folder."""

    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def put(self, name: str, secret: bytes) -> bool:
        self.kept[name] = secret
        return True

    def forget(self, name: str) -> None:
        self.kept.pop(name, None)


@dataclass
class Machine:
    """A machine with a key store, or without."""

    folder: Path
    secrets: System | None = field(default_factory=System)

    def settings(self, **changed: object) -> ClientSettings:
        return ClientSettings.model_validate({"store": self.folder / "device"} | changed)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_a_key_store_a_long_passphrase_is_demanded(machine: Machine) -> None:
    machine.secrets = None
    settings = machine.settings()
    assert unlock.asks(settings, None) == "new"
    with pytest.raises(StoreLockedError):
        unlock.open_seal(settings, None)
    assert not (settings.store / vault.FILE_NAME).exists(), "nothing is ever made unsealed"
    for weak in (
        "short",
        "aaaaaaaaaaaaaaaa",
        "1234567890123456",
        "abcdefghijklmnop",
        "           ",
    ):
        with pytest.raises(PassphraseWeakError):
            unlock.open_seal(settings, None, Typed(weak))
    seal = unlock.open_seal(settings, None, Typed(WORDS))
    assert unlock.asks(settings, None) == "passphrase"
    with pytest.raises(StoreLockedError):
        unlock.open_seal(settings, None)
    with pytest.raises(PassphraseWrongError):
        unlock.open_seal(settings, None, Typed(WORDS + "s"))
    assert unlock.open_seal(settings, None, Typed(f" {WORDS} ")).key == seal.key


def test_with_a_key_store_nobody_types_and_a_copied_folder_does_not_open(
    machine: Machine, tmp_path: Path
) -> None:
    settings = machine.settings()
    seal = unlock.open_seal(settings, machine.secrets)
    assert unlock.open_seal(settings, machine.secrets).key == seal.key
    thief = Machine(tmp_path / "thief")
    shutil.copytree(settings.store, thief.settings().store)
    assert unlock.asks(thief.settings(), thief.secrets) == "code"
    with pytest.raises(StoreLockedError):
        unlock.open_seal(thief.settings(), thief.secrets)
    with pytest.raises(PassphraseWrongError):
        unlock.open_seal(thief.settings(), None, Typed(WORDS))


def test_key_store_and_passphrase_together_need_both(machine: Machine) -> None:
    settings = machine.settings(ask_passphrase=True)
    unlock.open_seal(settings, machine.secrets, Typed(WORDS))
    with pytest.raises(StoreLockedError):
        unlock.open_seal(settings, machine.secrets)
    with pytest.raises(PassphraseWrongError):
        unlock.open_seal(settings, None, Typed(WORDS))
    unlock.open_seal(settings, machine.secrets, Typed(WORDS))


def test_a_key_file_is_made_once_and_another_one_is_told(machine: Machine) -> None:
    file = machine.folder / "keys" / "device.key"
    settings = machine.settings(store_key_file=file)
    unlock.open_seal(settings, None)
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("00" * 32 + "\n")
    with pytest.raises(unlock.KeyFileError):
        unlock.open_seal(settings, None)
    file.write_text("no key")
    with pytest.raises(unlock.KeyFileError):
        unlock.open_seal(settings, None)


@pytest.mark.parametrize("rubbish", [b"", b"{}", b"[]", b"\xff" * 100, b'{"version":9}'])
def test_a_damaged_vault_is_told_and_never_replaced(machine: Machine, rubbish: bytes) -> None:
    settings = machine.settings(store_key_file=machine.folder / "key")
    field = build_field(settings)
    field.store.close()
    kept = (settings.store / vault.FILE_NAME).read_bytes()
    (settings.store / vault.FILE_NAME).write_bytes(rubbish)
    with pytest.raises(vault.VaultDamagedError):
        unlock.open_seal(settings, None)
    (settings.store / vault.FILE_NAME).unlink()
    with pytest.raises(vault.VaultDamagedError):
        unlock.open_seal(settings, None)
    (settings.store / vault.FILE_NAME).write_bytes(kept)
    build_field(settings).store.close()


def _enrolled(folder: Path, *, forget_key: str) -> tuple[FieldApp, bytes]:
    """A device with people, a report and a photo; its server can make unlock codes."""
    field = offline_field(folder)
    field.settings = field.settings.model_copy(update={"forget_key": forget_key})
    key = keys.unlock_key(folder / "server")
    assert field.pack is not None
    object.__setattr__(field.pack, "unlock_key", key.public_key().public_bytes_raw())
    keep_way_back(field)
    with field.store.session() as session:
        drafts.save(session, "draft-1", "sheet", INSPECTOR, {"words": "unsent"}, 1)
        sha = blobs.put(field.store, session, b"photo" * 100, "original")
    return field, bytes.fromhex(sha)


def _try_wrong(field: FieldApp, person: str, times: int) -> None:
    for _ in range(times):
        with field.store.session() as session:  # the waits are over, one after the other
            tries = keep.get(session, f"pin.{person}")
            if isinstance(tries, dict):
                keep.put(session, f"pin.{person}", tries | {"until_ms": 0})
        with pytest.raises(PinWrongError):
            people.sign_in(field, person, "000000")


def test_after_five_wrong_pins_there_is_a_wait(tmp_path: Path) -> None:
    field, _ = _enrolled(tmp_path, forget_key="never")
    _try_wrong(field, INSPECTOR, 5)
    with pytest.raises(PinWaitError):
        people.sign_in(field, INSPECTOR, pin_of(INSPECTOR))
    field.store.close()


def test_ten_wrong_pins_lock_the_data_and_a_code_opens_it_again(tmp_path: Path) -> None:
    field, sha = _enrolled(tmp_path, forget_key="always")
    settings = field.settings
    _try_wrong(field, INSPECTOR, 9)
    asked = unlock.request(settings)
    with field.store.session() as session:
        keep.put(session, f"pin.{INSPECTOR}", {"failed": 9, "until_ms": 0, "since_ms": 0})
    with pytest.raises(KeyForgottenError):
        people.sign_in(field, INSPECTOR, "000000")
    assert unlock.asks(settings, None) == "code"
    with pytest.raises(StoreLockedError):
        unlock.open_seal(settings, None)
    assert asked is not None
    assert vault.device_of(asked) == field.device.device_id
    with pytest.raises(CodeWrongError):
        vault.answer(asked, keys.unlock_key(tmp_path / "another server"))
    code = vault.answer(asked, keys.unlock_key(tmp_path / "server"))
    with pytest.raises(CodeWrongError):
        unlock.open_seal(settings, None, Typed(code=("A" if code[0] != "A" else "B") + code[1:]))
    seal = unlock.open_seal(settings, None, Typed(code=code.lower()))
    store = open_store(settings.store, seal=seal)
    with store.reading() as session:
        kept = drafts.load(session, "draft-1")
        assert kept is not None
        assert kept.body == {"words": "unsent"}
    assert blobs.read(store, sha.hex()) == b"photo" * 100
    store.close()
    unlock.forget(settings, None)
    with pytest.raises(CodeWrongError):
        unlock.open_seal(settings, None, Typed(code=code))
    again = unlock.request(settings)
    assert again is not None
    assert again != asked, "the next code is another one"


def test_without_a_way_back_nothing_is_ever_forgotten(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    field.settings = field.settings.model_copy(update={"forget_key": "always"})
    _try_wrong(field, INSPECTOR, 12)
    with field.store.session() as session:
        keep.put(session, f"pin.{INSPECTOR}", None)
    assert people.sign_in(field, INSPECTOR, pin_of(INSPECTOR)).person_id == INSPECTOR
    field.store.close()


def test_tries_at_several_people_count_together(tmp_path: Path) -> None:
    field, _ = _enrolled(tmp_path, forget_key="always")
    with field.store.session() as session:
        keep.put(session, "pin.all", people.FORGET_AFTER_ALL - 2)
    _try_wrong(field, MANAGER, 1)
    with pytest.raises(KeyForgottenError):
        people.sign_in(field, INSPECTOR, "0000")


@pytest.mark.parametrize(
    "asked",
    ["", "x", "anshao-unlock:1:a:b", "anshao-unlock:1:a:b:!!", "anshao-unlock:2:a:b:AAAA",
     "anshao-unlock:1:a:b:" + "A" * 100, "é" * 50],
)  # fmt: skip
def test_what_is_no_request_is_refused(asked: str, tmp_path: Path) -> None:
    with pytest.raises(FieldError):
        vault.answer(asked, keys.unlock_key(tmp_path))
