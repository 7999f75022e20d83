"""The 72-hour recheck of a closed hazard: when, by whom, where, and what it does.

Pure: device and server ask the same functions. The task is made by the server alone; a device that
closes a hazard says with `coming` what will follow. A recheck is known by hazard and closing, so
the same closing gives one task, however often somebody looks and whatever its time turns out to be.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.access import Subject, may
from domain.capture_trust import from_album
from domain.definitions import Definitions
from domain.errors import FieldError, NotAllowedError
from domain.evidence import AFTER, VIDEO
from domain.expressions import holds
from domain.levels import holders, ladder
from domain.places import Fix, distance_m
from domain.plans import day_begins, task_id
from domain.plant import Plant
from domain.records import Record, Value
from domain.used_photos import PhotoUsedError, proves_nothing
from domain.workflow import actors, clash

KIND: Final = "recheck"
DO: Final = "hazard.recheck"
SHOT: Final = "recheck"
PASSED, FAILED = "passed", "failed"
DOUBTED: Final = "doubted"
CLOSED, REOPENED = "closed", "reopened"
VERIFIED: Final = "verified"  # state of a label whose signature was proved
POSITION: Final = "position"  # no label: the device stood in the area
NOTE_MAX: Final = 500
HOUR_MS: Final = 3_600_000


class RecheckError(FieldError):
    """A recheck cannot be done like that."""

    code = "recheck.refused"


class RecheckElsewhereError(RecheckError):
    """The label is of something else: `found` with its `name`, `asset` is wanted."""

    code = "recheck.elsewhere"


class RecheckAreaError(RecheckError):
    """The hazard has no equipment, and this is not its area: `area`."""

    code = "recheck.area"


class RecheckOwnWorkError(RecheckError):
    """Who repaired the hazard `code`, or photographed the repair, does not recheck it (INC6)."""

    code = "recheck.own"


class RecheckLabelError(RecheckError):
    """`asset` was not scanned: a typed id or a position proves nothing."""

    code = "recheck.label"


class RecheckOverError(RecheckError):
    """Somebody rechecked it meanwhile, or the hazard is open again."""

    code = "recheck.over"


class RecheckPhotoError(RecheckError):
    """There is no photo of how it is now."""

    code = "recheck.photo"


class RecheckAlbumError(RecheckError):
    """The photo of how it is now is from files: it may open the hazard again, not confirm it."""

    code = "recheck.album"


class RecheckUsedError(RecheckError):
    """The photo of how it is now stands elsewhere, too: it does not confirm the repair."""

    code = "recheck.used"


class RecheckPhotoUsedError(PhotoUsedError):
    """This photo was used before and does not show how it is now; `record` names the other one."""

    code = "recheck.photo_used"


class RecheckWordsError(RecheckError):
    """A recheck that failed says why."""

    code = "recheck.words"


@dataclass(frozen=True, slots=True)
class Coming:
    """A recheck as it will be: its task, who is asked (None: nobody can be), until when."""

    task_id: str
    owner: str | None
    closed_ms: int
    due_ms: int


def id_of(hazard: Record) -> str:
    """Return the id of the recheck of a hazard's last closing.

    It follows from the entry that closed it: an anchor that comes later moves the time of a closing
    and not its entry.
    """
    state = hazard.cells.get("state")
    return task_id(KIND, hazard.record_id, state.writer if state else "")


def ids_of(hazard: Record) -> tuple[str, str]:
    """Return the ids that the recheck of the last closing may have, the one of now first.

    The other one follows from the time of the closing: tasks made before are known by it.
    """
    state = hazard.cells.get("state")
    return id_of(hazard), task_id(KIND, hazard.record_id, state.wall_ms if state else 0)


def is_of(hazard: Record, task: Record) -> bool:
    """Say whether a task is the recheck of this hazard's last closing."""
    return task.text("kind") == KIND and task.record_id in ids_of(hazard)


def repairers(found: Definitions, hazard: Record, photos: Iterable[Record]) -> frozenset[str]:
    """Return who repaired a hazard: who said so, and who took a photo of the repair."""
    flow = found.workflows["hazard"]
    shot = {
        one.text("by")
        for one in photos
        if one.text("shot") == AFTER and one.get("withdrawn") is not True
    }
    return frozenset(actors(flow, hazard, "hazard.rectify") | shot) - {""}


