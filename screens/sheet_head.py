"""What stands above the questions of a checklist, and changes with none of its answers.

Memoised, as the rows are: an answer neither draws nor compares it again. So both parts get values.
"""

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases.hazard_views import HazardCard
from app.use_cases.inspections import Sheet
from domain.plant import Asset
from domain.words import Words
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk
from screens.documents import documents_card
from screens.parts import words


@dataclass(frozen=True)
class About:
    """What a checklist is about: all of it but the answers."""

    draft_id: str
    asset: Asset
    form: Words
    version: int
    label_state: str
    distance_m: int | None
    own_area: bool
    findings: tuple[HazardCard, ...]
    unfolded: bool  # the list of earlier findings stands open


def about(sheet: Sheet, *, unfolded: bool) -> About:
    """Take from a checklist what stands above its questions."""
    return About(
        sheet.draft_id, sheet.asset, sheet.form.name, sheet.form.version, sheet.label_state,
        sheet.distance_m, sheet.own_area, sheet.findings, unfolded,
    )  # fmt: skip


@ft.component
def _Head(of: About) -> ft.Control:
    """Equipment, checklist, and how it was found."""
    desk = use_desk()
    t = desk.t
    detail = [t("sheet.form", name=of.form, version=of.version), t(f"label_state.{of.label_state}")]
    if of.distance_m is not None:
        detail.append(t("sheet.distance", metres=of.distance_m))
    return parts_work.page_head(
        desk.tokens,
        f"{of.asset.asset_id} {t.of(of.asset.name)}",
        " · ".join(detail),
        on_back=desk.back,
        back_label=t("page.back"),
    )


@ft.component
def _Notes(of: About, fold: Callable[[], None]) -> ft.Control:
    """What to know before the first question: drawing, the label's place, earlier findings."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    notes = documents_card(desk, of.asset.asset_id, of.draft_id)
    if not of.own_area:
        notes.append(
            parts.note(
                tokens,
                "mind",
                t("sheet.elsewhere"),
                detail=t("sheet.elsewhere.remedy"),
                icon=ft.Icons.LOCK_PERSON,
                key="elsewhere",
            )
        )
    if of.label_state == "mismatch":
        notes.append(
            parts.note(
                tokens,
                "mind",
                t("sheet.mismatch"),
                detail=t("sheet.mismatch.remedy"),
                icon=ft.Icons.WRONG_LOCATION,
                key="mismatch",
            )
        )
    if of.findings:
        notes.append(_findings(desk, of, fold))
    return ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        visible=bool(notes),
        controls=notes,
    )


SheetHead, SheetNotes = ft.memo(_Head), ft.memo(_Notes)


def _findings(desk: Desk, of: About, fold: Callable[[], None]) -> ft.Control:
    """The open hazards of this equipment: one line, unfolded on a tap."""
    tokens, t, first = desk.tokens, desk.t, of.findings[0]
    look = parts.colours(tokens, "mind")
    text = t(
        "sheet.findings",
        count=len(of.findings),
        words=first.words or t.of(first.category),
        code=first.code,
    )
    line = parts.tappable(
        ft.Container(
            key="findings",
            padding=theme.PAD,
            ink=True,
            on_click=parts.handler(fold),
            content=ft.Row(
                spacing=theme.GAP_WIDE,
                controls=[
                    ft.Icon(ft.Icons.HISTORY, size=28, color=look.ink),
                    words(text, tokens, color=look.ink, expand=True, lines=3),
                    ft.Icon(
                        ft.Icons.EXPAND_LESS if of.unfolded else ft.Icons.EXPAND_MORE,
                        size=28,
                        color=look.ink,
                    ),
                ],
            ),
        ),
        "",
        "findings",
    )
    rows: list[ft.Control] = [line]
    if of.unfolded:
        rows += [_finding(desk, card) for card in of.findings]
    return ft.Container(
        bgcolor=look.fill,
        border=ft.Border.all(1, look.edge),
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        content=ft.Column(
            spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=rows
        ),
    )


def _finding(desk: Desk, card: HazardCard) -> ft.Control:
    t = desk.t

    def look() -> None:
        desk.go(f"/hazard/{card.record_id}")

    row = parts.row_card(
        desk.tokens,
        card.words or t.of(card.category),
        " · ".join((card.code, t("hazard.grade", grade=card.grade), t.of(card.state_words))),
        key=f"finding-{card.code}",
        lines=2,
        on_click=look,
    )
    return ft.Container(padding=ft.Padding.only(left=10, right=10, bottom=10), content=row)
