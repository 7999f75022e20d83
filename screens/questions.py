"""Question kind -> input, one table. A row is the question, its input, and what follows from it.

Rows are memoised: an answer draws only the rows that it changes. So a row gets values and one
plain object with the actions, never the observable model.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import cast

import flet as ft

from app.translate import Translator
from domain.questions import KINDS, Judgement, Limits, Option
from screens import parts, parts_clip, parts_evidence, parts_work, theme
from screens.capture import Viewfinder
from screens.parts import words
from screens.question import Hands, Question

NUMBER_SIZE = 28  # px at scale 1: the reading is the key number of its card
OPTIONS_BESIDE = 3  # more options than this stand below each other
STATE_KIND: Mapping[str, parts.Kind] = {"bad": "stop", "warn": "mind"}


Input = Callable[[Question, Hands], ft.Control]


def _answer(
    ask: Question, hands: Hands, value: str, label: str, kind: parts.Kind, icon: ft.IconData
) -> ft.Control:
    async def choose() -> None:
        await hands.model.answer(ask.item_id, value)

    return parts_work.answer_button(
        ask.tokens,
        label,
        key=f"{ask.item_id}-{value}",
        selected=ask.row.line.value == value,
        on_click=choose,
        kind=kind,
        icon=icon,
    )


def _three_way(ask: Question, hands: Hands) -> ft.Control:
    """Good, not good, not applicable."""
    t = ask.t
    return ft.Row(
        spacing=theme.GAP,
        controls=[
            _answer(ask, hands, "ok", t("question.ok"), "good", ft.Icons.CHECK),
            _answer(ask, hands, "ng", t("question.ng"), "stop", ft.Icons.CLOSE),
            _answer(ask, hands, "na", t("question.na"), "plain", ft.Icons.REMOVE),
        ],
    )


def _choice(ask: Question, hands: Hands) -> ft.Control:
    options = ask.item.options
    buttons = [_option(ask, hands, option) for option in options]
    if len(options) <= OPTIONS_BESIDE:
        return ft.Row(spacing=theme.GAP, controls=buttons)
    rows: list[ft.Control] = [ft.Row(controls=[button]) for button in buttons]
    return ft.Column(spacing=theme.GAP, controls=rows)


def _option(ask: Question, hands: Hands, option: Option) -> ft.Control:
    bad = ask.row.line.judgement.state == "bad"
    icon = ft.Icons.CLOSE if bad else ft.Icons.CHECK
    label = ask.t.of(option.name)
    return _answer(ask, hands, option.value, label, "stop" if bad else "good", icon)


def _typing_field(ask: Question, hands: Hands, field: ft.Control) -> ft.TextField:
    """Save what is typed with every change, without taking the focus away."""
    edit = cast("ft.TextField", field)
    was_on_blur = cast("Callable[[], None]", edit.on_blur)

    async def change(event: ft.Event[ft.TextField]) -> None:
        await hands.model.typed(ask.item_id, str(event.control.value or ""))

    edit.on_change = change
    edit.on_blur = was_on_blur
    return edit


def _nothing(_text: str) -> None:
    """Stand in for a handler that `_typing_field` sets."""


def _number(ask: Question, hands: Hands) -> ft.Control:
    async def enter() -> None:
        await hands.model.entered(ask.item_id)

    item, limits, tokens = ask.item, ask.row.limits, ask.tokens
    kind = STATE_KIND.get(ask.row.line.judgement.state)
    edge = "stop" if ask.error else kind
    field = parts.text_field(
        tokens,
        hands.model.desk,
        _number_label(ask),
        ask.text,
        _nothing,
        key=f"{item.item_id}-field",
        number=True,
        unit=item.unit,
        size=NUMBER_SIZE * tokens.scale,
        limit=24,
        on_submit=enter,
        edge=parts.colours(tokens, edge).edge if edge else None,
        expand=True,
    )
    edit = _typing_field(ask, hands, field)
    _bind(hands, ask, edit)
    row: list[ft.Control] = [edit]
    if limits and limits.minimum is not None and limits.minimum < 0:
        row.append(_sign_button(ask, hands))
    if item.evidence == "always" and not ask.row.stills:
        row.append(_camera_button(ask, hands, ask.t("question.shoot_gauge"), expand=False))
    column: list[ft.Control] = [ft.Row(spacing=theme.GAP_WIDE, controls=row)]
    if limits and _has_limits(limits):
        column.append(parts_work.limit_bar(tokens, limits, _decimal(ask.row.line.value)))
    caption = limit_words(ask.t, limits, must_shoot=item.evidence == "always")
    if caption:
        column.append(words(caption, tokens, size=tokens.small, color=tokens.ink2))
    return ft.Column(spacing=theme.GAP, controls=column)


def _bind(hands: Hands, ask: Question, edit: ft.TextField) -> None:
    hands.model.field_ref(ask.item_id).current = edit


def _sign_button(ask: Question, hands: Hands) -> ft.Control:
    """Turn the sign: digit keyboards of phones have no minus."""

    async def turn() -> None:
        text = ask.text
        await hands.model.typed(ask.item_id, text[1:] if text.startswith("-") else f"-{text}")

    return parts.quiet_button(
        ask.tokens, ask.t("question.sign"), key=f"{ask.item_id}-minus", on_click=turn
    )


def _text(ask: Question, hands: Hands) -> ft.Control:
    field = parts.text_field(
        ask.tokens,
        hands.model.desk,
        ask.t("question.text"),
        ask.text,
        _nothing,
        key=f"{ask.item_id}-field",
        lines=2,
        limit=2000,
    )
    edit = _typing_field(ask, hands, field)
    _bind(hands, ask, edit)
    return edit


def _photo(ask: Question, hands: Hands) -> ft.Control:
    if ask.row.stills:
        return ft.Column(height=0)
    return _camera_button(ask, hands, ask.t("question.shoot"), expand=True)


def _signature(ask: Question, hands: Hands) -> ft.Control:
    def sign() -> None:
        hands.model.sign(ask.item_id)

    signed = ask.row.line.complete
    button = parts.quiet_button(
        ask.tokens,
        ask.t("question.sign_again" if signed else "question.sign_here"),
        key=f"{ask.item_id}-sign",
        icon=ft.Icons.DRAW,
        on_click=sign,
        kind="plain" if signed else "primary",
        expand=True,
    )
    return ft.Row(controls=[button])


INPUTS: Mapping[str, Input] = {
    "ok": _three_way,
    "num": _number,
    "choice": _choice,
    "text": _text,
    "photo": _photo,
    "signature": _signature,
}


@ft.component
def _Row(ask: Question, hands: Hands) -> ft.Control:
    tokens, line = ask.tokens, ask.row.line
    controls: list[ft.Control] = [_heading(ask), INPUTS[ask.item.kind](ask, hands)]
    if ask.error is not None:
        why, remedy = ask.t.error(ask.error)
        controls.append(words(f"{why} {remedy}", tokens, size=tokens.small, color=tokens.stop))
    if ask.taking:
        caption = ask.t.of(ask.item.name)
        controls.append(Viewfinder(hands.model.capture, tokens, ask.t, caption))
    controls += _photos(ask, hands)
    if _asks_for_photo(ask):
        controls.append(_camera_button(ask, hands, ask.t("question.shoot"), expand=True))
    controls += _excuse(ask, hands)
    if line.judgement.state == "bad":
        controls.append(_hazard(ask, hands))
    kind = STATE_KIND.get(line.judgement.state)
    if kind is None and ask.current:
        kind = "primary"
    column = ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=controls,
    )
    return parts.card(tokens, column, key=f"question-{ask.item_id}", kind=kind, edge=True)


QuestionRow = ft.memo(_Row)


def _heading(ask: Question) -> ft.Control:
    tokens, line = ask.tokens, ask.row.line
    title = words(
        f"{line.number} {ask.t.of(line.item.name)}", tokens, size=tokens.strong, strong=True
    )
    chip = _judgement_chip(ask, line.judgement)
    if chip is None:
        return title
    return parts_evidence.wrapped([ft.Container(content=title), chip], spacing=theme.GAP_WIDE)


def _judgement_chip(ask: Question, judgement: Judgement) -> ft.Control | None:
    if judgement.state == "na" and not KINDS[ask.item.kind].for_all:  # marked while out of use
        return parts.chip(ask.tokens, ask.t("question.na"), key=f"{ask.item_id}-judgement")
    kind = STATE_KIND.get(judgement.state)
    if kind is None or judgement.reason == "failed":
        return None
    icon = ft.Icons.ERROR if kind == "stop" else ft.Icons.WARNING_AMBER
    text = ask.t(f"judgement.{judgement.reason}", **judgement.params).strip()  # some have no unit
    return parts.chip(ask.tokens, text, kind, icon, key=f"{ask.item_id}-judgement")


def _asks_for_photo(ask: Question) -> bool:
    """Whether the row needs a button of its own for the photo."""
    line = ask.row.line
    if ask.taking or KINDS[ask.item.kind].proof:
        return False
    if KINDS[ask.item.kind].limited and ask.item.evidence == "always":
        return False  # it stands beside the number
    return line.photo_missing and not line.complete


def _excuse(ask: Question, hands: Hands) -> list[ft.Control]:
    """The way out for a photo that cannot be taken, once everything else is answered."""
    line, tokens, t = ask.row.line, ask.tokens, ask.t
    if line.excused:
        said = t("question.excused", reason=t.of(ask.row.excuse))
        chip = parts.chip(
            tokens, said, "mind", ft.Icons.NO_PHOTOGRAPHY, key=f"{ask.item_id}-excused"
        )
        rows: list[ft.Control] = [parts_evidence.wrapped([chip])]
        if not KINDS[ask.item.kind].limited:  # there the camera stands beside the number
            rows.append(_camera_button(ask, hands, t("question.shoot"), expand=True))
        return rows
    answered = line.judgement.state != "open" or KINDS[ask.item.kind].is_photo or ask.taking
    if not (ask.item.excusable and line.photo_missing and answered):
        return []

    def excuse() -> None:
        hands.model.excuse(ask.item_id)

    return [
        parts.text_button(
            tokens,
            t("question.excuse"),
            key=f"{ask.item_id}-excuse",
            on_click=excuse,
            icon=ft.Icons.NO_PHOTOGRAPHY,
        )
    ]


def _photos(ask: Question, hands: Hands) -> list[ft.Control]:
    return [_photo_row(ask, hands, index) for index in range(len(ask.row.photos))]


def _photo_row(ask: Question, hands: Hands, index: int) -> ft.Control:
    card = ask.row.photos[index]

    def look() -> None:
        hands.model.look_at(card.evidence_id)

    async def again() -> None:
        await hands.model.retake(ask.item_id, card.evidence_id)

    signed = card.shot == "signature"
    title = parts_clip.title_of(ask.t, card, ask.t("shot.signature" if signed else "shot.item"))
    return parts_evidence.photo_row(
        ask.tokens, ask.t, card, title, on_look=look, retake=None if signed else again
    )


def _camera_button(ask: Question, hands: Hands, label: str, *, expand: bool) -> ft.Control:
    def shoot() -> None:
        hands.model.photograph(ask.item_id)

    return parts.quiet_button(
        ask.tokens,
        label,
        key=f"{ask.item_id}-shoot",
        icon=ft.Icons.CAMERA_ALT,
        on_click=shoot,
        kind="primary",
        disabled=ask.taking,
    )


def _hazard(ask: Question, hands: Hands) -> ft.Control:
    tokens, t, row = ask.tokens, ask.t, ask.row
    if row.hazard:
        text = t("question.reported", code=row.hazard)
        chip = parts.chip(tokens, text, "good", ft.Icons.CHECK_CIRCLE)
        return parts_evidence.wrapped([chip])

    async def report() -> None:
        await hands.model.report(ask.item_id)

    return parts.quiet_button(
        tokens,
        t("question.report", grade=row.grade, category=row.category),
        key=f"{ask.item_id}-report",
        icon=ft.Icons.REPORT,
        on_click=report,
    )


def limit_words(t: Translator, limits: Limits | None, *, must_shoot: bool) -> str:
    """Return what is normal, what is a warning, and whether a photo is a must, in one line."""
    said: list[str] = []
    if limits is not None:
        low, high, warn = limits.minimum, limits.maximum, limits.warn
        normal_high = warn if warn is not None and high is not None else high
        normal_low = warn if warn is not None and high is None else low
        said += _span(t, "normal", normal_low, normal_high)
        if warn is not None and (low is not None or high is not None):
            said += _span(t, "warn", *((warn, high) if high is not None else (low, warn)))
    if must_shoot:
        said.append(t("question.photo_must"))
    return " · ".join(said)


def _span(t: Translator, what: str, low: Decimal | None, high: Decimal | None) -> list[str]:
    if low is not None and high is not None:
        return [t(f"question.{what}.between", low=low, high=high)]
    if high is not None:
        return [t(f"question.{what}.below", high=high)]
    return [t(f"question.{what}.above", low=low)] if low is not None else []


def _number_label(ask: Question) -> str:
    return ask.t("question.number", unit=ask.item.unit or ask.t("question.no_unit"))


def _has_limits(limits: Limits) -> bool:
    return any(mark is not None for mark in (limits.minimum, limits.maximum, limits.warn))


def _decimal(value: str) -> Decimal | None:
    return Decimal(value) if value and value != "na" else None
