"""The frame of every screen: status line on top, places at the left or at the bottom, notices."""

from typing import Any, NamedTuple

import flet as ft

from app.translate import Translator
from domain.errors import DeviceBlockedError, OfflineError, RecordMissingError
from screens import parts, theme
from screens.alarm import alarm_note
from screens.context import TABS, Desk, Link, use_desk, use_link
from screens.parts import Action
from screens.theme import Tokens


class Place(NamedTuple):
    """A place of the bottom bar or the rail."""

    route: str
    key: str
    icon: ft.IconData
    icon_here: ft.IconData


PLACES = (
    Place(TABS[0], "place.today", ft.Icons.TODAY_OUTLINED, ft.Icons.TODAY),
    Place(TABS[1], "place.hazards", ft.Icons.REPORT_OUTLINED, ft.Icons.REPORT),
    Place(TABS[2], "place.permits", ft.Icons.ASSIGNMENT_OUTLINED, ft.Icons.ASSIGNMENT),
    Place(TABS[3], "place.me", ft.Icons.PERSON_OUTLINE, ft.Icons.PERSON),
)
OF_ME = ("/statistics", "/admin", "/storage", "/gap")  # reached from the last place


class Standing(NamedTuple):
    """What the status line says."""

    icon: ft.IconData
    title: str
    detail: str
    fill: str
    ink: str


def standing(tokens: Tokens, t: Translator, link: Link, *, signs: bool = True) -> Standing:
    """Word what sync is doing; offline is normal and grey, a device that cannot sign is not."""
    status = link.status
    as_of = (
        t("status.as_of", time=t.time(status.as_of_ms))
        if status and status.as_of_ms
        else t("status.no_data")
    )
    if status and status.error and not isinstance(status.error, OfflineError):
        fill, ink = tokens.mind_container, tokens.on_mind
        return Standing(ft.Icons.SYNC_PROBLEM, t("status.blocked"), as_of, fill, ink)
    if not signs:
        fill, ink = tokens.mind_container, tokens.on_mind
        return Standing(ft.Icons.KEY_OFF, t("status.unsigned"), as_of, fill, ink)
    if status is None or status.phase == "offline":
        return Standing(
            ft.Icons.CLOUD_OFF, t("status.offline"), as_of, tokens.offline, tokens.on_offline
        )
    if status.phase == "sending":
        count = t("status.sending", done=status.done, total=status.total)
        rate = t("status.rate", kbit=status.rate * 8 // 1000) if status.rate else ""
        return Standing(ft.Icons.CLOUD_UPLOAD, count, rate, tokens.sending, tokens.on_sending)
    if status.phase == "receiving":
        return Standing(
            ft.Icons.CLOUD_DOWNLOAD, t("status.receiving"), as_of, tokens.synced, tokens.on_synced
        )
    time = t.time(status.as_of_ms) if status.as_of_ms else ""
    return Standing(ft.Icons.CLOUD_DONE, t("status.synced"), time, tokens.synced, tokens.on_synced)


@ft.component
def StatusLine() -> ft.Control:
    """Offline or not, as of when, how much waits; a tap opens the outbox."""
    desk, link = use_desk(), use_link()
    tokens, t = desk.tokens, desk.t
    shown = standing(tokens, t, link, signs=desk.field.key_trouble is None)
    waits = t("status.waiting", n=link.waiting)
    if desk.field.identity is not None and not desk.field.clock.trusted:
        detail = " · ".join(part for part in (t("time.uncalibrated"), shown.detail) if part)
        shown = shown._replace(detail=detail)
    small = tokens.small
    row: list[ft.Control] = [
        ft.Icon(shown.icon, size=20, color=shown.ink),
        parts.words(shown.title, tokens, size=small, color=shown.ink, strong=True),
        parts.words(shown.detail, tokens, size=small, color=shown.ink, expand=True),
        parts.words(waits, tokens, size=small, color=shown.ink),
    ]
    signed_in = desk.person is not None
    if signed_in:
        row.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=22, color=shown.ink))
    bar = ft.Container(
        key="status",
        bgcolor=shown.fill,
        padding=ft.Padding.symmetric(horizontal=theme.MARGIN, vertical=8),
        ink=signed_in,
        on_click=parts.handler(lambda: desk.go("/outbox")) if signed_in else None,
        content=ft.Row(spacing=theme.GAP, controls=row),
    )
    if not signed_in:
        return bar
    return parts.tappable(bar, "", "status")


