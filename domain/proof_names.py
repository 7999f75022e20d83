"""The names that a proof file takes along, so that its codes can be read by anybody."""

from collections.abc import Iterable, Iterator, Mapping

from domain.changes import Entry
from domain.definitions import Definitions
from domain.proofs import Name
from domain.records import Value
from domain.words import Words

LONGEST = 400  # letters of one name
PEOPLE, STATES, THINGS, FIELDS = "people", "states", "things", "fields"


def names_of(definitions: Definitions, entries: Iterable[Entry]) -> tuple[Name, ...]:
    """Return a name for each code of these entries that the plant's data can word.

    `states` are "type:state", `fields` the questions of a checklist by their id.
    """
    found: dict[tuple[str, str], Words] = {}
    things = _things(definitions)
    for entry in entries:
        flow = definitions.workflows.get(entry.type)
        state = flow.states.get(str(entry.set.get("state"))) if flow else None
        if state:
            found[STATES, f"{entry.type}:{state.code}"] = state.name
        for code in (entry.person_id, *_texts(entry.set)):
            if code in definitions.plant.people:
                found[PEOPLE, code] = definitions.plant.people[code].name
            elif code in things:
                found[THINGS, code] = things[code]
        for item_id, words in _questions(definitions, entry):
            found[FIELDS, item_id] = words
    return tuple(
        Name(table, code, words.in_("zh")[:LONGEST], words.in_("en")[:LONGEST])
        for (table, code), words in sorted(found.items(), key=lambda one: one[0])
    )


def _things(definitions: Definitions) -> dict[str, Words]:
    plant, hazards = definitions.plant, definitions.hazards
    found: dict[str, Words] = {}
    for table in (plant.areas, plant.units, plant.assets, plant.checkpoints, plant.contractors):
        found |= {code: one.name for code, one in table.items()}
    found |= {code: one.name for code, one in hazards.categories.items()}
    found |= {code: one.name for code, one in hazards.grades.items()}
    return found | dict(hazards.elements) | dict(definitions.access.actions)


def _questions(definitions: Definitions, entry: Entry) -> Iterator[tuple[str, Words]]:
    code, _, version = entry.definition.partition("@")
    form = definitions.versions.get((code, int(version))) if version.isdecimal() else None
    answers = entry.set.get("answers")
    if form and isinstance(answers, Mapping):
        for item in form.items:
            if item.item_id in answers:
                yield item.item_id, item.name


def _texts(value: Value | Mapping[str, Value]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
