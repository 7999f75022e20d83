"""Taking lists over promise: nothing is written before one says so, every problem is named."""

import contextlib
import io
import random
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
    ListError,
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


def test_no_damage_to_a_workbook_gets_past_the_errors_of_lists(field: FieldApp) -> None:
    good = workbook([("date", "shift", "area", "people"), (date(2026, 12, 1), "day", "A01", 3)])
    chance = random.Random(4)
    refused = 0
    for _ in range(60):
        data = bytearray(good)
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        with contextlib.suppress(ListError):  # anything else that is raised fails this test
            look(field, bytes(data))
            continue
        refused += 1
    assert refused
    assert written(field) == 0


@pytest.mark.parametrize(
    ("at_part", "at_list", "value"),
    [(6, 8, 1), (8, 10, 99), (4, 6, 99)],
    ids=["locked with a password", "packed in an unknown way", "of a later version"],
)
def test_a_workbook_that_cannot_be_unpacked_is_refused(
    field: FieldApp, at_part: int, at_list: int, value: int
) -> None:
    data = bytearray(workbook([("date",), ("x",)]))
    for mark, offset in ((b"PK\x03\x04", at_part), (b"PK\x01\x02", at_list)):
        found = data.find(mark)
        while found >= 0:
            data[found + offset] = value
            found = data.find(mark, found + 4)
    with pytest.raises(ListUnreadableError):
        look(field, bytes(data))


@pytest.mark.parametrize("number", [1.10101199003071e17, 110101199003071234])
def test_a_long_number_is_named_and_no_digits_are_made_up(field: FieldApp, number: float) -> None:
    head = ("person", "id_no", "from", "to", "areas")
    ids = (("U005", number), ("U006", 123456789012345), ("U047", "110101199003071234"))
    rows = [(one, id_no, "2026-12-01", "2026-12-31", "A01") for one, id_no in ids]
    plan = look(field, workbook([head, *rows]), "whitelist", "U001")
    named = [(one.number, one.column, one.code, one.value) for one in plan.problems]
    assert named == [(2, "id_no", "rounded", "1.10101199003071E+17")]
    assert [row.columns["id_no"] for row in plan.to_write] == [
        "123456789012345", "110101199003071234",
    ]  # fmt: skip
    for catalog in field.catalogs.values():
        assert {"row.rounded", "row.rounded.mend"} <= catalog.keys()


def test_a_long_number_that_was_saved_as_text_is_named(field: FieldApp) -> None:
    text = "person,id_no,from,to,areas\nU005,1.10101E+17,2026-12-01,2026-12-31,A01\n"
    plan = look(field, text.encode(), "whitelist", "U001")
    assert [(one.column, one.code) for one in plan.problems] == [("id_no", "rounded")]


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


@pytest.mark.parametrize("name", ["姓名", "Name", "中文名"])
def test_the_name_of_a_person_has_the_head_that_offices_use(field: FieldApp, name: str) -> None:
    plan = look(field, f"id,{name},en,roles,unit\nU071,甲,One,操作工,T-TANK\n".encode(), "people")
    assert [(row.status, row.columns["zh"]) for row in plan.rows] == [("new", "甲")]


def test_a_head_that_does_not_fit_is_told_with_what_was_found(field: FieldApp) -> None:
    with pytest.raises(ListHeadError) as caught:
        look(field, "工号,id\nU071,1\n".encode(), "people")
    params = caught.value.params
    assert params == {"columns": ["zh", "en", "roles", "unit"], "found": ["工号", "id"]}


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
