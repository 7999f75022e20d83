"""The root: routes, theme, and the sign-in that stands in front of everything."""

import asyncio
from collections.abc import Mapping
from typing import Any

import flet as ft

from app.field import FieldApp
from screens import guard, parts_work, preferences, reconnect, shell, theme, watch
from screens.admin import AdminHome, AdminTable
from screens.admin_device import AdminDevice
from screens.admin_devices import AdminDefinitions, AdminDevices
from screens.admin_import import AdminImport
from screens.admin_invite import AdminInvite, AdminLost
from screens.admin_quarantine import AdminQuarantine, QuarantineScreen
from screens.admin_row import AdminNew, AdminRow
from screens.conflict import ConflictScreen, ConflictsScreen
from screens.context import ENTER, TABS, Desk, seat, use_desk, use_value
from screens.dispatch import DispatchScreen
from screens.documents import DocumentsScreen
from screens.enrol import EnrolAgain
from screens.gap import GapScreen
from screens.hazard import HazardScreen
from screens.hazards import Hazards
from screens.inspection import InspectionScreen
from screens.me import BRIGHTNESSES, Me
from screens.my_data import MyDataScreen
from screens.notices import Notices
from screens.outbox import Outbox, OutboxDetail
from screens.parts import Screen
from screens.permits import Permits
from screens.recheck import RecheckScreen
from screens.relay_show import RelayScreen
from screens.relay_take import TakeInScreen
from screens.report import ReportScreen
from screens.scan import ScanScreen
from screens.search import SearchScreen
from screens.sheet import SheetScreen
from screens.sign_in import SignIn
from screens.statistics import StatisticsScreen
from screens.statistics_records import StatisticsRecords
from screens.storage import Storage
from screens.today import TodayScreen
from screens.upkeep import UpkeepScreen
from screens.work import WorkScreen

ENTER_S = 0.15


@ft.component
def Places() -> ft.View:
    """The four places in their frame. What was visited stays: going back to it is a small change.

    The place in front follows the tap (`Desk.at`); the address of the page follows by itself.
    """
    desk = use_desk()
    at, _ = use_value(desk.at)
    visited: list[str] = ft.use_memo(list, [])
    if at.place not in visited:
        visited.append(at.place)
    panes = [(f"place-{route}", PLACE_SCREENS[route]()) for route in visited]
    return shell.frame(desk, parts_work.kept(panes, f"place-{at.place}"), at.place, places=True)


PLACE_SCREENS: Mapping[str, Screen] = {
    "/": ft.memo(TodayScreen),
    "/hazards": ft.memo(Hazards),
    "/permits": ft.memo(Permits),
    "/me": ft.memo(Me),
}
KeptPlaces = ft.memo(Places)


@ft.component
def Gate() -> ft.View:
    """The sign-in in its frame."""
    return shell.frame(use_desk(), SignIn(), "/", places=False)


@ft.component
def Missing() -> ft.View:
    """A route that leads nowhere: say so, and lead home."""
    desk = use_desk()
    return shell.frame(desk, shell.nowhere(desk), ft.use_route_location(), places=False)


def framed(screen: Screen) -> Screen:
    """Return a component that puts a detail screen into the frame, as a view of its own."""

    @ft.component
    def Framed() -> ft.View:
        desk = use_desk()
        return shell.frame(desk, screen(), ft.use_view_path(), places=False)

    return Framed


def detail(path: str, screen: Screen) -> ft.Route:
    """A route over the places; the way back is the desk's trail."""
    return ft.Route(path=path, component=framed(screen), modal=True)


ROUTES = [
    ft.Route(index=True, component=KeptPlaces),
    *[ft.Route(path=route.removeprefix("/"), component=KeptPlaces) for route in TABS[1:]],
    detail("outbox", Outbox),
    detail("outbox/:id", OutboxDetail),
    detail("relay/:id", RelayScreen),
    detail("take-in", TakeInScreen),
    detail("notices", Notices),
    detail("statistics", StatisticsScreen),
    detail("statistics/records/:asked", StatisticsRecords),
    detail("gap/:id", GapScreen),
    detail("works/:id", WorkScreen),
    detail("conflicts", ConflictsScreen),
    detail("conflict/:id", ConflictScreen),
    detail("scan", ScanScreen),
    detail("storage", Storage),
    detail("my-data", MyDataScreen),
    detail("sheet/:draft", SheetScreen),
    detail("upkeep/:draft", UpkeepScreen),
    detail("recheck/:id", RecheckScreen),
    detail("documents/:asset", DocumentsScreen),
    detail("documents/:asset/:draft", DocumentsScreen),
    detail("report/:draft", ReportScreen),
    detail("search", SearchScreen),
    detail("hazard/:id", HazardScreen),
    detail("hazard/:id/dispatch", DispatchScreen),
    detail("inspection/:id", InspectionScreen),
    detail("admin", AdminHome),
    detail("admin/t/:table", AdminTable),
    detail("admin/row/:table/:key", AdminRow),
    detail("admin/new/people", AdminNew),
    detail("admin/import/:table", AdminImport),
    detail("admin/devices", AdminDevices),
    detail("admin/devices/new", AdminInvite),
    detail("admin/devices/lost/:id", AdminLost),
    detail("admin/devices/one/:id", AdminDevice),
    detail("enrol", EnrolAgain),
    detail("admin/definitions", AdminDefinitions),
    detail("admin/quarantine", AdminQuarantine),
    detail("admin/quarantine/:id", QuarantineScreen),
]


