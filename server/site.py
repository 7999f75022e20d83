"""What all routes share: one value made at start, reached by `Depends(site)`."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request

from offline_store.database import Store
from server.feed import FeedHints
from server.keys import LabelSigner, public_bytes
from server.pack import Pack
from server.settings import ServerSettings
from server.uploads import Uploads

SERVER_DEVICE = "server"


@dataclass
class Site:
    """One running server: settings, store, definitions, keys, and who waits for news.

    `shots` keeps for each record the shots of the photos attached to it: moves ask for them, and
    reading all photos of the plant for each move would be slow.
    """

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
    shots: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def receipt(self, what: bytes) -> str:
        """Return the server's signature (hex) over the receipt bytes of `sync.protocol`."""
        return self.key.sign(what).hex()

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
