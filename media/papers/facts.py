"""What a report is made of, read from a store: a device's or the server's, by the same rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlmodel import Session

from domain.changes import Entry
from domain.definitions import Definitions
from domain.evidence import PHOTO, VIDEO
from domain.holds import Hold
from domain.joins import heads
from domain.merge import Verdict
from domain.proof_checks import check
from domain.proof_findings import Finding
from domain.proof_reading import ProofError
from domain.proofs import SERVER, Proof
from domain.records import Record, Value
from offline_store import blobs, devices, journal, proofs, records, relayed, removals, times
from offline_store.database import Store
from offline_store.proofs import Maker
from offline_store.records import Disagreement

Where = Literal["here", "elsewhere", "removed"]
_SHORT: Final = 16  # hex digits of a hash in the foot of a page


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo or clip, who wrote it down on which device, and where its original is."""

    record: Record
    device: str
    number: int
    where: Where
    picture: str | None  # hash of what can be shown: marked copy, original or thumbnail
    is_original: bool = False  # of what can be shown

    @property
    def is_clip(self) -> bool:
        """Whether it moves."""
        return (self.record.text("media") or PHOTO) == VIDEO


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry of the record: in true time, with the clock of its device and the verdict."""

    entry: Entry
    device: str
    device_ms: int
    corrected: bool
    received_ms: int | None
    verdict: Verdict | None
    code: str | None
    params: Mapping[str, Value]
    waiting: bool  # the server has not confirmed it
    signed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A record with all that a report says of it; no `findings`: its chains are not whole here."""

    definitions: Definitions
    record: Record
    shots: tuple[Shot, ...]
    deeds: tuple[Deed, ...]
    conflicts: tuple[Disagreement, ...]
    holds: tuple[Hold, ...]
    head: str
    findings: tuple[Finding, ...] | None
    at_server: bool
    devices: Mapping[str, str] = field(default_factory=dict[str, str])  # names by id
    hazards: Mapping[str, str] = field(default_factory=dict[str, str])  # codes by id

    @property
    def short_head(self) -> str:
        """The beginning of the hash of the record's last entry."""
        return self.head[:_SHORT]


def gather(
    store: Store, session: Session, record: Record, maker: Maker, proof: Proof | None = None
) -> Told:
    """Read a record with its evidence, entries, conflicts and chains.

    `proof` is the plant's sealed one where a server makes the report; a device makes its own.
    """
    logged = _entries(session, record.record_id)
    evidence = records.evidence_of(session, record.record_id)
    names = _names(session, [one.entry for one in logged], evidence)
    true = times.of_records(session, [record.record_id])
    deeds = tuple(
        Deed(
            entry=times.read(one.entry, true),
            device=names.get(one.entry.device_id, one.entry.device_id),
            device_ms=one.entry.time.device_ms,
            corrected=one.entry.writer in true,
            received_ms=one.received_ms,
            verdict=one.verdict,
            code=one.code,
            params=one.params or {},
            waiting=one.feed is None,
            signed=one.signature is not None,
        )
        for one in logged
    )
    return Told(
        definitions=maker.definitions,
        record=record,
        shots=tuple(_shot(store, session, one, names) for one in evidence),
        deeds=deeds,
        conflicts=tuple(records.conflicts(session, record.record_id)),
        holds=tuple(records.holds(session, record.record_id)),
        head=logged[-1].hash.hex() if logged else "",
        findings=_checked(store, session, record, maker, proof),
        at_server=maker.device_id == SERVER,
        devices=names,
        hazards=hazard_codes(session, record.get("hazards")),
    )


def read_picture(store: Store, shot: Shot) -> bytes | None:
    """Return what can be shown of a photo: one at a time, so that memory stays bounded."""
    return blobs.read(store, shot.picture) if shot.picture else None


def original_first(store: Store, shot: Shot) -> Shot:
    """Return the same photo to be shown from its original, where that is here and moves not."""
    original = shot.record.text("original")
    if shot.is_clip or shot.where != "here":
        return shot
    return Shot(shot.record, shot.device, shot.number, shot.where, original, is_original=True)


def _entries(session: Session, record_id: str) -> Sequence[journal.Logged]:
    own = {record_id: journal.of_record(session, record_id)}
    return relayed.on_top(session, [record_id], own)[record_id]


def _names(
    session: Session, entries: Sequence[Entry], evidence: Sequence[Record]
) -> dict[str, str]:
    ids = {entry.device_id for entry in entries}
    ids |= {device for one in evidence for device in _written(one)}
    found = {one.device_id: one.name for one in devices.find(session, sorted(ids))}
    return {one: found.get(one) or one for one in ids}


def hazard_codes(session: Session, named: Value) -> dict[str, str]:
    """Return the short codes of the hazards that a checklist led to."""
    ids = [one for one in named.values() if isinstance(one, str)] if isinstance(named, dict) else []
    return {one.record_id: one.text("code") for one in records.lookup_all(session, ids)}


def _written(evidence: Record) -> Mapping[str, int]:
    cell = evidence.cells.get("original") or evidence.cells.get("shot")
    return heads(cell.writer) if cell else {}


def _shot(store: Store, session: Session, record: Record, names: Mapping[str, str]) -> Shot:
    device, number = next(iter(_written(record).items()), ("", 0))
    original = record.text("original")
    where: Where = "elsewhere"
    if original and removals.is_removed(session, original):
        where = "removed"
    elif original and blobs.is_here(store, original):
        where = "here"
    clip = record.text("media") == VIDEO
    ways = ("thumb",) if clip else ("stamped", "original", "thumb")
    shown = None
    if where != "removed":
        hashes = [record.text(way) for way in ways]
        shown = next((sha for sha in hashes if sha and blobs.is_here(store, sha)), None)
    return Shot(record, names.get(device, device), number, where, shown, shown == original)


def _checked(
    store: Store, session: Session, record: Record, maker: Maker, proof: Proof | None
) -> tuple[Finding, ...] | None:
    try:
        made = proof or proofs.gather(store, session, record, maker, small=True)
    except ProofError:
        return None
    return tuple(check(made, made.key))
