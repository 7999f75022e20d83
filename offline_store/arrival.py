"""An entry of the feed as it comes from the server, before it stands in the journal."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain import merge
from domain.changes import DECISIONS, Entry, digest_of, link_digest
from offline_store import signed
from offline_store.entries import Logged

BEFORE: Final = "prev"  # param of an entry behind a hole: the hash before it, in hex


class Arrival(NamedTuple):
    """An entry of the feed as it comes from the server."""

    entry: Entry
    body: bytes
    feed: int
    verdict: merge.Verdict
    code: str | None
    received_ms: int
    signature: bytes | None = None  # of a decision
    digest: bytes | None = None  # of the body in its chain, where somebody has worked it out
    behind: bytes | None = None  # the hash before it, where its predecessor is not here

    def linked(self, previous: bytes) -> bytes:
        """Return its chain hash behind the hash before it."""
        return link_digest(previous, self.digest or digest_of(self.body))

    def logged(self, digest: bytes) -> Logged:
        """Return it as the journal holds it, with its place in the chain."""
        return Logged(
            self.entry, self.body, digest, self.feed, self.verdict, self.code,
            params=self.params,
            received_ms=self.received_ms, signature=self.signature,
        )  # fmt: skip

    @property
    def params(self) -> Mapping[str, str] | None:
        """What is kept beside it: the hash that a proof of it begins with."""
        return {BEFORE: self.behind.hex()} if self.behind else None

    def check(self, decisions: signed.Decisions, digest: bytes) -> None:
        """Raise SignatureWrongError for a decision that counts and is not its device's own."""
        if self.entry.kind in DECISIONS:
            counts = self.verdict not in merge.OUT
            decisions.check(self.entry, digest, self.signature, counts=counts)
