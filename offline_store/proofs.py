"""What a store knows of one record, gathered into a proof (`domain.proofs`); nothing is changed.

A server seals what comes out of here; a device has no key of the plant and cannot.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.changes import DECISIONS, Entry, decode, digest_of
from domain.definitions import Definitions
from domain.errors import EntryInvalidError, RecordMissingError, StoreDamagedError
from domain.privacy import REMOVAL
from domain.proof_names import names_of
from domain.proof_reading import ProofError
from domain.proofs import (
    EVIDENCE,
    FILE_CELLS,
    FILES_MAX_BYTES,
    Chain,
    Head,
    Hole,
    Kept,
    Others,
    Proof,
    ProofFile,
    Receipt,
)
from domain.records import Record, type_names
from offline_store import blobs, devices, records, times
from offline_store.arrival import BEFORE
from offline_store.database import Store
from offline_store.entries import IN_MAX
from offline_store.tables import BatchRow, EntryRow, RecordRow

_PAGE = 2_000  # entries of a chain read at once
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a proof, when, and from which definitions the names are taken."""

    device_id: str
    at_ms: int
    definitions: Definitions


def find(session: Session, wanted: str) -> Record:
    """Return a record by its id or by the short code that people read; RecordMissingError.

    Both in letters of either case, as somebody types them.
    """
    record = records.lookup(session, wanted) or records.lookup(session, wanted.lower())
    if record:
        return record
    code = wanted.upper()
    for type in type_names:
        for one in records.find(session, type, limit=records.ALL):
            if type != EVIDENCE and one.text("code").upper() == code:
                return one
    raise RecordMissingError(record=wanted)


def gather(
    store: Store, session: Session, record: Record, maker: Maker, *, small: bool = False
) -> Proof:
    """Return the proof of a record without the plant's signatures; `small` takes thumbnails only.

    Raises ProofError: the photos are too large, or this store does not hold a whole chain.
    """
    rows = _entries(session, record.record_id)
    chains = tuple(_chain(session, device, some) for device, some in sorted(rows.items()))
    entries = [_decoded(row) for some in rows.values() for row in some]
    named = [
        [str(one.set[cell]) for cell in FILE_CELLS if isinstance(one.set.get(cell), str)]
        for one in entries
        if one.type == EVIDENCE
    ]
    return Proof(
        record_id=record.record_id,
        type=record.type,
        plant=maker.definitions.plant.code,
        timezone=maker.definitions.plant.timezone,
        made_ms=maker.at_ms,
        made_by=maker.device_id,
        key=None,
        chains=chains,
        files=_files(store, session, named, small=small),
        names=names_of(maker.definitions, entries),
    )


def _entries(session: Session, record_id: str) -> dict[str, list[EntryRow]]:
    """Return by device the entries of a record, its evidence and removals, in chain order."""
    evidence = select(col(RecordRow.record_id)).where(
        col(RecordRow.parent) == record_id, col(RecordRow.type).in_((EVIDENCE, REMOVAL))
    )
    ids = [record_id, *session.connection().execute(evidence).scalars()]
    ids += times.anchors_of(session, ids)  # what corrects their times
    found: dict[str, list[EntryRow]] = defaultdict(list)
    for start in range(0, len(ids), IN_MAX):
        this = col(EntryRow.record_id).in_(ids[start : start + IN_MAX])
        for row in session.scalars(select(EntryRow).where(this)):
            found[row.device_id].append(row)
    for some in found.values():
        some.sort(key=lambda row: row.number)
    return found


def _decoded(row: EntryRow) -> Entry:
    try:
        return decode(row.body, row.device_id)
    except EntryInvalidError as error:
        raise StoreDamagedError(file="entry") from error


def _chain(session: Session, device_id: str, rows: Sequence[EntryRow]) -> Chain:
    device = devices.lookup(session, device_id)
    if device is None:
        raise ProofError(reason="proof_device", detail=device_id)
    heads = _heads(session, device_id, rows)
    receipts = _receipts(session, device_id, rows)
    last = max([rows[-1].number, *(one.number for one in heads), *(one.last for one in receipts)])
    kept = {row.number: row for row in rows}
    if _is_whole(session, device_id, last):
        links = tuple(_links(_bodies(session, device_id, last), kept))
    else:
        heads, links = _parts(session, device_id, kept, heads)
        receipts = []  # one vouches for a whole push, which is not all here
    return Chain(
        device_id=device_id,
        public_key=device.public_key,
        name=device.name,
        enrolled_ms=device.enrolled_ms,
        statement=None,
        links=links,
        heads=tuple(heads),
        receipts=tuple(receipts),
    )


def _is_whole(session: Session, device_id: str, last: int) -> bool:
    query = select(func.count()).where(
        col(EntryRow.device_id) == device_id, col(EntryRow.number) <= last
    )
    return session.connection().execute(query).scalar() == last


def _parts(
    session: Session, device_id: str, kept: dict[int, EntryRow], heads: Sequence[Head]
) -> tuple[list[Head], tuple[Others | Kept | Hole, ...]]:
    """Return of a chain with holes the entries of the record, and what signs them.

    Each part begins with the hash before it. Raises ProofError where that was never said.
    """
    good: list[Head] = []
    wanted = set(kept)
    for one in heads:
        first = max(number for number in kept if number < one.number)
        between = range(first, one.number + 1)
        if _count(session, device_id, first, one.number) == len(between):
            good.append(one)
            wanted |= set(between)
    links: list[Others | Kept | Hole] = []
    before = 0
    for number in sorted(wanted):
        row = kept.get(number) or _row(session, device_id, number)
        assert row is not None, "counted above"
        if number != before + 1:
            links.append(Hole(before + 1, number - 1, _head_before(session, row)))
        if number in kept:
            links.append(_kept(row))
        else:
            links.append(Others(number, digest_of(row.body)))
        before = number
    return good, tuple(links)


