"""Scanning a label: aim, and the checklist opens by itself. Three other ways when that fails."""

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import flet as ft

from app.translate import Translator
from app.use_cases import inspections, rechecks, reports, scan, upkeep
from app.use_cases.aiming import Why
from app.use_cases.scan import Scanned
from domain.plant import Checkpoint
from screens import parts, parts_evidence, parts_work, theme
from screens.asset_picker import AssetPicker
from screens.capture import camera_view
from screens.context import Desk, use_desk, use_keys, use_value
from screens.offer import Offer, OfferPage
from screens.parts import words
from screens.pictures import PicturePicker, use_pictures
from screens.scan_choice import which
from screens.scan_model import ScanModel
from screens.theme import Tokens

AIM_EDGE = 5
HELP: Mapping[Why, str] = {
    "several": "scan.several", "typed": "scan.aim", "aside": "scan.aside", "unread": "scan.hint",
}  # fmt: skip


@ft.component
def ScanScreen() -> ft.Control:
    """The route `/scan`: a label opens the checklist bound to it."""
    desk = use_desk()
    spot, set_spot = use_value(cast("Checkpoint | None", None))
    offer, set_offer = use_value(cast("Offer | None", None))

    async def scanned(found: Scanned) -> None:
        if found.asset is None:
            set_spot(found.checkpoint)
            return
        asset_id = found.asset.asset_id
        due = await desk.run(upkeep.due_here, desk.signed_in, asset_id)
        again = await desk.run(rechecks.due_here, desk.signed_in, asset_id)
        if due or again:
            inspects = await desk.run(scan.may_inspect, desk.signed_in, found.asset)
            set_offer(Offer(found, due or (), inspects=inspects is True, recheck=again))
            return
        await go_on(found)

    async def go_on(found: Scanned) -> None:
        assert found.asset is not None, "only equipment has a checklist"
        reads = await desk.run(scan.inspects_elsewhere, desk.signed_in)
        if not reads and not await desk.run(scan.may_inspect, desk.signed_in, found.asset):
            draft = await desk.run(
                reports.open_draft,
                desk.signed_in,
                asset_id=found.asset.asset_id,
                label_state=found.label_state,
            )
            if draft is not None:
                desk.go(f"/report/{draft.draft_id}", instead=True)
            return
        sheet = await desk.run(inspections.open_sheet, desk.signed_in, found, desk.fix)
        if sheet is not None:
            desk.go(f"/sheet/{sheet.draft_id}", instead=True)

    if spot is not None:
        return SpotPage(spot, lambda: set_spot(None))
    if offer is not None:
        return OfferPage(offer, go_on, lambda: set_offer(None))
    return ScanPage(scanned, desk.back)


@ft.component
def ScanPage(done: Callable[[Scanned], Awaitable[None]], on_back: Callable[[], None]) -> ft.Control:
    """The scanner as a page of its own; also where a report takes its place from a label."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ScanModel(desk, desk.field.devices.camera(), done))
    model.done = done
    picker = use_pictures(model.choose)
    looking = model.typing is None and model.phase not in ("refused", "asking")
    ft.use_effect(model.load, [])

    async def look() -> None:
        if looking:
            await model.start()

    ft.use_effect(look, [model.attempt, looking], cleanup=model.stop)
    use_keys(enter=model.again if model.error or model.asked else None, escape=on_back)
    if model.typing is not None:
        return AssetPicker(
            t("scan.list"), t("scan.list.detail"), model.pick, model.close_list, model.typing
        )
    ways = _ways(model, tokens, t, picker)
    if model.asked:
        return which(desk, model.asked, model.take, model.again, on_back, model.why)
    if model.error is not None:
        return _refused(desk, model, ways, on_back)
    view = _view(model, desk, on_back)
    panel = _panel(model, desk, ways)
    if desk.wide:
        return ft.Row(
            expand=True,
            spacing=0,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=[
                ft.Container(view, expand=6),
                ft.Container(panel, expand=4, alignment=ft.Alignment.BOTTOM_CENTER),
            ],
        )
    return ft.Column(
        expand=True,
        spacing=0,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[ft.Container(view, expand=True), panel],
    )


def _view(model: ScanModel, desk: Desk, on_back: Callable[[], None]) -> ft.Control:
    """What the camera sees, the frame to aim with, and one line of help."""
    layers = [*_sight(model), _aim(model, desk), _bar(desk, on_back)]
    return ft.Semantics(
        identifier="scanner",
        container=True,
        content=ft.Container(
            bgcolor=parts_evidence.NIGHT,
            clip_behavior=ft.ClipBehavior.HARD_EDGE,
            on_size_change=lambda event: model.measured(event.width, event.height),
            content=ft.Stack(controls=layers, expand=True),
        ),
    )


def _sight(model: ScanModel) -> list[ft.Control]:
    """The camera's own preview, or its last frame."""
    if model.camera.control is not None:
        preview = camera_view(model.camera)
        return [ft.Container(left=0, right=0, top=0, bottom=0, content=preview)]
    if model.frame is None:
        return []
    return [
        ft.Image(
            src=model.frame,
            left=0,
            right=0,
            top=0,
            bottom=0,
            fit=ft.BoxFit.COVER,
            gapless_playback=True,
            exclude_from_semantics=True,
        )
    ]


