"""The recheck of a closed hazard on this device: stand there, photograph, answer.

What was scanned is kept as a draft, so a flat battery costs nothing; the photo belongs to the task
from the shutter on, and the answer is one entry.
"""

from dataclasses import dataclass
from typing import Final, Literal, cast

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import evidence, hazard_views
from app.use_cases.evidence import EvidenceCard
from app.use_cases.hazard_views import HazardCard
from app.use_cases.repair_checks import bytes_of, marked
from app.use_cases.scan import Scanned, id_of
from domain import rechecks
from domain.drawings import Document, documents_of
from domain.errors import FieldError, PictureError
from domain.places import Fix
from domain.plant import Person
from domain.rechecks import FAILED, KIND, PASSED, SHOT, RecheckOverError
from domain.records import Record, Value
from domain.rectification import RegionError
from domain.repair_checks import REGION, Region, region_of
from domain.used_photos import PROVED
from domain.words import Words
from media import images, repair
from offline_store import drafts, records, stories

HOLDS_MS: Final = 30 * 60_000  # so long a scan says where somebody is
Looks = Literal["changed", "unchanged", "unsure"]
_LOOKS: Final[dict[str, Looks]] = {
    "passed": "changed", "refused": "unchanged", "needs_person": "unsure"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecheckView:
    """A recheck as a hazard shows it.

    `state`: coming, due, delegated, overdue, passed, failed, or doubted: passed with a photo that
    stands elsewhere, too.
    """

    task_id: str
    state: str
    who: Words | None  # who is asked, or who answered
    due_ms: int
    done_ms: int | None
    note: str
    mine: bool  # it waits for this person
    photos: tuple[EvidenceCard, ...]


@dataclass(frozen=True, slots=True)
class Recheck:
    """A recheck in hand. `refused`: why this person may not do it; `at`: where they scanned."""

    task_id: str
    hazard: HazardCard
    place: Words | None
    asset_id: str | None
    due_ms: int
    state: str
    refused: FieldError | None
    at: str | None
    label_state: str
    photos: tuple[EvidenceCard, ...]
    drawing: Document | None
    region: Region | None
    scan_needed: bool

    @property
    def album(self) -> bool:
        """Whether all photos are from files: they may say that it failed, not that it holds."""
        return bool(self.photos) and all(one.album for one in self.photos)

    @property
    def used(self) -> EvidenceCard | None:
        """The last photo, where those of the camera all stand elsewhere, too."""
        taken = [one for one in self.photos if not one.album]
        known = [one for one in taken if one.used is not None and one.used.how in PROVED]
        return known[-1] if taken and len(known) == len(taken) else None


@dataclass(frozen=True, slots=True)
class Sight:
    """The photo just taken, as the photo before saw the place; what it shows at the marked region.

    `looks` is a hint: `unchanged` is as it was before the repair. None: nothing was marked.
    """

    picture: bytes
    width: int
    height: int
    registered: bool
    looks: Looks | None


@dataclass(frozen=True, slots=True)
class _Site:
    """What was scanned for a recheck, and when."""

    spot: str | None
    label_state: str
    at_ms: int
    distance_m: int | None

    def value(self) -> dict[str, Value]:
        """Return it as a cell."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def of_hazard(field: FieldApp, person: Person, record_id: str) -> RecheckView | None:
    """Return the recheck of a closed hazard, or the one that opened it again; None without one.

    While the server has made no task yet, what will come is said by the same rule.
    """
    with field.store.reading() as session:
        hazard = records.lookup(session, record_id)
        return None if hazard is None else _of_hazard(field, session, person, hazard)


def _of_hazard(
    field: FieldApp, session: Session, person: Person, hazard: Record
) -> RecheckView | None:
    found, now = field.definitions, field.clock.now_ms()
    task = _latest(session, hazard)
    if task is not None and task.text("state") != "withdrawn":
        who = task.text("by") or task.text("owner")
        named = found.plant.people.get(who)
        barred = rechecks.repairers(found, hazard, records.evidence_of(session, hazard.record_id))
        return RecheckView(
            task_id=task.record_id,
            state=rechecks.state_of(task, now, records.evidence_of(session, task.record_id)),
            who=named.name if named else None,
            due_ms=task.whole("due_ms") or 0,
            done_ms=task.whole("done_ms"),
            note=task.text("note"),
            mine=task.text("state") == "open" and person.person_id in _asked(task) - barred,
            photos=tuple(evidence.cards_in(field, session, task.record_id)),
        )
    if hazard.text("state") != rechecks.CLOSED:
        return None
    turn = stories.story(session, hazard).last(rechecks.CLOSED)
    if turn is None:
        return None
    photos = records.evidence_of(session, hazard.record_id)
    one = rechecks.coming(found, hazard, photos, turn.captured_ms, now)
    if one.due_ms < now:  # closed before there were rechecks
        return None
    named = found.plant.people.get(one.owner or "")
    return RecheckView(
        one.task_id, "coming", named.name if named else None, one.due_ms, None, "", False, ()
    )


def due_here(field: FieldApp, person: Person, asset_id: str) -> str | None:
    """Return the first open recheck of this person at an asset; None without one."""
    with field.store.reading() as session:
        found = records.find(session, "task", state="open", asset=asset_id,
                             person=person.person_id, by_due=True)  # fmt: skip
    return next((one.record_id for one in found if one.text("kind") == KIND), None)


def recheck(field: FieldApp, person: Person, task_id: str) -> Recheck:
    """Return a recheck as it stands; raises RecordMissingError, RecheckOverError."""
    with field.store.reading() as session:
        return _recheck(field, session, person, task_id)


def arrive(
    field: FieldApp, person: Person, task_id: str, scanned: Scanned | None, fix: Fix | None
) -> Recheck:
    """Say where this person stands: by a label, or (without equipment) by the position.

    Raises RecheckElsewhereError, RecheckLabelError, RecheckAreaError, LabelMisplacedError, or why
    this person may not.
    """
    now, fix = field.clock.now_ms(), field.here(fix)
    with field.store.session() as session:
        task, hazard = _open(session, task_id)
        _allowed(field, session, person, task, hazard)
        spot = (scanned.asset or scanned.checkpoint) if scanned else None
        spot_id = id_of(spot) if spot else None
        state = scanned.label_state if scanned else rechecks.POSITION
        if scanned and scanned.warning and spot_id == task.text("asset"):
            raise scanned.warning  # a copied label proves nothing
        rechecks.check_place(field.definitions, task, spot_id, state, fix)
        site = _Site(spot_id, state, now, scanned.distance_m if scanned else None)
        body: dict[str, Value] = {"task": task_id, "site": site.value()}
        draft = _draft(session, person, task_id)
        draft_id = draft[0] if draft else field.clock.new_id()
        drafts.save(session, draft_id, KIND, person.person_id, body, now)
        return _recheck(field, session, person, task_id)


def look(field: FieldApp, person: Person, task_id: str) -> Sight | None:
    """Return the last photo of a recheck with what the marked region shows; takes seconds.

    None without a photo. Where before and now cannot be compared the photo stands as it is.
    """
    with field.store.reading() as session:
        task = records.get(session, task_id)
        hazard = records.get(session, task.text("hazard"))
        mine = rechecks.shown(records.evidence_of(session, task_id), person.person_id)
        region = region_of(hazard.get(REGION))
        before = marked(records.evidence_of(session, hazard.record_id), region)
        now = bytes_of(field, mine[-1]) if mine else None
        then = bytes_of(field, before) if before else None
    if now is None:
        return None
    if region is not None and then is not None:
        try:
            shown, check = repair.looked(then[0], now[0], region, field.checks)
        except (PictureError, RegionError):
            return _plain(now[0])
        looks = _LOOKS[check.outcome]
        return Sight(shown.after, shown.width, shown.height, shown.registered, looks)
    return _plain(now[0])


def answer(
    field: FieldApp,
    person: Person,
    task_id: str,
    result: str,
    note: str = "",
    looks: Looks | None = None,
) -> None:
    """Say that it is still fixed, or not; raises why that cannot be said now."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        task, hazard = _open(session, task_id)
        _allowed(field, session, person, task, hazard)
        draft = _draft(session, person, task_id)
        site = _site(draft[1] if draft else None, now)
        if site is None and _place_needed(field, task):
            rechecks.check_place(field.definitions, task, None, "", None)
        since = site.at_ms if site else 0
        shown = rechecks.shown(records.evidence_of(session, task_id), person.person_id, since)
        note = note.strip()[: rechecks.NOTE_MAX]
        rechecks.check_answer(result, note, shown)
        field.write(
            session,
            person.person_id,
            kind="decide",
            record_id=task_id,
            type="task",
            definition="task@1",
            set={
                "state": "done",
                "done_ms": now,
                "by": person.person_id,
                "result": result,
                "note": note,
                "looks": looks,
                "site": (site or _Site(None, rechecks.POSITION, now, None)).value(),
            },
        )
        if draft:
            drafts.delete(session, draft[0])
    field.nudge()


def _recheck(field: FieldApp, session: Session, person: Person, task_id: str) -> Recheck:
    found, now = field.definitions, field.clock.now_ms()
    task, hazard = _open(session, task_id)
    card = hazard_views.card_of(field, session, person, hazard)
    refused: FieldError | None = None
    try:
        _allowed(field, session, person, task, hazard)
    except FieldError as error:
        refused = error
    draft = _draft(session, person, task_id)
    site = _site(draft[1] if draft else None, now)
    since = site.at_ms if site else 0
    photos = [
        one
        for one in evidence.cards_in(field, session, task_id)
        if one.by == person.person_id and one.taken_ms >= since and not one.is_clip
    ]
    asset = found.plant.assets.get(task.text("asset"))
    return Recheck(
        task_id=task_id,
        hazard=card,
        place=card.place,
        asset_id=task.text("asset") or None,
        due_ms=task.whole("due_ms") or 0,
        state=rechecks.state_of(task, now),
        refused=refused,
        at=site.spot if site else None,
        label_state=site.label_state if site else "",
        photos=tuple(photos),
        drawing=documents_of(found.documents, asset).drawing if asset else None,
        region=region_of(hazard.get(REGION)),
        scan_needed=site is None and _place_needed(field, task),
    )


def _place_needed(field: FieldApp, task: Record) -> bool:
    area_counts = field.definitions.hazards.recheck.without_asset == "area"
    return bool(task.text("asset") or (task.text("area") and area_counts))


def _open(session: Session, task_id: str) -> tuple[Record, Record]:
    task = records.get(session, task_id)
    if task.type != "task" or task.text("kind") != KIND or task.text("state") != "open":
        raise RecheckOverError
    hazard = records.get(session, task.text("hazard"))
    if not rechecks.is_of(hazard, task) or hazard.text("state") != rechecks.CLOSED:
        raise RecheckOverError
    return task, hazard


def _allowed(
    field: FieldApp, session: Session, person: Person, task: Record, hazard: Record
) -> None:
    photos = records.evidence_of(session, hazard.record_id)
    rechecks.check_person(field.definitions, task, hazard, photos, person.person_id)


def _asked(task: Record) -> frozenset[str]:
    """Return who may do it: whom it waits for, and who reported the hazard, handed on or not."""
    return frozenset((task.text("owner"), task.text("reporter")))


def _latest(session: Session, hazard: Record) -> Record | None:
    """Return the recheck of the last closing, also of one that it opened again."""
    now = next(iter(records.lookup_all(session, rechecks.ids_of(hazard))), None)
    if now is not None or hazard.text("state") == rechecks.CLOSED:
        return now
    turn = stories.story(session, hazard).last(rechecks.CLOSED)
    if turn is None:
        return None
    asset = hazard.text("asset") or None
    done = records.find(session, "task", state="done", asset=asset, limit=records.FIND_MAX)
    mine = [one for one in done if one.text("hazard") == hazard.record_id]
    return max(mine, key=lambda one: one.whole("done_ms") or 0, default=None)


def _draft(session: Session, person: Person, task_id: str) -> tuple[str, dict[str, Value]] | None:
    for found in drafts.find(session, KIND, person.person_id):
        if found.body.get("task") == task_id:
            return found.draft_id, dict(found.body)
    return None


def _site(body: dict[str, Value] | None, now_ms: int) -> _Site | None:
    kept = body.get("site") if body else None
    if not isinstance(kept, dict):
        return None
    site = _Site(**cast("dict[str, object]", kept))  # type: ignore[arg-type]
    return site if 0 <= now_ms - site.at_ms <= HOLDS_MS else None


def _plain(picture: bytes) -> Sight:
    shown = images.preview(picture)
    facts = images.inspect(shown)
    return Sight(shown, facts.width, facts.height, False, None)


__all__ = ["FAILED", "PASSED", "SHOT", "Recheck", "RecheckView", "Sight"]