def _count(session: Session, device_id: str, first: int, last: int) -> int:
    query = select(func.count()).where(
        col(EntryRow.device_id) == device_id,
        col(EntryRow.number) >= first,
        col(EntryRow.number) <= last,
    )
    return session.connection().execute(query).scalar() or 0


def _row(session: Session, device_id: str, number: int) -> EntryRow | None:
    query = select(EntryRow).where(
        col(EntryRow.device_id) == device_id, col(EntryRow.number) == number
    )
    return session.scalars(query).first()


def _head_before(session: Session, row: EntryRow) -> bytes:
    """Return the hash before an entry: its neighbour's, or what the server said when it came."""
    before = _row(session, row.device_id, row.number - 1)
    if before is not None:
        return before.hash
    said = json.loads(row.params).get(BEFORE) if row.params else None
    if not isinstance(said, str):
        raise ProofError(reason="proof_gap", detail=f"{row.device_id}:{row.number - 1}")
    return bytes.fromhex(said)


def _kept(row: EntryRow) -> Kept:
    return Kept(
        row.number, row.body, row.hash, row.signature, row.received_ms, row.verdict, row.code
    )


def _links(bodies: Iterator[bytes], kept: dict[int, EntryRow]) -> Iterator[Others | Kept]:
    others: list[bytes] = []
    number = 0
    for number, body in enumerate(bodies, 1):
        row = kept.get(number)
        if row is None:
            others.append(digest_of(body))
            continue
        if others:
            yield Others(number - len(others), b"".join(others))
            others.clear()
        yield _kept(row)
    if others:
        yield Others(number - len(others) + 1, b"".join(others))


def _bodies(session: Session, device_id: str, last: int) -> Iterator[bytes]:
    """Yield the bodies of a chain from its beginning; raises ProofError where one is not here."""
    expected = 1
    while expected <= last:
        query = (
            select(col(EntryRow.number), col(EntryRow.body))
            .where(col(EntryRow.device_id) == device_id, col(EntryRow.number) >= expected)
            .where(col(EntryRow.number) <= last)
            .order_by(col(EntryRow.number))
            .limit(_PAGE)
        )
        page = session.connection().execute(query).all()
        for number, body in page:
            if number != expected:
                break
            yield body
            expected += 1
        if len(page) < _PAGE and expected <= last:
            raise ProofError(reason="proof_gap", detail=f"{device_id}:{expected}")


def _heads(session: Session, device_id: str, rows: Sequence[EntryRow]) -> list[Head]:
    """Return for entries that are not signed themselves the next signature behind each."""
    found: list[Head] = []
    for row in rows:
        if row.signature is not None or row.kind in DECISIONS:
            continue
        if found and found[-1].number >= row.number:
            continue
        query = (
            select(col(EntryRow.number), col(EntryRow.kind), col(EntryRow.signature))
            .where(col(EntryRow.device_id) == device_id, col(EntryRow.number) > row.number)
            .where(col(EntryRow.signature).is_not(None))
            .order_by(col(EntryRow.number))
            .limit(1)
        )
        later = session.connection().execute(query).first()
        signature = later[2] if later else None
        if later and signature:
            found.append(Head(later[0], later[1], signature))
    return found


def _receipts(session: Session, device_id: str, rows: Sequence[EntryRow]) -> list[Receipt]:
    """Return the receipts of the pushes in which these entries came."""
    found: list[Receipt] = []
    for row in rows:
        if found and found[-1].last >= row.number:
            continue
        query = (
            select(BatchRow)
            .where(col(BatchRow.device_id) == device_id, col(BatchRow.first) <= row.number)
            .where(col(BatchRow.last) >= row.number, col(BatchRow.receipt).is_not(None))
            .order_by(col(BatchRow.first))
            .limit(1)
        )
        batch = session.scalars(query).first()
        if batch and batch.receipt and batch.feed is not None and batch.received_ms is not None:
            signature = bytes.fromhex(batch.receipt)
            found.append(
                Receipt(
                    batch.first, batch.last, batch.head, batch.feed, batch.received_ms, signature
                )
            )
    return found


def _files(
    store: Store, session: Session, named: Sequence[Sequence[str]], *, small: bool
) -> tuple[ProofFile, ...]:
    """Return for each piece of evidence its original, or its thumbnail where that is not here."""
    wanted: dict[str, None] = {}
    for hashes in named:
        ways = hashes[-1:] if small else hashes
        best = next((sha for sha in ways if blobs.is_here(store, sha)), None)
        if best is not None:
            wanted[best] = None
    total = sum(blobs.size(store, sha) for sha in wanted)
    if total > FILES_MAX_BYTES:
        detail = f"{-(-total // _MB)} MB > {FILES_MAX_BYTES // _MB} MB"
        raise ProofError(reason="proof_large", detail=detail)
    return tuple(_file(store, session, sha) for sha in sorted(wanted))


def _file(store: Store, session: Session, sha: str) -> ProofFile:
    data, row = blobs.read(store, sha), blobs.lookup(session, sha)
    if data is None or hashlib.sha256(data).hexdigest() != sha:
        raise StoreDamagedError(file=sha)
    if row is None or row.receipt is None or row.received_ms is None:
        return ProofFile(bytes.fromhex(sha), data)
    return ProofFile(bytes.fromhex(sha), data, bytes.fromhex(row.receipt), row.received_ms)
