"""Every reporter is answered, and the general manager gets a copy of what was grade A.

Both follow one turn of a hazard that brought it to another state. Whose reports were merged into a
hazard hears of it like its own reporter. Nothing here can be switched off by whoever handles the
hazard: the rule looks at the history, not at what a cell says now.
"""

from collections.abc import Iterable
from typing import Final

from domain.definitions import Definitions
from domain.levels import ladder, told_for
from domain.notices import ANSWER, COPY, PHOTOS, Due
from domain.photo_roles import ASKED_OF, ASKED_SHOTS
from domain.records import Record, Value
from domain.story import Story, Turn

MERGED: Final = "merged"


def answers(
    story: Story, turn: Turn, reporters: Iterable[str], into: Record | None = None
) -> list[Due]:
    """Return what the reporters hear of a turn: the new state, who decided, and the words.

    `into` is the hazard that goes on instead, where this one was merged.
    """
    record = story.record
    say = _about(record) | {"state": turn.state, "by": turn.person_id}
    note = turn.set.get("note")
    if isinstance(note, str) and note.strip():
        say["note"] = note.strip()
    if into is not None:
        say |= {"into": into.text("code"), "into_state": into.text("state")}
    step = f"state:{turn.state}:{turn.writer}"
    people = (person for person in dict.fromkeys(reporters) if person)
    return _dues(ANSWER, step, record, turn, people, say)


def asked(found: Definitions, story: Story, turn: Turn) -> list[Due]:
    """Return what a person hears who is asked for photos of a hazard by this turn."""
    person = turn.set.get(ASKED_OF)
    if person not in found.plant.people or person == turn.person_id:
        return []
    say = _about(story.record) | {"by": turn.person_id, "shots": turn.set.get(ASKED_SHOTS)}
    return _dues(PHOTOS, f"asked:{turn.writer}", story.record, turn, [str(person)], say)


def copies(found: Definitions, stories: tuple[Story, ...], turn: Turn) -> list[Due]:
    """Return the copies that a turn of the first of these stories brings about.

    The other stories are those of the hazards merged into it: a grade counts if one of them ever
    had it, also where it was lowered before or is lowered later.
    """
    record, rules = stories[0].record, found.hazards.nagging
    dues: list[Due] = []
    for row in rules.copies:
        if turn.state != row.state or not any(one.ever("grade", row.grade) for one in stories):
            continue
        rungs = ladder(rules, found.plant, record.text("unit"), record.text("area"))
        told = told_for(rules, rungs, row.to)
        say = _about(record) | {"state": turn.state, "by": turn.person_id, "was": row.grade}
        if told:
            step = f"{row.state}:{turn.writer}"
            dues += _dues(COPY, step, record, turn, told.people, say, level=told.level)
    return dues


def _dues(
    rule: str,
    step: str,
    record: Record,
    turn: Turn,
    people: Iterable[str],
    say: dict[str, Value],
    *,
    level: str = "",
) -> list[Due]:
    """Tell each of these people of a turn, from the moment it happened."""
    return [
        Due(
            rule=rule,
            step=step,
            about=record.record_id,
            about_type=record.type,
            to=person,
            at_ms=turn.captured_ms,
            captured_ms=turn.captured_ms,
            counted_ms=_received(turn),
            params=say,
            level=level,
        )
        for person in people
    ]


def _received(turn: Turn) -> int:
    return max(turn.captured_ms, turn.received_ms or 0)


def _about(record: Record) -> dict[str, Value]:
    names = ("code", "grade", "asset", "area")
    return {name: record.text(name) for name in names if record.text(name)}
