"""What is stored about a person, consent, and the removal of personal media."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases.hazard_views import NOBODY
from domain import privacy
from domain.access import reaches
from domain.errors import MoveRefusedError, NotAllowedError, RecordMissingError
from domain.plant import Person
from domain.privacy import MediaKind, Purpose
from domain.records import Record, Value
from domain.words import Words
from offline_store import blobs, records, removals

EXPORTED = "export.own"  # the event that says who took their own data out
ITEMS_MAX = 500
_AUTHORED = ("hazard", "inspection", "maintenance", "evidence", "event", "consent")


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One piece of personal media: what, of which record, where its bytes are, until when.

    `state`: "kept", "asked", "approved", "declined", "removed". `until_ms` None: until its record
    is closed. `why` is how a removed one went.
    """

    evidence_id: str
    kind: Words
    code: str
    taken_ms: int
    person: Words
    here: bool
    until_ms: int | None
    keep_days: int  # after its record is closed, or after it was taken
    state: str
    removed_ms: int | None
    why: str


@dataclass(frozen=True, slots=True)
class PurposeView:
    """What somebody is asked for; `given` None: nothing was said yet."""

    purpose: Purpose
    given: bool | None
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits for a decision, or the decision."""

    record_id: str
    item: MediaItem
    asked_by: Words
    asked_ms: int
    note: str


@dataclass(frozen=True, slots=True)
class MyData:
    """All of one person: the account, what was written, media, consent, requests to decide."""

    account: tuple[tuple[str, str], ...]  # (catalog key's last part, value)
    written: tuple[tuple[str, int], ...]  # (type, how many)
    positions: int
    media: tuple[MediaItem, ...]
    purposes: tuple[PurposeView, ...]
    requests: tuple[Request, ...]


def view(field: FieldApp, person: Person) -> MyData:
    """Return what this device knows of a person, and what waits for their decision."""
    with field.store.reading() as session:
        removed = _removals(session)
        mine = [
            _item(field, session, kind, one, parent, removed)
            for kind, one, parent in _personal(field, session)
            if person.person_id in (one.text("by"), privacy.person_of(kind, one, parent))
        ]
        written = {type: _authored(session, type, person) for type in _AUTHORED}
        positions = sum(
            1 for found in written.values() for one in found if one.get("fix") is not None
        )
        return MyData(
            account=_account(field, person),
            written=tuple((type, len(found)) for type, found in written.items() if found),
            positions=positions,
            media=tuple(sorted(mine, key=lambda one: -one.taken_ms)[:ITEMS_MAX]),
            purposes=_purposes(field, session, person),
            requests=_requests(field, session, removed) if may_decide(field, person) else (),
        )


def may_decide(field: FieldApp, person: Person) -> bool:
    """Whether somebody decides about removals."""
    return reaches(field.definitions.access, person, privacy.REMOVE)


def declare(field: FieldApp, person: Person, purpose: str, *, given: bool) -> None:
    """Give or withdraw consent for one purpose; raises RecordMissingError for an unknown one."""
    if purpose not in field.definitions.privacy.purposes:
        raise RecordMissingError(record=purpose)
    cells: dict[str, Value] = {
        "person": person.person_id,
        "purpose": purpose,
        "state": privacy.GIVEN if given else privacy.WITHDRAWN,
        "at_ms": field.clock.now_ms(),
        "by": person.person_id,
    }
    _write(field, person, privacy.CONSENT, field.clock.new_id(), cells)


def ask(field: FieldApp, person: Person, evidence_id: str, note: str) -> None:
    """Ask for the removal of one piece of personal media.

    Raises RecordMissingError, NotAllowedError, MoveRefusedError (asked already, or gone).
    """
    with field.store.reading() as session:
        evidence = records.get(session, evidence_id)
        kind = field.definitions.privacy.kind_of(evidence)
        if kind is None:
            raise RecordMissingError(record=evidence_id)
        parent = records.lookup(session, evidence.text("of"))
        known = _removals(session).get(evidence_id)
    theirs = (evidence.text("by"), privacy.person_of(kind, evidence, parent))
    if person.person_id not in theirs and not may_decide(field, person):
        raise NotAllowedError(action=privacy.REMOVE, person=person.person_id)
    if known is not None and known.text("state") != privacy.DECLINED:
        raise MoveRefusedError(reason="state", state=known.text("state"), target=privacy.ASKED)
    files: list[Value] = [*privacy.files_of(kind, evidence)]
    cells: dict[str, Value] = {
        "state": privacy.ASKED,
        "of": evidence.text("of"),
        "evidence": evidence_id,
        "kind": kind.code,
        "files": files,
        "why": privacy.BY_REQUEST,
        "by": person.person_id,
        "at_ms": field.clock.now_ms(),
        "note": note.strip()[: privacy.NOTE_MAX],
    }
    _write(field, person, privacy.REMOVAL, field.clock.new_id(), cells)


def decide(field: FieldApp, person: Person, record_id: str, note: str, *, remove: bool) -> None:
    """Approve a request (the server then removes the files) or decline it, with words.

    Raises NotAllowedError, MoveRefusedError (no reason, decided already).
    """
    if not may_decide(field, person):
        raise NotAllowedError(action=privacy.REMOVE, person=person.person_id)
    said = note.strip()[: privacy.NOTE_MAX]
    if not remove and not said:
        raise MoveRefusedError(reason="needs", need="note")
    with field.store.reading() as session:
        record = records.get(session, record_id)
    state = privacy.APPROVED if remove else privacy.DECLINED
    if record.type != privacy.REMOVAL or record.text("state") != privacy.ASKED:
        raise MoveRefusedError(reason="state", state=record.text("state"), target=state)
    cells: dict[str, Value] = {
        "state": state,
        "decided_by": person.person_id,
        "decided_ms": field.clock.now_ms(),
        "note": said,
    }
    _write(field, person, privacy.REMOVAL, record_id, cells)


def export(field: FieldApp, person: Person) -> bytes:
    """Return all of it as a table (CSV, with the mark that spreadsheets want); it is logged."""
    found, t = view(field, person), field.translator()
    rows: list[list[str]] = [[t("mydata.export.part"), t("mydata.export.what"), ""]]
    rows += [[t("mydata.account"), t(f"mydata.account.{name}"), value] for name, value in
             found.account]  # fmt: skip
    rows += [[t("mydata.written"), _kind(t.texts, type), str(n)] for type, n in found.written]
    rows.append([t("mydata.written"), t("mydata.positions"), str(found.positions)])
    for item in found.media:
        open_ = t("mydata.until.open", n=item.keep_days)
        until = t.stamp(item.until_ms) if item.until_ms else open_
        rows.append([t("mydata.media"), f"{t.of(item.kind)} {item.code} {t.stamp(item.taken_ms)}",
                     t(f"mydata.state.{item.state}", until=until)])  # fmt: skip
    for one in found.purposes:
        said = "none" if one.given is None else "given" if one.given else "withdrawn"
        rows.append([t("mydata.consent"), t.of(one.purpose.name), t(f"mydata.consent.{said}")])
    cells: dict[str, Value] = {
        "what": EXPORTED, "by": person.person_id, "at_ms": field.clock.now_ms(),
        "format": "csv", "rows": len(rows) - 1,
    }  # fmt: skip
    _write(field, person, "event", field.clock.new_id(), cells, kind="edit")  # logged first
    made = io.StringIO()
    csv.writer(made).writerows([[_plain(cell) for cell in row] for row in rows])
    return b"\xef\xbb\xbf" + made.getvalue().encode()


def _plain(cell: str) -> str:
    """Keep a spreadsheet from taking somebody's words for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell


