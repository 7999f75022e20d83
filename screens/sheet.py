"""The checklist: one scrolling column, previous findings on top, the next step at the bottom."""

import asyncio
from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases.inspections import Sheet
from screens import parts, parts_evidence, parts_work, theme
from screens.capture import capture_bar
from screens.context import Desk, use_desk, use_keys, use_value
from screens.evidence_page import page_of
from screens.excuse import excuse_panel
from screens.parts import words
from screens.pictures import PicturePicker, use_pictures
from screens.question import Question
from screens.questions import QuestionRow
from screens.sheet_head import SheetHead, SheetNotes, about
from screens.sheet_model import STILL_REASONS, SheetModel
from screens.signature import SignatureModel, SignaturePage
from screens.theme import Tokens

SCROLL_MS = 220
SETTLE_S = 0.05  # the client lays out the new row before it can scroll to it


@ft.component
def SheetScreen() -> ft.Control:
    """The checklist of the route `/sheet/:draft`."""
    draft_id = ft.use_route_params().get("draft", "")
    return cast("Any", SheetBody)(draft_id, key=f"sheet-{draft_id}")


@ft.component
def SheetBody(draft_id: str) -> ft.Control:
    """One checklist; a page to sign on or a photo takes its place while open."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: SheetModel(desk, draft_id))
    use_value(model.capture)
    use_value(model.excusing)
    column = ft.use_memo(ft.Ref[ft.Column], [])
    picker = use_pictures(model.capture.choose, model.capture.choose_clip)
    ink = ft.use_memo(lambda: SignatureModel(model.signed), [model.signing])

    async def follow() -> None:
        await _follow(model, column)

    ft.use_effect(model.load, [draft_id, desk.version])
    ft.use_effect(follow, [model.goal], cleanup=_nothing)
    use_keys(enter=model.next_step, escape=model.escape)
    sheet = model.sheet
    if sheet is None:
        return _loading(tokens, t, desk)
    if model.signing is not None:
        return SignaturePage(ink, tokens, t, t.of(sheet.asset.name), model.stop_signing)
    if model.looking is not None:
        return _photo_page(model, sheet, t)
    of = about(sheet, unfolded=model.unfolded != desk.wide)  # a tablet has the room: open at first
    head = cast("ft.Control", SheetHead(of, key="head"))
    notes = cast("ft.Control", SheetNotes(of, model.fold, key="notes"))
    body = _body(model, sheet, tokens, t)
    footer = _footer(model, tokens, t, picker)
    if desk.wide:
        side = [_progress(model, sheet, tokens, t), notes]
        left = parts_evidence.long_page(tokens, head, body, [], ref=column)
        panel = _panel(model, tokens, t)
        right = parts_work.page(tokens, None, [ft.Container(height=4), *side], footer, key="side")
        if panel is not None:
            right = ft.Column([ft.Container(right, expand=True), panel], expand=True, spacing=0)
        return parts_work.two_columns(desk, left, right, share=4)
    top = ft.Column(
        spacing=0,
        controls=[
            head,
            ft.Container(
                padding=ft.Padding.only(left=theme.MARGIN, right=theme.MARGIN, bottom=10),
                content=_progress(model, sheet, tokens, t),
            ),
        ],
    )
    panel = _panel(model, tokens, t)
    return parts_evidence.long_page(tokens, top, [notes, *body], footer, ref=column, panel=panel)


async def _follow(model: SheetModel, column: ft.Ref[ft.Column]) -> None:
    """Scroll to the row that the model aims at, and give its field the focus."""
    goal = model.goal
    if goal is None:
        return
    await asyncio.sleep(SETTLE_S)
    if column.current is not None:
        await column.current.scroll_to(
            scroll_key=ft.ScrollKey(f"row-{goal.scroll_to}"), duration=SCROLL_MS
        )
    field = model.field_ref(goal.focus).current if goal.focus else None
    if field is not None:
        await field.focus()


def _nothing() -> None:
    """Stand as the clean-up that makes Flet cancel an effect when the component goes."""


def _loading(tokens: Tokens, t: Translator, desk: Desk) -> ft.Control:
    head = parts_work.page_head(
        tokens, t("sheet.opening"), on_back=desk.back, back_label=t("page.back")
    )
    return parts_work.page(tokens, head, [ft.ProgressBar(semantics_label=t("sheet.opening"))])


def _progress(model: SheetModel, sheet: Sheet, tokens: Tokens, t: Translator) -> ft.Control:
    saved = parts.chip(
        tokens,
        t("sheet.saving" if model.saving else "sheet.saved"),
        icon=ft.Icons.SAVE,
        key="saved",
    )
    return parts.progress_line(tokens, "", sheet.done, sheet.total, tail=saved)


def _body(model: SheetModel, sheet: Sheet, tokens: Tokens, t: Translator) -> list[ft.Control]:
    taking = model.capture.target.item_id if model.capture.target else None
    rows: list[ft.Control] = []
    for row in sheet.lines:
        item_id = row.line.item.item_id
        ask = Question(
            row=row,
            text=model.texts.get(item_id, row.line.value),
            error=model.errors.get(item_id),
            current=item_id == sheet.next_item,
            taking=item_id == taking,
            tokens=tokens,
            t=t,
        )
        rows.append(
            ft.Container(
                key=ft.ScrollKey(f"row-{item_id}"),
                content=cast("ft.Control", QuestionRow(ask, model.hands, key=f"ask-{item_id}")),
            )
        )
    return rows


def _footer(
    model: SheetModel, tokens: Tokens, t: Translator, picker: PicturePicker
) -> list[ft.Control]:
    if model.stopping or model.excusing.item_id is not None:
        return []
    if model.capture.open:
        return capture_bar(model.capture, tokens, t, picker, t("capture.shoot"))
    return [
        parts.quiet_button(tokens, t("sheet.still"), key="still", on_click=model.ask_reason),
        _next_button(model, tokens, t),
    ]


def _next_button(model: SheetModel, tokens: Tokens, t: Translator) -> ft.Control:
    if model.complete:
        return parts.primary_button(
            tokens,
            t("sheet.hand_in"),
            key="hand-in",
            icon=ft.Icons.CHECK,
            on_click=model.next_step,
            disabled=model.handed_in,
            expand=True,
        )
    number, left = model.next_number
    return parts.quiet_button(
        tokens,
        t("sheet.left", left=left, number=number),
        key="jump",
        on_click=model.next_step,
        expand=True,
        kind="plain",
    )


def _panel(model: SheetModel, tokens: Tokens, t: Translator) -> ft.Control | None:
    """The short question that rises over the bottom, if one is open."""
    row = model.line(model.excusing.item_id or "")
    if row is not None:
        title = t.of(row.line.item.name)
        reasons = dict(model.desk.field.definitions.excuses)
        return excuse_panel(model.excusing, title, reasons, tokens, t)
    return _stop_panel(model, tokens, t) if model.stopping else None


def _stop_panel(model: SheetModel, tokens: Tokens, t: Translator) -> ft.Control:
    """Why the equipment is out of service: one tap or a few words."""
    chips: list[ft.Control] = []
    for reason in STILL_REASONS:
        text = t(f"sheet.still.{reason}")

        def choose(text: str = text) -> None:
            model.give_reason(text)

        chips.append(
            parts.choice_chip(
                tokens, text, key=f"still-{reason}", selected=model.reason == text, on_click=choose
            )
        )
    return parts_evidence.bottom_panel(
        tokens,
        t("sheet.still.title"),
        [
            words(t("sheet.still.detail"), tokens, size=tokens.small, color=tokens.ink2),
            parts_evidence.wrapped(chips),
            parts.text_field(
                tokens,
                model.desk,
                t("sheet.still.reason"),
                model.reason,
                model.give_reason,
                key="still-reason",
                limit=200,
            ),
            ft.Row(
                spacing=theme.GAP_WIDE,
                controls=[
                    parts.quiet_button(
                        tokens, t("page.cancel"), key="still-cancel", on_click=model.forget_reason
                    ),
                    parts.primary_button(
                        tokens,
                        t("sheet.still.do"),
                        key="still-do",
                        on_click=model.stand_still,
                        disabled=not model.reason.strip(),
                        expand=True,
                    ),
                ],
            ),
        ],
    )


def _photo_page(model: SheetModel, sheet: Sheet, t: Translator) -> ft.Control:
    card = model.looking
    assert card is not None
    line = model.line(card.item_id or "")
    title = t.of(line.line.item.name) if line else t("shot.item")

    async def again() -> None:
        await model.retake(card.item_id or "", card.evidence_id)

    detail = f"{sheet.asset.asset_id} · {sheet.code}"
    retake = again if card.shot == "item" else None
    return page_of(card)(card, title, detail, model.look_away, retake, key=card.evidence_id)
