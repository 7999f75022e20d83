"""Unlock codes: how a device whose key is lost gets at its own data again.

The device has sealed a one-time code to this server's key; only the key's holder can tell it.
"""

from dataclasses import dataclass

from domain.errors import FieldError
from offline_store import devices, vault
from offline_store.database import open_store
from server import keys
from server.settings import ServerSettings


class UnlockRefusedError(FieldError):
    """This device (`device`, `state`) must not be unlocked: unknown here, or blocked."""

    code = "unlock.refused"


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A code, and for which device of that name it is."""

    code: str
    device_id: str
    name: str

    @property
    def text(self) -> str:
        """For whoever has to read the code out."""
        return f"device: {self.device_id}  {self.name}\ncode:   {self.code}"


def code_for(settings: ServerSettings, asked: str, *, blocked_too: bool = False) -> Unlocked:
    """Return the code for what a locked device shows; raises CodeWrongError, UnlockRefusedError.

    `blocked_too`: also for a device that was blocked, to save the reports on one that was found.
    """
    device_id = vault.device_of(asked)
    store = open_store(settings.home, settings.database_url)
    try:
        with store.reading() as session:
            device = devices.lookup(session, device_id)
    finally:
        store.close()
    if device is None or (device.state != "active" and not blocked_too):
        raise UnlockRefusedError(device=device_id[:64], state=device.state if device else "unknown")
    code = vault.answer(asked, keys.unlock_key(settings.home / "keys"))
    return Unlocked(code, device_id, device.name)
