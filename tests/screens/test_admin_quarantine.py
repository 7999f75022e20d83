"""Held records on the screen: what came, why it does not count, and two ways to settle it."""

from collections.abc import Iterator
from pathlib import Path

import flet as ft
import pytest

from app.field import FieldApp
from domain import quarantine
from domain.changes import DeviceTime, Entry, encode
from domain.quarantine import FORGED, HELD, LET, REFUSED, UNSIGNED, held_cells
from domain.records import Value
from offline_store import devices, journal, records
from screens.root import show
from tests.helpers.fakeclient import Main, client_of
from tests.helpers.field import offline_field

OPERATOR, MANAGER, ADMIN = "U012", "U001", "U014"
HERE = "quar-1"
NOW_MS = 1_790_000_000_000


@pytest.fixture
def field(tmp_path: Path) -> Iterator[FieldApp]:
    made = offline_field(tmp_path)
    yield made
    made.store.close()


def told(number: int, words: str, person_id: str = OPERATOR) -> Entry:
    return Entry(
        device_id="d9", number=number, entry_id=f"e{number}", kind="edit", person_id=person_id,
        record_id=f"h{number}", type="hazard", definition="hazard@1", base={},
        set={"words": words}, wall_ms=NOW_MS, counter=0, time=DeviceTime(NOW_MS, 1, "b", 5),
    )  # fmt: skip


def said(field: FieldApp, cells: dict[str, Value], kind: str = "edit") -> None:
    """Let the server say something about the quarantine, as it arrives with the feed."""
    with field.store.session() as session:
        devices.add(session, devices.Device("server", bytes(32), "server"))
        journal.write(
            session, journal.Author("server", "rule"), field.clock.stamp(), kind=kind,
            record_id=HERE, type=quarantine.TYPE, definition="quarantine@1", set=cells,
        )  # fmt: skip


def held(field: FieldApp, why: str = UNSIGNED) -> None:
    entries = [told(7, "漏电"), told(8, "插座烧了")]
    if why == UNSIGNED:  # what is held comes with the feed, and tells itself
        with field.store.session() as session:
            devices.add(session, devices.Device("d9", bytes(31) + b"9", "d9"))
            chain = [*(told(number, "") for number in range(1, 7)), *entries]
            here = journal.Intake(session, "d9", [one.record_id for one in chain])
            for one in chain:
                here.add(one, encode(one), NOW_MS, quarantined=why)
            here.save()
    said(field, held_cells("d9", "防爆手机 09", why, 7, 8, entries, NOW_MS))


def opened(field: FieldApp, person_id: str, route: str, language: str = "zh") -> Main:
    async def main(page: ft.Page) -> None:
        desk = await show(page, field)
        desk.language = language
        desk.person = field.definitions.plant.people[person_id]
        desk.navigate(route)

    return main


def state(field: FieldApp) -> tuple[str, str, str]:
    with field.store.reading() as session:
        record = records.get(session, HERE)
    return record.text("state"), record.text("settled_by"), record.text("note")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "tablet"])
async def test_the_manager_comes_from_administration_to_what_is_held(
    field: FieldApp, language: str, size: tuple[int, int]
) -> None:
    held(field)
    main = opened(field, MANAGER, "/admin", language)
    async with client_of(main, width=size[0], height=size[1]) as client:
        await client.until(lambda: client.has("section-quarantine"))
        await client.tap("section-quarantine")
        await client.until(lambda: client.has(f"quarantine-{HERE}"))
        await client.tap(f"quarantine-{HERE}")
        await client.until(lambda: client.has("item-8"))
        shown = "\n".join(client.texts())
        assert "插座烧了" in shown
        assert ("没有签名" if language == "zh" else "Not signed") in shown
        assert client.one("release").disabled
        assert client.one("release").height >= 48


async def test_a_release_needs_a_reason_and_waits_for_the_server(field: FieldApp) -> None:
    held(field)
    async with client_of(opened(field, MANAGER, f"/admin/quarantine/{HERE}")) as client:
        await client.until(lambda: client.has("release"))
        await client.write("reason", "问过本人，属实")
        await client.until(lambda: not client.one("release").disabled)
        await client.tap("release")
        await client.until(lambda: client.has("settled-released"))
        assert "服务器收到后生效" in "\n".join(client.texts())
        assert not client.has("refuse")
    assert state(field) == (LET, MANAGER, "问过本人，属实")


