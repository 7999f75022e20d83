"""Tasks as the home screen shows them: what, where, until when, and in which order."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.field import FieldApp
from app.use_cases.upkeep import title_of
from domain.places import Fix, distance_m
from domain.records import Record
from domain.words import Words

FAR_M = 10**9
NOWHERE = Words({"zh": "—", "en": "—"})
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class RouteStop:
    """Where a task stands on the route that the person walks."""

    name: Words
    number: int
    of: int
    next: bool  # the first stop of this round that is not done


@dataclass(frozen=True, slots=True)
class TaskCard:
    """One task; `distance_m` from the last known position, None where there is none."""

    record_id: str
    asset_id: str
    asset: Words
    kind: str  # equipment kind, for the icon
    form: Words  # what is done: the checklist, or the maintenance
    area: Words
    due_ms: int
    overdue: bool
    started: bool  # a draft with answers exists
    distance_m: int | None
    open_findings: int
    maintenance: bool = False
    stop: RouteStop | None = None
    recheck: bool = False  # of a closed hazard; without equipment its name stands for the area
    missed: int = 0  # earlier rounds of the same kind that nobody did


@dataclass(frozen=True, slots=True)
class _Row:
    """A card, and which walk of which route it belongs to."""

    card: TaskCard
    of: tuple[str, str]  # plan and equipment: rounds of the same
    walk: tuple[str, int] | None
    start_ms: int


def cards_of(
    field: FieldApp,
    mine: Sequence[Record],
    fix: Fix | None,
    started: Collection[str],
    findings: Mapping[str, int],
) -> tuple[TaskCard, ...]:
    """Return the cards of a person's tasks that are shown by now, overdue first, nearest next.

    The stops of a route stay together in their order. Of rounds that were not done long ago only
    the latest is shown: who goes there now does not go there five times.
    """
    now = field.clock.now_ms()
    shown_ms = field.definitions.defaults.whole("plans.shown_h") * _HOUR_MS
    begun = [task for task in mine if (task.whole("start_ms") or 0) <= now + shown_ms]
    latest: dict[tuple[str, str], int] = {}
    for task in begun:
        start_ms = task.whole("start_ms") or 0
        if start_ms <= now:
            latest[_of(task)] = max(latest.get(_of(task), 0), start_ms)
    left: Counter[tuple[str, str]] = Counter()
    rows: list[_Row] = []
    for task in begun:
        if task.text("state") != "open":
            continue
        start_ms, due_ms = task.whole("start_ms") or 0, task.whole("due_ms") or 0
        if due_ms + shown_ms < now and start_ms < latest[_of(task)]:
            left[_of(task)] += 1
            continue
        card = _card(field, task, fix, now, task.record_id in started, findings)
        rows.append(_Row(card, _of(task), _walk(task), start_ms))
    rows = [_told(row, left, latest) for row in rows]
    return tuple(row.card for row in _in_order(rows))


def _of(task: Record) -> tuple[str, str]:
    """Return what makes two tasks rounds of the same; a task without a plan has only itself."""
    return (task.text("plan") or task.record_id, task.text("asset"))


def _walk(task: Record) -> tuple[str, int] | None:
    route = task.text("route")
    return (route, task.whole("start_ms") or 0) if route else None


def _told(row: _Row, left: Counter[tuple[str, str]], latest: Mapping[tuple[str, str], int]) -> _Row:
    """Say on the latest round how many before it were not done."""
    if not left[row.of] or row.start_ms != latest.get(row.of):
        return row
    return replace(row, card=replace(row.card, missed=left[row.of]))


def _in_order(rows: Sequence[_Row]) -> list[_Row]:
    """Sort by urgency; a walk stands where its next stop stands, its stops in their order."""
    following: dict[tuple[str, int], TaskCard] = {}
    for row in rows:
        if row.walk and row.card.stop:
            first = following.get(row.walk)
            if first is None or first.stop is None or row.card.stop.number < first.stop.number:
                following[row.walk] = row.card

    def key(row: _Row) -> tuple[tuple[bool, int, int], tuple[str, int], int]:
        if row.walk is None or row.card.stop is None:
            return _urgency(row.card), ("", 0), 0
        return _urgency(following[row.walk]), row.walk, row.card.stop.number

    return [_marked(row, following) for row in sorted(rows, key=key)]


def _marked(row: _Row, following: Mapping[tuple[str, int], TaskCard]) -> _Row:
    if row.walk is None or row.card.stop is None:
        return row
    stop = replace(row.card.stop, next=following[row.walk].record_id == row.card.record_id)
    return replace(row, card=replace(row.card, stop=stop))


def _urgency(card: TaskCard) -> tuple[bool, int, int]:
    """Overdue ones by how long, then the nearest, then what is due first."""
    far = FAR_M if card.distance_m is None else card.distance_m
    return (not card.overdue, 0 if card.overdue else far, card.due_ms)


def _card(
    field: FieldApp,
    task: Record,
    fix: Fix | None,
    now_ms: int,
    started: bool,
    findings: Mapping[str, int],
) -> TaskCard:
    plant = field.definitions.plant
    asset = plant.assets.get(task.text("asset"))
    area = plant.areas[asset.area] if asset else plant.areas.get(task.text("area"))
    kind = task.text("kind")
    form = field.definitions.forms.get(task.text("template"))
    due_ms = task.whole("due_ms") or 0
    place = asset.place if asset else area.place if area else None
    return TaskCard(
        record_id=task.record_id,
        asset_id=asset.asset_id if asset else task.text("code"),
        asset=asset.name if asset else area.name if area else NOWHERE,
        kind=asset.kind if asset else "",
        form=title_of(task) if kind == "maintenance" or form is None else form.name,
        area=area.name if area else NOWHERE,
        due_ms=due_ms,
        overdue=due_ms < now_ms,
        started=started,
        distance_m=round(distance_m(place, fix.place)) if fix and place else None,
        open_findings=findings.get(asset.asset_id, 0) if asset else 0,
        maintenance=kind == "maintenance",
        recheck=kind == "recheck",
        stop=_stop(field, task),
    )


def _stop(field: FieldApp, task: Record) -> RouteStop | None:
    route = field.definitions.plant.routes.get(task.text("route"))
    number, of = task.whole("stop"), task.whole("stops")
    if route is None or number is None or of is None:
        return None
    return RouteStop(route.name, number, of, next=False)
