"""Photos as evidence: the original byte for byte, a watermarked copy, a thumbnail, a grade."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from domain.errors import RecordMissingError
from domain.evidence import EvidenceFacts, EvidenceGrade, EvidenceLimits, grade
from domain.places import Fix, Place
from domain.plant import Person
from domain.records import Record, Value
from media import capture, images
from offline_store import blobs, outbox, records

DEFINITION = "evidence@1"
PREVIEW_EDGE = 1280


@dataclass(frozen=True, slots=True)
class Target:
    """What a photo belongs to. `record_id` may be a draft's id; it becomes the record's.

    `shot`: "panorama", "closeup", "responsible", "after" for a hazard; "item", "signature" for a
    question (`item_id`).
    """

    record_id: str
    code: str
    asset_id: str | None
    shot: str
    item_id: str | None = None
    label_state: str = "typed"


@dataclass(frozen=True, slots=True)
class EvidenceCard:
    """One photo. `reasons` are (code, ok, params) for catalog keys `evidence.reason.<code>`."""

    evidence_id: str
    shot: str
    item_id: str | None
    grade: str
    reasons: tuple[tuple[str, bool, dict[str, object]], ...]
    taken_ms: int
    by: str
    thumb: bytes | None  # None: not on this device yet
    sent: bool


def keep(
    field: FieldApp,
    person: Person,
    target: Target,
    picture: bytes,
    *,
    source: capture.Source,
    fix: Fix | None,
    progress: Callable[[float], None] | None = None,
) -> EvidenceCard:
    """Store a photo and its copies, in one transaction with the entry that binds it to its record.

    Takes seconds for 12 megapixels: call it in a thread. Raises PictureError.
    """
    taken_ms, fix = field.clock.now_ms(), field.here(fix)
    prepared = capture.prepare(
        picture,
        source,
        _mark(field, person, target, fix, taken_ms),
        field.font,
        fix=fix,
        on_progress=progress,
    )
    judged = _judge(field, target, source, fix)
    evidence_id = field.clock.new_id()
    parts = {
        "original": prepared.original,
        "stamped": prepared.stamped,
        "thumb": prepared.thumb,
    }
    # files first and durable, so that the write lock is not held meanwhile
    hashes = {kind: blobs.keep_file(field.store, data) for kind, data in parts.items()}
    with field.store.session() as session:
        for kind, sha in hashes.items():
            size = len(parts[kind])
            blobs.add(session, sha, size, kind=kind, record_id=target.record_id)
        field.write(
            session,
            person.person_id,
            kind="attach",
            record_id=evidence_id,
            type="evidence",
            definition=DEFINITION,
            set={
                **hashes,
                **_cells(target, prepared, judged),
                "source": source,
                "by": person.person_id,
                "taken_ms": taken_ms,
                "fix": fix_cell(fix),
            },
        )
        card = _card(field, session, records.get(session, evidence_id))
    field.nudge()
    return card


def of_record(field: FieldApp, record_id: str) -> list[EvidenceCard]:
    """Return the photos of a record or draft, oldest first."""
    with field.store.reading() as session:
        return cards_in(field, session, record_id)


def cards_in(field: FieldApp, session: Session, record_id: str) -> list[EvidenceCard]:
    """Return the photos of a record or draft within an open session, oldest first."""
    found = records.evidence_of(session, record_id)
    return [_card(field, session, record) for record in found]


def preview(field: FieldApp, evidence_id: str) -> bytes | None:
    """Return the watermarked copy for the screen (JPEG, at most 1280 px); None if not here yet."""
    with field.store.reading() as session:
        record = records.get(session, evidence_id)
    stamped = blobs.read(field.store, record.text("stamped"))
    return images.preview(stamped, PREVIEW_EDGE) if stamped else None


def blob_of(field: FieldApp, evidence_id: str) -> str:
    """Return the hash of the watermarked copy, to fetch it from the server."""
    with field.store.reading() as session:
        return records.get(session, evidence_id).text("stamped")


def withdraw(field: FieldApp, person: Person, evidence_id: str) -> None:
    """Take a photo out of a draft ("retake"); its entry stays, marked withdrawn."""
    with field.store.session() as session:
        record = records.get(session, evidence_id)
        if record.type != "evidence":
            raise RecordMissingError(record=evidence_id)
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=evidence_id,
            type="evidence",
            definition=DEFINITION,
            set={"withdrawn": True},
        )


def fix_cell(fix: Fix | None) -> Value:
    """Return a position as a record keeps it."""
    if fix is None:
        return None
    return {
        "lat": fix.place.lat_e7,
        "lon": fix.place.lon_e7,
        "acc_cm": fix.accuracy_cm,
        "at_ms": fix.at_ms,
        "mocked": fix.mocked,
    }


def _cells(target: Target, prepared: capture.Prepared, judged: EvidenceGrade) -> dict[str, Value]:
    """Return what a photo belongs to, what its file says and how it is judged, as a record."""
    facts = prepared.facts
    return {
        "of": target.record_id,
        "item": target.item_id,
        "shot": target.shot,
        "code": target.code,
        "size": len(prepared.original),
        "mime": facts.mime,
        "exif": {**facts.exif.value(), "width": facts.width, "height": facts.height},
        "grade": judged.letter,
        "reasons": [[row.code, row.ok, dict(row.params)] for row in judged.reasons],
    }


def _judge(field: FieldApp, target: Target, source: str, fix: Fix | None) -> EvidenceGrade:
    asset = field.definitions.plant.assets.get(target.asset_id or "")
    facts = EvidenceFacts(
        live=source in ("camera", "drawn"),
        fix=fix,
        asset_place=asset.place if asset else None,
        time_known=field.clock.uncertainty_ms() is not None,
        mocked=fix.mocked if fix else False,
    )
    defaults = field.definitions.defaults
    limits = EvidenceLimits(
        accuracy_m=defaults.whole("evidence.max_accuracy_m"),
        mismatch_m=defaults.whole("scan.max_mismatch_m"),
    )
    return grade(facts, limits)


def _mark(
    field: FieldApp, person: Person, target: Target, fix: Fix | None, taken_ms: int
) -> list[str]:
    """Word the watermark: time, person, asset, position with accuracy, record code."""
    t = field.translator()
    unsure = field.clock.uncertainty_ms()
    time = (
        t("mark.time_unknown", time=t.stamp(taken_ms))
        if unsure is None
        else t("mark.time", time=t.stamp(taken_ms), s=max(1, -(-unsure // 1000)))
    )
    asset = field.definitions.plant.assets.get(target.asset_id or "")
    what = f"{asset.asset_id} {t.of(asset.name)}" if asset else t("mark.no_asset")
    where = t("mark.no_position") if fix is None else _where(fix)
    return [f"{time}   {t.of(person.name)}", what, where, t("mark.record", code=target.code)]


def _where(fix: Fix) -> str:
    place: Place = fix.place
    north = f"{abs(place.lat_e7) / 1e7:.5f} {'N' if place.lat_e7 >= 0 else 'S'}"
    east = f"{abs(place.lon_e7) / 1e7:.5f} {'E' if place.lon_e7 >= 0 else 'W'}"
    return f"{north} {east} ±{max(1, round(fix.accuracy_cm / 100))} m"


def _card(field: FieldApp, session: Session, record: Record) -> EvidenceCard:
    reasons = record.get("reasons")
    return EvidenceCard(
        evidence_id=record.record_id,
        shot=record.text("shot"),
        item_id=record.text("item") or None,
        grade=record.text("grade"),
        reasons=tuple(
            (str(row[0]), row[1] is True, dict(row[2]) if isinstance(row[2], dict) else {})
            for row in (reasons if isinstance(reasons, list) else [])
            if isinstance(row, list)
        ),
        taken_ms=record.whole("taken_ms") or 0,
        by=record.text("by"),
        thumb=blobs.read(field.store, record.text("thumb")),
        sent=outbox.is_sent(session, record.record_id),
    )
