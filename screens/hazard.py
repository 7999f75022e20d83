"""One hazard: own words, photos before and after, who did what when, and what comes next."""

from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases.hazard_views import HazardCard, HazardView, MoveView
from screens import parts, parts_clip, parts_evidence, parts_pages, parts_work, theme
from screens.asset_picker import AssetPicker
from screens.capture import capture_bar
from screens.compare import ComparePage
from screens.conflict import ConflictLine
from screens.context import Desk, use_desk, use_keys, use_value
from screens.evidence_page import page_of
from screens.hazard_assess import AssessPage
from screens.hazard_fields import FieldsPage, fields_card
from screens.hazard_model import AFTER, FINAL_ACTIONS, RECTIFYING, HazardModel
from screens.hazard_move import MovePage
from screens.hazard_photos import repair_cards, report_card
from screens.interim import InterimCard
from screens.parts import words
from screens.pictures import PicturePicker, use_pictures
from screens.recheck_card import RecheckCard
from screens.region import RegionPage
from screens.relay_take import RelayNote
from screens.report_button import ReportButton
from screens.theme import Tokens
from screens.three_photos import three_card, three_panel

DECIDES = ("hazard.verify", "hazard.review")  # with the pictures before them
RETURN = "hazard.return"
GRADE_KIND: dict[str, parts.Kind] = {"A": "stop", "B": "mind"}
STATE_ICON: dict[str, ft.IconData] = {
    "accepted": ft.Icons.HOW_TO_REG,
    "dispatched": ft.Icons.SEND,
    "rectifying": ft.Icons.ENGINEERING,
    "to_verify": ft.Icons.FACT_CHECK,
    "to_review": ft.Icons.FACT_CHECK,
    "closed": ft.Icons.CHECK_CIRCLE,
    "returned": ft.Icons.UNDO,
    "reopened": ft.Icons.REPLAY,
}


@ft.component
def HazardScreen() -> ft.Control:
    """The hazard of the route `/hazard/:id`."""
    record_id = ft.use_route_params().get("id", "")
    return cast("Any", HazardBody)(record_id, key=f"hazard-{record_id}")


