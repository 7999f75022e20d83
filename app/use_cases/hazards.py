"""Hazards: report, who does what next, and what happened so far."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import readable
from app.use_cases.hazard_corrections import DEFINITION, correct
from app.use_cases.hazard_views import (
    OPEN_ENDS,
    HazardCard,
    HazardView,
    cards_of,
    due_of,
    element_proposed,
    view_of,
    waits_for,
)
from domain import corrections, workflow
from domain.access import Subject, may
from domain.capture_trust import from_album
from domain.errors import FieldError, MoveRefusedError, NotAllowedError
from domain.evidence import shots_now
from domain.hazards import element_of, route
from domain.plant import Person
from domain.questions import TEXT_MAX
from domain.records import Record, Value
from domain.repair_checks import known_refused, last_after
from domain.words import Words
from offline_store import lists, records, removals

PAGE = 50  # hazards on one page of a list
WAITING_MAX = 200  # hazards that wait for somebody, counted on the first screen
REASON_MAX = 500  # characters of why a step does not wait for photos
MERGE_MAX = 100  # hazards elsewhere offered to merge into
FILTERS = ("mine", "todo", "open", "closed", "all")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody a hazard may be dispatched to."""

    person_id: str
    name: Words
    role: Words
    unit: Words
    near: bool  # responsible for this area or of the unit routed to


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, latest change first; `after` is where the next one begins, if any."""

    cards: tuple[HazardCard, ...]
    after: tuple[int, str] | None


def page(
    field: FieldApp,
    person: Person,
    which: str = "mine",
    after: tuple[int, str] | None = None,
    size: int = PAGE,
) -> Page:
    """Return a page of the hazards that this person may see.

    `which`: "mine" reported by me · "todo" wait for me · "open" · "closed" · "all".
    """
    with field.store.reading() as session:
        found = _chosen(field, session, person, which, after)
        shown = list(islice(found, size + 1))  # one more tells whether there is another page
        cards = cards_of(field, session, person, shown[:size])
    more = records.place_of(shown[size - 1]) if len(shown) > size else None
    return Page(tuple(cards), more)


def to_merge(
    field: FieldApp, person: Person, record_id: str, asset_id: str | None
) -> list[HazardCard]:
    """Return open hazards that one may be merged into: all of its equipment, then the latest.

    One of a lower grade is left out unless this person may downgrade.
    """
    definitions = field.definitions
    flow = definitions.workflows["hazard"]
    with field.store.reading() as session:
        same = (
            records.find(session, "hazard", asset=asset_id, state=open_states(field))
            if asset_id
            else []
        )
        latest = islice(_chosen(field, session, person, "open", None), MERGE_MAX)
        found = {record.record_id: record for record in (*same, *latest)}
        found.pop(record_id, None)
        hazard = records.lookup(session, record_id)
        readable_ones = [
            one
            for one in found.values()
            if readable.may_read(field, person, one)
            and (hazard is None or corrections.may_merge(flow, hazard, one, person, definitions))
        ]
        return cards_of(field, session, person, readable_ones)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The most urgent hazards that wait for a person, and how many do, counted to WAITING_MAX."""

    cards: tuple[HazardCard, ...]
    total: int


def waiting(field: FieldApp, session: Session, person: Person, shown: int) -> Waiting:
    """Return in which hazards the next step is this person's own: worst grade, then first due.

    Of more than WAITING_MAX the latest are looked at: the first screen must open at once.
    """
    found = list(islice(_chosen(field, session, person, "todo", None), WAITING_MAX))
    found.sort(key=lambda one: (one.text("grade"), due_of(field.definitions, one) or 0))
    return Waiting(tuple(cards_of(field, session, person, found[:shown])), len(found))


def open_states(field: FieldApp) -> list[str]:
    """Return the states in which a hazard is not done with."""
    return [code for code in field.definitions.workflows["hazard"].states if code not in OPEN_ENDS]


def _chosen(
    field: FieldApp, session: Session, person: Person, which: str, after: tuple[int, str] | None
) -> Iterator[Record]:
    looks: Iterable[tuple[str, readable.Where]]
    if which == "todo":
        looks = _own_steps(field, person)
    else:
        ways: Sequence[readable.Where] = [{"author": person.person_id}]
        if which != "mine":
            ways = readable.ways(field, person)
        looks = product(_states(field, which), ways)
    for record in readable.newest(session, "hazard", looks, after):
        if not readable.may_read(field, person, record):
            continue
        if which != "todo" or waits_for(field, person, record):
            yield record


