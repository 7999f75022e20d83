"""Adding a kind of question: a row of `KINDS`, an input in `INPUTS`, its words; nothing else."""

import shutil
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import cast

import flet as ft
import pytest
import pytest_asyncio

from app.use_cases import inspections, scan
from domain.definitions import load, read
from domain.errors import AnswerInvalidError
from domain.examples import failures
from domain.expressions import Facts
from domain.hazard_fields import HazardField
from domain.questions import KINDS, Item, Judgement, QuestionKind
from offline_store import records
from screens.context import Desk
from screens.question import Hands, Question
from screens.questions import INPUTS
from screens.sheet import SheetBody
from tests.helpers.definitions import DAY0, FOLDER, definition_files
from tests.helpers.plant import PlantSite, plant
from tests.helpers.render import rendered

STEPS = ("1", "2", "3", "4", "5")
FORM = """
code: PUMP-W
version: 1
zh: 机泵周检
en: Pump weekly check
applies: pump
items:
  - {id: W01, t: scale, zh: 整洁程度, en: Tidiness, min: 3, ev: ng, g: C, cat: HK}
  - {id: W02, t: ok, zh: 已清理, en: Cleaned up, relevant: answer.W01 < 3, ev: ng, g: C, cat: HK}
examples:
  - asset: P-201A
    answers: {W01: "2", W02: ok}
    photos: {W01: 1}
    expect: {W01: bad, W02: good}
  - asset: P-201A
    answers: {W01: "4"}
    expect: {W01: good}
    hidden: [W02]
"""
BOUND = "template: PUMP-D, owner: T-TANK"


def parse(item: Item, text: str) -> str:
    if text not in STEPS:
        raise AnswerInvalidError(item=item.item_id, reason="choice")
    return text


def judged(item: Item, value: str, _facts: Facts) -> Judgement:
    least = item.minimum[0].value
    if Decimal(value) >= least:
        return Judgement("good")
    return Judgement("bad", "below_min", {"limit": str(least), "unit": ""})


def draw(ask: Question, hands: Hands) -> ft.Control:
    def chosen(step: str) -> ft.Control:
        async def choose() -> None:
            await hands.model.answer(ask.item_id, step)

        return ft.FilledButton(step, key=f"{ask.item_id}-{step}", on_click=choose)

    return ft.Row(controls=[chosen(step) for step in STEPS])


@pytest.fixture(autouse=True)
def new_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the two files would hold."""
    kind = QuestionKind("scale", parse, judged, Decimal, ("min",))
    monkeypatch.setitem(cast("dict[str, QuestionKind]", KINDS), kind.code, kind)
    monkeypatch.setitem(cast("dict[str, object]", INPUTS), kind.code, draw)


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[PlantSite]:
    folder = tmp_path / "definitions"
    shutil.copytree(FOLDER, folder)
    (folder / "forms" / "PUMP-W.yaml").write_text(FORM, encoding="utf-8")
    demo = folder / "plants" / "demo.yaml"
    text = demo.read_text("utf-8")
    assert BOUND in text
    demo.write_text(text.replace(BOUND, BOUND.replace("-D", "-W"), 1), "utf-8")
    async with plant(tmp_path, definitions=folder) as made:
        yield made


def test_the_examples_of_its_checklist_are_played() -> None:
    files = {**definition_files(), "forms/PUMP-W.yaml": FORM}
    assert failures(load(files, DAY0)) == ()
    files["forms/PUMP-W.yaml"] = FORM.replace("expect: {W01: good}", "expect: {W01: bad}")
    assert len(failures(load(files, DAY0))) == 1


async def test_it_is_asked_on_the_screen_and_taken_by_the_server(site: PlantSite) -> None:
    device = await site.device()
    desk = Desk(field=device.app, language="zh")
    desk.person = device.person("U003")
    went: list[str] = []
    desk.navigate = went.append
    found = scan.by_id(device.app, desk.signed_in, "P-201A", None, via="typed")
    sheet_id = inspections.open_sheet(device.app, desk.signed_in, found, None).draft_id
    desk.arrive(f"/sheet/{sheet_id}")
    async with rendered(desk, lambda: SheetBody(sheet_id)) as drawn:
        await drawn.until(lambda: drawn.has("W01-2"))
        await drawn.tap("W01-2")
        await drawn.until(lambda: drawn.has("W01-judgement") and drawn.has("W02-ok"))
        await drawn.tap("W01-4")
        await drawn.until(lambda: not drawn.has("W02-ok"))
        await drawn.until(lambda: not drawn.one("hand-in").disabled)
        await drawn.tap("hand-in")
        await drawn.until(lambda: went)
    await device.sync()
    with site.server.state.site.store.reading() as session:
        assert records.get(session, sheet_id).get("answers") == {"W01": "4"}


def test_a_field_of_a_hazard_may_be_of_it_too() -> None:
    files = dict(definition_files())
    row = "{id: tidy, t: scale, zh: 整洁, en: Tidy, min: 3, own: true}"
    files["hazards.yaml"] = files["hazards.yaml"].replace("\nfields:\n", f"\nfields:\n  - {row}\n")
    fields: tuple[HazardField, ...] = load(files, DAY0).workflows["hazard"].fields
    assert [one.item.kind for one in fields if one.field_id == "tidy"] == ["scale"]


def test_a_kind_that_nobody_knows_is_named_with_its_line() -> None:
    files = {**definition_files(), "forms/PUMP-W.yaml": FORM.replace("t: scale", "t: guess")}
    found, problems = read(files, DAY0)
    assert found is None
    (problem,) = [one for one in problems if one.code == "value.choice"]
    assert problem.path == "forms/PUMP-W.yaml"
    assert "guess" in FORM.splitlines()[problem.line - 1].replace("scale", "guess")
    assert "scale" in problem.params["allowed"]


def test_every_kind_has_its_input() -> None:
    assert INPUTS.keys() == KINDS.keys()
