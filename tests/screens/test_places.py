"""The places promise: designed empty states, choices that hold at once, an outbox that explains."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.use_cases import outbox, reports
from app.use_cases.outbox import OutboxItem
from offline_store import blobs
from screens.hazards import Hazards
from screens.me import Me
from screens.outbox import Outbox, OutboxDetail, reason_text, state_text
from screens.outbox_link import length
from screens.parts_clip import size_text
from screens.permits import Permits
from screens.shell import place_index
from screens.today import TodayScreen
from tests.helpers.field import desk_of, offline_field
from tests.helpers.render import rendered


async def test_today_without_tasks_says_what_to_do(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    async with rendered(desk, TodayScreen) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("today.none")))
        assert drawn.sees(desk.t("today.none.detail"))
        assert drawn.has("scan")


async def test_a_report_is_one_tap_away_from_the_first_screen(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    went: list[str] = []
    desk.navigate = went.append
    async with rendered(desk, TodayScreen) as drawn:
        await drawn.tap("report")
        await drawn.until(lambda: went)
    assert went[0].startswith("/report/")


async def test_my_reports_come_first_and_show_that_they_wait(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    draft = reports.open_draft(field, desk.signed_in, asset_id="TK-101")
    reports.change_draft(field, desk.signed_in, draft.draft_id, words="跨接线断")
    record_id = reports.report(field, desk.signed_in, draft.draft_id, None)
    async with rendered(desk, Hazards) as drawn:
        await drawn.until(lambda: drawn.has(f"hazard-{record_id}"))
        assert drawn.sees("跨接线断")
        assert drawn.sees(desk.t("hazards.unsent"))
        await drawn.tap("filter-closed")
        await drawn.until(lambda: drawn.sees(desk.t("hazards.none.closed")))
    async with rendered(desk, Outbox) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("outbox.state.waiting")))


async def test_an_empty_outbox_says_that_all_is_sent(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    async with rendered(desk, Outbox) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("outbox.none")))
        assert drawn.one("export").disabled
    async with rendered(desk, OutboxDetail) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("outbox.gone")))


async def test_what_waits_says_when_it_was_made_and_what_is_counted(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    draft = reports.open_draft(field, desk.signed_in, asset_id="TK-101")
    reports.change_draft(field, desk.signed_in, draft.draft_id, words="跨接线断")
    reports.report(field, desk.signed_in, draft.draft_id, None)
    with field.store.session() as session:
        blobs.put(field.store, session, bytes(100), "original", record_id="r1")
    found = outbox.view(field)
    item = found.items[0]
    at = desk.t.moment(item.made_ms, field.clock.now_ms())
    async with rendered(desk, Outbox) as drawn:
        await drawn.until(lambda: drawn.sees(at))
        assert drawn.sees(
            desk.t("outbox.counted", n=found.waiting, entries=found.entries, files=found.files)
        )
        assert not drawn.one("export").disabled
        await drawn.tap("send")
        assert desk.told == desk.t("outbox.trying.offline", n=20)
        assert not desk.told_good, "no green tick for what was not sent"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "10 秒"), (41, "50 秒"), (50, "50 秒"), (51, "1 分钟"), (61, "2 分钟"), (7_200, "2 小时")],
)
def test_the_time_left_is_told_in_honest_steps(tmp_path: Path, seconds: int, said: str) -> None:
    assert length(desk_of(offline_field(tmp_path)).t, seconds) == said


def test_what_came_another_way_says_why_there_is_no_receipt(tmp_path: Path) -> None:
    t = desk_of(offline_field(tmp_path)).t
    item = OutboxItem(
        "e", "hazard", None, None, "HZ-1", "received", 1, 1, None, None, 0, None, "", received_ms=1
    )
    assert state_text(t, item) == t("outbox.no_receipt")
    assert "K7QM" in state_text(t, replace(item, receipt="K7QM-2XYA"))


async def test_choices_of_my_place_hold_at_once(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    async with rendered(desk, Me) as drawn:
        await drawn.tap("look-dark")
        assert desk.dark
        await drawn.tap("size-150")
        assert desk.tokens.body == 27
        await drawn.tap("language-en")
        assert drawn.sees(desk.t("me.sign_out"))
        await drawn.tap("sign-out")
        assert desk.person is None


async def test_permits_say_that_they_are_not_here_yet(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    async with rendered(desk, Permits) as drawn:
        assert drawn.sees(desk.t("permits.none.detail"))


def test_a_refusal_is_worded_also_when_a_newer_server_made_it(tmp_path: Path) -> None:
    t = desk_of(offline_field(tmp_path)).t
    assert reason_text(t, "access.denied") == t("outbox.reason.access.denied")
    assert "brand.new" in reason_text(t, "brand.new")


def test_sizes_are_told_with_their_unit(tmp_path: Path) -> None:
    t = desk_of(offline_field(tmp_path)).t
    assert size_text(t, 3_912_000) == "3.9 MB"
    assert size_text(t, 82_945_100_000) == "82.9 GB"
    assert size_text(t, 1_000_000_000) == "1.0 GB"
    assert size_text(t, 80_000) == "80 kB"
    assert size_text(t, 12) == "1 kB"


@pytest.mark.parametrize(
    ("route", "place"),
    [
        ("/", 0),
        ("/hazards", 1),
        ("/hazard/7", 1),
        ("/permits", 2),
        ("/me", 3),
        ("/outbox", 0),
        ("/statistics", 3),
        ("/admin", 3),
        ("/admin/people/U012", 3),
        ("/storage", 3),
        ("/gap/7", 3),
        ("/search", 0),
    ],
)
def test_every_route_lights_its_place(route: str, place: int) -> None:
    assert place_index(route) == place
