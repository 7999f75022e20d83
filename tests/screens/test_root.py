"""The root promises: sign-in first, a way back, keys, an idle lock, a screen that survives bugs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import flet as ft
import pytest
from flet.messaging.protocol import (  # pyright: ignore[reportMissingTypeStubs]
    Message,
    MessageAction,
    PatchControlBody,
)

from domain.errors import RecordMissingError, ServerAddressError
from domain.pins import hash_pin
from screens import guard, reconnect, watch
from screens.context import ADDRESS_S, Desk, use_value
from screens.root import ENTER_S, show
from tests.helpers.fakeclient import FakeClient, client_of
from tests.helpers.field import INSPECTOR, MANAGER, offline_field, pin_of


@asynccontextmanager
async def client(folder: Path, **page: object) -> AsyncIterator[tuple[FakeClient, Desk]]:
    field = offline_field(folder)
    desks: list[Desk] = []

    async def main(page: ft.Page) -> None:
        desks.append(await show(page, field))

    async with client_of(main, **page) as drawn:
        await drawn.until(lambda: drawn.has(f"person-{INSPECTOR}"))
        yield drawn, desks[0]
    field.store.close()


async def sign_in(drawn: FakeClient, person_id: str = INSPECTOR) -> None:
    await drawn.tap(f"person-{person_id}")
    for digit in pin_of(person_id):
        await drawn.tap(f"pin-{digit}")
    await drawn.until(lambda: drawn.has("scan"))


async def test_a_pin_of_four_or_six_digits_signs_in_by_its_last_digit(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn, MANAGER)
        assert desk.signed_in.person_id == MANAGER


async def test_a_wrong_pin_says_so_and_clears_the_digits(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await drawn.tap(f"person-{INSPECTOR}")
        for digit in "0000":
            await drawn.press(digit)
        await drawn.until(lambda: drawn.has("pin-refused"))
        assert desk.person is None
        assert drawn.sees("error.pin.wrong") or drawn.sees(desk.t("error.pin.wrong"))


async def test_people_are_found_by_part_of_their_name_in_any_language(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, _):
        await drawn.write("search", "inspector")
        assert drawn.has(f"person-{INSPECTOR}")
        assert not drawn.has(f"person-{MANAGER}")
        await drawn.write("search", "nobody of that name")
        assert not drawn.has(f"person-{INSPECTOR}")


async def test_news_from_the_server_close_no_list_that_somebody_looks_through(
    tmp_path: Path,
) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn, MANAGER)  # who was here last is chosen from now on
        desk.go("/me")
        await drawn.until(lambda: drawn.has("sign-out"))
        await drawn.tap("sign-out")
        await drawn.until(lambda: drawn.has("pin-1"))
        await drawn.tap("person")  # somebody else
        await drawn.write("search", INSPECTOR)
        pack = desk.field.pack
        assert pack is not None
        pins = {person: pin for person, pin in pack.pins.items() if person != INSPECTOR}
        desk.field.pack = replace(pack, pins=pins)
        desk.changed()
        await drawn.until(lambda: drawn.sees(desk.t("sign_in.no_pin")))  # the news are shown
        assert drawn.has(f"person-{INSPECTOR}")
        assert not drawn.has("pin-1")


async def test_a_pin_that_arrives_is_asked_for_at_once(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await drawn.write("search", "U012")
        await drawn.until(lambda: drawn.has("person-U012"))
        await drawn.tap("person-U012")
        await drawn.until(lambda: drawn.has("no-pin"))
        pack = desk.field.pack
        assert pack is not None
        pins = {**pack.pins, "U012": hash_pin("4711", b"salt of the tests")}
        desk.field.pack = replace(pack, pins=pins, pin_digits={**pack.pin_digits, "U012": 4})
        desk.changed()
        await drawn.until(lambda: drawn.has("pin-1") and not drawn.has("no-pin"))


async def test_the_language_changes_everywhere_at_once(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await drawn.tap("language")
        assert desk.language == "en"
        await sign_in(drawn)
        assert drawn.sees(desk.t("today.scan"))


async def test_the_places_follow_the_width(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, _):
        await sign_in(drawn)
        assert drawn.kind(ft.NavigationBar)
        await drawn.resize(1280, 800)
        assert drawn.kind(ft.NavigationRail)
        assert not drawn.kind(ft.NavigationBar)


async def test_a_place_is_found_as_it_was_left(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        desk.go("/hazards")
        await drawn.until(lambda: drawn.has("filter-closed"))
        await drawn.tap("filter-closed")
        await drawn.until(lambda: drawn.sees(desk.t("hazards.none.closed")))
        drawn_before = drawn.one("list-closed")
        desk.go("/")
        await drawn.until(lambda: drawn.has("scan"))
        assert not drawn.has("filter-closed")
        desk.go("/hazards")
        await drawn.until(lambda: drawn.has("filter-closed"))
        assert drawn.sees(desk.t("hazards.none.closed"))
        assert drawn.one("list-closed")._i == drawn_before._i, "drawn once, shown again"


async def test_quick_taps_end_at_the_last_place_and_so_does_the_address(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        for route in ("/hazards", "/me", "/hazards", "/", "/me"):
            desk.go(route)
            await drawn.settle()
            assert desk.at.place == route, "the picture does not wait for the address"
        await drawn.until(lambda: drawn.route == "/me")
        assert desk.at.place == "/me"
        assert drawn.has("sign-out")
        assert not drawn.has("scan")


async def test_an_address_that_comes_late_does_not_call_an_old_place_back(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        told: list[str] = []
        desk.navigate = told.append  # a slow client: it answers when we say so
        desk.go("/hazards")
        await drawn.until(lambda: told == ["/hazards"])
        desk.go("/me")
        drawn.go("/hazards")
        await drawn.settle()
        assert desk.at.place == "/me"
        await drawn.until(lambda: told == ["/hazards", "/me"])
        drawn.go("/me")
        await drawn.settle()
        drawn.go("/hazards")  # the person goes back in the browser
        await drawn.until(lambda: desk.at.place == "/hazards")


async def test_a_place_left_while_its_address_is_on_the_way_stays_left(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        told: list[str] = []
        desk.navigate = told.append
        desk.go("/hazards")
        await drawn.until(lambda: told == ["/hazards"])
        desk.go("/")
        await drawn.until(lambda: told == ["/hazards", "/"])
        drawn.go("/hazards")
        await drawn.settle()
        assert desk.at.place == "/"


async def test_an_address_lost_on_the_way_does_not_hold_later_ones_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.desk.LATE_S", 0.2)
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        desk.navigate = lambda _route: None  # the client is away
        desk.go("/me")
        await asyncio.sleep(ADDRESS_S + 0.4)
        drawn.go("/hazards")
        await drawn.until(lambda: desk.at.place == "/hazards")


async def test_keys_of_a_place_are_in_force_only_while_it_is_looked_at(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn, MANAGER)
        for route, key in (("/hazards", "filter-all"), ("/statistics", "back")):
            desk.go(route)
            await drawn.until(lambda key=key: drawn.has(key))
            await drawn.press("Enter")
            await asyncio.sleep(ENTER_S + 0.1)
            assert drawn.route != "/scan"
        desk.go("/")
        await drawn.until(lambda: drawn.has("scan"))
        await drawn.press("Enter")
        await drawn.until(lambda: drawn.route == "/scan")


async def test_there_and_back_at_once_leaves_the_browser_its_way_back(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        desk.go("/me")
        await drawn.until(lambda: drawn.route == "/me")
        desk.go("/")
        desk.go("/me")
        await asyncio.sleep(ADDRESS_S + 0.1)
        drawn.go("/")
        await drawn.until(lambda: desk.at.place == "/")


async def test_what_leads_out_of_a_place_overtakes_its_address(tmp_path: Path) -> None:
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        desk.go("/me")
        desk.go("/outbox")
        await drawn.until(lambda: drawn.has("export"))
        await asyncio.sleep(ADDRESS_S + 0.1)
        assert drawn.route == "/outbox"
        await drawn.press("Escape")
        await drawn.until(lambda: drawn.has("sign-out"))


async def test_every_control_in_view_knows_its_way_to_the_page(tmp_path: Path) -> None:
    """Otherwise Flet searches the whole page at each tap."""
    async with client(tmp_path) as (drawn, desk):
        await sign_in(drawn)
        for route in ("/hazards", "/me", "/", "/hazards", "/"):
            desk.go(route)
            await drawn.settle()
            desk.changed()
            await drawn.settle()
        for control in drawn.controls():
            assert control.page is drawn.page


async def test_escape_goes_back_to_where_one_came_from(tmp_path: Path) -> None:
    async with client(tmp_path, route="/hazards") as (drawn, _):
        await drawn.tap(f"person-{INSPECTOR}")
        for digit in pin_of(INSPECTOR):
            await drawn.press(digit)
        await drawn.until(lambda: drawn.has("filter-mine"))
        await drawn.tap("status")
        await drawn.until(lambda: drawn.route == "/outbox")
        await drawn.press("Escape")
        await drawn.until(lambda: drawn.route == "/hazards")


async def test_in_front_of_a_locked_device_no_record_is_missed(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    field.revoked = "lost"
    desks: list[Desk] = []

    async def main(page: ft.Page) -> None:
        desks.append(await show(page, field))

    async with client_of(main) as client:
        await client.until(lambda: client.has("enrol-again"))
        desks[0].refuse(RecordMissingError(record="r"))
        await client.settle()
        assert not client.has("notice")
        desks[0].refuse(ServerAddressError(address="x"))
        await client.until(lambda: client.has("notice"))


async def test_an_unknown_address_leads_home(tmp_path: Path) -> None:
    async with client(tmp_path, route="/no/such/page") as (drawn, _):
        await drawn.tap(f"person-{INSPECTOR}")
        for digit in pin_of(INSPECTOR):
            await drawn.press(digit)
        await drawn.until(lambda: drawn.has("home"))
        await drawn.tap("home")
        await drawn.until(lambda: drawn.has("scan"))


async def test_the_lock_asks_for_the_pin_again_and_keeps_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "IDLE_STEP_S", 0.01)
    async with client(tmp_path, route="/me") as (drawn, desk):
        await drawn.tap(f"person-{INSPECTOR}")
        for digit in pin_of(INSPECTOR):
            await drawn.press(digit)
        await drawn.until(lambda: drawn.has("sign-out"))
        desk.field.settings = desk.field.settings.model_copy(update={"lock_after_s": 0})
        await drawn.until(lambda: desk.person is None)
        desk.field.settings = desk.field.settings.model_copy(update={"lock_after_s": 300})
        await drawn.until(lambda: drawn.has("pin-1"))
        for digit in pin_of(INSPECTOR):
            await drawn.press(digit)
        await drawn.until(lambda: drawn.has("sign-out"))


@ft.component
def faulty(fail: Callable[[], None]) -> ft.Control:
    """A button whose handler fails, and one that makes the next redraw fail."""
    count, set_count = use_value(0)
    if count == 1:
        fail()
    return ft.Column(
        controls=[
            ft.Button("handler", key="handler", on_click=fail),
            ft.Button("redraw", key="redraw", on_click=lambda: set_count(lambda n: n + 1)),
            ft.Text(f"n={count}"),
        ]
    )


def bug() -> None:
    message = "a bug"
    raise ValueError(message)


async def test_a_bug_is_reported_with_a_number_and_the_screen_lives_on() -> None:
    incidents: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    def main(page: ft.Page) -> None:
        tasks.append(guard.install(page, incidents.append, lambda _name, _data: None))
        page.render(faulty, bug)

    async with client_of(main) as drawn:
        await drawn.tap("handler")
        assert len(incidents) == 1
        await drawn.tap("redraw")
        await drawn.until(lambda: len(incidents) == 2)
        await drawn.tap("redraw")
        await drawn.until(lambda: drawn.sees("n=2"))
        assert drawn.crashes == []
    tasks[0].cancel()


def test_messages_to_the_client_are_not_worded_with_all_they_carry() -> None:
    """Flet 1.0.5 words each one for its log, also where nobody asked for that log."""
    message = Message(MessageAction.PATCH_CONTROL, PatchControlBody(1, ft.Text("a row of fifty")))
    assert "a row of fifty" in repr(message)
    guard.word_messages_briefly()
    assert f"{message}" == "PATCH_CONTROL"


async def test_while_the_client_is_away_every_control_gets_a_new_id() -> None:
    there: list[bool] = []

    def main(page: ft.Page) -> None:
        reconnect.install(page, there.append)
        page.render(faulty, bug)

    async with client_of(main) as drawn:
        before = {id(control): control._i for control in reconnect.controls_in(drawn.page.views)}
        await drawn.fire(drawn.page, "disconnect")
        after = {id(control): control._i for control in reconnect.controls_in(drawn.page.views)}
        assert before.keys() == after.keys()
        assert not set(before.values()) & set(after.values())
        await drawn.fire(drawn.page, "connect")
        assert there == [False, True]
