"""Parts of the work itself: answers, limits, photos, the steps of a hazard, page layout."""

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal

import flet as ft

from app.translate import Translator
from app.use_cases.timeline import Step
from domain.questions import Limits
from screens import theme
from screens.context import Desk
from screens.parts import Kind, Tap, card, colours, handler, icon_button, tappable, words
from screens.theme import Tokens

LATE_MS = 60_000  # a step that reached the server later than this was made offline
COLUMN = 760.0  # px, widest list on a tablet
PHOTO = 112  # px, edge of a small photo
GRADE_KINDS: Mapping[str, Kind] = {"A": "good", "B": "good", "C": "mind"}  # D: stop


def page_head(
    tokens: Tokens,
    title: str,
    detail: str = "",
    *,
    on_back: Tap | None = None,
    back_label: str = "",
    action: ft.Control | None = None,
) -> ft.Control:
    """Title over detail; an arrow back at the left where there is a way back."""
    text: list[ft.Control] = [
        ft.Semantics(
            header=True,
            content=words(title, tokens, size=tokens.title, strong=True, lines=2),
        )
    ]
    if detail:
        text.append(words(detail, tokens, size=tokens.small, color=tokens.ink2))
    row: list[ft.Control] = [ft.Column(spacing=0, expand=True, controls=text)]
    if on_back:
        row.insert(
            0,
            icon_button(tokens, ft.Icons.ARROW_BACK, back_label, key="back", on_click=on_back),
        )
    if action:
        row.append(action)
    left = 4 if on_back else theme.MARGIN
    return ft.Container(
        padding=ft.Padding.only(left=left, right=8, top=10, bottom=8),
        content=ft.Row(spacing=4, controls=row),
    )


def page(
    tokens: Tokens,
    head: ft.Control | None,
    body: Sequence[ft.Control],
    footer: Sequence[ft.Control] = (),
    *,
    key: str = "body",
    lazy: bool = False,
) -> ft.Control:
    """A screen: head, a body that scrolls, and the next step always in the same place.

    `lazy`: the client lays out only the rows in view; for lists of more than a screenful.
    """
    return stacked(head, scrolling(body, key=key, lazy=lazy), footer)


def scrolling(body: Sequence[ft.Control], *, key: str = "body", lazy: bool = True) -> ft.Container:
    """Rows that scroll; `lazy` lays out only those in view."""
    rows = [*body, ft.Container(height=theme.GAP)]
    return ft.Container(
        expand=True,
        padding=ft.Padding.symmetric(horizontal=theme.MARGIN),
        content=ft.ListView(key=key, spacing=theme.GAP_WIDE, controls=rows)
        if lazy
        else ft.Column(
            key=key,
            spacing=theme.GAP_WIDE,
            scroll=ft.ScrollMode.AUTO,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=rows,
        ),
    )


def stacked(
    head: ft.Control | None, body: ft.Control, footer: Sequence[ft.Control] = ()
) -> ft.Control:
    """Head, what fills the middle, and the next step below."""
    parts = [*([head] if head else []), body]
    if footer:
        parts.append(
            ft.Container(
                padding=ft.Padding.only(left=theme.MARGIN, right=theme.MARGIN, top=8, bottom=16),
                content=ft.Row(spacing=theme.GAP_WIDE, controls=list(footer)),
            )
        )
    return ft.Column(
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=parts,
    )


def kept(panes: Sequence[tuple[str, ft.Control]], shown: str) -> ft.Column:
    """One of several panes in view; the others keep what they hold and cost nothing.

    `panes` are (key, content); going back to a pane is a change of one property.
    """
    return ft.Column(
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[
            ft.Container(key=key, expand=True, visible=key == shown, content=content)
            for key, content in panes
        ],
    )


def one_column(desk: Desk, whole: ft.Control) -> ft.Control:
    """A page as wide as a line is easily read, in the middle of a tablet."""
    if not desk.wide:
        return whole
    return ft.Row(
        expand=True,
        alignment=ft.MainAxisAlignment.CENTER,
        vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[ft.Container(content=whole, width=COLUMN)],
    )


def two_columns(desk: Desk, left: ft.Control, right: ft.Control, *, share: int = 5) -> ft.Control:
    """Two panes side by side on a tablet (`share` of 10 for the right one); `left` must expand."""
    if not desk.wide:
        return left
    return ft.Row(
        expand=True,
        spacing=0,
        vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[
            ft.Container(content=left, expand=10 - share),
            ft.Container(content=right, expand=share),
        ],
    )


