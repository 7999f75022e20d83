"""Search promises: what people type finds what people wrote, newest first; nothing breaks it."""

import string
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes import DeviceTime
from domain.records import Value
from offline_store import devices, entries, journal, keep, records, search, search_terms
from offline_store.database import Store, open_store

OnStore = Callable[[Path | None], str | None]
MINUTE = 60_000
AT = 1_764_000_000_000
HAZARDS: dict[str, dict[str, Value]] = {
    "pump": {
        "code": "HZ-3F2A-0007", "words": "二号泵机封泄漏，地上一滩", "asset": "P-201A",
        "area": "A1", "reporter": "U012", "reported_ms": AT,
    },
    "box": {
        "code": "HZ-3F2A-0008", "words": "Panel door OPEN, bare wire at the ＤＢ-03",
        "asset": "DB-03", "area": "A2", "reporter": "U003", "assignee": "U009",
        "reported_ms": AT + MINUTE,
    },
    "tank": {
        "code": "HZ-77AB-0120", "words": "法兰泄漏 11.80 MPa", "asset": "TK-101", "area": "A1",
        "reporter": "U012", "reported_ms": AT + 2 * MINUTE,
    },
}  # fmt: skip


def write(store: Store, record_id: str, type: str, cells: dict[str, Value], number: int) -> None:
    stamp = journal.Stamp(AT, number, DeviceTime(AT, number, "b", None), f"e{number}")
    with store.session() as session:
        journal.write(
            session, journal.Author("D", "U003"), stamp, kind="edit", record_id=record_id,
            type=type, definition=f"{type}@1", set=cells,
        )  # fmt: skip


def fill(store: Store) -> None:
    with store.session() as session:
        devices.add(session, devices.Device("D", b"k" * 32))
    for number, (record_id, cells) in enumerate(HAZARDS.items()):
        write(store, record_id, "hazard", cells, number)
    task: dict[str, Value] = {"asset": "TK-101", "owner": "U003", "due_ms": AT + 5 * MINUTE}
    write(store, "task", "task", task, 10)
    answers: dict[str, Value] = {"T01": "ok", "T02": "闸阀关不严 valve passing"}
    sheet: dict[str, Value] = {
        "code": "IN-3F2A-0001", "asset": "P-201A", "inspector": "U003", "answers": answers,
        "submitted_ms": AT + 3 * MINUTE,
    }  # fmt: skip
    write(store, "sheet", "inspection", sheet, 11)


@pytest.fixture
def store(tmp_path: Path, on_store: OnStore) -> Generator[Store]:
    opened = open_store(tmp_path, on_store(None))
    fill(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("泄漏", ["tank", "pump"]),
        ("漏", ["tank", "pump"]),
        ("漏泄", []),  # pairs of characters keep their order
        ("机封泄漏", ["pump"]),
        ("泄漏 法兰", ["tank"]),
        ("法兰,泄漏", ["tank"]),
        ("wire", ["box"]),
        ("BARE wi", ["box"]),  # beginnings of words, whatever their case
        ("ire", []),
        ("db03", ["box"]),  # full width in the text
        ("DB-03", ["box"]),
        ("tk-1", ["task", "tank"]),
        ("TK101", ["task", "tank"]),
        ("HZ-3F2A-0007", ["pump"]),
        ("hz3f2a", ["box", "pump"]),
        ("3f2a-0008", ["box"]),
        ("120", ["tank"]),
        ("11.8", ["tank"]),
        ("闸阀", ["sheet"]),
        ("valve 闸阀", ["sheet"]),
        ("泄漏 wire", []),
    ],
)
def test_words_codes_and_beginnings_are_found(store: Store, typed: str, found: list[str]) -> None:
    with store.reading() as session:
        assert search.find(session, typed) == found


def test_who_which_and_when_narrow_it_down(store: Store) -> None:
    with store.reading() as session:
        assert search.find(session, "", types=("hazard",)) == ["tank", "box", "pump"]
        assert search.find(session, "", types=("task", "inspection")) == ["task", "sheet"]
        assert search.find(session, "", person="U009") == ["box"]
        assert search.find(session, "", person="U003", types=("hazard",)) == ["box"]
        assert search.find(session, "泄漏", area="A1") == ["tank", "pump"]
        assert search.find(session, "泄漏", asset="TK-101") == ["tank"]
        assert search.find(session, "", since_ms=AT + MINUTE, until_ms=AT + 2 * MINUTE) == [
            "tank", "box"
        ]  # fmt: skip
        assert search.find(session, "泄漏", until_ms=AT) == ["pump"]
        assert search.find(session, "", types=("evidence",)) == []


def test_a_word_may_stand_for_equipment_and_people(store: Store) -> None:
    with store.reading() as session:
        meant = {"储罐": ["TK-101"], "王": ["U012"]}
        assert search.find(session, "储罐", meant=meant) == ["task", "tank"]
        assert search.find(session, "储罐 泄漏", meant=meant) == ["tank"]
        assert search.find(session, "王 储罐", meant=meant) == ["tank"]
        assert search.find(session, "储罐") == []


