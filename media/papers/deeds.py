"""The history of a record in words: who did what, when by which clock, and what became of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from domain.definitions import Definitions
from domain.merge import Verdict
from domain.proofs import RULE
from domain.records import Value
from domain.repair_checks import REGION
from domain.words import Words
from media.papers.facts import Deed, Told
from media.papers.sheet import SMALL, Line, Sheet, Tone
from media.papers.wording import Wording, when

_FIRST: Final = ("action", "state", "note", "words")
# what an entry carries for programs, or what the report says elsewhere in full
_ELSEWHERE: Final = frozenset(
    {
        "answers", "judged", "photos", "proposed", "fix", "exif", "reasons", "excused",
        "excuse_words", "code", "language", "rectifier", "rectifiers", "responsible", "hazards",
        "via", "task", "media",
    }
)  # fmt: skip
_TONES: Final[dict[Verdict, Tone]] = {"refused": "stop", "quarantined": "stop", "conflict": "mind"}
_VALUE_MAX: Final = 400
_OWN: Final = frozenset({"words", "note", "text"})  # somebody's own: never taken for a code


class Names:
    """Codes of the plant's data in words."""

    def __init__(self, definitions: Definitions, t: Wording) -> None:
        """Take the data and the language."""
        self._data, self._t = definitions, t
        plant, hazards = definitions.plant, definitions.hazards
        tables: tuple[Mapping[str, Words], ...] = (
            {code: one.name for code, one in plant.people.items()},
            {code: one.name for code, one in plant.units.items()},
            {code: one.name for code, one in plant.areas.items()},
            {code: one.name for code, one in hazards.categories.items()},
            dict(hazards.elements),
        )
        self._words = {code: words for table in reversed(tables) for code, words in table.items()}

    def person(self, code: str) -> str:
        """Return somebody's name with the id."""
        found = self._data.plant.people.get(code)
        if found is None:
            return self._t("report.rule") if code == RULE else code or self._t("report.none")
        return f"{self._t.of(found.name)} ({code})"

    def asset(self, code: str) -> str:
        """Return the equipment's id and name."""
        found = self._data.plant.assets.get(code)
        return f"{code} {self._t.of(found.name)}" if found else code

    def of(self, code: str) -> str:
        """Return the name of whatever code this is, else the code."""
        if code in self._data.plant.assets:
            return self.asset(code)
        found = self._words.get(code)
        return self._t.of(found) if found else code

    def state(self, type_: str, code: str) -> str:
        """Return the name of a state of a workflow."""
        flow = self._data.workflows.get(type_)
        found = flow.states.get(code) if flow else None
        return self._t.of(found.name) if found else self._t.known(f"report.state.{code}", code)

    def action(self, code: str) -> str:
        """Return the name of an action."""
        found = self._data.access.actions.get(code)
        return self._t.of(found) if found else code


def history(sheet: Sheet, t: Wording, told: Told) -> None:
    """Print every entry of the record, those that were refused or overtaken too."""
    names = Names(told.definitions, t)
    sheet.heading(t("report.history"))
    head = [t(f"report.history.{part}") for part in ("when", "who", "what")]
    rows = [
        [_when(t, deed), _who(t, names, deed), _what(t, names, told, deed)] for deed in told.deeds
    ]
    sheet.table(head, rows, (0.30, 0.24, 0.46))
    _open(sheet, t, names, told)


def _when(t: Wording, deed: Deed) -> list[Line]:
    unsure = deed.entry.time.uncertainty_ms
    lines = [Line(when(t, deed.entry.wall_ms), size=SMALL + 0.5)]
    if deed.corrected:
        key, params = "report.time.corrected", {"time": when(t, deed.device_ms)}
    elif unsure is None:
        key, params = "report.time.unsure", {"time": when(t, deed.device_ms)}
    else:
        key = "report.time.sure"
        params = {"time": when(t, deed.device_ms), "s": str(max(1, -(-unsure // 1000)))}
    lines.append(Line(t(key, **params), "faint", SMALL))
    received = "report.time.waiting" if deed.waiting else "report.time.received"
    lines.append(Line(t(received, time=when(t, deed.received_ms)), "faint", SMALL))
    return lines


def _who(t: Wording, names: Names, deed: Deed) -> list[Line]:
    entry = deed.entry
    device = t("report.device", device=deed.device, number=entry.number)
    return [Line(names.person(entry.person_id), size=SMALL + 0.5), Line(device, "faint", SMALL)]


def _what(t: Wording, names: Names, told: Told, deed: Deed) -> list[Line]:
    gone: Tone = "faint" if deed.verdict in _TONES else "plain"
    lines = [Line(text, gone, SMALL + 0.5) for text in _changes(t, names, told, deed)]
    if deed.verdict in _TONES:
        said = t.known(f"proof.verdict.{deed.verdict}", str(deed.verdict))
        why = t.known(f"error.{deed.code}", deed.code or "", deed.params) if deed.code else ""
        lines.append(Line(": ".join(part for part in (said, why) if part), _TONES[deed.verdict]))
    return lines or [Line(t.known(f"proof.kind.{deed.entry.kind}", deed.entry.kind))]


def _changes(t: Wording, names: Names, told: Told, deed: Deed) -> Iterator[str]:
    cells = deed.entry.set
    for name in sorted(cells, key=lambda one: (one not in _FIRST, one)):
        value = cells[name]
        if value is None or value == "" or name in _ELSEWHERE:
            continue
        label = t.known(f"proof.field.{name}", name)
        yield t("report.change", field=label, value=value_words(t, names, told, name, value))


def value_words(t: Wording, names: Names, told: Told, name: str, value: Value) -> str:
    """Return a cell's value as a person reads it."""
    if isinstance(value, str):
        return _text_words(t, names, told, name, value)
    if isinstance(value, bool):
        return t("report.yes" if value else "report.no")
    if isinstance(value, int) and name.endswith("_ms"):
        return when(t, value)
    if name == REGION:
        return t("report.marked")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return t.listed(names.of(str(one)) for one in value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _VALUE_MAX else f"{text[:_VALUE_MAX]}…"


def _text_words(t: Wording, names: Names, told: Told, name: str, value: str) -> str:
    if name == "state":
        return names.state(told.record.type, value)
    if name == "action":
        return names.action(value)
    if name == "label_state":
        return t.known(f"label_state.{value}", value)
    if name in _OWN:
        return value
    return names.of(value)


def _open(sheet: Sheet, t: Wording, names: Names, told: Told) -> None:
    """Print conflicts that nobody has settled, and what keeps the work stopped."""
    rows: list[Line] = []
    for one in told.conflicts:
        label = t.known(f"proof.field.{one.field}", one.field)
        kept = value_words(t, names, told, one.field, one.kept.value)
        other = value_words(t, names, told, one.field, one.other.value)
        rows.append(Line(t("report.conflict", field=label, kept=kept, other=other), "mind"))
    for hold in told.holds:
        if hold.lifted_by is None:
            by = names.person(hold.placed_by)
            rows.append(Line(t("report.hold", person=by, time=when(t, hold.placed_ms)), "stop"))
    if rows:
        sheet.heading(t("report.open"))
        sheet.lines(rows)
