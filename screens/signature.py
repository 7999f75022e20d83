"""Signing by hand: strokes are state, the picture is drawn in Python from them.

The pad is a page of its own, because inside a scrolling list a stroke downwards would scroll it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft
import flet.canvas as cv

from app.translate import Translator
from media import signature
from screens import parts, parts_work, theme
from screens.theme import Tokens

PAPER, PEN = "#FFFFFF", "#000000"  # a signature is black on white in light and dark
STROKE_PX = 2.5
EVERY_MS = 16  # a point per frame is enough for a smooth line
WIDTH, HEIGHT = 360, 240

Point = tuple[float, float]
Stroke = tuple[Point, ...]


@dataclass(eq=False)
class SignatureModel(ft.Observable):
    """The strokes drawn so far."""

    done: Callable[[bytes], Awaitable[None]]
    strokes: tuple[Stroke, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT

    def press(self, point: Point) -> None:
        """Begin a stroke."""
        self.strokes = (*self.strokes, (point,))

    def move(self, point: Point) -> None:
        """Go on with the stroke."""
        if not self.strokes:
            self.press(point)
            return
        self.strokes = (*self.strokes[:-1], (*self.strokes[-1], point))

    def clear(self) -> None:
        """Start over."""
        self.strokes = ()

    async def finish(self) -> None:
        """Hand over the signature as a PNG."""
        if self.strokes:
            await self.done(signature.draw(self.strokes, self.width, self.height))


def _point(at: ft.Offset) -> Point:
    return round(at.x, 1), round(at.y, 1)


def _line(stroke: Stroke) -> cv.Path:
    elements: list[cv.Path.PathElement] = [cv.Path.MoveTo(*stroke[0])]
    # A tap is a dot: a path of one point would draw nothing.
    rest = stroke[1:] or (stroke[0],)
    elements += [cv.Path.LineTo(x, y) for x, y in rest]
    return cv.Path(
        elements=elements,
        paint=ft.Paint(
            color=PEN,
            stroke_width=STROKE_PX,
            style=ft.PaintingStyle.STROKE,
            stroke_cap=ft.StrokeCap.ROUND,
            stroke_join=ft.StrokeJoin.ROUND,
        ),
    )


@ft.component
def SignaturePad(model: SignatureModel, label: str) -> ft.Control:
    """The pad alone; finger, pen or mouse."""

    def press(event: ft.DragStartEvent[ft.GestureDetector]) -> None:
        model.press(_point(event.local_position))

    def move(event: ft.DragUpdateEvent[ft.GestureDetector]) -> None:
        model.move(_point(event.local_position))

    pad = cv.Canvas(
        shapes=[_line(stroke) for stroke in model.strokes],
        width=model.width,
        height=model.height,
        content=ft.GestureDetector(
            key="pad",
            drag_interval=EVERY_MS,
            on_pan_start=press,
            on_pan_update=move,
            mouse_cursor=ft.MouseCursor.PRECISE,
        ),
    )
    return ft.Semantics(
        label=label,
        identifier="signature-pad",
        container=True,
        content=ft.Container(
            width=model.width,
            height=model.height,
            bgcolor=PAPER,
            border_radius=theme.CARD_RADIUS,
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
            content=pad,
        ),
    )


@ft.component
def SignaturePage(
    model: SignatureModel,
    tokens: Tokens,
    t: Translator,
    title: str,
    on_back: Callable[[], None],
) -> ft.Control:
    """A page to sign on; the signature counts once "done" is tapped."""
    pad = ft.Row(
        alignment=ft.MainAxisAlignment.CENTER,
        controls=[
            ft.Container(
                border=ft.Border.all(2, tokens.line),
                border_radius=theme.CARD_RADIUS,
                content=SignaturePad(model, t("signature.pad")),
            )
        ],
    )
    body = ft.Column(
        expand=True,
        spacing=theme.GAP_WIDE,
        alignment=ft.MainAxisAlignment.CENTER,
        controls=[parts.words(t("signature.hint"), tokens, color=tokens.ink2), pad],
    )
    return ft.Column(
        expand=True,
        spacing=0,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[
            parts_work.page_head(tokens, title, on_back=on_back, back_label=t("page.back")),
            ft.Container(
                expand=True,
                padding=ft.Padding.symmetric(horizontal=theme.MARGIN),
                content=body,
            ),
            ft.Container(
                padding=ft.Padding.only(
                    left=theme.MARGIN, right=theme.MARGIN, top=theme.GAP, bottom=theme.MARGIN
                ),
                content=_footer(model, tokens, t),
            ),
        ],
    )


def _footer(model: SignatureModel, tokens: Tokens, t: Translator) -> ft.Control:
    empty = not model.strokes
    return ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            parts.quiet_button(
                tokens,
                t("signature.clear"),
                key="signature-clear",
                icon=ft.Icons.REPLAY,
                on_click=model.clear,
                disabled=empty,
            ),
            parts.primary_button(
                tokens,
                t("signature.done"),
                key="signature-done",
                icon=ft.Icons.DRAW,
                on_click=model.finish,
                disabled=empty,
                expand=True,
            ),
        ],
    )
