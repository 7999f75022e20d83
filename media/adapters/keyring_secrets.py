"""The key store of a desktop system, through `keyring`: where it has one that keeps secrets.

What it holds is bound to the user's account on this machine, so it is not in a copied folder.
Backends that write plain files, or none, do not count.
"""

import logging
from typing import Any

import keyring
from keyring.backends import chainer
from keyring.errors import KeyringError

_SERVICE = "anshao"
_REAL = ("macOS", "Windows", "SecretService", "libsecret", "kwallet")
_log = logging.getLogger(__name__)


class KeyringSecrets:
    """Secrets of this device by name; what the system refuses counts as not there."""

    def __init__(self, backend: Any) -> None:  # noqa: ANN401 - `keyring` types its methods wrongly
        """Keep secrets in a backend of `keyring`."""
        self._backend = backend

    def get(self, name: str) -> bytes | None:
        """Return a secret; None where there is none or the system does not give it out."""
        try:
            kept = self._backend.get_password(_SERVICE, name)
        except KeyringError:
            _log.warning("the key store gave nothing")
            return None
        try:
            return bytes.fromhex(kept) if kept else None
        except ValueError:
            return None

    def put(self, name: str, secret: bytes) -> bool:
        """Keep a secret; False where the system does not take it."""
        try:
            self._backend.set_password(_SERVICE, name, secret.hex())
        except KeyringError:
            _log.warning("the key store took nothing")
            return False
        return self.get(name) == secret

    def forget(self, name: str) -> None:
        """Forget a secret; one that is gone already is no trouble."""
        try:
            self._backend.delete_password(_SERVICE, name)
        except KeyringError:
            _log.info("the key store had nothing to forget")


def of_system() -> KeyringSecrets | None:
    """Return the key store of this system; None where it has none that can be trusted."""
    found = keyring.get_keyring()
    backends = found.backends if isinstance(found, chainer.ChainerBackend) else [found]
    for backend in backends:
        module = type(backend).__module__
        if module.startswith("keyring.backends.") and module.rpartition(".")[2] in _REAL:
            return KeyringSecrets(backend)
    return None
