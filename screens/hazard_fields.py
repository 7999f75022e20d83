"""What the plant's data asks of a hazard beside what every hazard has: shown, and answered.

The inputs are those of a checklist, so a kind of question that is new there is here, too.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import flet as ft

from app.translate import Translator
from app.use_cases.hazard_fields import FieldView
from app.use_cases.inspections import SheetLine
from domain.errors import AnswerInvalidError, FieldError
from domain.forms import Line
from domain.questions import KINDS, Item, Judgement, judge, limits, parse_answer
from domain.words import Words
from screens import parts, parts_work, theme
from screens.capture_model import CaptureModel
from screens.context import Desk, use_desk, use_keys, use_value
from screens.parts import words
from screens.question import Hands, Question
from screens.questions import INPUTS
from screens.theme import Tokens

Save = Callable[[Mapping[str, str]], Awaitable[bool]]
_NOWHERE = Words({"zh": "—", "en": "—"})


@dataclass(eq=False)
class FieldsModel(ft.Observable):
    """Answers being given; they are kept together, with one entry."""

    desk: Desk
    items: Mapping[str, Item]
    save_all: Save
    close: Callable[[], None]
    texts: Mapping[str, str] = field(default_factory=dict[str, str])  # typed or tapped here
    errors: Mapping[str, FieldError] = field(default_factory=dict[str, FieldError])
    busy: bool = False

    def __post_init__(self) -> None:
        """No camera: a field is never answered with a photo."""
        self.capture = CaptureModel(self.desk)
        self.hands = Hands(self)
        self._fields: dict[str, ft.Ref[ft.TextField]] = {}

    def field_ref(self, item_id: str) -> ft.Ref[ft.TextField]:
        """Return the reference to the text field of a question."""
        return self._fields.setdefault(item_id, ft.Ref[ft.TextField]())

    async def answer(self, item_id: str, value: str) -> None:
        """Take a tapped answer."""
        await self.typed(item_id, value)

    async def typed(self, item_id: str, text: str) -> None:
        """Take what is typed so far."""
        self.texts = {**self.texts, item_id: text}
        self.errors = {name: error for name, error in self.errors.items() if name != item_id}

    async def entered(self, item_id: str) -> None:
        """Typing is over: keep it."""
        del item_id
        await self.save()

    async def save(self) -> None:
        """Keep what was answered; what is no answer is named at its question."""
        if self.busy or not self.texts or not self._check():
            return
        self.busy = True
        kept = await self.save_all(self.texts)
        self.busy = False
        if kept:
            self.close()

    def _check(self) -> bool:
        """Whether all that was typed are answers; else it is said where one is not."""
        errors: dict[str, FieldError] = {}
        for name, text in self.texts.items():
            try:
                if text.strip():
                    parse_answer(self.items[name], text)
            except AnswerInvalidError as error:
                errors[name] = error
        self.errors = errors
        return not errors

    # Nothing of a field is photographed, signed or reported (screens.question.Answering).

    def photograph(self, item_id: str) -> None:
        """Do nothing: no field takes a photo."""

    def excuse(self, item_id: str) -> None:
        """Do nothing: no field takes a photo."""

    def sign(self, item_id: str) -> None:
        """Do nothing: no field takes a signature."""

    def look_at(self, evidence_id: str) -> None:
        """Do nothing: no field has a photo."""

    async def retake(self, item_id: str, evidence_id: str) -> None:
        """Do nothing: no field has a photo."""

    async def report(self, item_id: str) -> None:
        """Do nothing: the hazard is reported already."""


@ft.component
def FieldsPage(
    fields: tuple[FieldView, ...], title: str, save: Save, close: Callable[[], None]
) -> ft.Control:
    """The questions that this person may answer, in the place of the screen that asks them."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    mine = [one for one in fields if one.may]
    items = {one.item.item_id: one.item for one in mine}
    model, _ = use_value(lambda: FieldsModel(desk, items, save, close))
    use_keys(enter=model.save, escape=close)
    head = parts_work.page_head(
        tokens, t("fields.title"), title, on_back=close, back_label=t("page.back")
    )
    footer = [
        parts.quiet_button(tokens, t("page.cancel"), key="fields-cancel", on_click=close),
        parts.primary_button(
            tokens,
            t("fields.save"),
            key="fields-save",
            on_click=model.save,
            disabled=model.busy or not model.texts,
            expand=True,
        ),
    ]
    body = [_question(model, one) for one in mine]
    return parts_work.one_column(desk, parts_work.page(tokens, head, body, footer))


