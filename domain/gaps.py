"""Missing evidence (DOMAIN F008): a photo that stays away check after check is a management gap.

A check without the demanded photo may be honest; several in a row of the same question at the same
equipment mean that nobody puts it right. Then somebody has to.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.changes import canonical
from domain.definitions import Definitions
from domain.errors import AnswerInvalidError
from domain.forms import EXCUSE_MAX, Form, Progress, check
from domain.plant import Asset, Person, Plant
from domain.questions import Item
from domain.records import Record, Value

TYPE: Final = "gap"
RULE: Final = "missing_evidence"
OPEN: Final = "open"
SETTLED: Final = "settled"
PREFIX: Final = "gap-"
NOTE_MAX = 2000  # characters


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap to raise: question `item` of `form` at `asset`, and the checks without its photo."""

    asset: str
    form: str
    item: str
    sheets: tuple[str, ...]

    @property
    def gap_id(self) -> str:
        """Return its id: the same wherever and whenever it is found."""
        named: list[Value] = [RULE, self.asset, self.form, self.item, *self.sheets]
        return PREFIX + hashlib.sha256(canonical(named)).hexdigest()[:40]


def missing(
    form: Form, asset: Asset, sheets: Iterable[Record], raised: Sequence[Record], row: int
) -> tuple[Gap, ...]:
    """Return the gaps of one equipment and checklist that are to be raised now.

    `sheets` are the checks of it handed in, `raised` the gaps raised so far, `row` how many in a
    row make one. While a gap is open no other one is raised for its question; once it is
    settled, checks handed in from then on are counted anew.
    """
    ordered = sorted(sheets, key=lambda sheet: (_at(sheet), sheet.record_id))
    judged = [(sheet, _without(form, asset, sheet)) for sheet in ordered]
    found: list[Gap] = []
    for item in form.items:
        if item.evidence != "always":
            continue
        own = [gap for gap in raised if gap.text("item") == item.item_id]
        if any(gap.text("state") == OPEN for gap in own):
            continue
        settled_ms = max((gap.whole("settled_ms") or 0 for gap in own), default=0)
        run = _run([one for one in judged if _at(one[0]) > settled_ms], item)
        if len(run) >= row:
            ids = tuple(sheet.record_id for sheet in run[:row])
            found.append(Gap(asset.asset_id, form.code, item.item_id, ids))
    return tuple(found)


def owner_of(definitions: Definitions, unit: str, area: str) -> Person | None:
    """Return who has to settle a gap: the first of the roles that somebody of the unit has.

    A unit's people come first, then those of the units above it, then who is responsible for the
    area; the last role is looked for in the whole plant.
    """
    plant, roles = definitions.plant, definitions.defaults.texts("pattern.gap_owner_roles")
    people = sorted(plant.people.values(), key=lambda person: person.person_id)
    for role in roles:
        able = [person for person in people if role in person.roles and person.retired_ms is None]
        if able and (best := _nearest(plant, able, unit, area)):
            return best
    able = [person for person in people if roles and roles[-1] in person.roles]
    return able[0] if able else None


def check_sheet(form: Form, asset: Asset, sheet: Record) -> Progress:
    """Judge a sheet that was handed in; raises AnswerInvalidError for what is no answer."""
    answers, excused = sheet.get("answers"), sheet.get("excused")
    given = answers if isinstance(answers, dict) else {}
    texts: dict[str, str] = {}
    for item_id, value in given.items():
        if not isinstance(value, str):
            raise AnswerInvalidError(item=item_id, reason="choice")
        texts[item_id] = value
    counts = {
        item_id: len(photos) if isinstance(photos, list) else 0
        for item_id, photos in _taken(sheet).items()
    }
    reasons = excused.keys() if isinstance(excused, dict) else ()
    return check(form, texts, counts, {"asset": asset.facts}, tuple(reasons))


def excuses_fit(form: Form, sheet: Record, reasons: Collection[str]) -> bool:
    """Return whether reasons stand in only for photos that may be excused and are not there."""
    excused, said = sheet.get("excused"), sheet.get("excuse_words")
    if excused is None:
        return said is None
    if not isinstance(excused, dict):
        return False
    for item_id, reason in excused.items():
        item = form.item(item_id)
        if item is None or not item.excusable:
            return False
        if not isinstance(reason, str) or reason not in reasons:
            return False
        if _taken(sheet).get(item_id):
            return False
    if said is None:
        return True
    return isinstance(said, dict) and all(
        item_id in excused and isinstance(text, str) and len(text) <= EXCUSE_MAX
        for item_id, text in said.items()
    )


def _nearest(plant: Plant, able: Sequence[Person], unit: str, area: str) -> Person | None:
    line = plant.unit_line(unit)
    of_units = [person for code in line for person in able if person.unit == code]
    of_area = [person for person in able if area in person.areas]
    return next(iter([*of_units, *of_area]), None)


def _without(form: Form, asset: Asset, sheet: Record) -> Mapping[str, bool]:
    """Return for each question whose photo was demanded whether it is missing.

    Judged anew from the answers: what a device says about itself proves nothing.
    """
    try:
        progress = check_sheet(form, asset, sheet)
    except AnswerInvalidError:  # from before such sheets were refused
        return {}
    return {
        line.item.item_id: not _taken(sheet).get(line.item.item_id)
        for line in progress.lines
        if line.photo_needed and line.judgement.state != "open"
    }


def _run(sheets: Iterable[tuple[Record, Mapping[str, bool]]], item: Item) -> list[Record]:
    """Return the last checks in a row without the photo, oldest first."""
    run: list[Record] = []
    for sheet, without in sheets:
        gone = without.get(item.item_id)
        if gone is False:
            run = []
        elif gone:
            run.append(sheet)
    return run


def _taken(sheet: Record) -> Mapping[str, Value]:
    photos = sheet.get("photos")
    return photos if isinstance(photos, dict) else {}


def _at(sheet: Record) -> int:
    return sheet.whole("submitted_ms") or 0
