"""Photos and clips as evidence: the original byte for byte, what stands for it, a grade.

A photo has a watermarked copy and a thumbnail. A clip has a thumbnail only: marking it would mean
decoding and encoding it anew, minutes on a phone, and the copy would prove less than the original,
whose time, place and person stand in the signed chain beside its hash.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import grading, used_photos
from app.use_cases.grading import judge
from app.use_cases.mark_lines import mark_lines
from app.use_cases.used_photos import UsedView
from domain.capture_trust import (
    CHALLENGE,
    Challenge,
    challenge_of,
    doubt_of,
    from_album,
    grounds,
    standing_grade,
)
from domain.errors import RecordMissingError
from domain.evidence import AFTER, PHOTO, VIDEO, EvidenceGrade, role_of
from domain.places import Fix
from domain.plant import Person
from domain.records import Record, Value
from media import capture, clips, images
from media.recapture import signs
from media.recapture.stream import Seen
from offline_store import blob_files, blobs, outbox, records, removals
from sync.protocol import BLOB_MAX_BYTES

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
    consent: str = ""  # the purpose to which the person shown agreed, asked on the spot
    first: Callable[[Session], None] | None = None  # done with it, before it, or not at all


@dataclass(frozen=True, slots=True)
class EvidenceCard:
    """One photo or clip; `reasons` are (code, ok, params) for keys `evidence.reason.<code>`."""

    evidence_id: str
    shot: str
    item_id: str | None
    grade: str
    reasons: tuple[tuple[str, bool, dict[str, object]], ...]
    taken_ms: int
    by: str
    thumb: bytes | None  # None: not on this device yet
    sent: bool
    media: str = PHOTO
    seconds: int = 0  # of a clip
    size: int = 0  # bytes of the original
    here: bool = True  # the original is on this device
    removed: bool = False  # personal: its bytes are gone for good
    role: str = ""  # what it shows, where that is not as what it was taken
    challenge: Challenge | None = None  # the second shot that was asked for, and what came of it
    doubt: str = ""  # why the server doubts that second shot (`domain.capture_trust.Doubt`)
    album: bool = False  # chosen from files
    used: UsedView | None = None  # another photo like this one

    @property
    def shows(self) -> str:
        """What it shows: its role where somebody told one, else as what it was taken."""
        return self.role or self.shot

    @property
    def is_clip(self) -> bool:
        """Whether it moves."""
        return self.media == VIDEO


def keep(
    field: FieldApp,
    person: Person,
    target: Target,
    picture: bytes,
    *,
    source: capture.Source,
    fix: Fix | None,
    seen: Seen | None = None,
    task: Callable[[FieldApp], Challenge] | None = None,
    progress: Callable[[float], None] | None = None,
) -> EvidenceCard:
    """Store a photo and its copies, in one transaction with the entry that binds it to its record.

    `seen` is what the camera said of itself. `task` draws the second shot to ask for where one is
    due; None: the caller has no way to ask. Takes seconds for 12 megapixels: call it in a thread.
    Raises PictureError, PhotoUsedError.
    """
    taken_ms, fix = field.clock.now_ms(), field.here(fix)
    known = used_photos.look(field, target.shot, picture)
    with blob_files.writing(field.store) as writing:
        writing.begin("original", picture)  # reaches the disk while its copies are made
        prepared = capture.prepare(
            picture,
            source,
            mark_lines(field, person, target.asset_id, target.code, fix, taken_ms),
            field.font,
            fix=fix,
            on_progress=progress,
        )
        writing.begin("stamped", prepared.stamped)
        writing.begin("thumb", prepared.thumb)
        quality = prepared.quality
        marks = signs.found(picture, seen, field.checks.capture, quality.sharp) if quality else ()
        # files first and durable, so that the write lock is not held meanwhile
        files = writing.finish()
    judged = judge(field, target, source, fix, quality, known=known, signs=marks)
    rules, due = field.definitions.trust, target.shot == AFTER and source == "camera"
    asked = task(field) if task and due and rules.asks(judged.letter, len(marks)) else None
    cells = {
        **_cells(target, judged, taken_ms, fix),
        **_picture_cells(prepared),
        **({CHALLENGE: asked.value()} if asked else {}),
        **known,
        "source": source,
    }
    return _bind(field, person, target, files, cells)


def keep_clip(
    field: FieldApp,
    person: Person,
    target: Target,
    clip: Path,
    *,
    source: capture.Source,
    fix: Fix | None,
    shot: bytes | None = None,
    measured_ms: int = 0,
) -> EvidenceCard:
    """Store a clip of up to the limits of the plant, and bind it to its record like a photo.

    The file stays where it is; its bytes are copied and hashed on the way, never held in memory.
    `shot` and `measured_ms` are a photo from before and the length of a recording, for devices and
    files that cannot tell. Takes seconds: call it in a thread. Raises ClipError, StoreFullError.
    """
    taken_ms, fix = field.clock.now_ms(), field.here(fix)
    facts = clips.inspect(clip, clip_limits(field), measured_ms)
    thumb = clips.poster(clip, facts, field.font, shot)
    judged = judge(field, target, source, fix)
    files = {
        "original": blobs.keep_path(field.store, clip),
        "thumb": (blobs.keep_file(field.store, thumb), len(thumb)),
    }
    size: dict[str, Value] = {"width": facts.width, "height": facts.height, "sound": facts.sound}
    cells = {
        **_cells(target, judged, taken_ms, fix),
        "media": VIDEO,
        "seconds": facts.seconds,
        "size": facts.size,
        "mime": facts.mime,
        "exif": size,
        "source": source,
    }
    return _bind(field, person, target, files, cells)


def keep_recording(
    field: FieldApp,
    person: Person,
    target: Target,
    recording: bytes,
    *,
    source: capture.Source,
    fix: Fix | None,
    shot: bytes | None = None,
    measured_ms: int = 0,
) -> EvidenceCard:
    """Store what the camera has just recorded; else as `keep_clip`."""
    with blobs.scratch(field.store) as clip:
        blobs.write_scratch(clip, recording)
        return keep_clip(
            field,
            person,
            target,
            clip,
            source=source,
            fix=fix,
            shot=shot,
            measured_ms=measured_ms,
        )


def clip_limits(field: FieldApp) -> clips.ClipLimits:
    """Return how long and how large a clip may be in this plant."""
    defaults = field.definitions.defaults
    return clips.ClipLimits(
        seconds=defaults.whole("evidence.video_max_s"),
        size_bytes=min(defaults.whole("evidence.video_max_mb") * 10**6, BLOB_MAX_BYTES),
    )


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


def _bind(
    field: FieldApp,
    person: Person,
    target: Target,
    files: Mapping[str, tuple[str, int]],
    cells: Mapping[str, Value],
) -> EvidenceCard:
    """Write rows and entry of files that are at their place, in one transaction."""
    evidence_id = field.clock.new_id()
    with field.store.session() as session:
        for kind, (sha, size) in files.items():
            blobs.add(session, sha, size, kind=kind, record_id=target.record_id)
        if target.first is not None:
            target.first(session)
        grading.remember(session, cells["fix"])
        field.write(
            session,
            person.person_id,
            kind="attach",
            record_id=evidence_id,
            type="evidence",
            definition=DEFINITION,
            set={
                **{kind: sha for kind, (sha, _) in files.items()},
                **cells,
                "by": person.person_id,
            },
        )
        card = _card(field, session, records.get(session, evidence_id))
    field.nudge()
    return card


def _cells(
    target: Target, judged: EvidenceGrade, taken_ms: int, fix: Fix | None
) -> dict[str, Value]:
    """Return what evidence belongs to, when and where it was made and how it is judged."""
    return {
        "of": target.record_id,
        "item": target.item_id,
        "shot": target.shot,
        "code": target.code,
        "taken_ms": taken_ms,
        "fix": fix_cell(fix),
        "grade": judged.letter,
        "reasons": [[row.code, row.ok, dict(row.params)] for row in judged.reasons],
        **({"consent": target.consent} if target.consent else {}),
    }


def _picture_cells(prepared: capture.Prepared) -> dict[str, Value]:
    """Return what the file of a photo says of itself."""
    facts = prepared.facts
    return {
        "size": len(prepared.original),
        "mime": facts.mime,
        "exif": {**facts.exif.value(), "width": facts.width, "height": facts.height},
    }


def card_in(field: FieldApp, session: Session, evidence_id: str) -> EvidenceCard:
    """Return one photo or clip within an open session."""
    return _card(field, session, records.get(session, evidence_id))


def _card(field: FieldApp, session: Session, record: Record) -> EvidenceCard:
    thumb, rules = record.text("thumb"), field.definitions.trust
    return EvidenceCard(
        evidence_id=record.record_id,
        shot=record.text("shot"),
        item_id=record.text("item") or None,
        grade=standing_grade(record, rules),
        reasons=grounds(record, rules),
        taken_ms=record.whole("taken_ms") or 0,
        by=record.text("by"),
        thumb=blobs.read(field.store, thumb) if thumb else None,
        sent=outbox.is_sent(session, record.record_id),
        media=record.text("media") or PHOTO,
        seconds=record.whole("seconds") or 0,
        size=record.whole("size") or 0,
        here=blobs.is_here(field.store, record.text("original")),
        removed=removals.is_removed(session, record.text("original")),
        role=role_of(record),
        challenge=challenge_of(record.get(CHALLENGE)),
        doubt=doubt_of(record) or "",
        album=from_album(record),
        used=used_photos.view_of(field, session, record),
    )
