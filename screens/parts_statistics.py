"""Parts of the statistics: key numbers, bars and columns made of boxes, each with its number."""

from collections.abc import Sequence
from dataclasses import dataclass

import flet as ft

from app.translate import Translator
from screens import theme
from screens.parts import Kind, Tap, card, colours, handler, icon_button, tappable, words
from screens.theme import Tokens

BAR = 14  # px, height of a bar
COLUMN_HEIGHT = 120  # px, highest column
PALE = 0.4  # of the colour of a column that cannot be compared
TABLE_ROW = 48  # px: lists of managers stand at desktop density


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart: what stands below it and what is spoken, its number and a part of it.

    A pale one cannot be compared with the others.
    """

    label: str
    said: str
    count: int
    part: int
    on_click: Tap
    pale: bool = False


def key_number(
    tokens: Tokens,
    label: str,
    value: str,
    unit: str,
    detail: str,
    *,
    key: str,
    on_click: Tap,
    info: ft.Control,
    kind: Kind | None = None,
) -> ft.Control:
    """A number with its unit and name; a tap opens its records, the sign says how it is counted."""
    ink = colours(tokens, kind).ink if kind else tokens.ink
    text: list[ft.Control] = [
        words(label, tokens, size=tokens.small, color=tokens.ink2 if kind is None else ink),
        ft.Text(
            spans=[
                ft.TextSpan(
                    value, ft.TextStyle(size=tokens.figure, weight=ft.FontWeight.W_700, color=ink)
                ),
                ft.TextSpan(f" {unit}" if unit else "", ft.TextStyle(size=tokens.body, color=ink)),
            ]
        ),
    ]
    if detail:
        text.append(words(detail, tokens, size=tokens.small, color=ink if kind else tokens.ink2))
    body = card(
        tokens,
        ft.Container(
            padding=ft.Padding.only(right=theme.TARGET - theme.PAD),
            content=ft.Column(spacing=2, controls=text),
        ),
        key=key,
        on_click=on_click,
        kind=kind,
    )
    corner = ft.Container(info, right=0, top=0)
    return ft.Stack(controls=[body, corner], expand=True, fit=ft.StackFit.PASS_THROUGH)


def grid(controls: Sequence[ft.Control], columns: int) -> ft.Control:
    """Cards in rows of as many columns, all of a row of one size."""
    rows: list[ft.Control] = []
    level = columns > 1  # equally high, too; alone in its row a card has nothing to be level with
    down = ft.CrossAxisAlignment.STRETCH if level else ft.CrossAxisAlignment.START
    for start in range(0, len(controls), columns):
        some = list(controls[start : start + columns])
        some += [ft.Container(expand=True) for _ in range(columns - len(some))]
        rows.append(
            ft.Row(
                spacing=theme.GAP,
                vertical_alignment=down,
                intrinsic_height=level,
                controls=some,
            )
        )
    return ft.Column(spacing=theme.GAP, controls=rows)


def info_sign(tokens: Tokens, label: str, *, key: str, on_click: Tap) -> ft.Control:
    """The sign that says how something is counted."""
    return icon_button(
        tokens, ft.Icons.INFO_OUTLINE, label, key=key, on_click=on_click, color=tokens.ink2
    )


def bar(
    tokens: Tokens,
    t: Translator,
    label: str,
    count: int,
    most: int,
    *,
    key: str,
    on_click: Tap,
    tail: str = "",
    kind: Kind = "primary",
) -> ft.Control:
    """One value of a group: its name over a bar, and its number."""
    share = round(1000 * count / most) if most else 0
    edge = colours(tokens, kind).edge
    line: list[ft.Control] = [
        ft.Container(height=BAR, bgcolor=edge, border_radius=4, expand=max(share, 8))
        if count
        else ft.Container(height=BAR, width=2, bgcolor=tokens.line)
    ]
    if share < 1000:
        line.append(ft.Container(height=BAR, expand=max(1000 - share, 1)))
    text: list[ft.Control] = [
        words(label, tokens, lines=None if tokens.large else 2, expand=True),
        words(str(count), tokens, strong=True),
    ]
    if tail:
        text.insert(1, words(tail, tokens, size=tokens.small, color=tokens.ink2))
    sentence = "statistics.bar.said.tail" if tail else "statistics.bar.said"
    said = t(sentence, label=label, tail=tail, count=count)
    drawn = ft.Column(
        spacing=4,
        controls=[
            ft.Row(spacing=theme.GAP_WIDE, controls=text),
            ft.Row(spacing=0, controls=line),
        ],
    )
    box = ft.Container(
        key=key,
        ink=True,
        on_click=handler(on_click),
        border_radius=8,
        padding=ft.Padding.symmetric(vertical=7, horizontal=4),
        content=_unspoken(drawn),
    )
    return tappable(box, said, key)


def _unspoken(drawn: ft.Control) -> ft.Control:
    """Keep the texts of a drawing out of what is spoken: a sentence is said in their place."""
    return ft.Semantics(exclude_semantics=True, content=drawn)


def columns(tokens: Tokens, rows: Sequence[Column], *, key: str) -> ft.Control:
    """Columns side by side, newest at the right; number above, name below, both always there."""
    most = max((row.count for row in rows), default=0)
    drawn: list[ft.Control] = [
        _column(tokens, row, most, key=f"{key}-{number}") for number, row in enumerate(rows)
    ]
    return ft.Row(
        spacing=4,
        scroll=ft.ScrollMode.AUTO,
        auto_scroll=True,
        vertical_alignment=ft.CrossAxisAlignment.END,
        controls=drawn,
    )


def _column(tokens: Tokens, row: Column, most: int, *, key: str) -> ft.Control:
    height = max(2, round(COLUMN_HEIGHT * row.count / most)) if most else 2
    dark = round(height * row.part / row.count) if row.count else 0
    edge = ft.BorderSide(2, tokens.primary)
    stack: list[ft.Container] = []
    if height - dark:
        stack.append(
            ft.Container(
                height=height - dark,
                border=ft.Border(left=edge, right=edge, top=edge),
            )
        )
    if dark:
        stack.append(ft.Container(height=dark, bgcolor=tokens.primary))
    for one in stack:
        one.opacity = PALE if row.pale else 1.0
    drawn = ft.Column(
        spacing=2,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[
            _middle(str(row.count), tokens, strong=True),
            *stack,
            _middle(row.label, tokens, strong=False),
        ],
    )
    box = ft.Container(
        key=key,
        width=tokens.tall(theme.TARGET),
        ink=True,
        on_click=handler(row.on_click),
        padding=ft.Padding.symmetric(horizontal=4),
        content=_unspoken(drawn),
    )
    return tappable(box, row.said, key)


def _middle(text: str, tokens: Tokens, *, strong: bool) -> ft.Control:
    return ft.Text(
        text,
        size=tokens.small,
        color=tokens.ink if strong else tokens.ink2,
        weight=ft.FontWeight.W_600 if strong else None,
        text_align=ft.TextAlign.CENTER,
        no_wrap=True,
    )


def table_row(
    tokens: Tokens, cells: Sequence[tuple[str, int]], *, key: str, on_click: Tap
) -> ft.Control:
    """One row of a table: texts with the share of the width of each; a tap opens it."""
    texts: list[ft.Control] = [
        ft.Container(
            words(text, tokens, size=tokens.small, lines=2),
            expand=share,
        )
        for text, share in cells
    ]
    box = ft.Container(
        key=key,
        ink=True,
        on_click=handler(on_click),
        height=tokens.tall(TABLE_ROW),
        padding=ft.Padding.symmetric(horizontal=theme.GAP),
        border=ft.Border(bottom=ft.BorderSide(1, tokens.line)),
        content=ft.Row(spacing=theme.GAP, controls=texts),
    )
    return tappable(box, "", key)