@ft.component
def App(desk: Desk) -> Any:  # noqa: ANN401 - a list of views, some of them components
    """Everything: the sign-in until somebody is in, then the routes."""
    page = ft.context.page

    def look() -> None:
        apply_look(page, desk)

    async def keep_preferences() -> None:
        await save_preferences(desk)

    async def watch_link() -> None:
        make = desk.field.devices.connectivity
        if make and not page.web:  # a browser tells of its own link, not of this process's
            await make().watch(desk.field.link_is)

    ft.use_effect(watch_link, [])
    ft.use_effect(look, [desk.brightness, desk.scale, desk.language])
    ft.use_effect(
        keep_preferences, [desk.brightness, desk.scale, desk.language], cleanup=lambda: None
    )
    if desk.person is None:
        return [Gate()]
    return ft.Router(ROUTES, not_found=Missing, manage_views=True)


def apply_look(page: ft.Page, desk: Desk) -> None:
    """Give the page the colours, sizes and language in use."""
    modes = {"light": ft.ThemeMode.LIGHT, "dark": ft.ThemeMode.DARK}
    page.theme_mode = modes.get(desk.brightness, ft.ThemeMode.SYSTEM)
    page.theme = theme.theme(theme.tokens_of(dark=False, scale=desk.scale))
    page.dark_theme = theme.theme(theme.tokens_of(dark=True, scale=desk.scale))
    desk.field.language = desk.language  # the watermark speaks it too
    page.title = desk.t("app.name")
    # Flutter's own few words (copy, paste): it lacks some languages, so others read English there
    own = desk.language if desk.language in ("zh", "en") else "en"
    page.locale_configuration = ft.LocaleConfiguration(
        supported_locales=[ft.Locale("zh", "CN"), ft.Locale("en", "US")],
        current_locale=ft.Locale(own),
    )


async def show(page: ft.Page, field: FieldApp) -> Desk:
    """Draw the client on a page; called once per session."""
    desk = Desk(field=field, navigate=page.navigate, language=field.language)
    seat(page, desk)
    desk.width, desk.height = float(page.width or desk.width), float(page.height or desk.height)
    desk.system_dark = page.platform_brightness == ft.Brightness.DARK
    guarding = guard.install(page, lambda number: _report(desk, number), _listener(desk))
    reconnect.install(page, lambda _there: None)
    if not page.web:  # the web page loads it before the first picture (tools/web_page.py)
        page.fonts = {theme.FONT: theme.FONT_FILE}
    page.padding = 0
    _bind(page, desk)
    desk.backstage.preferences = ft.SharedPreferences()
    desk.backstage.haptic = ft.HapticFeedback()
    await load_preferences(desk)
    apply_look(page, desk)  # before the first picture, so that it has the font
    desk.arrive(page.route or "/")
    jobs = [guarding, *watch.start(desk)]

    def stop() -> None:
        for job in jobs:
            job.cancel()

    page.on_close = stop
    page.render_views(App, desk)
    return desk


def _report(desk: Desk, number: str) -> None:
    desk.incident = number


def _listener(desk: Desk) -> guard.Heard:
    def heard(name: str, data: Any) -> None:  # noqa: ANN401 - as the client sends it
        if name in watch.TOUCHES:
            desk.backstage.touched += 1
        if name in ("click", "submit"):
            desk.backstage.acted += 1
            # Whoever goes on has read it; what this tap leads to is said after this.
            desk.notice, desk.told = None, ""
        if name == "route_change":
            desk.arrive(str(data["route"]))

    return heard


def _bind(page: ft.Page, desk: Desk) -> None:
    """Take over what the platform tells: size, brightness, keys, the system's back."""

    def resized(event: ft.PageResizeEvent) -> None:
        desk.width, desk.height = float(event.width), float(event.height)

    def brightness_changed() -> None:
        desk.system_dark = page.platform_brightness == ft.Brightness.DARK

    async def key_pressed(event: ft.KeyboardEvent) -> None:
        keys, acted = desk.keys, desk.backstage.acted
        if event.ctrl or event.alt or event.meta or keys is None:
            return
        if event.key in ENTER:  # the focused control takes Enter for itself, and says so at once
            await asyncio.sleep(ENTER_S)
            if desk.backstage.acted != acted or keys is not desk.keys:
                return
        result = keys.press(event.key)
        if result is not None:
            await result

    page.on_resize = resized
    page.on_platform_brightness_change = brightness_changed
    page.on_keyboard_event = key_pressed
    page.on_view_pop = desk.back


async def load_preferences(desk: Desk) -> None:
    """Take the language, look and text size that were chosen on this device before."""
    store = desk.backstage.preferences
    assert store is not None, "preferences are read after the page has a store for them"
    found = await preferences.read(store)
    if found.get("language") in desk.field.catalogs:
        desk.language = str(found["language"])
    if found.get("brightness") in BRIGHTNESSES:
        desk.brightness = str(found["brightness"])
    if found.get("scale") in theme.SCALES:
        desk.scale = next(scale for scale in theme.SCALES if scale == found.get("scale"))


async def save_preferences(desk: Desk) -> None:
    """Keep the choices on the device; a client without a store for them forgets them."""
    store = desk.backstage.preferences
    if store is None:
        return
    chosen = {"language": desk.language, "brightness": desk.brightness, "scale": desk.scale}
    await preferences.write(store, chosen)
