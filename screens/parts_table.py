"""Tables for wide screens, at the density of a desk: rows of 48 px, filtered and sorted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from screens import theme
from screens.parts import Kind, Tap, colours, handler, tappable, words
from screens.theme import Tokens

ROW = 48


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its key, its heading, and its share of the width."""

    key: str
    label: str
    share: int = 1


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: texts in the order of the columns; `kind` tints it; a tap opens it."""

    key: str
    cells: Sequence[str]
    on_click: Tap | None = None
    kind: Kind | None = None


def data_table(
    tokens: Tokens,
    columns: Sequence[TableColumn],
    rows: Sequence[TableRow],
    *,
    sorted_by: str,
    descending: bool,
    on_sort: Callable[[str], None],
) -> ft.Control:
    """A table; a tap on a heading sorts by it, a second one turns the order round."""
    head = ft.Row(
        spacing=0,
        controls=[_heading(tokens, column, sorted_by, descending, on_sort) for column in columns],
    )
    lines: list[ft.Control] = [
        ft.Container(content=head, bgcolor=tokens.surface2, height=tokens.tall(theme.TARGET))
    ]
    lines += [_row(tokens, columns, row) for row in rows]
    return ft.Container(
        border=ft.Border.all(1, tokens.line),
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        bgcolor=tokens.surface,
        content=ft.Column(
            spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=lines
        ),
    )


def _heading(
    tokens: Tokens,
    column: TableColumn,
    sorted_by: str,
    descending: bool,
    on_sort: Callable[[str], None],
) -> ft.Control:
    here = column.key == sorted_by
    inside: list[ft.Control] = [
        words(column.label, tokens, size=tokens.small, strong=True, lines=2, expand=True)
    ]
    if here:
        icon = ft.Icons.ARROW_DOWNWARD if descending else ft.Icons.ARROW_UPWARD
        inside.append(ft.Icon(icon, size=18, color=tokens.primary))
    key = f"sort-{column.key}"
    return tappable(
        ft.Container(
            key=key,
            padding=ft.Padding.symmetric(horizontal=10),
            height=tokens.tall(theme.TARGET),
            alignment=ft.Alignment.CENTER_LEFT,
            ink=True,
            on_click=handler(lambda: on_sort(column.key)),
            content=ft.Row(spacing=2, controls=inside),
        ),
        "",
        key,
        expand=column.share,
    )


def _row(tokens: Tokens, columns: Sequence[TableColumn], row: TableRow) -> ft.Control:
    look = colours(tokens, row.kind or "plain")
    ink = look.ink if row.kind else tokens.ink
    cells: list[ft.Control] = [
        ft.Container(
            expand=column.share,
            padding=ft.Padding.symmetric(horizontal=10),
            content=words(text, tokens, size=tokens.small, color=ink, lines=1),
        )
        for column, text in zip(columns, row.cells, strict=True)
    ]
    box = ft.Container(
        key=row.key,
        height=tokens.tall(ROW),
        bgcolor=look.fill if row.kind else None,
        border=ft.Border(top=ft.BorderSide(1, tokens.line)),
        ink=row.on_click is not None,
        on_click=handler(row.on_click),
        content=ft.Row(spacing=0, controls=cells),
    )
    return tappable(box, "", row.key) if row.on_click else box
