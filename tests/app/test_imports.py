"""Taking lists over promise: nothing is written before one says so, every problem is named."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from app.field import FieldApp
from app.use_cases import administration, imports
from app.use_cases.imports import ImportPlan
from domain.errors import (
    ListHeadError,
    ListTooLargeError,
    ListUnreadableError,
    NotAllowedError,
    RegisterError,
)
from domain.plant import Person
from media.sheets import FILE_MAX, ROWS_MAX
from offline_store import records
from tests.helpers.field import offline_field

HEAD = "日期,班次,区域,人员\n"
GOOD = HEAD + "2026-12-01,白班,A01,U003;U042\n2026/12/1,night,A01,巡检员03\n"


@pytest.fixture
def field(tmp_path: Path) -> Iterator[FieldApp]:
    made = offline_field(tmp_path)
    yield made
    made.store.close()


def admin(field: FieldApp, person_id: str = "U014") -> Person:
    return field.definitions.plant.people[person_id]


def look(field: FieldApp, data: bytes, table: str = "roster", person: str = "U014") -> ImportPlan:
    return imports.preview(field, admin(field, person), table, "list.csv", data)


def written(field: FieldApp) -> int:
    with field.store.reading() as session:
        return len(records.find(session, "register"))


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_in_any_usual_encoding_with_any_usual_delimiter(
    field: FieldApp, encoding: str, delimiter: str
) -> None:
    text = GOOD.replace(";", "|").replace(",", delimiter)
    plan = look(field, text.encode(encoding))
    assert not plan.problems
    assert [row.key for row in plan.rows] == ["2026-12-01|day|A01", "2026-12-01|night|A01"]
    assert [row.columns["people"] for row in plan.rows] == [["U003", "U042"], ["U003"]]
    assert written(field) == 0, "a preview writes nothing"


def test_a_workbook_with_columns_in_another_order_and_language(field: FieldApp) -> None:
    data = workbook(
        [
            ("People", "Area", "Date", "Shift", "remark"),
            ("U003, U042", "A01", date(2026, 12, 1), "day", "x"),
        ]
    )
    plan = look(field, data)
    assert not plan.problems
    assert [(row.number, row.key, row.status) for row in plan.rows] == [
        (2, "2026-12-01|day|A01", "new")
    ]


def test_what_is_new_changed_the_same_and_missing(field: FieldApp) -> None:
    held = {
        card.key: card.row for card in administration.rows(field, admin(field, "U001"), "whitelist")
    }
    same, other = (held[key] for key in ("U005", "U006"))
    head = "person,id_no,from,to,areas\n"
    text = head + f"U005,{same['id_no']},{same['from']},{same['to']},A01\n"
    text += f"U006,{other['id_no']},{other['from']},2099-01-01,A01\n"
    text += "U047,D-0047,2026-12-01,2026-12-31,A01;A02\n"
    plan = look(field, text.encode(), "whitelist", "U001")
    assert [(row.key, row.status) for row in plan.rows] == [
        ("U005", "unchanged"), ("U006", "changed"), ("U047", "new"),
    ]  # fmt: skip
    assert plan.missing == tuple(sorted(held.keys() - {"U005", "U006"}))
    assert imports.take(field, admin(field, "U001"), plan) == 2
    with field.store.reading() as session:
        found = records.find(session, "register")
    assert {record.text("by") for record in found} == {"U001"}
    assert {record.text("reason") for record in found} == {"list.csv"}


BROKEN_ROWS = [
    ("2026-13-01,day,A01,U003", "date", "day"),
    ("2026-12-01,evening,A01,U003", "shift", "unknown.shift"),
    ("2026-12-01,day,A99,U003", "area", "unknown.area"),
    ("2026-12-01,day,A01,U999", "people", "unknown.person"),
    ("2026-12-01,day,A01,", "people", "missing"),
    (",day,A01,U003", "date", "missing"),
    ("2026-12-01,day,A01,=A1", "people", "formula"),
    ("2026-12-01,day,A01,U003;U003", "people", "twice"),
    ("2026-12-02,day,A01,U003", "date", "again"),
]


@pytest.mark.parametrize(("row", "column", "code"), BROKEN_ROWS)
def test_a_broken_row_is_named_and_the_good_ones_can_go_on(
    field: FieldApp, row: str, column: str, code: str
) -> None:
    plan = look(field, (HEAD + "2026-12-02,day,A01,U003\n" + row + "\n").encode())
    named = [(one.number, one.column, one.code) for one in plan.problems]
    assert (3, column, code) in named
    assert {number for number, _, _ in named} == {3}
    for catalog in field.catalogs.values():
        assert {f"row.{code}", f"row.{code}.mend"} <= catalog.keys()
    with pytest.raises(RegisterError):
        imports.take(field, admin(field), plan)
    assert written(field) == 0
    assert imports.take(field, admin(field), plan, only_good=True) == 1


def bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(60 * 1024 * 1024))
    return made.getvalue()


BROKEN_FILES: list[tuple[str, bytes, type[Exception]]] = [
    ("nothing", b"", ListUnreadableError),
    ("noise", bytes(range(256)) * 20, ListUnreadableError),
    ("a picture", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500), ListUnreadableError),
    ("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), ListUnreadableError),
    ("half a workbook", workbook([("date",), ("x",)])[:900], ListUnreadableError),
    ("a zip that is none", b"PK\x03\x04" + bytes(200), ListUnreadableError),
    ("a bomb", bomb(), ListTooLargeError),
    ("too many rows", (HEAD + "a,b,c,d\n" * (ROWS_MAX + 2)).encode(), ListTooLargeError),
    ("too many bytes", b"a" * (FILE_MAX + 1), ListTooLargeError),
    ("an open quote", (HEAD + '"2026-12-01,day').encode(), ListUnreadableError),
    ("other columns", b"a,b,c\n1,2,3\n", ListHeadError),
    ("a column twice", b"date,shift,area,people,Date\n", ListHeadError),
]


@pytest.mark.parametrize(
    ("data", "error"),
    [(data, error) for _, data, error in BROKEN_FILES],
    ids=[name for name, _, _ in BROKEN_FILES],
)
def test_a_broken_file_is_refused_whole(
    field: FieldApp, data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        look(field, data)
    assert written(field) == 0


def test_another_zip_is_no_workbook(field: FieldApp) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    with pytest.raises(ListUnreadableError):
        look(field, made.getvalue())


def test_people_who_get_wide_rights_wait_for_a_second_person(field: FieldApp) -> None:
    text = "id,zh,en,roles,unit\nU071,甲,One,操作工,T-TANK\nU072,乙,Two,巡检员,T-TANK\n"
    plan = look(field, text.encode(), "people")
    assert [row.proposed for row in plan.rows] == [False, True]
    imports.take(field, admin(field), plan)
    status = {card.key: card.status for card in administration.rows(field, admin(field), "people")}
    assert (status["U071"], status["U072"]) == ("waiting", "proposed")


def test_an_administrator_does_not_give_himself_rights_by_a_list(field: FieldApp) -> None:
    text = "id,zh,en,roles,unit\nU014,系统管理员01,System administrator 01,安全主管,D-IT\n"
    plan = look(field, text.encode(), "people")
    assert [one.code for one in plan.problems] == ["register.own"]


def test_who_has_no_right_gets_no_preview(field: FieldApp) -> None:
    with pytest.raises(NotAllowedError):
        look(field, GOOD.encode(), person="U003")
    with pytest.raises(NotAllowedError):
        look(field, GOOD.encode(), "whitelist", "U014")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("table", ["people", "roster"])
def test_the_template_can_be_read_back(field: FieldApp, table: str, language: str) -> None:
    data = imports.template(field, admin(field), table, language)
    plan = look(field, data, table)
    assert not plan.problems
    assert [row.status for row in plan.rows] == ["unchanged"]
