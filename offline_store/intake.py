"""A push on its way into the journal of a server."""

from collections.abc import Iterable, Mapping

from sqlmodel import Session

from domain import merge
from domain.changes import Entry, link
from domain.records import Record, Value
from offline_store import entries, records, relayed, times
from offline_store.bulk import Row
from offline_store.database import lock_feed
from offline_store.entries import head, last_feed

_Head = tuple[int, bytes]  # number and hash
_Said = tuple[merge.Verdict, str | None, str | None]  # verdict, code, params as they are stored


class Intake:
    """A push on its way into the journal of the server, within one transaction.

    Entries are added in order; `record` shows what the ones before made of a record, so that each
    can be judged. `save` writes all of them.
    """

    def __init__(
        self,
        session: Session,
        device_id: str,
        record_ids: Iterable[str],
        policies: merge.TypePolicies = merge.POLICIES,
        at: _Head | None = None,
    ) -> None:
        """Take the next feed number and load the records that the push touches, all at once.

        `at` is the end of the device's chain, where the caller knows it. The number is taken under
        a lock held until commit: whoever reads the feed never sees a number appear behind one that
        is already there.
        """
        self._session, self._device_id, self._policies = session, device_id, policies
        lock_feed(session)
        self._feed = last_feed(session) + 1
        self._number, self._hash = at or head(session, device_id)
        self._entries: list[Entry] = []
        self._rows: list[Row] = []
        self._begun: dict[str, tuple[Entry, int, Row | None]] = {}
        ids = list(dict.fromkeys(record_ids))
        earlier, true = entries.of_records(session, ids), times.of_records(session, ids)
        self._ids = frozenset(ids)
        self._new = self._ids - earlier.keys()
        self._refused = {
            one.entry.writer
            for logged in earlier.values()
            for one in logged
            if one.verdict in {"refused", "quarantined"}
        }
        self._written = {
            record_id
            for record_id, logged in earlier.items()
            if any(one.entry.device_id == device_id for one in logged)
        }
        self._folded = {
            record_id: merge.fold(times.fed(logged, true), policies)
            for record_id, logged in earlier.items()
        }

    def record(self, record_id: str) -> Record | None:
        """Return a record as the entries so far have made it."""
        folded = self._of(record_id)
        return folded.record if folded else None

    def has(self, record_id: str) -> bool:
        """Whether the push touches this record."""
        return record_id in self._ids

    def untouched(self, record_id: str) -> bool:
        """Whether nobody has written any entry of this record so far."""
        new = record_id in self._new and record_id not in self._begun
        return new and record_id not in self._folded

    def known(self, record_id: str) -> bool:
        """Whether a record is here, or this device wrote it before and was refused.

        What others were refused does not count: it must keep nothing from being written.
        """
        return self.record(record_id) is not None or record_id in self._written

    def records(self, type: str) -> list[Record]:
        """Return the records of a type that the push touches, as the entries so far made them."""
        for record_id in [one for one, begun in self._begun.items() if begun[0].type == type]:
            self._of(record_id)
        found = (folded.record for folded in self._folded.values() if folded)
        return [record for record in found if record and record.type == type]

    def seen(self, entry: Entry, name: str) -> bool:
        """Whether the author of an entry knew the value that a cell of its record has now."""
        folded = self._of(entry.record_id)
        return folded is None or merge.seen(folded, entry, name)

    def has_base(self, entry: Entry, name: str) -> bool:
        """Whether what the author of an entry had seen of a cell is here at all."""
        folded, base = self._of(entry.record_id), entry.base.get(name)
        taken = folded.history.taken if folded else ()
        return base is None or all(one in taken for one in base.split("+"))

    def base_refused(self, entry: Entry) -> bool:
        """Whether an entry builds on one that was refused; a decision then has nothing to go on."""
        return any(writer in self._refused for writer in entry.base.values())

    def add(
        self,
        entry: Entry,
        body: bytes,
        received_ms: int,
        *,
        refused: str | None = None,
        quarantined: str | None = None,
        params: Mapping[str, Value] | None = None,
        signature: bytes | None = None,
        digest: bytes | None = None,
    ) -> merge.Merged:
        """Take the next entry; `refused` or `quarantined` is the code why it does not count.

        `signature` is its device's, verified by the caller; `digest` its chain hash, where the
        caller knows it.
        """
        assert entry.device_id == self._device_id
        assert entry.number == self._number + 1, "a gap is answered before the intake"
        before = self._of(entry.record_id)
        code = refused or quarantined
        if code:
            merged = merge.refuse(before, entry, code)
        else:
            merged = merge.apply(before, entry, self._policies, received_ms)
        verdict: merge.Verdict = "quarantined" if quarantined else merged.verdict
        if verdict in {"refused", "quarantined"}:
            self._refused.add(entry.writer)
        self._number, self._hash = entry.number, digest or link(self._hash, body)
        self._folded[entry.record_id] = merged
        said = entries.pack_params(params)
        self._row(entry, body, received_ms, (verdict, merged.code, said), signature)
        return merged._replace(verdict=verdict)

    def begin(
        self,
        entry: Entry,
        body: bytes,
        received_ms: int,
        signature: bytes | None,
        digest: bytes,
        row: Row | None = None,
    ) -> None:
        """Take the next entry, accepted as the first of a record that is `untouched`.

        It only fills cells (`merge.is_plain`) by a clock that is not ahead: its record is made of
        it alone, and folded only where another entry asks for it. `row` is that record's
        (`records.row_of_first`), where the caller has made it.
        """
        assert entry.number == self._number + 1, "a gap is answered before the intake"
        self._number, self._hash = entry.number, digest
        self._begun[entry.record_id] = (entry, received_ms, row)
        self._row(entry, body, received_ms, ("accepted", None, None), signature)

    def _row(
        self, entry: Entry, body: bytes, received_ms: int, said: _Said, signature: bytes | None
    ) -> None:
        self._entries.append(entry)
        self._rows.append((
            entry.device_id, entry.number, entry.entry_id, entry.record_id, entry.kind,
            entry.person_id, body, self._hash, self._feed, received_ms, *said, signature,
        ))  # fmt: skip

    def _of(self, record_id: str) -> merge.Merged | None:
        """Return a record's fold so far."""
        begun = self._begun.pop(record_id, None)
        if begun is not None:
            self._folded[record_id] = merge.apply(None, begun[0], self._policies, begun[1])
        return self._folded.get(record_id)

    @property
    def head(self) -> bytes:
        """Chain hash after the entries so far."""
        return self._hash

    def save(self) -> int:
        """Write everything under its feed number; returns that."""
        feed = self._feed
        entries.add_rows(self._session, self._rows)
        records.begin(self._session, self._begun.values(), feed)
        touched = {one.record_id for one in self._entries} - self._begun.keys()
        folded = {one: made for one, made in self._folded.items() if one in touched}
        feeds = dict.fromkeys(folded, feed)
        records.save(self._session, folded, feeds, new=self._new, searched="never")
        relayed.settle(self._session)  # what came by relay before, and stands here now
        records.settle_times(self._session, self._entries, self._policies)
        return feed
