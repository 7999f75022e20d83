"""Unlock codes: how a device whose key is lost gets at its own data again.

The device has sealed a one-time code to this server's key; only the key's holder can tell it.
"""

from dataclasses import dataclass

from domain.devices import shut_out
from domain.errors import FieldError
from offline_store import devices, records, vault
from offline_store.database import Store, open_store
from server import keys, standing
from server.settings import ServerSettings


class UnlockRefusedError(FieldError):
    """This device (`device`, `state`) must not be unlocked: unknown here, blocked, or lost."""

    code = "unlock.refused"


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A code, and for which device of that name it is."""

    code: str
    device_id: str
    name: str


def code_for(settings: ServerSettings, asked: str, *, blocked_too: bool = False) -> Unlocked:
    """Return the code for what a locked device shows.

    `blocked_too`: also for a device that was blocked or reported lost: its reports are saved when
    it is found. Raises ServerMissingError, CodeWrongError, UnlockRefusedError.
    """
    standing.require(settings)
    store = open_store(settings.home, settings.database_url)
    try:
        return code_in(store, settings, asked, blocked_too=blocked_too)
    finally:
        store.close()


def code_in(
    store: Store, settings: ServerSettings, asked: str, *, blocked_too: bool = False
) -> Unlocked:
    """Do as `code_for`, in a store that is open."""
    device_id = vault.device_of(asked)
    with store.reading() as session:
        device = devices.lookup(session, device_id)
        out = shut_out(records.lookup(session, device_id))
    if device is None:
        raise UnlockRefusedError(device=device_id[:64], state="unknown")
    if out and not blocked_too:
        raise UnlockRefusedError(device=device_id[:64], state=out)
    code = vault.answer(asked, keys.unlock_key(settings.home / "keys"))
    return Unlocked(code, device_id, device.name)