@ft.component
def HazardBody(record_id: str) -> ft.Control:
    """One hazard; a photo, the form of a move or the list of places takes its place while open."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: HazardModel(desk, record_id))
    use_value(model.capture)
    picker = use_pictures(model.capture.choose, model.capture.choose_clip)
    ft.use_effect(model.load, [record_id, desk.version])
    use_keys(enter=model.enter, escape=model.escape)
    view = model.view
    if view is None:
        return parts_pages.absent(desk, "hazard", ft.Icons.SEARCH_OFF, gone=model.gone)
    over = _over(model, view, t)
    return _page(model, view, tokens, t, picker) if over is None else over


def _over(model: HazardModel, view: HazardView, t: Translator) -> ft.Control | None:
    """The page that is open over the hazard, if one is."""
    if model.looking is not None:
        title = parts_clip.title_of(t, model.looking, t(f"shot.{model.looking.shows}"))
        page = page_of(model.looking)
        return page(model.looking, title, view.card.code, model.look_away, None)
    if model.marking:
        return RegionPage(
            model.marking, view.region, view.card.code, model.keep_mark, model.leave_mark
        )
    if model.comparing and view.check is not None:
        return ComparePage(
            model.record_id, view.check, view.card.code, _decisions(model, t), model.compare
        )
    return _form(model, view, t)


def _decisions(model: HazardModel, t: Translator) -> list[ft.Control]:
    """The buttons of who decides about a repair: as on the hazard, to be taken at its pictures."""
    move, tokens = model.primary, model.desk.tokens
    if move is None or move.action not in DECIDES:
        return []
    side = [one for one in model.side_moves if one.action == RETURN]
    back = [_side_button(model, one, tokens, t, expand=False) for one in side]
    return [*back, _primary_button(model, move, tokens, t)]


def _form(model: HazardModel, view: HazardView, t: Translator) -> ft.Control | None:
    """The page of a step or a choice that is open over the hazard, if one is."""
    if model.choosing_place:
        return AssetPicker(
            t("hazard.place.title"), view.card.code, model.place, model.keep_place, False
        )
    if model.move is not None:
        return MovePage(model)
    if model.assessing:
        return AssessPage(model)
    if model.answering:
        return FieldsPage(view.fields, view.card.code, model.keep_answers, model.answer)
    return None


def _page(
    model: HazardModel, view: HazardView, tokens: Tokens, t: Translator, picker: PicturePicker
) -> ft.Control:
    desk, card = model.desk, view.card
    place = [t.of(card.place) or t("hazard.place.unknown")]
    if card.asset_id:
        place = [f"{card.asset_id} {place[0]}", t.of(card.area)]
    head = parts_work.page_head(
        tokens,
        card.code,
        " · ".join(part for part in place if part),
        on_back=desk.back,
        back_label=t("page.back"),
    )
    disagreed = cast("Any", ConflictLine)(model.record_id, key=f"conflict-of-{model.record_id}")
    story = [_chips(desk, view), disagreed, report_card(model, view, tokens, t)]
    if not model.capture.open:  # else the camera alone: whoever had scrolled down sees it, too
        story += _story(model, view, tokens, t)
    now_ms = desk.field.clock.now_ms()
    history: list[ft.Control] = [parts_work.timeline(tokens, t, view.steps, now_ms)]
    history.append(_facts(model, view, tokens, t))
    history.append(cast("Any", RelayNote)(model.record_id, key=f"relay-{model.record_id}"))
    history.append(cast("Any", ReportButton)(model.record_id, key=f"pdf-{model.record_id}"))
    footer = _footer(model, tokens, t, picker)
    panel = _more_panel(model, tokens, t) if model.more else three_panel(model, view, tokens, t)
    if desk.wide:
        left = parts_work.page(tokens, head, story)
        right = parts_work.page(
            tokens, None, [ft.Container(height=4), *history], [] if panel else footer, key="side"
        )
        right = parts_pages.with_panel(right, panel)
        return parts_work.two_columns(desk, left, right, share=4)
    below = [] if model.capture.open else history
    whole = parts_work.page(tokens, head, [*story, *below], [] if panel else footer)
    return parts_pages.with_panel(whole, panel)


def _story(model: HazardModel, view: HazardView, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """What stands below the report: photos of the grade, the repair, what is asked, rechecked."""
    found = [
        *three_card(model, view, tokens, t),
        *repair_cards(model, view, tokens, t),
        *_asks(model, view, tokens, t),
    ]
    found.append(cast("Any", RecheckCard)(model.record_id, key=f"recheck-of-{model.record_id}"))
    found.append(cast("Any", InterimCard)(model.record_id, key=f"interim-{model.record_id}"))
    return [*found, *fields_card(tokens, t, view.fields, model.answer)]


def _chips(desk: Desk, view: HazardView) -> ft.Control:
    tokens, t, card = desk.tokens, desk.t, view.card
    chips = [
        parts.chip(
            tokens,
            t("hazard.grade", grade=card.grade),
            GRADE_KIND.get(card.grade, "plain"),
            key="grade",
        ),
        parts.chip(tokens, t.of(card.category) or t("hazard.no_category"), key="category"),
        _state_chip(tokens, t, card),
    ]
    if card.due_ms is not None:
        chips.append(_due_chip(desk, card.due_ms, accepted=view.rectify_by_ms is not None))
    return parts_evidence.wrapped(chips)


def _state_chip(tokens: Tokens, t: Translator, card: HazardCard) -> ft.Control:
    icon = STATE_ICON.get(card.state, ft.Icons.REPORT)
    kind: parts.Kind = "good" if card.state == "closed" else "primary"
    return parts.chip(tokens, t.of(card.state_words), kind, icon, key="state")


def _due_chip(desk: Desk, due_ms: int, *, accepted: bool) -> ft.Control:
    t, left_ms = desk.t, due_ms - desk.field.clock.now_ms()
    what = "rectify" if accepted else "accept"
    if left_ms < 0:
        text = t(f"hazard.due.{what}.over", span=t.span(-left_ms))
        return parts.chip(desk.tokens, text, "stop", ft.Icons.ALARM, key="due")
    text = t(f"hazard.due.{what}", span=t.span(left_ms))
    return parts.chip(desk.tokens, text, "plain", ft.Icons.TIMER, key="due")


def _asks(model: HazardModel, view: HazardView, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """What has to be mended before the hazard can go on, or for whom it waits."""
    asks: list[ft.Control] = []
    if not view.place_known:
        offer = parts.Action(t("hazard.place.set"), model.choose_place, "set-place")
        may_set = "asset" in view.corrections
        asks.append(
            parts.note(
                tokens,
                "mind",
                t("hazard.place.unknown"),
                detail=t("hazard.place.detail"),
                icon=ft.Icons.LOCATION_OFF,
                action=offer if may_set else None,
                key="place-unknown",
            )
        )
    if not view.moves:
        key = f"hazard.wait.{view.card.state}"
        if key not in t.texts:  # a state that somebody added to the data
            key = "hazard.wait.other"
        text = t(
            key,
            unit=view.unit,
            assignee=view.assignee or view.unit,
            state=view.card.state_words,
        )
        asks.append(parts.note(tokens, "plain", text, key="waits"))
    return asks


def _facts(model: HazardModel, view: HazardView, tokens: Tokens, t: Translator) -> ft.Control:
    """Who is responsible, what kind it is, and why this grade was proposed."""
    lines = [t("hazard.unit", unit=view.unit)]
    if view.assignee is not None:
        lines.append(t("hazard.assignee", person=view.assignee))
    if view.element is not None:
        key = "hazard.element.proposed" if view.element_proposed else "hazard.element"
        lines.append(t(key, element=view.element))
    if view.factor is not None:
        lines.append(t("hazard.factor", factor=view.factor))
    if view.reasons:
        reasons = " · ".join(t.of(reason) for reason in view.reasons)
        lines.append(t("hazard.reason", reason=reasons))
    rows: list[ft.Control] = [
        words(line, tokens, size=tokens.small, color=tokens.ink2) for line in lines
    ]
    if model.may_assess:
        rows.append(
            parts.quiet_button(
                tokens,
                t("hazard.assess"),
                key="assess",
                icon=ft.Icons.EDIT,
                on_click=model.assess,
                height=theme.TARGET,
            )
        )
    column = ft.Column(spacing=6, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=rows)
    return parts.card(tokens, column, key="facts")


def _footer(
    model: HazardModel, tokens: Tokens, t: Translator, picker: PicturePicker
) -> list[ft.Control]:
    if model.capture.open:
        shot = model.capture.target.shot if model.capture.target else AFTER
        label = t("capture.shoot_of", shot=t(f"shot.{shot}.short"))
        return capture_bar(model.capture, tokens, t, picker, label)
    primary, side = model.primary, model.side_moves
    controls: list[ft.Control] = []
    starts = primary is not None and primary.target == RECTIFYING and model.repairs(primary)
    if len(side) == 1 and not starts:
        controls.append(_side_button(model, side[0], tokens, t, expand=primary is None))
    elif side or starts:
        controls.append(
            parts.quiet_button(
                tokens, t("hazard.more"), key="more", on_click=model.show_more, expand=not primary
            )
        )
    if primary is not None:
        controls.append(_primary_button(model, primary, tokens, t))
    return controls


def _primary_button(
    model: HazardModel, move: MoveView, tokens: Tokens, t: Translator
) -> ft.Control:
    async def do() -> None:
        model.comparing = False
        await (model.repair(move) if model.repairs(move) else model.do(move))

    icon = None
    if move.missing:
        label = t("capture.shoot_of", shot=t(f"shot.{move.missing[0]}.short"))
        icon = ft.Icons.CAMERA_ALT
    elif model.repairs(move):
        label, icon = t("hazard.shoot_after"), ft.Icons.CAMERA_ALT
    elif move.action == "hazard.rectify":
        label, icon = t("hazard.hand_in"), ft.Icons.CHECK
    else:
        label = _label(move, t)
    return parts.primary_button(
        tokens,
        label,
        key=f"do-{move.action}-{move.target}",
        icon=icon,
        on_click=do,
        disabled=model.busy,
        expand=True,
    )


def _label(move: MoveView, t: Translator) -> str:
    """What a button does, where the name of the action does not say it."""
    key = f"hazard.do.{move.action}"
    return t(key) if key in t.texts else t.of(move.words)


def _side_button(
    model: HazardModel, move: MoveView, tokens: Tokens, t: Translator, *, expand: bool
) -> ft.Control:
    async def do() -> None:
        model.comparing = False
        await model.do(move)

    return parts.quiet_button(
        tokens,
        _label(move, t),
        key=f"do-{move.action}-{move.target}",
        on_click=do,
        disabled=model.busy,
        kind="stop" if move.action in FINAL_ACTIONS else "plain",
        expand=expand,
    )


def _more_panel(model: HazardModel, tokens: Tokens, t: Translator) -> ft.Control:
    """The other moves, and beginning a repair without a photo yet."""
    buttons: list[ft.Control] = []
    primary = model.primary
    if primary is not None and primary.target == RECTIFYING:

        async def begin() -> None:
            model.more = False
            await model.act(primary)

        buttons.append(
            parts.quiet_button(
                tokens, t("hazard.begin"), key="begin-repair", icon=ft.Icons.BUILD, on_click=begin
            )
        )
    buttons += [_side_button(model, move, tokens, t, expand=False) for move in model.side_moves]
    buttons.append(
        parts.quiet_button(tokens, t("page.cancel"), key="more-close", on_click=model.show_more)
    )
    return parts_evidence.bottom_panel(tokens, t("hazard.more.title"), buttons)
