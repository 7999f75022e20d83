"""Statistics on a device promise: the own teams and areas alone, and files that open again."""

import csv
import io
from collections.abc import Sequence

import openpyxl
import pytest
from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import exports, statistics
from app.use_cases.statistics import Asked
from domain.access import Subject, may
from domain.errors import NotAllowedError
from domain.records import Value
from offline_store import records
from tests.helpers.plant import Device, PlantSite
from tests.server.phone import report

HOUR = 3_600_000
FORMULA = '=HYPERLINK("x")'


def hazard(field: FieldApp, session: Session, *steps: dict[str, Value], **cells: Value) -> str:
    """Write a hazard with its steps into the journal of a device; returns its id."""
    record_id = field.clock.new_id()
    first = {**report(reported_ms=field.clock.now_ms() - HOUR), **cells}
    for made in (first, *steps):
        field.write(
            session, "U012", kind="decide", record_id=record_id, type="hazard",
            definition="hazard@1", set=made,
        )  # fmt: skip
    return record_id


def some(device: Device) -> None:
    with device.app.store.session() as session:
        hazard(device.app, session, words=FORMULA)
        hazard(device.app, session, {"state": "accepted"}, {"state": "closed"}, words="+1")
        hazard(device.app, session, asset="TK-101", area="A01", unit="T-TANK", category="ST")
        hazard(device.app, session, {"state": "void"})
        for _ in range(3):
            hazard(device.app, session, asset=None, area=None, unit="D-HSE", category=None)


def rows_of(made: exports.ExportFile) -> list[list[str]]:
    """Open a file as a spreadsheet does, and return its rows as text."""
    if made.name.endswith(".csv"):
        assert made.data.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(made.data.decode("utf-8-sig"), newline="")))
    sheet = openpyxl.load_workbook(io.BytesIO(made.data)).worksheets[0]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [["" if one is None else str(one) for one in row] for row in sheet.values]


@pytest.mark.parametrize("person_id", ["U019", "U002", "U003", "U012", "U001", "U016"])
async def test_everybody_counts_what_their_team_area_or_plant_lets_them_read(
    site: PlantSite, person_id: str
) -> None:
    device = await site.device()
    some(device)
    found, person = device.app.definitions, device.person(person_id)
    shown = statistics.view(device.app, person, Asked(30)).numbers
    ids = [one for key in ("counted", "void", "merged") for one in shown.figures()[key].ids]
    with device.app.store.reading() as session:
        everything = records.find(session, "hazard")
    wide = {
        one.record_id
        for one in everything
        if may(
            found.access, found.plant, person, "read",
            Subject(one.text("area") or None, one.text("unit") or None),
        )
    }  # fmt: skip
    assert set(ids) == wide
    if person_id == "U019":  # leader of the electricians: nothing of the tank farm
        units = {one.text("unit") for one in everything if one.record_id in ids}
        assert units == {"T-ELE"}


async def test_who_reads_only_own_records_has_no_page_and_no_way_around(site: PlantSite) -> None:
    device = await site.device()
    welder = device.person("U005")
    assert not statistics.may_open(device.app, welder)
    with pytest.raises(NotAllowedError):
        statistics.view(device.app, welder, Asked())
    with pytest.raises(NotAllowedError):
        statistics.lines(device.app, welder, Asked(), "counted")


async def test_filters_narrow_every_figure_and_the_list_behind_it(site: PlantSite) -> None:
    device = await site.device()
    some(device)
    manager = device.person("U001")
    whole = statistics.view(device.app, manager, Asked(7)).numbers
    workshop = statistics.view(device.app, manager, Asked(7, unit="W-STO"))
    assert 0 < workshop.numbers.counted.count < whole.counted.count
    asked = Asked(7, unit="W-STO", area="A01", grade="C")
    figure, lines = statistics.lines(device.app, manager, asked, "counted")
    assert [line.record_id for line in lines] == list(figure.ids)
    assert {(line.fact.unit, line.fact.area, line.grade) for line in lines} == {
        ("T-TANK", "A01", "C")
    }
    read, key = statistics.asked_of(asked.route("hotspot=TK-101,ST"))
    assert (read, key) == (asked, "hotspot=TK-101,ST")


@pytest.mark.parametrize("route", ["", "x", "999999~~~~", "²~A", "30" + "~" * 500])
async def test_a_route_that_makes_no_sense_asks_for_everything(route: str) -> None:
    asked, _ = statistics.asked_of(route)
    assert asked.days == 30


async def test_every_figure_opens_as_many_records_as_it_says(site: PlantSite) -> None:
    device = await site.device()
    some(device)
    manager = device.person("U001")
    for key, figure in statistics.view(device.app, manager, Asked(30)).numbers.figures().items():
        again, lines = statistics.lines(device.app, manager, Asked(30), key)
        assert len(lines) == again.count == figure.count, key


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_both_files_open_again_with_the_same_rows(site: PlantSite, language: str) -> None:
    device = await site.device()
    some(device)
    device.app.language = language
    manager = device.person("U001")
    t = device.app.translator()
    for key in ("", "counted"):
        book, text = (
            exports.of_list(device.app, manager, Asked(30), key, kind)
            if key
            else exports.of_figures(device.app, manager, Asked(30), kind)
            for kind in exports.FORMATS
        )
        assert rows_of(book) == rows_of(text)
        assert len(rows_of(book)) == book.rows + 1
    listed = rows_of(exports.of_list(device.app, manager, Asked(30), "counted", "csv"))
    assert listed[0][0] == t("export.hazard.code")
    said = [row[listed[0].index(t("export.hazard.words"))] for row in listed]
    assert "'" + FORMULA in said
    assert "'+1" in said


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("  @x", "'  @x"),
        ("-1", "'-1"),
        ("＝1", "'＝1"),
        ("\t=1", "'\t=1"),
        ("漏油", "漏油"),
        ("a\x00b", "a b"),
        ("x" * 40_000, "x" * 32_767),
    ],
)
def test_no_cell_is_run_or_refused_by_a_spreadsheet(text: str, safe: str) -> None:
    assert exports.defused(text) == safe
    book = exports.as_xlsx([[text]], "x", [])
    cell = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0].cell(1, 1)
    assert (cell.data_type, cell.value) == ("s", safe)


async def test_an_export_needs_the_right_and_leaves_who_what_and_how_many(site: PlantSite) -> None:
    device = await site.device()
    some(device)
    leader, manager = device.person("U019"), device.person("U001")
    with pytest.raises(NotAllowedError):
        exports.of_list(device.app, leader, Asked(), "counted", "csv")
    assert exported(device) == []
    made = exports.of_list(device.app, manager, Asked(30, grade="C"), "open", "csv")
    await device.sync()
    (event,) = exported(device)
    assert event == ("U001", "open", 30, "C", "csv", made.rows)
    with site.server.state.site.store.reading() as session:
        kept = [one for one in records.find(session, "event") if one.text("what") == "export"]
    assert [one.text("by") for one in kept] == ["U001"]


def exported(device: Device) -> Sequence[tuple[Value, ...]]:
    with device.app.store.reading() as session:
        found = [one for one in records.find(session, "event") if one.text("what") == "export"]
    names = ("by", "figure", "days", "grade", "format", "rows")
    return [tuple(one.get(name) for name in names) for one in found]