def _aim(model: ScanModel, desk: Desk) -> ft.Control:
    tokens, snow = desk.tokens, parts_evidence.SNOW
    frame = ft.Container(
        width=model.edge,
        height=model.edge,
        border=ft.Border.all(AIM_EDGE, snow),
        border_radius=28,
        alignment=ft.Alignment.CENTER,
        content=ft.Container(height=4, width=model.edge - 48, bgcolor=tokens.primary_container),
    )
    text = _help(model, desk.t)
    line = ft.Container(
        bgcolor=parts_evidence.SHADE,
        border_radius=10,
        padding=ft.Padding.symmetric(horizontal=14, vertical=8),
        content=ft.Text(text, size=tokens.body, color=snow, text_align=ft.TextAlign.CENTER),
    )
    below = ft.Container(
        line, expand=True, alignment=ft.Alignment.TOP_CENTER, padding=ft.Padding.only(top=16)
    )
    column = ft.Column(  # as much above as below: what is in the frame is in the picture's middle
        spacing=0,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        controls=[ft.Container(expand=True), frame, below],
    )
    return ft.Container(left=0, right=0, top=0, bottom=0, content=column)


def _bar(desk: Desk, on_back: Callable[[], None]) -> ft.Control:
    tokens, t, snow = desk.tokens, desk.t, parts_evidence.SNOW
    close = parts.icon_button(
        tokens, ft.Icons.CLOSE, t("page.back"), key="back", on_click=on_back, color=snow
    )
    title = ft.Text(
        t("scan.title"),
        size=tokens.title,
        color=snow,
        weight=ft.FontWeight.W_600,
        text_align=ft.TextAlign.CENTER,
        expand=True,
    )
    return ft.Container(
        left=0,
        right=0,
        top=0,
        padding=ft.Padding.only(left=4, right=theme.TARGET + 4, top=6, bottom=6),
        bgcolor=parts_evidence.SHADE,
        content=ft.Row(controls=[close, title]),
    )


def _help(model: ScanModel, t: Translator) -> str:
    match model.phase:
        case "opening":
            return t("scan.opening")
        case "reading":
            return t("scan.reading")
        case _:
            return t(HELP[model.why] if model.why else "scan.hint" if model.slow else "scan.aim")


def _ways(
    model: ScanModel, tokens: Tokens, t: Translator, picker: PicturePicker
) -> list[ft.Control]:
    """The other ways to the equipment: type its id, a picture of the label, the list."""

    def type_id() -> None:
        model.open_list(typing=True)

    def open_list() -> None:
        model.open_list(typing=False)

    return [
        parts.quiet_button(
            tokens,
            t("scan.type"),
            key="scan-type",
            icon=ft.Icons.KEYBOARD,
            on_click=type_id,
        ),
        parts_evidence.pick_button(
            tokens, t("scan.picture"), key="scan-picture", action=picker.action
        ),
        parts.quiet_button(
            tokens, t("scan.list"), key="scan-list", icon=ft.Icons.LIST, on_click=open_list
        ),
    ]


def _panel(model: ScanModel, desk: Desk, ways: list[ft.Control]) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    controls: list[ft.Control] = [
        words(t("scan.fails"), tokens, size=tokens.small, color=tokens.ink2),
        _beside(desk, ways),
    ]
    if model.recent:
        controls.append(_recent(model, desk))
    return ft.Container(
        bgcolor=tokens.surface,
        border_radius=ft.BorderRadius.only(top_left=24, top_right=24),
        padding=ft.Padding.only(left=theme.MARGIN, right=theme.MARGIN, top=16, bottom=16),
        content=ft.Column(
            tight=True,
            spacing=theme.GAP_WIDE,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=controls,
        ),
    )


