"""What is worked out of a push before the store is locked for it, while another one is written.

Two pushes of a quick device are under way at once, and the store takes one at a time: all that
needs no look into it is done here. What the lock finds changed is worked out anew there.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from domain.changes import Entry
from offline_store import journal
from offline_store.bulk import Row
from offline_store.records import row_of_first
from server import reports
from server.offers import Draft, drafts
from server.reports import Reports
from server.site import Site
from sync.protocol import PushHead


class Ahead(NamedTuple):
    """The entries of a push as they are read, and the hash after each if it goes on from `prev`.

    `rows` are those of reports that surely pass by what `learned` knows, by their number.
    """

    drafts: Sequence[Draft]
    hashes: Sequence[bytes]
    learned: Reports
    rows: Mapping[int, tuple[Entry, Row]]

    def row(self, entry: Entry, learned: Reports, received_ms: int) -> Row | None:
        """Return the row of a report that passes; None where nothing says so any more.

        Another time was read for the entry meanwhile, other rules hold, or its clock is ahead.
        """
        found = self.rows.get(entry.number)
        if found is None or found[0] is not entry or learned is not self.learned:
            return None
        return found[1] if entry.wall_ms <= received_ms else None


def look(here: Site, push: PushHead, bodies: Sequence[bytes]) -> Ahead:
    """Read a push and judge what needs no look into the store."""
    drawn, learned, now = drafts(push, bodies), reports.under(here), here.now_ms()
    rows = {
        entry.number: (entry, row_of_first(entry, entry.wall_ms, 0))
        for (entry, _), body in zip(drawn, bodies, strict=True)
        if entry is not None and learned.sure(entry, body, now)
    }
    return Ahead(drawn, journal.chain(bytes.fromhex(push.prev), bodies), learned, rows)