def answer_button(
    tokens: Tokens,
    label: str,
    *,
    key: str,
    selected: bool,
    on_click: Tap,
    kind: Kind = "good",
    icon: ft.IconData | None = None,
) -> ft.Control:
    """One answer of several, side by side; the chosen one is tinted and has its icon."""
    look = colours(tokens, kind)
    return ft.Semantics(
        expand=True,
        selected=selected,
        content=ft.OutlinedButton(
            content=label,
            key=key,
            icon=(icon or ft.Icons.CHECK) if selected else None,
            on_click=handler(on_click),
            height=tokens.tall(theme.PRIMARY),
            style=ft.ButtonStyle(
                bgcolor=look.fill if selected else tokens.surface,
                color=look.ink if selected else tokens.ink,
                icon_color=look.ink,
                icon_size=24,
                padding=ft.Padding.symmetric(horizontal=6, vertical=4),
                shape=ft.RoundedRectangleBorder(radius=theme.CARD_RADIUS),
                side={
                    ft.ControlState.FOCUSED: ft.BorderSide(3, tokens.ink),
                    ft.ControlState.DEFAULT: ft.BorderSide(
                        2, look.edge if selected else tokens.line
                    ),
                },
                text_style=ft.TextStyle(
                    size=tokens.body, weight=ft.FontWeight.W_600, font_family=theme.FONT
                ),
            ),
        ),
    )


def limit_bar(tokens: Tokens, limits: Limits, value: Decimal | None) -> ft.Control:
    """A bar of the normal, warning and forbidden range with the value as a mark on it."""
    spans, at = limit_spans(limits, value)
    fills = {
        "normal": tokens.good_container,
        "warn": tokens.mind_container,
        "stop": tokens.stop_container,
    }
    bar = ft.Row(
        spacing=0,
        controls=[
            ft.Container(height=14, bgcolor=fills[kind], expand=max(1, round(share * 1000)))
            for kind, share in spans
        ],
    )
    layers: list[ft.Control] = [
        ft.Container(
            border_radius=7,
            clip_behavior=ft.ClipBehavior.HARD_EDGE,
            content=bar,
            top=8,
            left=0,
            right=0,
        )
    ]
    if at is not None:
        outside = value is not None and _kind_at(limits, value) == "stop"
        mark = ft.Container(
            width=6, height=30, border_radius=3, bgcolor=tokens.stop if outside else tokens.ink
        )
        layers.append(
            ft.Container(
                content=mark, alignment=ft.Alignment(at * 2 - 1, 0), left=0, right=0, height=30
            )
        )
    return ft.Stack(height=30, controls=layers)


def limit_spans(
    limits: Limits, value: Decimal | None
) -> tuple[list[tuple[str, float]], float | None]:
    """Return the ranges left to right as (kind, share of the width), and where the value stands.

    The bar reaches a tenth beyond the outer limits, and as far as the value.
    """
    marks = sorted(
        {mark for mark in (limits.minimum, limits.warn, limits.maximum) if mark is not None}
    )
    if not marks:
        return [("normal", 1.0)], None
    low, high = marks[0], marks[-1]
    if limits.minimum is None:
        low = min(low, Decimal(0))
        low = low if low < high else high - max(abs(high), Decimal(1))
    if limits.maximum is None:
        high = max(high, low + abs(low), low + 1)
    margin = (high - low or Decimal(1)) / 10
    begin = low - margin if limits.minimum is not None else low
    end = high + margin if limits.maximum is not None else high
    edges = [begin, *(mark for mark in marks if begin < mark < end), end]
    width = end - begin
    spans = [
        (_kind_at(limits, (left + right) / 2), float((right - left) / width))
        for left, right in itertools.pairwise(edges)
    ]
    if value is None:
        return spans, None
    return spans, min(1.0, max(0.0, float((value - begin) / width)))


def _kind_at(limits: Limits, value: Decimal) -> str:
    if limits.maximum is not None and value > limits.maximum:
        return "stop"
    if limits.minimum is not None and value < limits.minimum:
        return "stop"
    if limits.warn is None:
        return "normal"
    # A warning stands below the upper limit, or, where there is none, above the lower one.
    if limits.maximum is not None:
        return "warn" if value > limits.warn else "normal"
    return "warn" if value < limits.warn else "normal"


