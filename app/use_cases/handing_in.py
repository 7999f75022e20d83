"""What every handing in ends with, in the transaction that writes the record."""

from sqlmodel import Session

from app.field import FieldApp
from domain.plant import Person
from offline_store import drafts


def finish(
    field: FieldApp, session: Session, person: Person, draft_id: str, task_id: str | None, now: int
) -> None:
    """Finish the task that a record was made for, if there is one, and delete its draft.

    A record keeps the id of the draft that it was.
    """
    if task_id:
        field.write(
            session,
            person.person_id,
            kind="decide",
            record_id=task_id,
            type="task",
            definition="task@1",
            set={"state": "done", "done_by": draft_id, "done_ms": now},
        )
    drafts.delete(session, draft_id)
