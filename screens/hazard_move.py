"""What a move of a hazard asks for before it is done: a reason, or the hazard to merge into."""

import flet as ft

from app.translate import Translator
from app.use_cases.hazard_views import HazardCard
from domain.repair_checks import REFUSED
from screens import parts, parts_work
from screens.context import use_desk, use_keys
from screens.hazard_model import FINAL_ACTIONS, HazardModel
from screens.parts import words
from screens.theme import Tokens


@ft.component
def MovePage(model: HazardModel) -> ft.Control:
    """What a move needs before it is done: a reason in words, or the hazard to merge into."""
    desk = use_desk()
    tokens, t, move = desk.tokens, desk.t, model.move
    use_keys(enter=model.submit, escape=model.leave_form)
    if move is None or model.view is None:
        return ft.Column(controls=[])
    final = move.action in FINAL_ACTIONS
    body: list[ft.Control] = []
    check = model.view.check
    asked = "note" in move.needs and move.primary
    if asked and check is not None and check.check is not None and check.check.outcome == REFUSED:
        body.append(parts.note(tokens, "mind", t("hazard.refused.why"), key="refused-why"))
    if asked and model.after and model.after[-1].album:
        body.append(parts.note(tokens, "mind", t("hazard.album.why"), key="album-why"))
    if "note" in move.needs:
        body.append(
            parts.text_field(
                tokens,
                desk,
                t("hazard.note"),
                model.note,
                model.write,
                key="move-note",
                lines=3,
                limit=500,
                autofocus=True,
            )
        )
    if "merged_into" in move.needs or "target" in move.needs:
        body += _merge_rows(model, tokens, t)
    if final:
        body.append(parts.note(tokens, "mind", t("hazard.final"), key="final"))
    footer = [
        parts.quiet_button(tokens, t("page.cancel"), key="move-cancel", on_click=model.leave_form),
        parts.primary_button(
            tokens,
            t.of(move.words),
            key="move-do",
            on_click=model.submit,
            disabled=model.busy or not model.ready,
            expand=True,
        ),
    ]
    head = parts_work.page_head(
        tokens,
        t.of(move.words),
        model.view.card.code,
        on_back=model.leave_form,
        back_label=t("page.back"),
    )
    return parts_work.page(tokens, head, body, footer)


def _merge_rows(model: HazardModel, tokens: Tokens, t: Translator) -> list[ft.Control]:
    rows: list[ft.Control] = [words(t("hazard.merge.into"), tokens)]
    if not model.others:
        rows.append(parts.empty_state(tokens, ft.Icons.CHECKLIST, t("hazard.merge.none")))
    return rows + [_merge_row(model, card, tokens, t) for card in model.others]


def _merge_row(model: HazardModel, card: HazardCard, tokens: Tokens, t: Translator) -> ft.Control:
    def choose() -> None:
        model.choose(card.record_id)

    chosen = model.target == card.record_id
    detail = " · ".join(
        part for part in (card.code, t.of(card.place), t.of(card.state_words)) if part
    )
    return parts.row_card(
        tokens,
        card.words or t.of(card.category),
        detail,
        key=f"merge-{card.code}",
        icon=ft.Icons.RADIO_BUTTON_CHECKED if chosen else ft.Icons.RADIO_BUTTON_UNCHECKED,
        kind="primary" if chosen else None,
        on_click=choose,
        lines=2,
    )
