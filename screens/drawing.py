"""A structure drawing, drawn from its shapes in the colours of the screen."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import flet as ft
import flet.canvas as cv

from domain.drawings import Document, Mark, Shape
from screens import theme
from screens.theme import Tokens

MARK = 13  # px, radius of a number at any zoom
NUMBER = 15


class _Pen(NamedTuple):
    """How a look is drawn: fill and outline, None for none, and its width."""

    fill: str | None
    line: str
    width: float


def _pens(tokens: Tokens) -> Mapping[str, _Pen]:
    return {
        "body": _Pen(tokens.surface2, tokens.ink, 2),
        "part": _Pen(tokens.primary_container, tokens.ink, 2),
        "pipe": _Pen(tokens.line, tokens.ink2, 7),
        "thin": _Pen(None, tokens.ink2, 2),
        "hot": _Pen(tokens.mind_container, tokens.mind, 2),
        "ground": _Pen(tokens.line, tokens.line, 1),
    }


def drawing(tokens: Tokens, document: Document, width: float, said: str) -> ft.Control:
    """A drawing of that width; `said` is what a screen reader says of it."""
    scale = width / document.width
    height = document.height * scale
    pens = _pens(tokens)
    shapes: list[cv.Shape] = []
    for shape in document.shapes:
        shapes += _shape(shape, pens[shape.look], scale)
    for mark in document.marks:
        shapes += _mark(tokens, mark, scale)
    return ft.Semantics(
        label=said,
        image=True,
        container=True,
        content=ft.Container(
            width=width,
            height=height,
            bgcolor=tokens.surface,
            border=ft.Border.all(1, tokens.line),
            border_radius=theme.CARD_RADIUS,
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
            content=cv.Canvas(width=width, height=height, shapes=shapes),
        ),
    )


def _shape(shape: Shape, pen: _Pen, scale: float) -> list[cv.Shape]:
    numbers = [number * scale for number in shape.numbers]
    stroke = ft.Paint(
        color=pen.line,
        style=ft.PaintingStyle.STROKE,
        stroke_width=max(1.0, pen.width * scale),
        stroke_join=ft.StrokeJoin.ROUND,
    )
    fill = ft.Paint(color=pen.fill, style=ft.PaintingStyle.FILL) if pen.fill else None
    if shape.kind == "line":
        return [cv.Path(_steps(numbers), paint=stroke)]
    outline = ft.Paint(
        color=pen.line, style=ft.PaintingStyle.STROKE, stroke_width=max(1.0, 2 * scale)
    )
    paints = [paint for paint in (fill, outline) if paint is not None]
    if shape.kind == "ring":
        x, y, radius = numbers
        return [cv.Circle(x, y, radius, paint=paint) for paint in paints]
    if shape.kind == "box":
        left, top, right, bottom = numbers
        return [
            cv.Rect(left, top, right - left, bottom - top, border_radius=2 * scale, paint=paint)
            for paint in paints
        ]
    return [cv.Path([*_steps(numbers), cv.Path.Close()], paint=paint) for paint in paints]


def _steps(numbers: Sequence[float]) -> list[cv.Path.PathElement]:
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    steps: list[cv.Path.PathElement] = [cv.Path.MoveTo(*pairs[0])]
    return list(itertools.chain(steps, (cv.Path.LineTo(x, y) for x, y in pairs[1:])))


def _mark(tokens: Tokens, mark: Mark, scale: float) -> list[cv.Shape]:
    x, y = mark.x * scale, mark.y * scale
    radius = MARK * tokens.scale
    disc = ft.Paint(color=tokens.primary, style=ft.PaintingStyle.FILL)
    edge = ft.Paint(color=tokens.surface, style=ft.PaintingStyle.STROKE, stroke_width=2)
    return [
        cv.Circle(x, y, radius, paint=disc),
        cv.Circle(x, y, radius, paint=edge),
        cv.Text(
            x,
            y,
            str(mark.number),
            style=ft.TextStyle(
                size=NUMBER * tokens.scale,
                color=tokens.on_primary,
                weight=ft.FontWeight.W_600,
                font_family=theme.FONT,
            ),
            alignment=ft.Alignment.CENTER,
            text_align=ft.TextAlign.CENTER,
        ),
    ]
