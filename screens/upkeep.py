"""Maintenance: what is due, what was used up, the photo, hand in."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases.evidence import EvidenceCard
from app.use_cases.upkeep import Upkeep, UsedUp
from screens import parts, parts_clip, parts_evidence, parts_pages, parts_work, theme
from screens.capture import Viewfinder, capture_bar
from screens.context import Desk, use_desk, use_keys, use_value
from screens.documents import documents_card
from screens.evidence_page import page_of
from screens.parts import words
from screens.pictures import PicturePicker, use_pictures
from screens.theme import Tokens
from screens.upkeep_model import NewPart, UpkeepModel

_Save = Callable[[str], Awaitable[None]]


@ft.component
def UpkeepScreen() -> ft.Control:
    """The maintenance of the route `/upkeep/:draft`."""
    draft_id = ft.use_route_params().get("draft", "")
    return cast("Any", UpkeepBody)(draft_id, key=f"upkeep-{draft_id}")


@ft.component
def UpkeepBody(draft_id: str) -> ft.Control:
    """One column on a phone; on a tablet photo and note stand at the right."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: UpkeepModel(desk, draft_id))
    use_value(model.capture)
    picker = use_pictures(model.capture.choose, model.capture.choose_clip)
    ft.use_effect(model.load, [draft_id, desk.version])
    use_keys(enter=model.next_step, escape=model.escape)
    work = model.work
    if work is None:
        return parts_pages.absent(desk, "upkeep", ft.Icons.TASK_ALT, gone=model.gone)
    if model.looking is not None:
        card = model.looking
        title = parts_clip.title_of(t, card, t("shot.upkeep"))
        return page_of(card)(
            card, title, work.code, model.look_away, model.retake, key=card.evidence_id
        )
    head = _head(desk, work)
    what = [_due(desk, work), *documents_card(desk, work.asset.asset_id, draft_id)]
    what.append(_supplies(model, work, desk))
    proof = [_photos(model, work, tokens, t), _note(model, tokens, t)]
    footer = _footer(model, work, tokens, t, picker)
    return parts_pages.columns(desk, head, what, proof, footer)


def _head(desk: Desk, work: Upkeep) -> ft.Control:
    t = desk.t
    detail = " · ".join((t.of(work.area), t(f"label_state.{work.label_state}"), work.code))
    return parts_work.page_head(
        desk.tokens,
        f"{work.asset.asset_id} {t.of(work.title)}",
        detail,
        on_back=desk.back,
        back_label=t("page.back"),
    )


def _due(desk: Desk, work: Upkeep) -> ft.Control:
    """Until when, and what kind of work it is."""
    t, now_ms = desk.t, desk.field.clock.now_ms()
    due = (
        t("today.overdue", span=t.span(now_ms - work.due_ms))
        if work.overdue
        else t("today.due", time=t.moment(work.due_ms, now_ms))
    )
    following = (
        t("upkeep.next", day=t.day(work.next_due_ms)) if work.next_due_ms is not None else ""
    )
    return parts.note(
        desk.tokens,
        "stop" if work.overdue else "plain",
        f"{t.of(work.work)} · {due}",
        detail=following,
        icon=ft.Icons.BUILD,
        key="due",
    )


def _supplies(model: UpkeepModel, work: Upkeep, desk: Desk) -> ft.Control:
    """What was used up: the planned amounts stand there already."""
    tokens, t = desk.tokens, desk.t
    rows = [_supply(model, part, at, desk) for at, part in enumerate(work.supplies)]
    if not rows:
        rows.append(words(t("upkeep.parts.none"), tokens, color=tokens.ink2))
    if model.adding is not None:
        rows.append(_new_part(model, model.adding, desk))
    else:
        rows.append(
            parts.quiet_button(
                tokens,
                t("upkeep.part.new"),
                key="part-new",
                icon=ft.Icons.ADD,
                on_click=model.begin_part,
                height=theme.TARGET,
            )
        )
    return parts.section(tokens, t("upkeep.parts"), rows)


def _supply(model: UpkeepModel, part: UsedUp, at: int, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    error = (model.wrong or {}).get(at)

    async def change(text: str) -> None:
        await model.change(at, text)

    async def remove() -> None:
        await model.remove(at)

    row = ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            words(t.of(part.name), tokens, strong=True, expand=True),
            ft.Container(
                width=150 * tokens.scale,
                content=_typed(
                    desk,
                    t("upkeep.quantity"),
                    model.typed(at),
                    change,
                    key=f"part-{at}",
                    unit=t.of(part.unit_name),
                    wrong=error is not None,
                ),
            ),
            parts.icon_button(
                tokens,
                ft.Icons.DELETE_OUTLINE,
                t("upkeep.part.remove"),
                key=f"part-{at}-remove",
                on_click=remove,
            ),
        ],
    )
    if error is None:
        return parts.card(tokens, row)
    why, remedy = t.error(error)
    said = words(f"{why} {remedy}", tokens, size=tokens.small, color=tokens.stop)
    return parts.card(tokens, ft.Column(spacing=6, controls=[row, said]), kind="stop", edge=True)


