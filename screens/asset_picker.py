"""Finding equipment by its id or name: the list narrows while one types, a tap picks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import scan
from domain.errors import FieldError
from domain.plant import Asset
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_value
from screens.kinds import KIND_ICONS

SHOWN_MAX = 60  # rows; whoever looks for more types a letter

Pick = Callable[[str, str], Awaitable[None]]  # asset id as known or typed, and via


@dataclass(eq=False)
class AssetPickerModel(ft.Observable):
    """What is typed, and the equipment that fits."""

    desk: Desk
    query: str = ""
    found: tuple[Asset, ...] = ()
    loaded: bool = False
    refused: FieldError | None = None

    async def search(self) -> None:
        """Look for what is typed; everything for nothing typed."""
        query = self.query
        found = await asyncio.to_thread(scan.search_assets, self.desk.field, query)
        if query == self.query:  # nothing was typed meanwhile
            self.found, self.loaded = tuple(found), True

    def type(self, query: str) -> None:
        """Keep what is typed."""
        self.query = query


@ft.component
def AssetPicker(
    title: str,
    detail: str,
    on_pick: Pick,
    on_back: Callable[[], None],
    typing: bool,
    on_area: Callable[[str], Awaitable[None]] | None = None,
    on_scan: Callable[[], None] | None = None,
) -> ft.Control:
    """A page with the list; `typing` gives the field the focus at once.

    `on_area`: an area may be picked too. `on_scan`: a label may be scanned instead.
    """
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: AssetPickerModel(desk))
    ft.use_effect(model.search, [model.query])

    async def enter() -> None:
        if len(model.found) == 1:
            await on_pick(model.found[0].asset_id, "typed")
        elif model.query.strip():
            await on_pick(model.query.strip(), "typed")

    use_keys(enter=enter, escape=on_back)
    field = parts.text_field(
        tokens,
        desk,
        t("asset.search"),
        model.query,
        model.type,
        key="asset-search",
        icon=ft.Icons.SEARCH,
        limit=80,
        on_submit=enter,
        autofocus=typing,
    )
    room = ft.Container(height=2)  # for the label that floats on the field's edge
    body = [room, field, *_ways(desk, model, on_pick, on_area, on_scan)]
    head = parts_work.page_head(tokens, title, detail, on_back=on_back, back_label=t("page.back"))
    return parts_work.one_column(desk, parts_work.page(tokens, head, body))


def _ways(
    desk: Desk,
    model: AssetPickerModel,
    on_pick: Pick,
    on_area: Callable[[str], Awaitable[None]] | None,
    on_scan: Callable[[], None] | None,
) -> list[ft.Control]:
    """Scan instead, the equipment that fits, and the areas that fit."""
    tokens, t = desk.tokens, desk.t
    body: list[ft.Control] = []
    if on_scan is not None:
        body.append(
            parts.quiet_button(
                tokens,
                t("asset.scan"),
                key="asset-scan",
                icon=ft.Icons.QR_CODE_SCANNER,
                on_click=on_scan,
                kind="primary",
            )
        )
    areas = _areas(desk, model.query) if on_area is not None else []
    if model.loaded and not model.found and not areas:
        body.append(
            parts.empty_state(
                tokens, ft.Icons.SEARCH_OFF, t("asset.none"), detail=t("asset.none.detail")
            )
        )
    via = "typed" if model.query.strip() else "list"
    body += [_row(desk, asset, on_pick, via) for asset in model.found[:SHOWN_MAX]]
    if len(model.found) > SHOWN_MAX:
        body.append(parts.words(t("asset.more"), tokens, size=tokens.small, color=tokens.ink2))
    if on_area is not None and areas:
        rows = [_area_row(desk, code, on_area) for code in areas]
        body.append(parts.section(tokens, t("asset.areas"), rows))
    return body


def _row(desk: Desk, asset: Asset, on_pick: Pick, via: str) -> ft.Control:
    plant, t = desk.field.definitions.plant, desk.t

    async def pick() -> None:
        await on_pick(asset.asset_id, via)

    area, kind = plant.areas.get(asset.area), plant.kinds.get(asset.kind)
    detail = " · ".join(text for text in (t.of(kind), t.of(area.name if area else None)) if text)
    return parts.row_card(
        desk.tokens,
        f"{asset.asset_id} {t.of(asset.name)}",
        detail,
        key=f"asset-{asset.asset_id}",
        icon=KIND_ICONS.get(asset.kind, ft.Icons.PRECISION_MANUFACTURING_OUTLINED),
        on_click=pick,
        lines=2,
    )


def _areas(desk: Desk, query: str) -> list[str]:
    """Return the areas whose code or name contains what is typed."""
    wanted = query.strip().casefold()
    areas = desk.field.definitions.plant.areas.values()
    return [
        area.code
        for area in areas
        if wanted in f"{area.code} {' '.join(area.name.by_language.values())}".casefold()
    ]


def _area_row(desk: Desk, code: str, on_area: Callable[[str], Awaitable[None]]) -> ft.Control:
    async def pick() -> None:
        await on_area(code)

    area = desk.field.definitions.plant.areas[code]
    return parts.row_card(
        desk.tokens,
        desk.t.of(area.name),
        code,
        key=f"area-{code}",
        icon=ft.Icons.PLACE_OUTLINED,
        on_click=pick,
    )