def _question(model: FieldsModel, one: FieldView) -> ft.Control:
    desk, item = model.desk, one.item
    tokens, t = desk.tokens, desk.t
    text = model.texts.get(item.item_id, one.value)
    ask = _row(model, one, text)
    controls: list[ft.Control] = [words(t.of(item.name), tokens, size=tokens.strong, strong=True)]
    if one.waits:
        controls.append(parts.chip(tokens, _needed(t, one), "mind", key=f"{item.item_id}-needed"))
    controls.append(INPUTS[item.kind](ask, model.hands))
    if ask.error is not None:
        why, remedy = t.error(ask.error)
        controls.append(words(f"{why} {remedy}", tokens, size=tokens.small, color=tokens.stop))
    column = ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=controls,
    )
    return parts.card(tokens, column, key=f"question-{item.item_id}")


def _row(model: FieldsModel, one: FieldView, text: str) -> Question:
    """The field as a row of a checklist: what its input is drawn from."""
    item = one.item
    try:
        value = parse_answer(item, text) if text.strip() else ""
    except AnswerInvalidError:  # not yet: it is still being typed
        value = ""
    judgement: Judgement = judge(item, value, {})
    line = Line(item, 0, value, judgement, False, False, bool(value))
    here = limits(item, {}) if KINDS[item.kind].limited else None
    return Question(
        row=SheetLine(line, here, (), None, _NOWHERE, ""),
        text=text,
        error=model.errors.get(item.item_id),
        current=False,
        taking=False,
        tokens=model.desk.tokens,
        t=model.desk.t,
    )


def fields_card(
    tokens: Tokens, t: Translator, fields: tuple[FieldView, ...], on_edit: Callable[[], None]
) -> list[ft.Control]:
    """What was answered, what this person may still answer, and the way to; empty: neither."""
    shown = [one for one in fields if one.value or one.may]
    if not shown:
        return []
    rows: list[ft.Control] = [words(t("fields.title"), tokens, size=tokens.strong, strong=True)]
    for one in shown:
        said = answer_words(t, one.item, one.value) or t("fields.open")
        color = tokens.ink if one.value else tokens.ink2
        name = words(t.of(one.item.name), tokens, size=tokens.small, color=tokens.ink2)
        answer = words(said, tokens, color=color, key=f"field-{one.item.item_id}")
        lines: list[ft.Control] = [name, answer]
        if one.waits:
            chip = parts.chip(tokens, _needed(t, one), "mind", key=f"{one.item.item_id}-needed")
            lines.append(chip)
        rows.append(ft.Column(spacing=2, controls=lines))
    if any(one.may for one in shown):
        rows.append(
            parts.quiet_button(
                tokens,
                t("fields.edit"),
                key="fields-edit",
                icon=ft.Icons.EDIT,
                on_click=on_edit,
                height=theme.TARGET,
            )
        )
    column = ft.Column(
        spacing=theme.GAP, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=rows
    )
    return [parts.card(tokens, column, key="fields")]


def answer_words(t: Translator, item: Item, value: str) -> str:
    """Return an answer in words: the option's name, a kind's own words, else as it was typed."""
    option = next((one for one in item.options if one.value == value), None)
    if option is not None:
        return t.of(option.name)
    own = t.texts.get(f"answer.{item.kind}.{value}")
    return own or " ".join(part for part in (value, item.unit if value else "") if part)


def _needed(t: Translator, one: FieldView) -> str:
    return t("fields.waits", step=" · ".join(t.of(step) for step in one.waits))
