"""The manager's page promises: each number opens its records, on phone and tablet, for who may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import flet as ft
import pytest

from app.field import FieldApp
from domain.records import Value
from screens.context import Desk
from screens.me import Me
from screens.root import show
from tests.app.test_statistics import hazard
from tests.helpers.fakeclient import FakeClient, client_of
from tests.helpers.field import ELECTRICIAN, INSPECTOR, MANAGER, desk_of, offline_field, pin_of
from tests.helpers.render import rendered

PHONE, TABLET = (412, 915), (1280, 800)


@asynccontextmanager
async def page(
    folder: Path, size: tuple[int, int], *hazards: dict[str, Value]
) -> AsyncIterator[tuple[FakeClient, FieldApp]]:
    """The statistics of the safety manager, reached the way a person does."""
    field = offline_field(folder)
    with field.store.session() as session:
        for cells in hazards:
            hazard(field, session, **cells)

    async def main(drawn: ft.Page) -> None:
        await show(drawn, field)

    async with client_of(main, width=size[0], height=size[1]) as drawn:
        await drawn.until(lambda: drawn.has(f"person-{MANAGER}"))
        await drawn.tap(f"person-{MANAGER}")
        for digit in pin_of(MANAGER):
            await drawn.tap(f"pin-{digit}")
        await drawn.until(lambda: drawn.has("scan"))
        drawn.go("/me")
        await drawn.until(lambda: drawn.has("statistics"))
        await drawn.tap("statistics")
        await drawn.until(lambda: drawn.has("figure-counted"))
        yield drawn, field
    field.store.close()


TANK: dict[str, Value] = {"asset": "TK-101", "area": "A01", "unit": "T-TANK", "grade": "B"}


@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
async def test_a_number_opens_its_records_and_a_record_opens_the_hazard(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with page(tmp_path, size, {}, {"words": "罐顶护栏松动", **TANK}) as (drawn, _):
        assert drawn.has("figure-closed")
        await drawn.tap("figure-unit=T-TANK")
        await drawn.until(lambda: drawn.sees("罐顶护栏松动"))
        assert not drawn.sees("三号柜门没锁")
        (line,) = [key for key in keys(drawn) if key.startswith("line-")]
        await drawn.tap(line)
        await drawn.until(lambda: drawn.route.startswith("/hazard/"))


def keys(drawn: FakeClient) -> list[str]:
    found = (getattr(control.key, "value", control.key) for control in drawn.controls())
    return sorted({str(key) for key in found if key})


async def test_a_week_cut_by_the_period_is_marked_and_explained(tmp_path: Path) -> None:
    async with page(tmp_path, TABLET, {}) as (drawn, field):
        assert drawn.sees(desk_of(field).t("statistics.weeks.part"))
        assert any(text.endswith("*") for text in drawn.texts())


async def test_filters_stay_when_one_comes_back_from_the_records(tmp_path: Path) -> None:
    async with page(tmp_path, PHONE, {}, TANK, TANK) as (drawn, _):
        await drawn.tap("grade-B")
        await drawn.until(lambda: drawn.has("figure-grade=B") and not drawn.has("figure-grade=C"))
        await drawn.tap("figure-open")
        await drawn.until(lambda: drawn.has("back") and drawn.sees("TK-101"))
        assert len([key for key in keys(drawn) if key.startswith("line-")]) == 2
        await drawn.tap("back")
        await drawn.until(lambda: drawn.has("figure-grade=B"))
        assert not drawn.has("figure-grade=C")


async def test_every_sign_says_how_its_figure_is_counted(tmp_path: Path) -> None:
    async with page(tmp_path, TABLET, {}) as (drawn, _):
        signs = [key for key in keys(drawn) if key.startswith("info-")]
        assert len(signs) > 15
        for sign in signs:
            await drawn.tap(sign)
            await drawn.until(lambda: drawn.has("about"))
            said = drawn.one("about").value
            assert not said.startswith("statistics."), said
            await drawn.tap("about-close")


async def test_an_empty_period_says_so_and_leaves_the_filters(tmp_path: Path) -> None:
    async with page(tmp_path, PHONE) as (drawn, field):
        assert drawn.sees(desk_of(field).t("statistics.none"))
        assert drawn.has("days-90")
        await drawn.tap("figure-counted")
        await drawn.until(lambda: drawn.sees(desk_of(field).t("statistics.records.none")))


async def test_the_table_of_a_tablet_sorts_by_a_tap_on_its_head(tmp_path: Path) -> None:
    rows: list[dict[str, Value]] = [
        {"code": f"HZ-{n}", "grade": grade} for n, grade in enumerate("CBD")
    ]
    async with page(tmp_path, TABLET, *rows) as (drawn, _):
        await drawn.tap("figure-counted")
        await drawn.until(lambda: drawn.has("sort-grade"))
        await drawn.tap("sort-grade")
        await drawn.until(lambda: codes(drawn) == ["HZ-1", "HZ-0", "HZ-2"])
        await drawn.tap("sort-grade")
        await drawn.until(lambda: codes(drawn) == ["HZ-2", "HZ-0", "HZ-1"])


def codes(drawn: FakeClient) -> list[str]:
    return [text for text in drawn.texts() if text.startswith("HZ-")]


async def test_a_list_behind_a_number_comes_in_pages(tmp_path: Path) -> None:
    async with page(tmp_path, PHONE, *[{} for _ in range(60)]) as (drawn, _):
        await drawn.tap("figure-counted")
        await drawn.until(lambda: drawn.has("more"))
        assert len([key for key in keys(drawn) if key.startswith("line-")]) == 50
        await drawn.tap("more")
        assert len([key for key in keys(drawn) if key.startswith("line-")]) == 60


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_an_export_goes_through_the_dialog_of_the_platform(tmp_path: Path, kind: str) -> None:
    async with page(tmp_path, PHONE, {}) as (drawn, field):
        await drawn.tap("export")
        await drawn.tap(f"export-{kind}")
        await drawn.until(lambda: any(name == "save_file" for _, name, _ in drawn.calls))
        asked = next(args for _, name, args in drawn.calls if name == "save_file")
        assert asked["file_name"].endswith(f".{kind}")
        t = desk_of(field).t
        await drawn.until(
            lambda: any(text.startswith(head(t("statistics.exported"))) for text in drawn.texts())
        )


def head(text: str) -> str:
    return text.partition("{")[0]


@pytest.mark.parametrize(
    ("person", "sees"), [(MANAGER, True), (INSPECTOR, True), (ELECTRICIAN, True)]
)
async def test_the_way_in_is_there_for_who_reads_more_than_their_own(
    tmp_path: Path, person: str, sees: bool
) -> None:
    desk: Desk = desk_of(offline_field(tmp_path), person)
    async with rendered(desk, Me) as drawn:
        assert drawn.has("statistics") is sees


async def test_somebody_of_a_contractor_has_no_way_in(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    desk.person = desk.field.definitions.plant.people["U005"]
    async with rendered(desk, Me) as drawn:
        await drawn.until(lambda: drawn.has("sign-out"))
        assert not drawn.has("statistics")
