"""Administration on the screen: tables that sort and narrow, lists that are looked at first."""

from collections.abc import Iterator
from pathlib import Path

import flet as ft
import pytest

from app.field import FieldApp
from offline_store import records
from screens.admin_import import ImportModel
from screens.root import show
from tests.helpers.fakeclient import Main, client_of
from tests.helpers.field import desk_of, offline_field

ADMIN, MANAGER = "U014", "U001"


@pytest.fixture
def field(tmp_path: Path) -> Iterator[FieldApp]:
    made = offline_field(tmp_path)
    yield made
    made.store.close()


def opened(field: FieldApp, person_id: str, route: str, language: str = "zh") -> Main:
    """Show the client with somebody signed in, at a route."""

    async def main(page: ft.Page) -> None:
        desk = await show(page, field)
        desk.language = language
        desk.person = field.definitions.plant.people[person_id]
        desk.navigate(route)

    return main


def rows(texts: list[str]) -> list[str]:
    return [text for text in texts if len(text) == 4 and text.startswith("U0")]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_table_of_people_sorts_and_narrows(field: FieldApp, language: str) -> None:
    main = opened(field, ADMIN, "/admin/t/people", language)
    async with client_of(main, width=1280, height=800) as client:
        await client.until(lambda: client.has("row-U001"))
        await client.tap("sort-id")
        assert rows(client.texts())[:2] == ["U001", "U002"]
        await client.tap("sort-id")
        assert rows(client.texts())[:2] == ["U060", "U059"]
        await client.write("search", "U003")
        await client.until(lambda: not client.has("row-U001"))
        assert client.has("row-U003")
        assert client.one("row-U003").height >= 48


@pytest.mark.parametrize("table", ["roster", "labels", "people"])
async def test_every_table_opens_on_a_phone(field: FieldApp, table: str) -> None:
    async with client_of(opened(field, ADMIN, f"/admin/t/{table}")) as client:
        await client.until(
            lambda: any(
                str(getattr(one.key, "value", one.key) or "").startswith("row-")
                for one in client.controls()
            )
        )


async def test_a_plan_is_given_to_somebody_else_and_paused(field: FieldApp) -> None:
    async with client_of(opened(field, MANAGER, "/admin/row/inspection_plans/PL08")) as client:
        await client.until(lambda: client.has("choose-owner"))
        assert client.one("save").disabled
        await client.tap("choose-owner")
        await client.write("search-owner", "U003")
        await client.tap("pick-owner-U003")
        await client.write("field-times", "08:00, 2")  # half typed: the comma stays
        assert client.one("field-times").value == "08:00, 2"
        await client.tap("save")
        await client.until(lambda: client.has("wrong"))
        await client.write("field-times", "08:00, 20:00")
        await client.tap("paused-yes")
        await client.tap("save")
        await client.until(lambda: client.has("standing"))
    with field.store.reading() as session:
        (record,) = records.find(session, "register")
    assert record.get("row") == {"owner": "U003", "times": ["08:00", "20:00"], "paused": True}
    assert record.text("by") == MANAGER


@pytest.mark.parametrize("spot", ["TK-101", "CP-A01-E"])
async def test_a_label_is_retired_only_with_a_reason(field: FieldApp, spot: str) -> None:
    async with client_of(opened(field, ADMIN, f"/admin/row/labels/{spot}")) as client:
        await client.until(lambda: client.has("raise"))
        await client.tap("raise")
        await client.tap("raise-yes")
        await client.until(lambda: client.has("wrong"))
        await client.write("reason", "破损")
        await client.tap("raise-yes")
        await client.until(lambda: client.has("standing"))


async def test_a_list_is_looked_at_before_anything_is_written(field: FieldApp) -> None:
    desk = desk_of(field, ADMIN)
    model = ImportModel(desk, "roster")
    bad = "date,shift,area,people\n2026-13-01,day,A01,U003\n2026-12-01,day,A01,U003\n"
    await model.read("list.csv", bad.encode())
    assert model.plan is not None
    assert len(model.plan.problems) == 1
    with field.store.reading() as session:
        assert not records.find(session, "register")
    await model.read("list.csv", b"\x00\x01")
    assert model.plan is None
    assert model.refused is not None


async def test_one_device_has_a_page_with_its_loss_first(field: FieldApp) -> None:
    with field.store.session() as session:
        field.write(
            session, ADMIN, kind="edit", record_id="dev-9", type="device", definition="device@1",
            set={"name": "防爆手机 09", "state": "active", "enrolled_ms": 1},
        )  # fmt: skip
    async with client_of(opened(field, ADMIN, "/admin/devices")) as client:
        await client.until(lambda: client.has("device-dev-9"))
        await client.tap("device-dev-9")
        await client.until(lambda: client.has("lose-ask"))
        assert client.route == "/admin/devices/one/dev-9"
        drawn = [str(getattr(one.key, "value", one.key) or "") for one in client.controls()]
        assert drawn.index("lose-ask") < drawn.index("reason") < drawn.index("allot-people")
        await client.write("reason", "换屏")
        await client.tap("block")
        await client.until(lambda: client.sees("已停用"))
        assert client.has("unblock-ask")
        client.go("/admin/devices/one/nobody")
        await client.until(lambda: client.sees("没有这台终端"))