async def test_a_refusal_is_written_and_stays_on_the_list(field: FieldApp) -> None:
    held(field)
    async with client_of(opened(field, MANAGER, f"/admin/quarantine/{HERE}")) as client:
        await client.until(lambda: client.has("refuse"))
        await client.write("reason", "没人认得")
        await client.until(lambda: not client.one("refuse").disabled)
        await client.tap("refuse")
        await client.until(lambda: client.has("settled-refused"))
    assert state(field) == (REFUSED, MANAGER, "没人认得")
    outcome = quarantine.Outcome("d9", 7, 8, {7: "x", 8: "x"})
    said(field, outcome.cells(), "decide")
    async with client_of(opened(field, MANAGER, "/admin/quarantine")) as client:
        await client.until(lambda: client.has(f"quarantine-{HERE}"))
        assert "已退回" in client.texts()


async def test_what_was_not_let_in_is_marked(field: FieldApp) -> None:
    held(field)
    said(field, {"state": LET, "settled_by": MANAGER, "settled_ms": NOW_MS, "note": "属实"})
    said(field, quarantine.Outcome("d9", 7, 8, {7: "entry.invalid"}, let=True).cells(), "decide")
    async with client_of(opened(field, MANAGER, f"/admin/quarantine/{HERE}")) as client:
        await client.until(lambda: client.has("settled-released"))
        shown = "\n".join(client.texts())
        assert "有 1 条现在算数（共 2 条）" in shown
        assert client.texts().count("没有放行") == 1


async def test_of_a_whole_release_nothing_is_said_of_a_rest(field: FieldApp) -> None:
    held(field)
    said(field, {"state": LET, "settled_by": MANAGER, "settled_ms": NOW_MS, "note": "属实"})
    said(field, quarantine.Outcome("d9", 7, 8, {}, let=True).cells(), "decide")
    async with client_of(opened(field, MANAGER, f"/admin/quarantine/{HERE}")) as client:
        await client.until(lambda: client.has("settled-released"))
        shown = "\n".join(client.texts())
        assert "2 条全部算数" in shown
        assert "其余" not in shown


async def test_who_may_release_finds_it_on_the_first_screen(field: FieldApp) -> None:
    held(field)
    async with client_of(opened(field, MANAGER, "/")) as client:
        await client.until(lambda: client.has("held"))
        assert client.sees("2 条暂扣的记录")
        await client.tap("held")
        await client.until(lambda: client.route == f"/admin/quarantine/{HERE}")
        await client.until(lambda: client.has("release"))
        assert not client.has("own")
    async with client_of(opened(field, ADMIN, "/")) as client:
        await client.until(lambda: client.has("scan"))
        assert not client.has("held")


async def test_who_wrote_it_is_told_before_the_release(field: FieldApp) -> None:
    entries = [told(7, "漏电", MANAGER)]
    said(field, held_cells("d9", "vm", UNSIGNED, 7, 7, entries, NOW_MS))
    async with client_of(opened(field, MANAGER, f"/admin/quarantine/{HERE}")) as client:
        await client.until(lambda: client.has("own"))
        assert client.sees("vm (D9)"), "several devices may be called alike"


async def test_a_changed_chain_cannot_be_released(field: FieldApp) -> None:
    held(field, FORGED)
    async with client_of(opened(field, MANAGER, f"/admin/quarantine/{HERE}")) as client:
        await client.until(lambda: client.has("refuse"))
        assert not client.has("release")


async def test_who_has_no_right_does_not_come_here(field: FieldApp) -> None:
    held(field)
    async with client_of(opened(field, ADMIN, "/admin")) as client:
        await client.until(lambda: client.has("section-devices"))
        assert not client.has("section-quarantine")
    async with client_of(opened(field, ADMIN, f"/admin/quarantine/{HERE}")) as client:
        await client.until(lambda: not client.has("body") or bool(client.texts()))
        assert not client.has("release")
        assert "插座烧了" not in "\n".join(client.texts())
    assert state(field)[0] == HELD


async def test_nothing_held_is_said(field: FieldApp) -> None:
    async with client_of(opened(field, MANAGER, "/admin/quarantine", "en")) as client:
        await client.until(lambda: "No records are held" in client.texts())


def test_the_record_of_held_entries_goes_to_all_devices_without_their_words() -> None:
    entries = [told(7, "漏电"), told(8, "插座烧了")]
    cells = held_cells("d9", "防爆手机 09", UNSIGNED, 7, 8, entries, NOW_MS)
    assert "插座烧了" not in str(cells)
    set_aside = held_cells("d9", "防爆手机 09", FORGED, 7, 8, entries, NOW_MS)
    assert "插座烧了" in str(set_aside), "nothing else tells of them"
