"""Bad plans and drawings promise to be found, with file and line; a drawing is one file."""

# ruff: noqa: E501 - a table of cases reads best with one case per line

import pytest

from domain.definitions import load, read
from domain.drawings import documents_of
from tests.helpers.definitions import DAY0, definition_files

FILES = definition_files()
PLANT, DRAWING = "plants/demo.yaml", "documents/DWG-PUMP.yaml"
NEW = """
code: DWG-TK-102
version: 1
issued: '2026-09-01'
zh: TK-102 液碱储罐结构图
en: TK-102 caustic tank, structure
assets: [TK-102]
size: 200 100
shapes: [{box: 10 10 190 90, look: body}]
marks: [{n: 1, at: 100 50, zh: 罐体, en: Shell}]
notes: [{severity: stop, zh: 碱液灼伤皮肤，先穿防护服。, en: 'Caustic burns the skin: suit first.'}]
"""


@pytest.mark.parametrize(
    ("path", "good", "bad", "code"),
    [
        (PLANT, "every: week, from: +0d", "every: fortnight, from: +0d", "value.choice"),
        (PLANT, "every: week, from: +0d, ", "", "key.missing"),
        (PLANT, "every: week, from: +7d", "every: week, weekdays: [so], from: +7d", "value.choice"),
        (PLANT, "route: RT01, template: TANK-D", "route: RT9, template: TANK-D", "reference.unknown"),
        (PLANT, "asset: TK-101, owner: U003", "asset: TK-102, owner: U003", "plan.not_on_route"),
        (PLANT, "role: fire_officer, unit", "role: fireman, unit", "reference.unknown"),
        (PLANT, "every_d: 30, ", "", "key.missing"),
        (PLANT, "every_d: 30", "every_d: 0", "value.choice"),
        (PLANT, "remind_before_d: 3", "remind_before_d: 31", "value.choice"),
        (PLANT, "evidence: always, parts: [{zh: 锂", "evidence: maybe, parts: [{zh: 锂", "value.choice"),
        (PLANT, "qty: 0.2, unit: kg", "qty: 0, unit: kg", "value.choice"),
        (PLANT, "qty: 0.2, unit: kg", "qty: 0.2, unit: stone", "reference.unknown"),
        (DRAWING, "box: 30 236 370 250", "box: 30 236 370", "value.kind"),
        (DRAWING, "box: 30 236 370 250", "box: 30 236 410 250", "value.choice"),
        (DRAWING, "box: 30 236 370 250", "box: 30 236 3x0 250", "value.choice"),
        (DRAWING, "look: ground", "look: pretty", "value.choice"),
        (DRAWING, "size: 400 300\n", "", "key.missing"),
        (DRAWING, "applies: [pump]\n", "", "key.missing"),
        (DRAWING, "applies: [pump]", "applies: [pomp]", "reference.unknown"),
        (DRAWING, "issued: '2026-03-02'", "issued: '2026-13-02'", "date.invalid"),
        (DRAWING, "severity: stop", "severity: bad", "value.choice"),
        (DRAWING, "code: DWG-PUMP", "code: DWG-VESSEL", "code.duplicate"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_where_it_stands(path: str, good: str, bad: str, code: str) -> None:
    assert good in FILES[path]
    text = FILES[path].replace(good, bad, 1)
    definitions, problems = read({**FILES, path: text}, DAY0)
    assert definitions is None
    # two of one code are named where the second stands
    where = "documents/DWG-VESSEL.yaml" if code == "code.duplicate" else path
    assert code in {problem.code for problem in problems if problem.path == where}


def test_one_new_file_is_a_new_drawing() -> None:
    found = load({**FILES, "documents/DWG-TK-102.yaml": NEW}, DAY0)
    about = documents_of(found.documents, found.plant.assets["TK-102"])
    assert about.drawing
    assert about.drawing.definition == "DWG-TK-102@1"
    assert about.notes[0].text.in_("en").startswith(("Caustic", "Never"))


def test_a_plant_may_have_no_drawings_yet() -> None:
    without = {path: text for path, text in FILES.items() if not path.startswith("documents/")}
    found = load(without, DAY0)
    about = documents_of(found.documents, found.plant.assets["TK-101"])
    assert (about.drawing, about.notes) == (None, ())
