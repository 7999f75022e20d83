"""Drafts: work that is not finished, saved at every answer so that a dead battery costs nothing."""

import json
from dataclasses import dataclass

from sqlmodel import Session, col, select

from domain.changes import canonical
from domain.records import Value
from offline_store.tables import DraftRow

FIND_MAX = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft of one person; `kind` and `body` belong to the use case that saves it."""

    draft_id: str
    kind: str
    person_id: str
    body: dict[str, Value]
    changed_ms: int


def save(
    session: Session,
    draft_id: str,
    kind: str,
    person_id: str,
    body: dict[str, Value],
    at_ms: int,
) -> None:
    """Save a draft, new or again."""
    row = session.get(DraftRow, draft_id) or DraftRow(
        draft_id=draft_id, kind=kind, person_id=person_id, changed_ms=at_ms, body=b""
    )
    row.changed_ms, row.body = at_ms, canonical(body)
    session.add(row)
    session.flush()


def load(session: Session, draft_id: str) -> Draft | None:
    """Return a draft, or None if there is none."""
    row = session.get(DraftRow, draft_id)
    return _draft(row) if row else None


def find(session: Session, kind: str, person_id: str) -> list[Draft]:
    """Return a person's drafts of a kind, last changed first."""
    rows = session.exec(
        select(DraftRow)
        .where(col(DraftRow.kind) == kind, col(DraftRow.person_id) == person_id)
        .order_by(col(DraftRow.changed_ms).desc(), col(DraftRow.draft_id))
        .limit(FIND_MAX)
    )
    return [_draft(row) for row in rows]


def delete(session: Session, draft_id: str) -> None:
    """Delete a draft: in the transaction that writes the record made of it."""
    row = session.get(DraftRow, draft_id)
    if row is not None:
        session.delete(row)
        session.flush()


def _draft(row: DraftRow) -> Draft:
    return Draft(row.draft_id, row.kind, row.person_id, json.loads(row.body), row.changed_ms)
