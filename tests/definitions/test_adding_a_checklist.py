"""Adding a checklist is adding one file: no code, no list to extend."""

from datetime import date
from pathlib import Path

from domain.definitions import load
from domain.examples import failures
from domain.forms import check
from tests.helpers.definitions import FOLDER

NEW = """
code: PUMP-W
version: 1
zh: 机泵周检
en: Pump weekly check
applies: pump
items:
  - {id: W01, t: ok, zh: 地脚螺栓紧固, en: Foundation bolts tight, ev: ng, g: C, cat: MC}
  - id: W02
    t: num
    zh: 冷却水压
    en: Cooling water pressure
    unit: MPa
    min: 0.2
    warn: 0.25
    ev: always
    g: B
    cat: MC
examples:
  - asset: P-201A
    answers: {W01: ng, W02: 0.24}
    photos: {W01: 1}
    expect: {W01: bad, W02: warn}
    photo_missing: [W02]
"""


def test_one_new_file_is_a_new_checklist(tmp_path: Path) -> None:
    for path in FOLDER.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(FOLDER)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())

    (tmp_path / "forms" / "PUMP-W.yaml").write_text(NEW, encoding="utf-8")

    files = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8")
        for path in tmp_path.rglob("*.yaml")
    }
    definitions = load(files, date(2026, 10, 20))
    assert failures(definitions) == ()
    form = definitions.forms["PUMP-W"]
    facts = {"asset": definitions.plant.assets["P-201A"].facts}
    assert check(form, {}, {}, facts).next_item_id == "W01"


def test_an_older_version_stays_readable_beside_the_newest(tmp_path: Path) -> None:
    files = {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for path in FOLDER.rglob("*.yaml")
    }
    files["forms/PUMP-D-4.yaml"] = files["forms/PUMP-D.yaml"].replace("version: 5", "version: 4")
    definitions = load(files, date(2026, 10, 20))
    assert definitions.forms["PUMP-D"].version == 5
    old = definitions.form("PUMP-D", 4)
    assert old
    assert old.definition == "PUMP-D@4"
    assert definitions.form("PUMP-D", 3) is None