def _typed(
    desk: Desk, label: str, value: str, change: _Save, *, key: str, unit: str, wrong: bool
) -> ft.Control:
    """A field for an amount that saves with every change."""
    tokens = desk.tokens
    made = parts.text_field(
        tokens,
        desk,
        label,
        value,
        _unused,
        key=key,
        number=True,
        unit=unit,
        limit=12,
        edge=tokens.stop if wrong else None,
    )
    return _saving(made, change)


def _saving(made: ft.Control, change: _Save) -> ft.Control:
    field = cast("ft.TextField", made)

    async def changed(event: ft.Event[ft.TextField]) -> None:
        await change(str(event.control.value or ""))

    field.on_change = changed
    return field


def _unused(_text: str) -> None:
    """Stand in for the handler that `_saving` sets."""


def _new_part(model: UpkeepModel, part: NewPart, desk: Desk) -> ft.Control:
    """Name, amount and unit of a part that was not planned."""
    tokens, t = desk.tokens, desk.t
    name = parts.text_field(
        tokens,
        desk,
        t("upkeep.part.name"),
        part.name,
        lambda text: model.describe_part(name=text),
        key="part-name",
        limit=60,
        autofocus=True,
    )
    quantity = parts.text_field(
        tokens,
        desk,
        t("upkeep.quantity"),
        part.quantity,
        lambda text: model.describe_part(quantity=text),
        key="part-quantity",
        number=True,
        limit=12,
    )
    column = ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[name, quantity, _units(model, part, desk), _part_buttons(model, part, tokens, t)],
    )
    return parts.card(tokens, column)


def _units(model: UpkeepModel, part: NewPart, desk: Desk) -> ft.Control:
    chips: list[ft.Control] = []
    for code, name in desk.field.definitions.plant.supply_units.items():

        def choose(code: str = code) -> None:
            model.describe_part(unit=code)

        chips.append(
            parts.choice_chip(
                desk.tokens,
                desk.t.of(name),
                key=f"unit-{code}",
                selected=part.unit == code,
                on_click=choose,
            )
        )
    return parts_evidence.wrapped(chips)


def _part_buttons(model: UpkeepModel, part: NewPart, tokens: Tokens, t: Translator) -> ft.Control:
    cancel = parts.quiet_button(
        tokens, t("page.cancel"), key="part-cancel", on_click=model.forget_part
    )
    add = parts.primary_button(
        tokens,
        t("upkeep.part.add"),
        key="part-add",
        on_click=model.add_part,
        disabled=not (part.name.strip() and part.quantity.strip()),
        expand=True,
    )
    return ft.Row(spacing=theme.GAP_WIDE, controls=[cancel, add])


def _photos(model: UpkeepModel, work: Upkeep, tokens: Tokens, t: Translator) -> ft.Control:
    title = t("upkeep.photo.needed" if work.photo_needed else "upkeep.photo")
    if model.capture.open:
        finder = Viewfinder(model.capture, tokens, t, t("shot.upkeep.hint"))
        return parts.section(tokens, title, [finder])
    if not work.photos:
        place = parts_evidence.shot_place(tokens, t("shot.upkeep"), key="shoot", on_tap=model.shoot)
        return parts.section(tokens, title, [ft.Row(controls=[place])])
    rows = [_photo(model, card, tokens, t) for card in work.photos]
    more = parts.quiet_button(
        tokens,
        t("upkeep.photo.more"),
        key="shoot",
        icon=ft.Icons.CAMERA_ALT,
        on_click=model.shoot,
        height=theme.TARGET,
    )
    return parts.section(tokens, title, [*rows, more])


def _photo(model: UpkeepModel, card: EvidenceCard, tokens: Tokens, t: Translator) -> ft.Control:
    def look() -> None:
        model.look_at(card)

    if card.is_clip:
        title = parts_clip.title_of(t, card, t("shot.upkeep"))
        return parts_evidence.wrapped([parts_clip.clip_tile(tokens, t, card, title, look)])
    caption = f"{t('shot.upkeep')} · {t(f'evidence.grade.{card.grade}')}"
    picture = parts_evidence.wide_photo(
        tokens,
        card,
        caption,
        t("evidence.absent"),
        key=f"photo-{card.evidence_id}",
        on_tap=look,
    )
    return ft.Row(controls=[picture])


def _note(model: UpkeepModel, tokens: Tokens, t: Translator) -> ft.Control:
    made = parts.text_field(
        tokens, model.desk, t("upkeep.note"), model.note, _unused, key="note", lines=3
    )
    return _saving(made, model.write)


def _footer(
    model: UpkeepModel, work: Upkeep, tokens: Tokens, t: Translator, picker: PicturePicker
) -> list[ft.Control]:
    if model.capture.open:
        return capture_bar(model.capture, tokens, t, picker, t("capture.shoot"))
    if not work.complete:
        return [
            parts.primary_button(
                tokens,
                t("upkeep.photo.take"),
                key="take",
                icon=ft.Icons.CAMERA_ALT,
                on_click=model.shoot,
                expand=True,
            )
        ]
    return [
        parts.primary_button(
            tokens,
            t("upkeep.hand_in"),
            key="hand-in",
            icon=ft.Icons.CHECK,
            on_click=model.next_step,
            disabled=model.handed_in or not model.can_hand_in,
            expand=True,
        )
    ]
