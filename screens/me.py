"""My place: who is signed in, language and look, this device and how fresh its data is."""

from collections.abc import Callable, Sequence

import flet as ft

from app.use_cases import administration, statistics
from screens import parts, parts_pages, parts_work, theme
from screens.context import Desk, use_desk, use_link

BRIGHTNESSES = ("system", "light", "dark")


@ft.component
def Me() -> ft.Control:
    """Settings at the left, the device at the right of a tablet; one column on a phone."""
    desk, _ = use_desk(), use_link()
    tokens, t = desk.tokens, desk.t
    person = desk.signed_in
    pack = desk.field.pack
    unit = pack.definitions.plant.units.get(person.unit) if pack else None
    head = parts_work.page_head(
        tokens,
        t.of(person.name),
        " · ".join(fact for fact in (person.person_id, t.of(unit and unit.name)) if fact),
    )
    settings = [*_ways(desk), _languages(desk), _brightness(desk), _sizes(desk)]
    device = _device(desk)
    out = parts.quiet_button(
        tokens,
        t("me.sign_out"),
        key="sign-out",
        icon=ft.Icons.LOGOUT,
        on_click=desk.lock,
        expand=True,
    )
    take = parts.primary_button(
        tokens,
        t("me.take_along"),
        key="take-along",
        icon=ft.Icons.CLOUD_DOWNLOAD,
        on_click=lambda: _take_along(desk),
        disabled=desk.field.engine is None,
        expand=True,
    )
    return parts_pages.columns(desk, head, settings, device, [out, take])


def _ways(desk: Desk) -> list[ft.Control]:
    """The ways to the numbers and to administration, for those who may go there."""
    t, field, person = desk.t, desk.field, desk.signed_in
    if field.pack is None:
        return []
    ways: list[ft.Control] = []
    if statistics.may_open(field, person):
        title, detail = t("statistics.open_page"), t("statistics.open_page.detail")
        ways.append(_way(desk, "statistics", title, detail, ft.Icons.QUERY_STATS))
    if administration.sections(field, person):
        title, detail = t("admin.title"), t("admin.detail")
        ways.append(_way(desk, "admin", title, detail, ft.Icons.ADMIN_PANEL_SETTINGS))
    return ways


def _way(desk: Desk, place: str, title: str, detail: str, icon: ft.IconData) -> ft.Control:
    return parts.row_card(
        desk.tokens,
        title,
        detail,
        key=place,
        icon=icon,
        on_click=lambda: desk.go(f"/{place}"),
        lines=2,
    )


def _take_along(desk: Desk) -> None:
    desk.field.nudge()
    desk.tell(desk.t("me.taking"))


def _choices(
    desk: Desk, title: str, name: str, choices: Sequence[tuple[str, str, bool, Callable[[], None]]]
) -> ft.Control:
    """Draw a row of values of which one holds: (key, label, chosen, choose)."""
    chips: list[ft.Control] = [
        parts.choice_chip(desk.tokens, label, key=f"{name}-{key}", selected=chosen, on_click=choose)
        for key, label, chosen, choose in choices
    ]
    row = ft.Row(spacing=theme.GAP, run_spacing=theme.GAP, wrap=True, controls=chips)
    return parts.section(desk.tokens, title, [row])


def _languages(desk: Desk) -> ft.Control:
    t = desk.t

    def choosing(language: str) -> Callable[[], None]:
        def choose() -> None:
            desk.language = language

        return choose

    choices = [
        (language, desk.language_name(language), desk.language == language, choosing(language))
        for language in sorted(desk.field.catalogs, reverse=True)  # zh before en
    ]
    return _choices(desk, t("me.language"), "language", choices)


def _brightness(desk: Desk) -> ft.Control:
    t = desk.t

    def choosing(brightness: str) -> Callable[[], None]:
        def choose() -> None:
            desk.brightness = brightness

        return choose

    choices = [
        (value, t(f"me.look.{value}"), desk.brightness == value, choosing(value))
        for value in BRIGHTNESSES
    ]
    return _choices(desk, t("me.look"), "look", choices)


def _sizes(desk: Desk) -> ft.Control:
    t = desk.t

    def choosing(scale: float) -> Callable[[], None]:
        def choose() -> None:
            desk.scale = scale

        return choose

    choices = [
        (
            f"{scale:.0%}".removesuffix("%"),
            t("me.size.value", n=round(scale * 100)),
            desk.scale == scale,
            choosing(scale),
        )
        for scale in theme.SCALES
    ]
    return _choices(desk, t("me.size"), "size", choices)


def _device(desk: Desk) -> list[ft.Control]:
    tokens, t, field = desk.tokens, desk.t, desk.field
    facts = [(t("me.device.name"), field.name or t("me.unnamed"))]
    if field.identity:
        facts.append((t("me.device.id"), field.identity.short))
    facts.append((t("me.server"), field.server_url))
    status = desk.status
    as_of = t.moment(status.as_of_ms) if status and status.as_of_ms else t("status.no_data")
    facts.append((t("me.as_of"), as_of))
    if field.pack:
        facts.append((t("me.definitions"), field.pack.definitions.version))
        facts.append((t("me.definitions.received"), t.moment(field.pack.received_ms)))
    minutes = field.settings.lock_after_s // 60
    facts.append((t("me.lock"), t("time.minutes", n=max(1, minutes))))
    return [
        parts.section(tokens, t("me.device"), [parts.facts_card(tokens, facts)]),
        _way(desk, "storage", t("me.storage"), t("me.storage.detail"), ft.Icons.SD_STORAGE),
        _way(desk, "my-data", t("mydata.title"), t("mydata.me.detail"), ft.Icons.PRIVACY_TIP),
        _way(
            desk, "take-in", t("relay.take.title"), t("relay.me.detail"), ft.Icons.QR_CODE_SCANNER
        ),
        parts.note(tokens, "plain", t("me.offline_ready"), icon=ft.Icons.OFFLINE_PIN),
    ]