def test_hits_come_page_by_page(store: Store) -> None:
    with store.reading() as session:
        assert search.find(session, "泄漏", limit=1) == ["tank"]
        assert search.find(session, "泄漏", limit=1, offset=1) == ["pump"]
        assert search.find(session, "泄漏", limit=1, offset=2) == []
        assert search.find(session, "泄漏", limit=-5, offset=-5) == []


def test_the_index_follows_every_change(store: Store) -> None:
    write(store, "pump", "hazard", {"words": "联轴器护罩"}, 20)
    with store.reading() as session:
        assert search.find(session, "机封") == []
        assert search.find(session, "护罩") == ["pump"]
        assert search.find(session, "HZ-3F2A-0007") == ["pump"]
    write(store, "pump", "hazard", {"reported_ms": AT + 9 * MINUTE}, 21)
    with store.reading() as session:
        assert search.find(session, "", types=("hazard",), limit=1) == ["pump"]
    write(store, "box", "hazard", {"deleted": True}, 22)
    with store.reading() as session:
        assert search.find(session, "wire") == []


def test_what_a_failed_transaction_wrote_is_not_found(store: Store) -> None:
    def fails() -> None:
        with store.session() as session:
            stamp = journal.Stamp(AT, 1, DeviceTime(AT, 1, "b", None), "e99")
            journal.write(
                session, journal.Author("D", "U003"), stamp, kind="edit", record_id="never",
                type="hazard", definition="hazard@1", set={"words": "幽灵"},
            )  # fmt: skip
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with store.reading() as session:
        assert search.find(session, "幽灵") == []


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(store)
    with store.session() as session:
        search.clear(session)
        keep.put(session, search.KEPT, 0)
        assert search.find(session, "泄漏") == []
    store.close()
    store = open_store(tmp_path)
    with store.reading() as session:
        assert search.find(session, "泄漏") == ["tank", "pump"]
    store.close()


def test_many_records_of_one_moment_are_all_found(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.session() as session:
        devices.add(session, devices.Device("D", b"k" * 32))
    count = 70
    for number in range(count):
        write(store, f"r{number}", "hazard", {"words": "泄漏", "reported_ms": AT}, number)
    write(store, "later", "hazard", {"words": "泄漏", "reported_ms": AT + MINUTE}, 1000)
    with store.reading() as session:
        found = search.find(session, "泄漏", limit=1000)
        assert found[0] == "later"
        assert sorted(found[1:]) == sorted(f"r{number}" for number in range(count))
    store.close()


HOSTILE = [
    '"', "'", "*", "泄漏*", "-泄漏", "泄漏 OR wire", "NEAR(泄漏 法兰)", "terms:泄漏", "^泄漏",
    "{a b}: c",
    "'); DROP TABLE record; --", "%", "_", "\\", "\x00", "\ud800", "泄" * 4096, "a" * 4096,
    "a-" * 2048, "a " * 2048, "type_hazard", search_terms.tag("type", "hazard"), "٣ ﷺ é İ ß",
]  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE)
def test_no_query_breaks_the_index_or_reaches_past_it(store: Store, typed: str) -> None:
    with store.reading() as session:
        found = search.find(session, typed)
        assert set(found) <= {"pump", "tank", "box", "task", "sheet"}
        assert search.find(session, "泄漏") == ["tank", "pump"]
        assert len(records.find(session, "hazard")) == 3


@given(typed=st.text(max_size=300), wrote=st.text(max_size=300))
def test_terms_of_a_query_are_terms_of_a_text_that_says_it(typed: str, wrote: str) -> None:
    terms = search_terms.of_text(f"{wrote} {typed[: search_terms.QUERY_MAX]}")
    for _, asked in search_terms.of_query(typed):
        assert set(asked) <= terms
        assert not set("".join(asked)) & set(string.punctuation + string.whitespace)


def test_what_comes_from_others_is_found_a_little_later(store: Store) -> None:
    theirs = open_store(None)
    for one in (theirs, store):
        with one.session() as session:
            devices.add(session, devices.Device("other", b"other" * 6))
    with theirs.session() as session:
        stamp = journal.Stamp(AT, 0, DeviceTime(AT, 1, "b", 5), "other-1")
        journal.write(
            session, journal.Author("other", "U009"), stamp, kind="edit", record_id="theirs",
            type="hazard", definition="hazard@1", set={"words": "gasket", "reported_ms": AT},
        )  # fmt: skip
        [one] = entries.of_device(session, "other", 1, 1)
    with store.session() as session:
        journal.receive(session, [journal.Arrival(one.entry, one.body, 1, "accepted", None, AT)])
        assert search.find(session, "gasket") == []
        assert search.due(session, 5) == ["theirs"]
        assert records.get(session, "theirs").text("words") == "gasket"
    with store.session() as session:
        while records.index_due(session):
            pass
        assert search.find(session, "gasket") == ["theirs"]
        assert search.due(session, 5) == []
    theirs.close()
