"""What happened that belongs to no record: written down as an event, for whoever asks later."""

from collections.abc import Mapping

from app.field import FieldApp
from domain.plant import Person
from domain.records import Value

DEFINITION = "event@1"


def note(
    field: FieldApp,
    person: Person,
    what: str,
    facts: Mapping[str, Value],
    *,
    at_ms: int | None = None,
    numbered: bool = False,
) -> None:
    """Write an event of this person, now or at `at_ms`; `numbered`: people call it by a number."""
    with field.store.session() as session:
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=field.clock.new_id(),
            type="event",
            definition=DEFINITION,
            set={
                "what": what,
                "by": person.person_id,
                "at_ms": field.clock.now_ms() if at_ms is None else at_ms,
                **facts,
                **({"code": field.next_code(session, "EV")} if numbered else {}),
            },
        )
    field.nudge()
