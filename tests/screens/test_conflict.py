"""Conflicts on the screen: two who changed one hazard, both sides, and a person settles it."""

from collections.abc import Iterator
from pathlib import Path

import flet as ft
import pytest

from app.field import FieldApp
from app.use_cases import conflicts
from domain.changes import DeviceTime, Entry, encode
from domain.merge import Verdict
from domain.records import Value
from offline_store import devices, journal, records
from screens.root import show
from tests.helpers.fakeclient import Main, client_of
from tests.helpers.field import offline_field

MANAGER, OPERATOR, INSPECTOR = "U001", "U012", "U003"
HAZARD, OTHER_DEVICE = "hazard-1", "00000000-0000-4000-8000-00000000aaaa"


@pytest.fixture
def field(tmp_path: Path) -> Iterator[FieldApp]:
    made = offline_field(tmp_path)
    yield made
    made.store.close()


def elsewhere(number: int, person: str, kind: str, cells: dict[str, Value], now: int) -> Entry:
    """An entry of another device, written by somebody who knew the report and nothing later."""
    base = {"grade": f"{OTHER_DEVICE}:1"} if number > 1 else {}
    return Entry(
        device_id=OTHER_DEVICE, number=number, entry_id=f"e-{number}", kind=kind,
        person_id=person, record_id=HAZARD, type="hazard", definition="hazard@1", base=base,
        set=cells, wall_ms=now, counter=0, time=DeviceTime(now, number, "b", 5),
    )  # fmt: skip


def disagree(field: FieldApp) -> str:
    """Two grade one hazard differently on two devices; returns the conflict."""
    now = field.clock.now_ms()
    report: dict[str, Value] = {
        "code": "HZ-1", "words": "漏电", "grade": "A", "reporter": INSPECTOR, "area": "A06",
        "asset": "DB-03", "state": "reported", "action": "hazard.report", "reported_ms": now,
    }  # fmt: skip
    policies = field.definitions.policies

    def arrive(entry: Entry, feed: int, verdict: Verdict) -> None:
        arrival = journal.Arrival(entry, encode(entry), feed, verdict, None, now)
        journal.receive(session, [arrival], policies)

    with field.store.session() as session:
        devices.add(session, devices.Device(OTHER_DEVICE, bytes(32), "tablet"))
        arrive(elsewhere(1, INSPECTOR, "decide", report, now), 8, "accepted")
        field.write(
            session, MANAGER, kind="edit", record_id=HAZARD, type="hazard", definition="hazard@1",
            set={"grade": "B", "note": "已断电"},
        )  # fmt: skip
        later: dict[str, Value] = {"grade": "C", "note": "看错了"}
        arrive(elsewhere(2, MANAGER, "edit", later, now + 5), 9, "accepted")
        [one] = records.conflicts(session, HAZARD)
    return one.conflict_id


def opened(field: FieldApp, person_id: str, route: str, language: str = "zh") -> Main:
    async def main(page: ft.Page) -> None:
        desk = await show(page, field)
        desk.language = language
        desk.person = field.definitions.plant.people[person_id]
        desk.navigate(route)

    return main


def grade(field: FieldApp) -> str:
    with field.store.reading() as session:
        return records.get(session, HAZARD).text("grade")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [(412, 915), (1180, 820)], ids=["phone", "tablet"])
async def test_base_both_sides_who_and_when_stand_there(
    field: FieldApp, language: str, size: tuple[int, int]
) -> None:
    conflict_id = disagree(field)
    main = opened(field, MANAGER, "/", language)
    async with client_of(main, width=size[0], height=size[1]) as client:
        await client.until(lambda: client.has("conflicts"))
        await client.tap("conflicts")
        await client.until(lambda: client.has("side-other"))
        plant = field.definitions.plant
        assert client.sees(plant.people[MANAGER].name.in_(language))
        grades = field.definitions.hazards.grades
        for code in "ABC":
            assert client.sees(grades[code].name.in_(language)), code
        assert client.sees("已断电")
        assert client.sees("看错了")
        assert client.sees(conflict_id[:4].upper())


@pytest.mark.parametrize(("way", "stands"), [("kept", "C"), ("other", "B")])
async def test_a_person_settles_it_with_a_reason(field: FieldApp, way: str, stands: str) -> None:
    conflict_id = disagree(field)
    assert grade(field) == "C", "the one the server had first, ours is not sent yet"
    main = opened(field, MANAGER, f"/conflict/{conflict_id}")
    async with client_of(main, width=412, height=915) as client:
        await client.until(lambda: client.has(f"way-{way}"))
        await client.tap(f"way-{way}")
        await client.until(lambda: client.has("conflict-note"))
        assert client.one("conflict-do").disabled, "not without a reason"
        await client.write("conflict-note", "现场看过")
        await client.tap("conflict-do")
        await client.until(lambda: client.sees("这处冲突已经处理"))
        await client.until(lambda: client.has("told-settled-by"))
        assert client.sees(field.definitions.hazards.grades[stands].name.in_("zh"))
        assert client.sees("安全主管01")
        assert client.sees("现场看过")
        await client.tap("open-record")
        await client.until(lambda: client.route == f"/hazard/{HAZARD}")
        assert not client.has("has-conflict")
    later = opened(field, INSPECTOR, f"/conflict/{conflict_id}", "en")
    async with client_of(later, width=1180, height=820) as client:
        await client.until(lambda: client.has("told-settled-by"))
    assert grade(field) == stands
    assert conflicts.cards(field, field.definitions.plant.people[MANAGER]) == []
    with field.store.reading() as session:
        last = journal.of_record(session, HAZARD)[-1].entry
    assert last.kind == "resolve"
    assert last.set["note"] == "现场看过"


async def test_the_page_of_the_hazard_leads_to_it_while_it_is_open(field: FieldApp) -> None:
    conflict_id = disagree(field)
    main = opened(field, MANAGER, f"/hazard/{HAZARD}")
    async with client_of(main, width=390, height=844) as client:
        await client.until(lambda: client.has("has-conflict"))
        await client.tap("open-conflict")
        await client.until(lambda: client.route == f"/conflict/{conflict_id}")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_who_is_a_side_of_it_is_told_so_beside_the_ways(
    field: FieldApp, language: str
) -> None:
    conflict_id = disagree(field)
    main = opened(field, MANAGER, f"/conflict/{conflict_id}", language)
    async with client_of(main, width=390, height=844) as client:
        await client.until(lambda: client.has("own-side"))
        await client.tap("way-kept")
        await client.until(lambda: client.has("conflict-do") and client.has("own-side"))
    main = opened(field, INSPECTOR, f"/conflict/{conflict_id}", language)
    async with client_of(main, width=390, height=844) as client:
        await client.until(lambda: client.has("open-record"))
        assert not client.has("own-side"), "who cannot settle it needs no warning"


async def test_the_reporter_sees_it_and_cannot_settle_it(field: FieldApp) -> None:
    conflict_id = disagree(field)
    main = opened(field, INSPECTOR, f"/conflict/{conflict_id}")
    async with client_of(main, width=412, height=915) as client:
        await client.until(lambda: client.has("open-record"))
        assert not client.has("way-kept")
        assert client.sees("安全主管01")


async def test_nobody_else_is_shown_anything(field: FieldApp) -> None:
    conflict_id = disagree(field)
    main = opened(field, OPERATOR, f"/conflict/{conflict_id}")
    async with client_of(main, width=412, height=915) as client:
        await client.until(lambda: client.has("refusal"))
        assert not client.has("side-kept")
