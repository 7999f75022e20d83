"""Another grade, category or element for a hazard: by who may, a grade with its reason."""

from dataclasses import dataclass

import flet as ft

from app.use_cases import hazards
from domain.hazards import element_of
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_value
from screens.hazard_model import HazardModel
from screens.kind_choices import category_choices, element_choices, grade_choices
from screens.parts import words

REASON_MAX = 500


@dataclass(eq=False)
class AssessModel(ft.Observable):
    """What is wished for; None stays as it is."""

    desk: Desk
    hazard: HazardModel
    grade: str | None = None
    category: str | None = None
    element: str | None = None
    note: str = ""
    busy: bool = False

    @property
    def pointed(self) -> str | None:
        """The element that a newly chosen category points to, while that is only a proposal."""
        view, vocabulary = self.hazard.view, self.desk.field.definitions.hazards
        follows = view is not None and view.element_proposed
        return element_of(vocabulary, self.category) if follows else None

    @property
    def regraded(self) -> bool:
        """Whether another grade than the present one is wished for."""
        view = self.hazard.view
        return view is not None and self.grade not in (None, view.card.grade)

    @property
    def ready(self) -> bool:
        """Whether something changes, and a change of the grade has its reason."""
        changed = self.regraded or self.category is not None or self.element is not None
        return changed and (not self.regraded or bool(self.note.strip()))

    def choose_grade(self, code: str) -> None:
        """Wish for another grade."""
        self.grade = code

    def choose_category(self, code: str) -> None:
        """Wish for another category."""
        self.category = code

    def choose_element(self, code: str) -> None:
        """Wish for another element."""
        self.element = code

    def write(self, note: str) -> None:
        """Keep the reason as typed."""
        self.note = note

    async def save(self) -> None:
        """Write what changed, in one entry."""
        if self.busy or not self.ready:
            return
        self.busy = True
        view = await self.desk.run(
            hazards.assess,
            self.desk.signed_in,
            self.hazard.record_id,
            grade=self.grade if self.regraded else None,
            category=self.category,
            element=self.element,
            note=self.note,
        )
        self.busy = False
        if view is not None:
            self.hazard.show(view)


@ft.component
def AssessPage(hazard: HazardModel) -> ft.Control:
    """Only what this person may choose is offered; the proposal and its reasons stand above."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: AssessModel(desk, hazard))
    use_keys(enter=model.save, escape=hazard.assess)
    view = hazard.view
    if view is None:
        return ft.Column(controls=[])
    body: list[ft.Control] = []
    if view.reasons:
        reasons = " · ".join(t.of(reason) for reason in view.reasons)
        because = t("hazard.reason", reason=reasons)
        body.append(words(because, tokens, size=tokens.small, color=tokens.ink2, key="proposal"))
    if len(view.grades) > 1:
        grade = model.grade or view.card.grade
        body.append(grade_choices(desk, grade, model.choose_grade, view.grades))
        body.append(_reason(model, desk))
    if "category" in view.corrections:
        chosen = model.category or view.category
        body.append(category_choices(desk, chosen, model.choose_category))
    if "element" in view.corrections:
        chosen = model.element or model.pointed or view.element_code
        body.append(element_choices(desk, chosen, model.choose_element))
    footer = [
        parts.quiet_button(tokens, t("page.cancel"), key="assess-cancel", on_click=hazard.assess),
        parts.primary_button(
            tokens,
            t("hazard.assess.do"),
            key="assess-do",
            on_click=model.save,
            disabled=model.busy or not model.ready,
            expand=True,
        ),
    ]
    head = parts_work.page_head(
        tokens,
        t("hazard.assess"),
        view.card.code,
        on_back=hazard.assess,
        back_label=t("page.back"),
    )
    return parts_work.one_column(desk, parts_work.page(tokens, head, body, footer))


def _reason(model: AssessModel, desk: Desk) -> ft.Control:
    """Why the grade changes: asked for at once, so that nobody wonders why nothing is saved."""
    view = model.hazard.view
    assert view is not None, "the reason is drawn with the hazard"
    before, t = view.card.grade, desk.t
    label = (
        t("hazard.assess.why", before=before, after=model.grade or "")
        if model.regraded
        else t("hazard.assess.why_if")
    )
    return parts.text_field(
        desk.tokens,
        desk,
        label,
        model.note,
        model.write,
        key="assess-note",
        lines=2,
        limit=REASON_MAX,
    )
