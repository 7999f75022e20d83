"""The second shot after a repair: what to do now, the seconds left, and why it cannot be done."""

from typing import Final

import flet as ft

from app.translate import Translator
from app.use_cases.evidence import EvidenceCard
from domain.capture_trust import SIGNS, TrustRules
from domain.words import Words
from screens import parts, parts_evidence, parts_grounds, theme
from screens.capture_model import CaptureModel
from screens.parts import words
from screens.parts_evidence import SNOW
from screens.theme import Tokens

ICON: Final = {
    "closer": ft.Icons.ZOOM_IN,
    "aside": ft.Icons.THREESIXTY,
    "shake": ft.Icons.VIBRATION,
}


def task_sign(model: CaptureModel, tokens: Tokens, t: Translator) -> ft.Control | None:
    """Return the task with the seconds left, to lie on the picture; None while there is none.

    It takes no room of its own: a preview that is moved on the page stops giving pictures.
    """
    task = model.task
    if task is None or model.phase not in ("task", "keeping"):
        return None
    counting = model.phase == "task"
    said = t("challenge.by_itself" if counting else "challenge.looking")
    lines = ft.Column(
        spacing=2,
        expand=True,
        controls=[
            words(t(f"challenge.task.{task.kind}"), tokens, size=tokens.title, color=SNOW,
                  strong=True),
            words(said, tokens, color=SNOW),
        ],
    )  # fmt: skip
    row: list[ft.Control] = [ft.Icon(ICON[task.kind], size=34, color=SNOW), lines]
    if counting:
        left = t("challenge.left", s=model.left_s)
        row.append(words(left, tokens, size=tokens.figure, color=SNOW, strong=True))
    band = ft.Container(
        key="task",
        bgcolor=parts_evidence.SHADE,
        padding=14,
        content=ft.Row(spacing=theme.GAP_WIDE, controls=row),
    )
    return ft.Column(horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=[band])


def task_bar(model: CaptureModel, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """Return the one thing to tap meanwhile, "can't do it here", or the reasons for that."""
    if model.phase == "task":
        cannot = parts.quiet_button(
            tokens, t("challenge.cannot"), key="task-cannot", on_click=model.cannot, expand=True
        )
        return parts_evidence.bottom_bar(cannot)
    excuses = model.desk.field.definitions.trust.excuses
    rows: list[ft.Control] = [
        words(t("challenge.why"), tokens, size=tokens.title, strong=True),
        words(t("challenge.cost"), tokens, size=tokens.small, color=tokens.ink2),
        *(_excuse(model, tokens, t, code, said) for code, said in excuses.items()),
        parts.quiet_button(tokens, t("challenge.again"), key="task-again", on_click=model.cannot),
    ]
    column = ft.Column(
        key="task",
        spacing=theme.GAP,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=rows,
    )
    return parts_evidence.bottom_bar(column)


def doubts(
    tokens: Tokens,
    t: Translator,
    photo: EvidenceCard,
    second: EvidenceCard | None,
    rules: TrustRules,
) -> list[ft.Control]:
    """Return what whoever verifies must know of the photo of a repair, with the second shot."""
    found: list[ft.Control] = []
    for code, _, params in photo.reasons:
        if code in SIGNS:
            said = parts_grounds.reason_text(t, code, params)
            sure = t("doubt.sign")
            found.append(parts.note(tokens, "mind", said, detail=sure, key=f"doubt-{code}"))
    if photo.album:
        found.append(parts.note(tokens, "mind", t("doubt.album"), key="doubt-album"))
    asked = photo.challenge
    if asked is None:
        return found
    task = t(f"challenge.task.{asked.kind}")
    excuse = rules.excuses.get(asked.reason)
    why = t.of(excuse) if excuse else t(f"challenge.why.{asked.why}") if asked.why else ""
    state = asked.state
    if state == "met" and photo.doubt:
        state, why = "doubted", t(f"challenge.doubt.{photo.doubt}")
    said = t(f"evidence.reason.challenge_{state}")
    note = parts.note(
        tokens, "good" if state == "met" else "mind", said,
        detail="\n".join(one for one in (task, why) if one), key="doubt-challenge",
    )  # fmt: skip
    return [*found, note, *_both(tokens, t, photo, second)]


def _both(
    tokens: Tokens, t: Translator, photo: EvidenceCard, second: EvidenceCard | None
) -> list[ft.Control]:
    """Return both pictures beside each other, where they are here."""
    pair = [(one.thumb, t(f"shot.{one.shot}")) for one in (photo, second) if one and one.thumb]
    if len(pair) < 2:
        return []
    tiles: list[ft.Control] = [
        ft.Column(
            expand=True,
            spacing=4,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=[
                ft.Container(
                    aspect_ratio=parts_evidence.RATIO,
                    border_radius=theme.CARD_RADIUS,
                    clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
                    content=ft.Image(src=thumb, fit=ft.BoxFit.COVER, semantics_label=said),
                ),
                words(said, tokens, size=tokens.small, color=tokens.ink2),
            ],
        )
        for thumb, said in pair
        if thumb
    ]
    return [ft.Row(spacing=theme.GAP_WIDE, controls=tiles, key="challenge-both")]


def _excuse(
    model: CaptureModel, tokens: Tokens, t: Translator, code: str, said: Words
) -> ft.Control:
    async def choose() -> None:
        await model.excuse(code)

    return parts.quiet_button(
        tokens, t.of(said), key=f"task-why-{code}", on_click=choose, height=theme.TARGET
    )