def _states(field: FieldApp, which: str) -> list[str]:
    match which:
        case "open":
            return open_states(field)
        case "closed":
            return sorted(OPEN_ENDS)
        case _:
            return list(field.definitions.workflows["hazard"].states)


def _own_steps(field: FieldApp, person: Person) -> Iterator[tuple[str, readable.Where]]:
    """Yield where a step may wait for this person, as `waits_for` decides it.

    A repair waits for whom it was given to, acceptance for a unit, verification for an area.
    """
    rows = field.definitions.workflows["hazard"].transitions
    ways: list[tuple[set[str], readable.Where]] = [
        ({"hazard.rectify"}, {"person": person.person_id}),
        ({"hazard.accept", "hazard.dispatch"}, {"unit": person.unit}),
    ]
    if person.areas:
        ways.append(({"hazard.verify", "hazard.review"}, {"area": sorted(person.areas)}))
    for actions, where in ways:
        states = {state for row in rows if row.action in actions for state in row.sources}
        yield from ((state, where) for state in sorted(states))


def view(field: FieldApp, person: Person, record_id: str) -> HazardView:
    """Return one hazard with its timeline and what this person may do now.

    Raises NotAllowedError where it is neither theirs nor open on equipment that they look after.
    """
    with field.store.reading() as session:
        record = records.get(session, record_id)
        if not readable.may_read(field, person, record):
            raise NotAllowedError(action="read", person=person.person_id)
        return view_of(field, session, person, record)


def candidates(field: FieldApp, person: Person, record_id: str) -> list[Candidate]:
    """Return who a hazard may be dispatched to, nearest first."""
    plant, access = field.definitions.plant, field.definitions.access
    with field.store.reading() as session:
        record = records.get(session, record_id)
    found: list[Candidate] = []
    for other in plant.people.values():
        subject = Subject(area=record.text("area"), assignee=other.person_id)
        if not may(access, plant, other, "hazard.rectify", subject):
            continue
        near = record.text("unit") in plant.unit_line(other.unit)
        role = access.roles[other.roles[0]]
        unit = plant.unit_name(other.unit) or other.name
        found.append(Candidate(other.person_id, other.name, role, unit, near))
    return sorted(found, key=lambda row: (not row.near, row.person_id))