def _beside(desk: Desk, ways: list[ft.Control]) -> ft.Control:
    """Side by side where the words are short enough, else below each other."""
    narrow = desk.width < theme.RAIL_FROM and (desk.language != "zh" or desk.scale > 1)
    if narrow or desk.wide:
        return ft.Column(
            tight=True,
            spacing=theme.GAP,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=ways,
        )
    return ft.Row(spacing=theme.GAP, controls=[ft.Container(way, expand=True) for way in ways])


def _recent(model: ScanModel, desk: Desk) -> ft.Control:
    tokens, t, last = desk.tokens, desk.t, model.recent[0]
    assert last.asset is not None, "only equipment is remembered"
    asset_id = last.asset.asset_id

    async def pick() -> None:
        await model.pick(asset_id, "list")

    text = t("scan.recent", asset=f"{asset_id} {t.of(last.asset.name)}", time=t.time(last.at_ms))
    return parts.tappable(
        ft.Container(
            key="scan-recent",
            height=tokens.tall(theme.TARGET),
            alignment=ft.Alignment.CENTER_LEFT,
            ink=True,
            border_radius=theme.CARD_RADIUS,
            on_click=parts.handler(pick),
            content=words(text, tokens, size=tokens.small, color=tokens.ink2, lines=2),
        ),
        "",
        "scan-recent",
    )


def _refused(
    desk: Desk, model: ScanModel, ways: list[ft.Control], on_back: Callable[[], None]
) -> ft.Control:
    """Why the code is no label to work with, or why there is no camera, and every way on."""
    tokens, t = desk.tokens, desk.t
    error = model.error
    assert error is not None
    head = parts_work.page_head(
        tokens,
        t("scan.blind" if model.phase == "blind" else "scan.refused"),
        on_back=on_back,
        back_label=t("page.back"),
    )

    async def report() -> None:
        draft = await desk.run(reports.open_draft, desk.signed_in)
        if draft is not None:
            desk.go(f"/report/{draft.draft_id}", instead=True)

    body: list[ft.Control] = [parts.refusal(tokens, t, error, key="refused")]
    body.append(parts.section(tokens, t("scan.ways"), ways))
    if model.phase == "refused":
        body.append(
            parts.quiet_button(
                tokens,
                t("scan.report"),
                key="scan-report",
                icon=ft.Icons.REPORT,
                on_click=report,
            )
        )
    if model.recent:
        body.append(_recent(model, desk))
    again = parts.primary_button(
        tokens,
        t("scan.again"),
        key="scan-again",
        icon=ft.Icons.QR_CODE_SCANNER,
        on_click=model.again,
        expand=True,
    )
    return parts_work.one_column(desk, parts_work.page(tokens, head, body, [again]))


@ft.component
def SpotPage(spot: Checkpoint, on_back: Callable[[], None]) -> ft.Control:
    """A checkpoint has no checklist: offer what can be done here."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t

    async def report() -> None:
        draft = await desk.run(reports.open_draft, desk.signed_in)
        if draft is None:
            return
        await desk.run(reports.change_draft, desk.signed_in, draft.draft_id, area=spot.area)
        desk.go(f"/report/{draft.draft_id}", instead=True)

    use_keys(enter=on_back, escape=on_back)
    area = desk.field.definitions.plant.areas[spot.area]
    note = parts.note(
        tokens,
        "good",
        t("scan.spot", spot=spot.checkpoint_id, area=area.name),
        detail=t("scan.spot.detail"),
        icon=ft.Icons.PLACE,
        key="spot",
    )
    here = parts.quiet_button(
        tokens, t("scan.spot.report"), key="spot-report", icon=ft.Icons.REPORT, on_click=report
    )
    again = parts.primary_button(
        tokens,
        t("scan.again"),
        key="scan-again",
        icon=ft.Icons.QR_CODE_SCANNER,
        on_click=on_back,
        expand=True,
    )
    head = parts_work.page_head(
        tokens, t.of(spot.name), on_back=desk.back, back_label=t("page.back")
    )
    return parts_work.page(tokens, head, [note, here], [again])
