"""What all routes share: one value made at start, reached by `Depends(site)`."""

import logging
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request

from offline_store import keep
from offline_store.database import Store
from server.feed import FeedHints
from server.keys import LabelSigner, public_bytes
from server.pack import Pack
from server.settings import ServerSettings
from server.uploads import Uploads

SERVER_DEVICE = "server"
EPOCH = "server.epoch"  # the name of this life of the feed, kept in the store
_log = logging.getLogger(__name__)


@dataclass
class Site:
    """One running server: settings, store, definitions, keys, and who waits for news."""

    settings: ServerSettings
    store: Store
    pack: Pack
    key: Ed25519PrivateKey
    signers: Mapping[str, LabelSigner]
    uploads: Uploads
    epoch: str
    now_ms: Callable[[], int]
    hints: FeedHints = field(default_factory=FeedHints)
    enrol_tries: list[int] = field(default_factory=list[int])
    _epoch_lock: threading.Lock = field(default_factory=threading.Lock)
    _epoch_renewed: bool = False

    def receipt(self, what: bytes) -> str:
        """Return the server's signature (hex) over the receipt bytes of `sync.protocol`."""
        return self.key.sign(what).hex()

    def renew_epoch(self, cursor: int) -> None:
        """Begin a new life of the feed: a device has read further than this feed goes.

        The store was copied back from a backup. With another epoch every device reads from 0 and
        sends again what was lost. Once per start is enough, since a store is copied back while the
        server stands still; a device that makes up cursors cannot stir the others up again.
        """
        with self._epoch_lock:
            if self._epoch_renewed:
                return
            epoch = secrets.token_hex(8)
            with self.store.session() as session:
                keep.put(session, EPOCH, epoch)
            self.epoch, self._epoch_renewed = epoch, True
        _log.warning("new epoch", extra={"cursor": cursor})

    @property
    def public_key(self) -> str:
        """The key that receipts verify with."""
        return public_bytes(self.key).hex()

    def disk_free(self) -> int:
        """Return the free bytes on the disk of the server's folder."""
        return shutil.disk_usage(self.settings.home).free


def site(request: Request) -> Site:
    """Return the site of the app that serves this request."""
    found = request.app.state.site
    assert isinstance(found, Site)
    return found
