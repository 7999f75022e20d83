"""Drafts: work that is not finished, saved at every answer so that a dead battery costs nothing."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlmodel import Session, col

from domain.changes import canonical
from domain.records import Value
from offline_store.tables import DraftRow

FIND_MAX = 200
# made once: an answer is saved at every tap, and building a statement takes longer than running it
_THIS = col(DraftRow.draft_id) == bindparam("this")
_COLUMNS = select(
    col(DraftRow.draft_id),
    col(DraftRow.kind),
    col(DraftRow.person_id),
    col(DraftRow.body),
    col(DraftRow.changed_ms),
)
_ONE = _COLUMNS.where(_THIS)
_OF_PERSON = (
    _COLUMNS.where(
        col(DraftRow.kind) == bindparam("kind"), col(DraftRow.person_id) == bindparam("person")
    )
    .order_by(col(DraftRow.changed_ms).desc(), col(DraftRow.draft_id))
    .limit(FIND_MAX)
)
_INSERT = insert(DraftRow)
_UPDATE = (
    update(DraftRow).where(_THIS).values(changed_ms=bindparam("changed_ms"), body=bindparam("body"))
)
_DELETE = sql_delete(DraftRow).where(_THIS)


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
    now: dict[str, object] = {"changed_ms": at_ms, "body": canonical(body)}
    known = session.connection().execute(_UPDATE, now | {"this": draft_id})
    if not known.rowcount:
        new = {"draft_id": draft_id, "kind": kind, "person_id": person_id}
        session.connection().execute(_INSERT, now | new)


def load(session: Session, draft_id: str) -> Draft | None:
    """Return a draft, or None if there is none."""
    row = session.connection().execute(_ONE, {"this": draft_id}).first()
    return _draft(row) if row else None


def find(session: Session, kind: str, person_id: str) -> list[Draft]:
    """Return a person's drafts of a kind, last changed first."""
    rows = session.connection().execute(_OF_PERSON, {"kind": kind, "person": person_id})
    return [_draft(row) for row in rows]


def delete(session: Session, draft_id: str) -> None:
    """Delete a draft: in the transaction that writes the record made of it."""
    session.connection().execute(_DELETE, {"this": draft_id})


def _draft(row: "Row[*tuple[Any, ...]]") -> Draft:
    return Draft(row.draft_id, row.kind, row.person_id, json.loads(row.body), row.changed_ms)