def _kind(texts: Mapping[str, str], type: str) -> str:
    return texts.get(f"outbox.kind.{type}", type)


def _write(
    field: FieldApp,
    person: Person,
    type: str,
    record_id: str,
    cells: dict[str, Value],
    kind: str = "decide",
) -> None:
    with field.store.session() as session:
        field.write(
            session, person.person_id, kind=kind, record_id=record_id, type=type,
            definition=f"{type}@1", set=cells,
        )  # fmt: skip
    field.nudge()


def _account(field: FieldApp, person: Person) -> tuple[tuple[str, str], ...]:
    found, t = field.definitions, field.translator()
    unit = found.plant.units.get(person.unit)
    roles = [t.of(found.access.roles[role]) for role in person.roles if role in found.access.roles]
    changed = field.pack.pin_since_ms.get(person.person_id) if field.pack else None
    facts = [
        ("name", t.of(person.name)),
        ("id", person.person_id),
        ("unit", t.of(unit.name) if unit else person.unit),
        ("roles", t.listed(roles)),
        ("areas", t.listed(sorted(person.areas))),
        ("pin", t.stamp(changed) if changed else ""),
    ]
    return tuple((name, value) for name, value in facts if value)


def _authored(session: Session, type: str, person: Person) -> list[Record]:
    return records.find(session, type, author=person.person_id, limit=records.ALL)


