"""What all routes share: one value made at start, reached by `Depends(site)`."""

import logging
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request
from sqlmodel import Session

from domain.errors import DefinitionError, RegisterFilesError
from offline_store import journal, keep
from offline_store.database import Store, lock_feed
from server import blob_store
from server.blob_store import BlobStore
from server.duty_log import DutyLog
from server.feed import FeedHints
from server.keys import LabelSigner, public_bytes
from server.pack import Pack
from server.rates import Rates
from server.registers import Base
from server.settings import ServerSettings
from server.uploads import Uploads
from server.watching import Watch

SERVER_DEVICE = "server"
EPOCH = "server.epoch"  # the name of this life of the feed, kept in the store
REGISTERS = "server.registers"  # feed number of the last register row that was taken
_LOST_PER_S, _LOST_BURST = 0.5, 40  # pushes of a device that was said lost
_log = logging.getLogger(__name__)


@dataclass
class Site:
    """One running server: settings, store, definitions, keys, and who waits for news.

    `pack` changes while the server runs, when somebody changes a register: it is made of `base` and
    what the store holds now. Take it once where one thing must be judged by one state of it.
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
    watch: Watch = field(default_factory=Watch)
    duty_log: DutyLog = field(default_factory=DutyLog)
    reports: object = None  # what was learned of them: `server.reports.under`
    base: Base | None = None  # what the pack is made of; none: it stays as it is
    blob_store: BlobStore = field(init=False)
    lost: Rates = field(default_factory=lambda: Rates(_LOST_PER_S, _LOST_BURST))
    _pack_lock: threading.Lock = field(default_factory=threading.Lock)
    _pack_mark: int = 0
    _epoch_lock: threading.Lock = field(default_factory=threading.Lock)
    _epoch_renewed: bool = False

    def __post_init__(self) -> None:
        """Choose where files rest; raises ValueError where the settings name no usable place."""
        here = self.settings
        self.blob_store = blob_store.choose(here.blob_store, here.blob_credentials, self.store)

    def refresh(self, session: Session, *, locked: bool = False) -> bool:
        """Make the pack anew if a register changed since, here or in another process.

        Definitions that have become invalid are not taken over: the last good ones stay. Returns
        whether the pack is another one now. Who only reads may see an older moment than somebody
        before, and never puts the pack back. Under the feed's lock (`locked`) all is seen: a mark
        that went down there is that of an older database, put back beneath us.
        """
        if self.base is None:
            return False
        mark = keep.get(session, REGISTERS)
        with self._pack_lock:
            if not isinstance(mark, int) or mark == self._pack_mark:
                return False
            if mark < self._pack_mark and not locked:
                return False
            self._pack_mark = mark  # tried once: the same rows would fail again
            try:
                self.pack = self.base.remake(session)
            except DefinitionError:
                _log.exception("registers")
                return False
        _log.info("pack", extra={"version": self.pack.definitions.version, "feed": mark})
        return True

    def wrong_rows(self, session: Session, taking: journal.Intake) -> dict[str, RegisterFilesError]:
        """Return the register rows of a push that would make the definitions unusable."""
        return self.base.wrong_rows(session, taking) if self.base else {}

    def receipt(self, what: bytes) -> str:
        """Return the server's signature (hex) over the receipt bytes of `sync.protocol`."""
        return self.key.sign(what).hex()

    def epoch_now(self, session: Session) -> str:
        """Return the feed's epoch; another process may have renewed it."""
        epoch = keep.get(session, EPOCH)
        assert isinstance(epoch, str), "the first start kept it"
        return epoch

    def renew_epoch(self, cursor: int) -> None:
        """Begin a new life of the feed: a device has read further than this feed goes.

        The store was copied back from a backup. With another epoch every device reads from 0 and
        sends again what was lost. Once per start is enough, since a store is copied back while the
        server stands still; a device that makes up cursors cannot stir the others up again.
        """
        with self._epoch_lock:
            if self._epoch_renewed:
                return
            with self.store.session() as session:
                lock_feed(session)
                epoch = self.epoch_now(session)
                renewed = epoch != self.epoch  # by another process that started with us
                if not renewed:
                    epoch = secrets.token_hex(8)
                    keep.put(session, EPOCH, epoch)
            self.epoch, self._epoch_renewed = epoch, True
        if not renewed:
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
