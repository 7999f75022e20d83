"""Before and after on one view: a line that slides between them, and what changed in colour."""

from dataclasses import dataclass

import flet as ft

from app.use_cases import repair_checks
from app.use_cases.repair_checks import CheckView, Pictures
from domain.errors import FieldError
from screens import parts, parts_compare, parts_evidence, parts_pages, parts_work, theme
from screens.check_card import check_card
from screens.context import Desk, use_desk, use_keys, use_value
from screens.parts import words

ZOOM_MAX = 6.0
STEPS = 100


@dataclass(eq=False)
class CompareModel(ft.Observable):
    """Two photos in view; `at` is where the line is, of the width."""

    desk: Desk
    record_id: str
    shown: Pictures | None = None
    error: FieldError | None = None
    at: float = 0.5
    heat: bool = False

    async def load(self) -> None:
        """Lay the photos on each other; takes seconds, in a thread."""
        try:
            self.shown = await self.desk.in_thread(repair_checks.pictures, self.record_id)
        except FieldError as error:
            self.error = error

    def slide(self, share: float) -> None:
        """Move the line."""
        self.at = min(1.0, max(0.0, share))

    def switch(self) -> None:
        """Show or hide what changed."""
        self.heat = not self.heat


@ft.component
def ComparePage(record_id: str, check: CheckView, detail: str, on_back: parts.Tap) -> ft.Control:
    """A page within the hazard's: picture and line, the verdict beside or below."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: CompareModel(desk, record_id))
    ft.use_effect(model.load, [record_id])
    use_keys(escape=on_back)
    title = t("compare.title")
    head = parts_work.page_head(tokens, title, detail, on_back=on_back, back_label=t("page.back"))
    picture = _picture(model, desk, check)
    proof = check_card(tokens, t, check, running=False)
    label = t("compare.plain" if model.heat else "compare.heat")
    footer = [
        parts.quiet_button(
            tokens,
            label,
            key="compare-heat",
            icon=ft.Icons.LOCAL_FIRE_DEPARTMENT,
            on_click=model.switch,
            disabled=model.shown is None,
        ),
        parts.primary_button(
            tokens, t("page.back"), key="compare-back", on_click=on_back, expand=True
        ),
    ]
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
    width, height = parts_compare.room(desk, shown.width, shown.height, 0.55)
    after = shown.heat if model.heat else shown.after
    layers = [
        parts_compare.layer(after, t("hazard.after"), width, height),
        parts_compare.part(
            parts_compare.layer(shown.before, t("hazard.before"), width, height),
            width * model.at,
            height,
        ),
        _line(width * model.at, height),
    ]
    if check.region is not None and not model.heat and shown.registered:
        layers.insert(2, parts_compare.frame(check.region, width, height))
    stage = ft.InteractiveViewer(
        width=width,
        height=height,
        min_scale=1.0,
        max_scale=ZOOM_MAX,
        clip_behavior=ft.ClipBehavior.HARD_EDGE,
        content=ft.Stack(controls=layers, width=width, height=height),
    )

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
    )
    named = ft.Semantics(label=t("compare.slide"), content=line)
    found: list[ft.Control] = [
        ft.Row(alignment=ft.MainAxisAlignment.CENTER, controls=[stage]),
        ft.Row(alignment=ft.MainAxisAlignment.CENTER, controls=[named]),
        ft.Row(
            alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
            controls=[
                words(t("hazard.before"), tokens, size=tokens.small, color=tokens.ink2),
                words(t("hazard.after"), tokens, size=tokens.small, color=tokens.ink2),
            ],
        ),
    ]
    if not shown.registered:
        found.insert(0, parts.note(tokens, "mind", t("compare.unregistered"), key="unregistered"))
    return found


def _line(at: float, height: float) -> ft.Control:
    return ft.Container(
        left=at - theme.GAP / 4,
        top=0,
        width=theme.GAP / 2,
        height=height,
        bgcolor=parts_evidence.SNOW,
    )