def _personal(
    field: FieldApp, session: Session
) -> Iterable[tuple[MediaKind, Record, Record | None]]:
    rules = field.definitions.privacy
    for one in records.find(session, "evidence", limit=records.ALL):
        if kind := rules.kind_of(one):
            yield kind, one, records.lookup(session, one.text("of"))


def _removals(session: Session) -> dict[str, Record]:
    """Return by evidence what counts of its removals: done, else the latest request."""
    found: dict[str, Record] = {}
    order = Counter({privacy.DONE: 3, privacy.APPROVED: 2, privacy.ASKED: 1})
    for record in records.find(session, privacy.REMOVAL, limit=records.ALL):
        before = found.get(record.text("evidence"))
        if before is None or order[record.text("state")] > order[before.text("state")]:
            found[record.text("evidence")] = record
    return found


def _item(
    field: FieldApp,
    session: Session,
    kind: MediaKind,
    evidence: Record,
    parent: Record | None,
    removed: dict[str, Record],
) -> MediaItem:
    removal = removed.get(evidence.record_id)
    files = privacy.files_of(kind, evidence)
    state = removal.text("state") if removal else "kept"
    if state == privacy.DONE or any(removals.is_removed(session, sha) for sha in files):
        state = "removed"
    people = field.definitions.plant.people
    person = privacy.person_of(kind, evidence, parent) or evidence.text("by")
    return MediaItem(
        evidence_id=evidence.record_id,
        kind=kind.name,
        code=parent.text("code") if parent else "",
        taken_ms=evidence.whole("taken_ms") or 0,
        person=people[person].name if person in people else NOBODY,
        here=any(blobs.is_here(field.store, sha) for sha in files),
        until_ms=privacy.due_ms(kind, evidence, parent),
        keep_days=kind.keep_days,
        state=state,
        removed_ms=removal.whole("done_ms") if removal else None,
        why=removal.text("why") if removal else "",
    )


def _purposes(field: FieldApp, session: Session, person: Person) -> tuple[PurposeView, ...]:
    said = records.find(session, privacy.CONSENT, author=person.person_id, limit=records.ALL)
    latest = privacy.consents(said)
    found: list[PurposeView] = []
    for code, purpose in field.definitions.privacy.purposes.items():
        one = latest.get((person.person_id, code))
        given = one.text("state") == privacy.GIVEN if one else None
        found.append(PurposeView(purpose, given, one.whole("at_ms") if one else None))
    return tuple(found)


def _requests(field: FieldApp, session: Session, removed: dict[str, Record]) -> tuple[Request, ...]:
    people, rules = field.definitions.plant.people, field.definitions.privacy
    found: list[Request] = []
    for asked in records.find(session, privacy.REMOVAL, state=privacy.ASKED):
        evidence = records.lookup(session, asked.text("evidence"))
        kind = rules.kind_of(evidence) if evidence else None
        if evidence is None or kind is None:
            continue
        parent = records.lookup(session, evidence.text("of"))
        by = asked.text("by")
        found.append(
            Request(
                asked.record_id,
                _item(field, session, kind, evidence, parent, removed),
                people[by].name if by in people else NOBODY,
                asked.whole("at_ms") or 0,
                asked.text("note"),
            )
        )
    return tuple(found)
