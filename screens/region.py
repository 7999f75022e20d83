"""Marking where the defect is: two taps at opposite corners, or a drag, on the photo before."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import repair_checks
from app.use_cases.repair_checks import Paper
from domain.repair_checks import Region, region_between
from screens import parts, parts_compare, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_value
from screens.parts import words

EVERY_MS = 16  # a box that follows the finger needs no more than a frame
CORNER = 18  # px: the mark of the first corner

Share = tuple[float, float]


@dataclass(eq=False)
class RegionModel(ft.Observable):
    """A region being marked; corners are shares of the picture's sides."""

    desk: Desk
    photo_id: str
    keep: Callable[[Region], Awaitable[bool]]
    region: Region | None = None
    paper: Paper | None = None
    corner: Share | None = None  # of two taps, the first
    anchor: Share | None = None  # where a drag began
    small: bool = False
    busy: bool = False

    async def load(self) -> None:
        """Read the picture to mark on."""
        self.paper = await self.desk.run(repair_checks.paper, self.photo_id)

    def tap(self, at: Share) -> None:
        """Take a corner; the second one makes the box."""
        self.small = False
        if self.corner is None:
            self.corner, self.region = at, None
            return
        self.region = region_between(self.photo_id, self.corner, at)
        self.corner, self.small = None, self.region is None

    def drag(self, at: Share) -> None:
        """Begin a box at a corner."""
        self.anchor, self.corner, self.small = at, None, False

    def draw(self, at: Share) -> None:
        """Let the box follow the finger."""
        if self.anchor is not None:
            self.region = region_between(self.photo_id, self.anchor, at)

    def drop(self) -> None:
        """End the box."""
        self.anchor, self.small = None, self.region is None

    def clear(self) -> None:
        """Start over."""
        self.region, self.corner, self.anchor, self.small = None, None, None, False

    async def finish(self) -> None:
        """Keep the box."""
        if self.region is None or self.busy:
            return
        self.busy = True
        await self.keep(self.region)
        self.busy = False

    @property
    def hint(self) -> str:
        """Return the key of what to do next."""
        if self.small:
            return "mark.region.small"
        if self.corner is not None:
            return "mark.region.second"
        return "mark.region.loose" if self.region else "mark.region.hint"


@ft.component
def RegionPage(
    photo_id: str,
    region: Region | None,
    detail: str,
    keep: Callable[[Region], Awaitable[bool]],
    on_back: Callable[[], None],
) -> ft.Control:
    """A page within the page that opened it: the photo, the box, keep or start over."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: RegionModel(desk, photo_id, keep, region))
    ft.use_effect(model.load, [photo_id])
    use_keys(enter=model.finish, escape=on_back)
    title = t("mark.region.title")
    head = parts_work.page_head(tokens, title, detail, on_back=on_back, back_label=t("page.back"))
    body: list[ft.Control] = [words(t(model.hint), tokens, key="mark-hint")]
    if model.paper is None:
        body.append(ft.ProgressBar(semantics_label=title))
    else:
        body.append(_picture(model, desk, model.paper, title))
    footer = [
        parts.quiet_button(
            tokens,
            t("mark.region.clear"),
            key="mark-clear",
            on_click=model.clear,
            disabled=model.region is None and model.corner is None,
        ),
        parts.primary_button(
            tokens,
            t("mark.region.keep"),
            key="mark-keep",
            icon=ft.Icons.CHECK,
            on_click=model.finish,
            disabled=model.region is None or model.busy,
            expand=True,
        ),
    ]
    return parts_work.page(tokens, head, body, footer)


def _picture(model: RegionModel, desk: Desk, paper: Paper, title: str) -> ft.Control:
    width, height = parts_compare.room(desk, paper.width, paper.height)

    def share(at: ft.Offset) -> Share:
        return at.x / width, at.y / height

    def tap(event: ft.TapEvent[ft.GestureDetector]) -> None:
        if event.local_position is not None:
            model.tap(share(event.local_position))

    def begin(event: ft.DragStartEvent[ft.GestureDetector]) -> None:
        model.drag(share(event.local_position))

    def follow(event: ft.DragUpdateEvent[ft.GestureDetector]) -> None:
        model.draw(share(event.local_position))

    def end(_event: ft.DragEndEvent[ft.GestureDetector]) -> None:
        model.drop()

    layers: list[ft.Control] = [parts_compare.layer(paper.picture, title, width, height)]
    if model.region is not None:
        layers.append(parts_compare.frame(model.region, width, height))
    if model.corner is not None:
        layers.append(_corner(model.corner, width, height))
    touch = ft.GestureDetector(
        key="mark-pad",
        drag_interval=EVERY_MS,
        on_tap_up=tap,
        on_pan_start=begin,
        on_pan_update=follow,
        on_pan_end=end,
        mouse_cursor=ft.MouseCursor.PRECISE,
        content=ft.Stack(controls=layers, width=width, height=height),
    )
    stage = ft.Container(
        width=width,
        height=height,
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        content=touch,
    )
    named = ft.Semantics(label=title, identifier="mark-picture", container=True, content=stage)
    return ft.Row(alignment=ft.MainAxisAlignment.CENTER, controls=[named])


def _corner(at: Share, width: float, height: float) -> ft.Control:
    return ft.Container(
        left=at[0] * width - CORNER / 2,
        top=at[1] * height - CORNER / 2,
        width=CORNER,
        height=CORNER,
        border_radius=CORNER,
        bgcolor=parts_compare.MARK,
        border=ft.Border.all(2, parts_compare.EDGE),
    )
