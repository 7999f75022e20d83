"""Before and after: a line that slides between them, side by side, or what changed in colour.

Whoever decides about the repair does so here, beside the pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import flet as ft

from app.use_cases import repair_checks
from app.use_cases.repair_checks import CheckView, Pictures
from domain.errors import FieldError
from screens import (
    parts,
    parts_compare,
    parts_evidence,
    parts_pages,
    parts_work,
    parts_zoom,
    theme,
)
from screens.check_card import check_card
from screens.context import Desk, use_desk, use_keys, use_value
from screens.parts import words

STEPS = 100
COLUMN = 0.6  # of a tablet's width: what the pictures have
Mode = Literal["slide", "side", "heat"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)


@dataclass(eq=False)
class CompareModel(ft.Observable):
    """Two photos in view; `at` is where the line is, of the width."""

    desk: Desk
    record_id: str
    shown: Pictures | None = None
    error: FieldError | None = None
    at: float = 0.5
    mode: Mode = "slide"

    async def load(self) -> None:
        """Lay the photos on each other; takes seconds, in a thread."""
        try:
            self.shown = await self.desk.in_thread(repair_checks.pictures, self.record_id)
        except FieldError as error:
            self.error = error

    def slide(self, share: float) -> None:
        """Move the line."""
        self.at = min(1.0, max(0.0, share))

    def show(self, mode: Mode) -> None:
        """Show them in another way."""
        self.mode = mode

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The ways there are: what changed is known only where one lies on the other."""
        laid = self.shown is not None and self.shown.registered
        return MODES if laid else ("slide", "side")


@ft.component
def ComparePage(
    record_id: str,
    check: CheckView,
    detail: str,
    decisions: Sequence[ft.Control],
    on_back: parts.Tap,
) -> ft.Control:
    """A page within the hazard's: the pictures, the verdict beside or below, the decision.

    `decisions` are the buttons of who may decide; without any the way back stands there.
    """
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: CompareModel(desk, record_id))
    ft.use_effect(model.load, [record_id])
    use_keys(escape=on_back)
    title = t("compare.title")
    head = parts_work.page_head(tokens, title, detail, on_back=on_back, back_label=t("page.back"))
    picture = _picture(model, desk, check)
    proof = check_card(tokens, t, check, running=False)
    back = parts.primary_button(
        tokens, t("page.back"), key="compare-back", on_click=on_back, expand=True
    )
    footer = parts_evidence.bottom_bar(*(decisions or [back]))
    return parts_pages.columns(desk, head, picture, proof, footer, share=4)


def _picture(model: CompareModel, desk: Desk, check: CheckView) -> list[ft.Control]:
    tokens, t, shown = desk.tokens, desk.t, model.shown
    if model.error is not None:
        return [parts_evidence.refused(tokens, t, model.error)]
    if shown is None:
        return [
            words(t("check.running"), tokens, size=tokens.small),
            ft.ProgressBar(semantics_label=t("check.running")),
        ]
    found: list[ft.Control] = [_modes(model, desk)]
    if not shown.registered:
        found.append(parts.note(tokens, "mind", t("compare.unregistered"), key="unregistered"))
    width, height = parts_compare.room(desk, shown.width, shown.height, COLUMN)
    match model.mode:
        case "heat":
            found.append(_alone(shown.heat, t("compare.heat.says"), desk, width, height))
        case "side":
            found.append(_side(shown, desk))
        case "slide":
            found += _slide(model, shown, desk, check, width, height)
    return found


def _modes(model: CompareModel, desk: Desk) -> ft.Control:
    """The ways to look at them, each one tap away."""

    def showing(mode: Mode) -> parts.Tap:
        return lambda: model.show(mode)

    chips: list[ft.Control] = [
        parts.choice_chip(
            desk.tokens, desk.t(f"compare.{mode}"), key=f"compare-{mode}",
            selected=mode == model.mode, on_click=showing(mode),
        )
        for mode in model.modes
    ]  # fmt: skip
    return parts_evidence.wrapped(chips)


def _slide(
    model: CompareModel,
    shown: Pictures,
    desk: Desk,
    check: CheckView,
    width: float,
    height: float,
) -> list[ft.Control]:
    """Both on each other with a line between them, and the slider that moves it."""
    tokens, t = desk.tokens, desk.t
    before, after = t("hazard.before"), t("hazard.after")
    layers = [
        parts_compare.layer(shown.after, after, width, height),
        parts_compare.part(
            parts_compare.layer(shown.before, before, width, height), width * model.at, height
        ),
        _line(width * model.at, height),
    ]
    boxed = check.region is not None and shown.registered
    if check.region is not None and boxed:
        layers.insert(2, parts_compare.frame(check.region, width, height))
    stage = ft.Stack(controls=layers, width=width, height=height)

    def slide(event: ft.Event[ft.Slider]) -> None:
        model.slide(float(event.control.value or 0))

    line = ft.Slider(
        key="compare-line",
        min=0,
        max=1,
        divisions=STEPS,
        value=model.at,
        on_change=slide,
        width=width,
        height=theme.TARGET,
    )
    named = ft.Semantics(label=t("compare.line"), content=line)
    names = [parts_compare.name(before, tokens), parts_compare.name(after, tokens, right=True)]
    found = [
        parts_compare.middle(_zoomed(stage, width, height, names)),
        parts_compare.middle(named),
    ]
    if boxed:
        found.append(words(t("compare.box"), tokens, size=tokens.small, color=tokens.ink2))
    return found


def _side(shown: Pictures, desk: Desk) -> ft.Control:
    """Both beside each other; on a phone one below the other, so that each is as wide as it."""
    across, down = parts_compare.room(desk, shown.width, shown.height, COLUMN)
    if desk.wide:
        both_wide, _ = parts_compare.room(desk, shown.width * 2, shown.height, COLUMN)
        across = (both_wide - theme.GAP) / 2
        down = across * shown.height / shown.width
    pairs = [(shown.before, desk.t("hazard.before")), (shown.after, desk.t("hazard.after"))]
    return parts_zoom.together(pairs, across, down)


def _alone(picture: bytes, said: str, desk: Desk, width: float, height: float) -> ft.Control:
    """One picture with what its colours say."""
    tokens = desk.tokens
    whole = parts_compare.layer(picture, said, width, height)
    stage = ft.Stack(controls=[whole], width=width, height=height)
    return ft.Column(
        spacing=theme.GAP,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[
            parts_compare.middle(_zoomed(stage, width, height, [])),
            words(said, tokens, size=tokens.small, color=tokens.ink2),
        ],
    )


def _zoomed(
    stage: ft.Control, width: float, height: float, names: Sequence[ft.Control]
) -> ft.Control:
    """A picture that can be drawn larger with two fingers; its names stay where they are."""
    viewer = ft.InteractiveViewer(
        width=width,
        height=height,
        min_scale=1.0,
        max_scale=parts_zoom.MOST,
        clip_behavior=ft.ClipBehavior.HARD_EDGE,
        content=stage,
    )
    return ft.Container(
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        content=ft.Stack(controls=[viewer, *names], width=width, height=height),
    )


def _line(at: float, height: float) -> ft.Control:
    return ft.Container(
        left=at - theme.GAP / 4,
        top=0,
        width=theme.GAP / 2,
        height=height,
        bgcolor=parts_evidence.SNOW,
    )