def photo_tile(
    tokens: Tokens,
    thumb: bytes | None,
    label: str,
    *,
    key: str,
    on_tap: Tap | None = None,
    grade: str = "",
    width: float = PHOTO,
    height: float = PHOTO,
) -> ft.Control:
    """A small photo with its grade, or an empty place to take one."""
    picture: ft.Control
    if thumb is not None:
        picture = ft.Image(
            src=thumb,
            fit=ft.BoxFit.COVER,
            width=width,
            height=height,
            gapless_playback=True,
            semantics_label=label,
        )
    else:
        picture = ft.Column(
            width=width,
            height=height,
            alignment=ft.MainAxisAlignment.CENTER,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            spacing=4,
            controls=[
                ft.Icon(ft.Icons.PHOTO_CAMERA, size=28, color=tokens.ink2),
                ft.Text(
                    label, size=tokens.small, color=tokens.ink2, text_align=ft.TextAlign.CENTER
                ),
            ],
        )
    layers: list[ft.Control] = [picture]
    if grade:
        layers.append(grade_mark(tokens, grade))
    box = ft.Container(
        key=key,
        width=width,
        height=height,
        bgcolor=tokens.surface2,
        border=ft.Border.all(1, tokens.line),
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        ink=on_tap is not None,
        on_click=handler(on_tap),
        content=ft.Stack(controls=layers, width=width, height=height),
    )
    return tappable(box, "", key) if on_tap else box


def grade_mark(tokens: Tokens, grade: str) -> ft.Control:
    """The letter of the evidence, in the corner of its photo."""
    look = colours(tokens, GRADE_KINDS.get(grade, "stop"))
    return ft.Container(
        right=6,
        top=6,
        width=30,
        height=30,
        border_radius=15,
        bgcolor=look.fill,
        alignment=ft.Alignment.CENTER,
        content=words(grade, tokens, size=16, color=look.ink, strong=True),
    )


def timeline(tokens: Tokens, t: Translator, steps: Sequence[Step], now_ms: int) -> ft.Control:
    """Who did what when, what goes on, and what comes next."""
    rows: list[ft.Control] = [_step(tokens, t, step, now_ms) for step in steps]
    return card(tokens, ft.Column(spacing=theme.GAP_WIDE, controls=rows), key="timeline")


def step_times(t: Translator, step: Step, now_ms: int) -> list[str]:
    """When a step was done, and when the server had it where that was not at once."""
    if step.at_ms is None:
        return []
    said = [t.moment(step.at_ms, now_ms)]
    if step.corrected:
        said.append(t("timeline.corrected", time=t.moment(step.device_ms, step.at_ms)))
    if not step.sent:
        said.append(t("timeline.waiting"))
    elif step.received_ms is not None and step.received_ms - step.at_ms > LATE_MS:
        said.append(t("timeline.received", time=t.moment(step.received_ms, step.at_ms)))
    return said


def _step(tokens: Tokens, t: Translator, step: Step, now_ms: int) -> ft.Control:
    icon, color = {
        "done": (ft.Icons.CHECK_CIRCLE, tokens.good),
        "now": (ft.Icons.RADIO_BUTTON_CHECKED, tokens.primary),
        "next": (ft.Icons.RADIO_BUTTON_UNCHECKED, tokens.ink2),
    }[step.status]
    details = step_times(t, step, now_ms)
    said = t.of(step.words)
    if step.change is not None:
        said = t("timeline.grade", before=step.change[0], after=step.change[1])
    if step.note:
        details.append(step.note)
    lines: list[ft.Control] = [
        ft.Text(
            size=tokens.body,
            color=tokens.ink,
            spans=[
                ft.TextSpan(said, ft.TextStyle(weight=ft.FontWeight.W_600)),
                ft.TextSpan(f"　{t.of(step.person)}" if step.person else ""),
            ],
        )
    ]
    if details:
        lines.append(words(" · ".join(details), tokens, size=tokens.small, color=tokens.ink2))
    return ft.Row(
        spacing=theme.GAP_WIDE,
        vertical_alignment=ft.CrossAxisAlignment.START,
        controls=[
            ft.Icon(icon, size=28, color=color, semantics_label=t(f"timeline.{step.status}")),
            ft.Column(spacing=0, expand=True, controls=lines),
        ],
    )