@ft.component
def Notices() -> ft.Control:
    """The last refusal until it is closed, and good news for a few seconds."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    shown: list[ft.Control] = []
    status = use_link().status
    if desk.alarm:
        shown.append(alarm_note(desk, desk.alarm))
    if status and isinstance(status.error, DeviceBlockedError):
        shown.append(parts.refusal(tokens, t, status.error, key="device-blocked"))
    if desk.incident:
        shown.append(
            parts.note(
                tokens,
                "stop",
                t("incident.text", number=desk.incident),
                detail=t("incident.remedy"),
                on_close=Action(t("do.close"), desk.close_notices, "incident-close"),
                key="incident",
            )
        )
    if desk.notice and not (desk.person is None and isinstance(desk.notice, RecordMissingError)):
        close = Action(t("do.close"), desk.close_notices, "notice-close")
        shown.append(parts.refusal(tokens, t, desk.notice, on_close=close, key="notice"))
    if desk.told:
        shown.append(
            parts.note(tokens, "good" if desk.told_good else "plain", desk.told, key="told")
        )
    return ft.Container(
        padding=ft.Padding.only(left=theme.MARGIN, right=theme.MARGIN, top=8) if shown else 0,
        content=ft.Column(spacing=8, tight=True, controls=shown),
    )


KeptStatusLine, KeptNotices = ft.memo(StatusLine), ft.memo(Notices)


def place_index(route: str) -> int:
    """Return which place a route belongs to; 0 for what belongs to none."""
    for index, place in enumerate(PLACES[1:], start=1):
        if route.startswith((place.route, place.route.removesuffix("s") + "/")):
            return index
    if route.startswith("/works/"):
        return TABS.index("/permits")
    return len(PLACES) - 1 if route.startswith(OF_ME) else 0


def bottom_bar(desk: Desk, route: str) -> ft.NavigationBar:
    """The four places at the bottom of a phone."""
    tokens, t = desk.tokens, desk.t

    def chosen(event: Any) -> None:  # noqa: ANN401 - the control's own event type is generic
        desk.go(PLACES[int(event.control.selected_index)].route)

    return ft.NavigationBar(
        key="places",
        height=tokens.tall(84),
        bgcolor=tokens.surface,
        indicator_color=tokens.primary_container,
        selected_index=place_index(route),
        on_change=chosen,
        destinations=[
            ft.NavigationBarDestination(
                icon=place.icon, selected_icon=place.icon_here, label=t(place.key)
            )
            for place in PLACES
        ],
    )


def rail(desk: Desk, route: str) -> ft.Control:
    """The places at the left of a tablet, or of a phone held across."""
    tokens, t = desk.tokens, desk.t

    def chosen(event: Any) -> None:  # noqa: ANN401 - the control's own event type is generic
        desk.go(PLACES[int(event.control.selected_index)].route)

    label = ft.TextStyle(size=tokens.small, color=tokens.ink2, font_family=theme.FONT)
    here = ft.TextStyle(
        size=tokens.small, color=tokens.ink, weight=ft.FontWeight.W_600, font_family=theme.FONT
    )
    bar = ft.NavigationRail(
        key="places",
        bgcolor=tokens.surface,
        indicator_color=tokens.primary_container,
        selected_index=place_index(route),
        on_change=chosen,
        label_type=ft.NavigationRailLabelType.ALL,
        min_width=tokens.tall(96),
        scrollable=True,
        group_alignment=-1.0,
        unselected_label_text_style=label,
        selected_label_text_style=here,
        leading=parts.words(
            t("app.name"), tokens, size=20 * tokens.scale, color=tokens.primary, strong=True
        ),
        destinations=[
            ft.NavigationRailDestination(
                icon=place.icon, selected_icon=place.icon_here, label=t(place.key)
            )
            for place in PLACES
        ],
    )
    line = ft.Border(right=ft.BorderSide(1, tokens.line))
    return ft.Container(content=bar, border=line)


def frame(desk: Desk, content: ft.Control, route: str, *, places: bool) -> ft.View:
    """Put a screen into its frame; `places` shows the bottom bar on a phone."""
    tokens = desk.tokens
    inner: ft.Control = ft.Column(
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[KeptNotices(), ft.Container(content=content, expand=True)],
    )
    if desk.rail and desk.person:
        inner = ft.Row(
            spacing=0,
            expand=True,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=[rail(desk, route), inner],
        )
    body = ft.Column(
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[KeptStatusLine(), inner],
    )
    return ft.View(
        route="/" if places else route,  # one view for the four places: no slide between them
        can_pop=not places,
        padding=0,
        spacing=0,
        bgcolor=tokens.background,
        controls=[ft.SafeArea(content=body, expand=True)],
        navigation_bar=bottom_bar(desk, route) if places and not desk.rail else None,
    )


def nowhere(desk: Desk) -> ft.Control:
    """What a route that leads nowhere shows."""
    tokens, t = desk.tokens, desk.t
    home = parts.primary_button(
        tokens, t("place.today"), key="home", icon=ft.Icons.TODAY, on_click=lambda: desk.go("/")
    )
    return parts.empty_state(tokens, ft.Icons.EXPLORE_OFF, t("nowhere.text"), action=home)