def coming(
    found: Definitions, hazard: Record, photos: Iterable[Record], closed_ms: int, now_ms: int
) -> Coming:
    """Return the recheck of a hazard that was closed at `closed_ms` (corrected time)."""
    rules = found.hazards.recheck
    due_ms = closed_ms + rules.due_h * HOUR_MS
    owner = asked(found, hazard, repairers(found, hazard, photos), closed_ms, due_ms, now_ms)
    return Coming(id_of(hazard), owner, closed_ms, due_ms)


def asked(
    found: Definitions,
    hazard: Record,
    barred: frozenset[str],
    closed_ms: int,
    due_ms: int,
    now_ms: int,
) -> str | None:
    """Return who has to recheck by now: the reporter, or a delegate by the rule of the data.

    Never who repaired it. Where no candidate is left it stays with the reporter; one who may not
    or cannot (repaired it, left) is replaced by the levels of escalation, from low to high.
    """
    rules, plant, reporter = found.hazards.recheck, found.plant, hazard.text("reporter")
    gone = is_away(plant, found.day0, reporter, closed_ms, due_ms)
    left_ms = due_ms - now_ms
    facts = {"recheck": {"reporter_away": gone, "hours_left": -(-left_ms // HOUR_MS)}}
    able = reporter not in barred and not has_left(plant, reporter)
    if able and rules.when is not None and not holds(rules.when, facts):
        return reporter
    not_asked = barred | {reporter} | _named(hazard, rules.but)
    unit, area = _unit_of(plant, reporter), hazard.text("area")
    people = (one for level in rules.to for one in holders(plant, level, unit, area))
    # first who is there, then whoever could be: a delegate on leave is better than nobody
    fit = [one for one in people if one not in not_asked]
    here = [one for one in fit if not is_away(plant, found.day0, one, closed_ms, due_ms)]
    chosen = next(iter((*here, *fit)), None)
    if chosen or able:
        return chosen or reporter
    rungs = ladder(found.hazards.nagging, plant, hazard.text("unit"), area, frozenset(not_asked))
    return next((one for rung in rungs for one in rung.people), None)


def has_left(plant: Plant, person_id: str) -> bool:
    """Say whether somebody is no longer of the plant."""
    person = plant.people.get(person_id)
    return person is None or person.retired_ms is not None


def is_away(plant: Plant, day0: date, person_id: str, from_ms: int, until_ms: int) -> bool:
    """Say whether the roster has no shift for somebody in that time, or the person has left.

    Only who stands on the roster at all can be away by it, and only where it has rows for every
    day until then: a roster with gaps sends nobody home.
    """
    if has_left(plant, person_id):
        return True
    first, last = (_working_day(plant, at_ms) for at_ms in (from_ms, until_ms))
    days = {first + timedelta(days=number) for number in range((last - first).days + 1)}
    known = {day0 + timedelta(days=row.day) for row in plant.roster}
    theirs = {day0 + timedelta(days=row.day) for row in plant.roster if person_id in row.people}
    return bool(theirs) and days <= known and not theirs & days


def check_person(
    found: Definitions, task: Record, hazard: Record, photos: Iterable[Record], person_id: str
) -> None:
    """Raise why somebody may not recheck: not asked, or it was the own work.

    Everybody who was asked may: the reporter, too, after it was handed to a delegate.
    """
    person = found.plant.people.get(person_id)
    named = {task.text("owner"), task.text("reporter")}
    assignee = person_id if person_id in named else task.text("owner")
    subject = Subject(hazard.text("area") or None, hazard.text("unit") or None, None, assignee)
    barred = clash(found.workflows["hazard"], hazard, found.access, DO, person_id)
    if barred is not None or person_id in repairers(found, hazard, photos):
        raise RecheckOwnWorkError(code=hazard.text("code"))
    if person is None or not may(found.access, found.plant, person, DO, subject):
        raise NotAllowedError(action=DO, person=person_id)


def check_place(
    found: Definitions, task: Record, spot: str | None, label_state: str, fix: Fix | None
) -> None:
    """Raise where somebody does not stand at what is to be rechecked, for all we can know.

    `spot` is the equipment or checkpoint that was scanned. Without equipment the area does: any
    verified label of it, or a position in it. Nothing is asked where even that is unknown.
    """
    plant, wanted, area = found.plant, task.text("asset"), task.text("area")
    if wanted:
        if spot is not None and spot != wanted:
            asset = plant.assets.get(spot) or plant.checkpoints.get(spot)
            name = asset.name if asset else spot
            raise RecheckElsewhereError(asset=wanted, found=spot, name=name)
        if spot is None or label_state != VERIFIED:
            raise RecheckLabelError(asset=wanted)
        return
    if not area or found.hazards.recheck.without_asset == "photo":
        return
    seen = plant.assets.get(spot or "") or plant.checkpoints.get(spot or "")
    if seen is not None and label_state == VERIFIED and seen.area == area:
        return
    here = plant.areas[area]
    if fix is None or fix.mocked:
        raise RecheckAreaError(area=here.name)
    if distance_m(fix.place, here.place) <= here.radius_m + fix.accuracy_cm / 100:
        return
    raise RecheckAreaError(area=here.name)


def shown(photos: Iterable[Record], person_id: str, since_ms: int = 0) -> list[Record]:
    """Return somebody's photos of how it is now, of those of a recheck; a clip comes beside them.

    `since_ms`: when they came to the place; a photo of before shows nothing of now.
    """
    return [
        one
        for one in photos
        if one.text("shot") == SHOT
        and one.text("by") == person_id
        and one.get("withdrawn") is not True
        and one.text("media") != VIDEO
        and (one.whole("taken_ms") or 0) >= since_ms
    ]


def check_answer(
    result: str,
    note: str,
    photos: Sequence[Record],
    used: Callable[[Record], bool] = proves_nothing,
) -> None:
    """Raise what is missing in an answer: a photo (`shown`), taken here and now, or words why.

    Nobody looks at a recheck that passed, so it takes a photo of the camera that stands nowhere
    else (`used`); one from files shows well enough that something is wrong.
    """
    if result not in (PASSED, FAILED):
        raise RecheckError
    if not photos:
        raise RecheckPhotoError
    if result == PASSED and all(from_album(one) for one in photos):
        raise RecheckAlbumError
    if result == PASSED and _all_used(photos, used):
        raise RecheckUsedError
    if result == FAILED and not note.strip():
        raise RecheckWordsError


def doubted(task: Record, photos: Iterable[Record]) -> bool:
    """Say whether a recheck that passed rests on photos alone that stand elsewhere, too.

    It does not count as passed: a person looks, and opens the hazard again if need be.
    """
    if task.text("state") != "done" or task.text("result") != PASSED:
        return False
    site = task.get("site")
    at_ms = site.get("at_ms") if isinstance(site, dict) else None
    since_ms = at_ms if isinstance(at_ms, int) else 0
    return _all_used(shown(photos, task.text("by"), since_ms), proves_nothing)


def _all_used(photos: Iterable[Record], used: Callable[[Record], bool]) -> bool:
    taken = [one for one in photos if not from_album(one)]
    return bool(taken) and all(used(one) for one in taken)


def cells_of(hazard: Record, one: Coming, owner: str) -> dict[str, Value]:
    """Return the cells of a new recheck task."""
    return {
        "state": "open",
        "kind": KIND,
        "hazard": hazard.record_id,
        "code": hazard.text("code"),
        "asset": hazard.text("asset") or None,
        "area": hazard.text("area") or None,
        "unit": hazard.text("unit") or None,
        "reporter": hazard.text("reporter"),
        "owner": owner,
        "start_ms": one.closed_ms,
        "due_ms": one.due_ms,
    }


def state_of(task: Record, now_ms: int, photos: Iterable[Record] = ()) -> str:
    """Return how a recheck stands, as a code of `recheck_states`; `photos` are its own."""
    if doubted(task, photos):
        return DOUBTED
    if task.text("state") == "done":
        return task.text("result")
    if (task.whole("due_ms") or 0) < now_ms:
        return "overdue"
    return "due" if task.text("owner") == task.text("reporter") else "delegated"


def reopens(found: Definitions, hazard: Record, task: Record) -> bool:
    """Say whether the rule of the workflow opens a hazard again for this recheck of its closing."""
    if not is_of(hazard, task):
        return False
    state = task.text("result") if task.text("state") == "done" else "due"
    facts = {"recheck": {"state": state}}
    return any(
        row.action == "rule"
        and hazard.text("state") in row.sources
        and row.target == REOPENED
        and holds(row.when, facts)
        for row in found.workflows["hazard"].transitions
    )


def _named(hazard: Record, cells: Iterable[str]) -> frozenset[str]:
    return frozenset(hazard.text(cell) for cell in cells) - {""}


def _unit_of(plant: Plant, person_id: str) -> str:
    person = plant.people.get(person_id)
    return person.unit if person else ""


def _working_day(plant: Plant, at_ms: int) -> date:
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(plant.timezone))
    return local.date() - timedelta(days=local.time() < day_begins(plant.shifts))