def act(
    field: FieldApp,
    person: Person,
    record_id: str,
    action: str,
    target: str,
    *,
    assignee: str | None = None,
    note: str = "",
    merged_into: str | None = None,
    without_photos: str = "",
) -> HazardView:
    """Do one step; raises NotAllowedError, MoveRefusedError or ShotsMissingError.

    `without_photos` is why it does not wait for those that its grade asks for.
    """
    with field.store.session() as session:
        record = records.get(session, record_id)
        given: dict[str, Value] = {}
        if note.strip():
            given["note"] = note.strip()[:TEXT_MAX]
        if assignee:
            given |= {"assignee": assignee}
            if not record.text("responsible"):  # a badge instead of a picture (DOMAIN.md §2.11)
                given["responsible"] = assignee
        if merged_into:
            given["merged_into"] = merged_into
        waiver = field.definitions.workflows["hazard"].shot_rules.waiver
        if without_photos.strip() and waiver is not None:
            given[waiver.cell] = without_photos.strip()[:REASON_MAX]
        _decide(field, session, person, record, action, target, given)
        shown = view_of(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def begun_by_photo(
    field: FieldApp,
    person: Person,
    record_id: str,
    action: str,
    target: str,
    refused: Callable[[FieldError], None],
) -> Callable[[Session], None]:
    """Return what does a step in the transaction that keeps the first photo of it.

    A step that is refused by then, as when it was given to another, is left undone and `refused` is
    told why: the photo is kept all the same.
    """

    def begin(session: Session) -> None:
        record = records.get(session, record_id)
        try:
            _decide(field, session, person, record, action, target, {})
        except FieldError as error:  # checked before anything is written
            refused(error)

    return begin


def _decide(
    field: FieldApp,
    session: Session,
    person: Person,
    record: Record,
    action: str,
    target: str,
    given: dict[str, Value],
) -> None:
    """Check a step and write it with what was given for it; raises as `act`."""
    definitions = field.definitions
    flow, merged_into = definitions.workflows["hazard"], given.get("merged_into")
    into = merged_into if isinstance(merged_into, str) else None
    move = workflow.decide(
        flow,
        record,
        action,
        target,
        person,
        definitions.access,
        definitions.plant,
        _facts(session, record, into),
        given,
    )
    if into:
        other = records.get(session, into)
        corrections.check_merge(flow, record, other, person, definitions)
    given |= {"state": move.target, "action": action}
    given |= workflow.signature(flow, record, action, person.person_id)
    if move.target == "returned":  # not theirs: the unit that triages decides whose it is
        given["unit"] = definitions.hazards.otherwise[-1]
    field.write(
        session,
        person.person_id,
        kind="decide",
        record_id=record.record_id,
        type="hazard",
        definition=DEFINITION,
        set=given,
    )


def set_place(field: FieldApp, person: Person, record_id: str, asset_id: str) -> HazardView:
    """Fix the place of a hazard that came as "place unknown" (before dispatch).

    The hazard is routed anew. Needs the right to accept it; raises NotAllowedError.
    """
    definitions = field.definitions
    asset = definitions.plant.assets[asset_id]
    with field.store.session() as session:
        record = records.get(session, record_id)
        area = definitions.plant.areas[asset.area]
        unit = route(
            definitions.hazards,
            definitions.plant,
            definitions.access,
            record.text("category") or None,
            area,
            asset,
        )
        changes: dict[str, Value] = {"asset": asset_id, "area": asset.area, "unit": unit}
        correct(field, session, person, record, changes)
        shown = view_of(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def set_grade(field: FieldApp, person: Person, record_id: str, grade: str, note: str) -> HazardView:
    """Give a hazard another grade, with the reason; see `assess`."""
    return assess(field, person, record_id, grade=grade, note=note)


def assess(
    field: FieldApp,
    person: Person,
    record_id: str,
    *,
    grade: str | None = None,
    category: str | None = None,
    element: str | None = None,
    note: str = "",
) -> HazardView:
    """Change grade, category or element of a hazard; what is None stays.

    An element that only the category pointed to follows a new category. Raises NotAllowedError,
    MoveRefusedError (needs: another grade has no reason; incompatible: the rectifier lowers it;
    unchanged) or EntryInvalidError.
    """
    definitions = field.definitions
    with field.store.session() as session:
        record = records.get(session, record_id)
        wanted: dict[str, Value] = {"grade": grade, "category": category, "element": element}
        if category is not None and element is None and element_proposed(definitions, record):
            wanted["element"] = element_of(definitions.hazards, category)
        changes = {
            name: value
            for name, value in wanted.items()
            if value is not None and value != record.get(name)
        }
        if not changes:
            raise MoveRefusedError(reason="unchanged")
        if note.strip():
            changes["note"] = note.strip()[:TEXT_MAX]
        correct(field, session, person, record, changes)
        shown = view_of(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def open_of_asset(field: FieldApp, session: Session, asset_id: str) -> list[HazardCard]:
    """Return the open hazards of an asset, whoever reported them, oldest first."""
    found = records.find(
        session, "hazard", asset=asset_id, state=open_states(field), limit=records.ALL
    )
    cards = cards_of(field, session, None, found)
    return sorted(cards, key=lambda card: card.reported_ms)


def open_counts(field: FieldApp, session: Session) -> dict[str, int]:
    """Return how many open hazards each asset has."""
    return lists.count_by_asset(session, "hazard", open_states(field))


def _facts(session: Session, record: Record, merged_into: str | None) -> dict[str, object]:
    """Return what the workflow asks beside the record: its photos, and where it would be merged."""
    photos = records.evidence_of(session, record.record_id)
    return {
        "shots": shots_now(record, photos, removals.gone(session)),
        "refused": known_refused(photos),
        "album": from_album(last_after(photos)),
        "merge_into": records.lookup(session, merged_into) if merged_into else None,
    }
