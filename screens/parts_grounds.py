"""How much a photo proves: its grade with the grounds, and another photo like it beside it."""

from collections.abc import Mapping

import flet as ft

from app.translate import Translator
from app.use_cases.evidence import EvidenceCard
from app.use_cases.used_photos import UsedView
from screens import parts, parts_work, theme
from screens.parts import colours, words
from screens.theme import Tokens


def grade_badge(tokens: Tokens, grade: str) -> ft.Control:
    """The letter of the evidence in a disc of its colour."""
    look = colours(tokens, parts_work.GRADE_KINDS.get(grade, "stop"))
    side = tokens.tall(52)
    return ft.Container(
        width=side,
        height=side,
        border_radius=side,
        bgcolor=look.fill,
        alignment=ft.Alignment.CENTER,
        content=words(grade, tokens, size=26 * tokens.scale, color=look.ink, strong=True),
    )


def evidence_card(tokens: Tokens, t: Translator, card: EvidenceCard) -> ft.Control:
    """The grade of a photo and each reason for it, good and bad."""
    reasons = [_reason(tokens, t, code, ok, params) for code, ok, params in card.reasons]
    if card.removed:
        reasons.insert(0, words(t("mydata.removed.file"), tokens, color=tokens.mind))
    head = ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            grade_badge(tokens, card.grade),
            ft.Column(
                spacing=0,
                expand=True,
                controls=[
                    words(
                        t(f"evidence.grade.{card.grade}"), tokens, size=tokens.strong, strong=True
                    ),
                    words(
                        t("evidence.taken", time=t.moment(card.taken_ms)),
                        tokens,
                        size=tokens.small,
                        color=tokens.ink2,
                    ),
                ],
            ),
        ],
    )
    beside = [used_note(tokens, t, card.used, key="evidence-used")] if card.used else []
    column = ft.Column(spacing=theme.GAP_WIDE, controls=[head, *reasons, *beside])
    return parts.card(tokens, column, key="evidence-grade")


def _reason(
    tokens: Tokens, t: Translator, code: str, ok: bool, params: dict[str, object]
) -> ft.Control:
    icon = ft.Icons.CHECK_CIRCLE if ok else ft.Icons.ERROR
    return ft.Row(
        spacing=theme.GAP_WIDE,
        vertical_alignment=ft.CrossAxisAlignment.START,
        controls=[
            ft.Icon(
                icon,
                size=26,
                color=tokens.good if ok else tokens.mind,
                semantics_label=t("evidence.holds" if ok else "evidence.lacks"),
            ),
            words(reason_text(t, code, params), tokens, expand=True),
        ],
    )


def reason_text(t: Translator, code: str, params: Mapping[str, object]) -> str:
    """Return a ground of a grade in words; a sign with its measured rate, or that there is none."""
    key = f"evidence.reason.{code}"
    return t.known(key, t.known(f"{key}.unmeasured", code, params), params)


def used_note(
    tokens: Tokens, t: Translator, used: UsedView, *, said: str = "", key: str = "check-used"
) -> ft.Control:
    """Another photo like this one, beside what is known of it (or `said`)."""
    said = said or used_text(t, used)
    note = parts.note(tokens, "stop" if used.how == "block" else "mind", said, key=key)
    if used.thumb is None:
        return note
    side = tokens.tall(96)
    tile = ft.Image(
        src=used.thumb, width=side, height=side, fit=ft.BoxFit.COVER, semantics_label=said
    )
    row: list[ft.Control] = [tile, ft.Container(expand=True, content=note)]
    return ft.Row(spacing=theme.GAP_WIDE, controls=row)


def used_line(tokens: Tokens, t: Translator, used: UsedView) -> ft.Control:
    """The same in one line, for where the photo is small."""
    return words(used_text(t, used), tokens, size=tokens.small, color=tokens.mind)


def used_text(t: Translator, used: UsedView) -> str:
    """Return that another photo is like this one, and of which record it is."""
    return t(f"check.used.{used.how}", code=used.code or t("check.none"))
