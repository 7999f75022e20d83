"""Searching: one field, four questions (what, when, who, which), hits with what fits in them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from dataclasses import field as part

import flet as ft

from app.use_cases import search
from app.use_cases.search import KINDS, Found, Hit, Question
from screens import parts, parts_evidence, parts_work, theme
from screens.asset_picker import AssetPicker
from screens.context import Desk, use_desk, use_keys, use_value
from screens.person_picker import PersonPicker
from screens.theme import Tokens

DAYS = (1, 7, 30, 365)
ICONS: dict[str, ft.IconData] = {
    "hazard": ft.Icons.REPORT,
    "task": ft.Icons.EVENT,
    "inspection": ft.Icons.CHECKLIST,
    "maintenance": ft.Icons.BUILD,
    "gap": ft.Icons.RULE,
}
LINES = 3  # of somebody's own words


@dataclass(eq=False)
class SearchModel(ft.Observable):
    """The question and what fits; kept on the desk for the way back from a hit."""

    desk: Desk
    question: Question = part(default_factory=Question)
    found: Found | None = None
    asked: Question | None = None  # the question that `found` answers
    picking: str = ""  # "who" or "which": a list takes the place of the page
    busy: bool = False
    narrowing: bool = False  # all conditions are in view, also above hits on a phone

    def __post_init__(self) -> None:
        """Go on with the last question."""
        self.question = self.desk.backstage.question or self.question

    def type(self, words: str) -> None:
        """Keep what is typed; the effect of the page asks."""
        self.wish(replace(self.question, words=words))

    def wish(self, question: Question) -> None:
        """Ask something else."""
        self.question = self.desk.backstage.question = question

    async def ask(self) -> None:
        """Answer the question as it stands; a later one overtakes it."""
        question = self.question
        found = await self.desk.run(search.ask, self.desk.signed_in, question)
        if found is not None and question == self.question:
            self.found, self.asked = found, question

    async def more(self) -> None:
        """Look further."""
        found, question = self.found, self.question
        if self.busy or found is None or found.after is None:
            return
        self.busy = True
        further = await self.desk.run(search.ask, self.desk.signed_in, question, found.after)
        self.busy = False
        if further is not None and found is self.found:
            self.found = Found((*found.hits, *further.hits), further.after)

    def pick(self, what: str) -> Callable[[], None]:
        """Return what opens the list of people or equipment, or drops what was picked."""

        def toggle() -> None:
            question = self.question
            if what == "who" and question.person:
                self.wish(replace(question, person=None))
            elif what == "which" and (question.asset or question.area):
                self.wish(replace(question, asset=None, area=None))
            else:
                self.picking = what

        return toggle

    async def who(self, person_id: str) -> None:
        """Only what this person has a part in."""
        self.picking = ""
        self.wish(replace(self.question, person=person_id))

    async def which(self, asset_id: str, _via: str) -> None:
        """Only what is about this equipment."""
        assets = self.desk.field.definitions.plant.assets
        wanted = asset_id if asset_id in assets else asset_id.upper()
        if wanted in assets:
            self.picking = ""
            self.wish(replace(self.question, asset=wanted, area=None))

    async def where(self, area: str) -> None:
        """Only what is in this area."""
        self.picking = ""
        self.wish(replace(self.question, area=area, asset=None))

    def narrow(self) -> None:
        """Show all conditions, or only those that hold."""
        self.narrowing = not self.narrowing

    def leave(self) -> None:
        """Go back without picking."""
        self.picking = ""


@ft.component
def SearchScreen() -> ft.Control:
    """The field and the questions above, the hits below."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: SearchModel(desk))
    ft.use_effect(model.ask, [model.question, desk.version], cleanup=lambda: None)
    use_keys(enter=model.ask)
    if model.picking == "who":
        return PersonPicker(t("search.who"), model.who, model.leave)
    if model.picking == "which":
        return AssetPicker(
            t("search.which"), "", model.which, model.leave, False, on_area=model.where
        )
    field = parts.text_field(
        tokens,
        desk,
        t("search.words"),
        model.question.words,
        model.type,
        key="search-words",
        icon=ft.Icons.SEARCH,
        limit=search.WORDS_MAX,
        autofocus=model.question.empty,
    )
    head = parts_work.page_head(
        tokens, t("search.title"), on_back=desk.back, back_label=t("page.back")
    )
    room = ft.Container(height=theme.GAP)  # the label stands on the edge of its field
    body = [room, field, *_questions(model, desk), *_answers(model, desk)]
    return parts_work.one_column(desk, parts_work.page(tokens, head, body))


def _questions(model: SearchModel, desk: Desk) -> list[ft.Control]:
    """What, when, who and which; a chosen one is dropped by a second tap.

    Above hits on a phone only those that hold stay in view, and the way to the others.
    """
    t, asked = desk.t, model.question
    plant = desk.field.definitions.plant
    person, asset = plant.people.get(asked.person or ""), plant.assets.get(asked.asset or "")
    area = plant.areas.get(asked.area or "")
    who = t.of(person.name) if person else t("search.who.any")
    which = f"{asset.asset_id} {t.of(asset.name)}" if asset else t.of(area and area.name)

    def chip(key: str, label: str, holds: bool, tap: Callable[[], None]) -> tuple[ft.Control, bool]:
        return _chip(desk, key, label, holds, tap), holds

    chips = [
        chip(
            f"kind-{kind}",
            t(f"search.kind.{kind}"),
            asked.kind == kind,
            _toggling(model, "kind", kind),
        )
        for kind in KINDS
    ]
    times = [
        chip(
            f"days-{days}",
            t(f"search.days.{days}"),
            asked.days == days,
            _toggling(model, "days", days),
        )
        for days in DAYS
    ]
    times += [
        chip("who", who, person is not None, model.pick("who")),
        chip("which", which or t("search.which.any"), bool(which), model.pick("which")),
    ]
    if desk.wide or asked.empty or model.narrowing:
        if not (desk.wide or asked.empty):
            times.append(chip("narrow", t("search.narrow.less"), False, model.narrow))
        shown = [[chip for chip, _ in chips], [chip for chip, _ in times]]
        return [parts_evidence.wrapped(row) for row in shown]
    held = [chip for chip, holds in (*chips, *times) if holds]
    more, _ = chip("narrow", t("search.narrow"), False, model.narrow)
    return [parts_evidence.wrapped([*held, more])]


def _chip(
    desk: Desk, key: str, label: str, selected: bool, on_click: Callable[[], None]
) -> ft.Control:
    return parts.choice_chip(
        desk.tokens, label, key=f"search-{key}", selected=selected, on_click=on_click
    )


def _toggling(model: SearchModel, name: str, value: object) -> Callable[[], None]:
    def toggle() -> None:
        now = getattr(model.question, name)
        chosen = {name: None if now == value else value}
        model.wish(replace(model.question, **chosen))

    return toggle


def _answers(model: SearchModel, desk: Desk) -> list[ft.Control]:
    tokens, t, found = desk.tokens, desk.t, model.found
    if model.question.empty:
        return [
            parts.empty_state(
                tokens, ft.Icons.MANAGE_SEARCH, t("search.hint"), detail=t("search.hint.detail")
            )
        ]
    if found is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    if not found.hits and found.after is None:
        return [
            parts.empty_state(
                tokens, ft.Icons.SEARCH_OFF, t("search.none"), detail=t("search.none.detail")
            )
        ]
    rows = [_row(desk, hit) for hit in found.hits]
    if found.after is not None:
        label = t("list.next", n=len(found.hits))
        rows.append(
            parts.quiet_button(tokens, label, key="more", on_click=model.more, disabled=model.busy)
        )
    return rows


def _row(desk: Desk, hit: Hit) -> ft.Control:
    """A hit: own words with what fits marked, then what, where, who and when."""
    tokens, t, now_ms = desk.tokens, desk.t, desk.field.clock.now_ms()

    def open_hit() -> None:
        desk.go(f"/{hit.kind}/{hit.record_id}")

    place = " ".join(part for part in (hit.asset_id, t.of(hit.place)) if part)
    kind = t(f"search.kind.{hit.kind}")
    grade = t("hazards.grade", grade=hit.grade) if hit.grade else ""
    about = [kind, grade, t.of(hit.state), t.of(hit.what) if hit.own else "", hit.code]
    told = [place, t.of(hit.who), t.moment(hit.at_ms, now_ms)]
    inside: list[ft.Control] = [
        _title(tokens, hit, t.of(hit.what) or kind),
        _small(tokens, about),
        _small(tokens, told),
    ]
    row: list[ft.Control] = [
        ft.Icon(ICONS[hit.kind], size=28, color=tokens.ink2, semantics_label=kind),
        ft.Column(spacing=4, expand=True, controls=inside),
    ]
    if hit.opens:
        row.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=26, color=tokens.ink))
    return parts.card(
        tokens,
        ft.Row(spacing=theme.GAP_WIDE, controls=row),
        key=f"hit-{hit.record_id}",
        on_click=open_hit if hit.opens else None,
    )


def _small(tokens: Tokens, facts: list[str]) -> ft.Control:
    text = " · ".join(fact for fact in facts if fact)
    return parts.words(text, tokens, size=tokens.small, color=tokens.ink2)


def _title(tokens: Tokens, hit: Hit, otherwise: str) -> ft.Control:
    """Somebody's own words with what fits marked; else what it is."""
    if not hit.own:
        return parts.words(otherwise, tokens, size=tokens.strong, strong=True)
    plain = ft.TextStyle(weight=ft.FontWeight.W_600)
    marked = ft.TextStyle(
        weight=ft.FontWeight.W_700,
        bgcolor=tokens.primary_container,
        color=tokens.on_primary_container,
    )
    spans: list[ft.TextSpan] = []
    at = 0
    for begin, end in hit.marks:
        spans += [ft.TextSpan(hit.own[at:begin], plain), ft.TextSpan(hit.own[begin:end], marked)]
        at = end
    spans.append(ft.TextSpan(hit.own[at:], plain))
    return ft.Text(
        spans=[span for span in spans if span.text],
        size=tokens.strong,
        color=tokens.ink,
        max_lines=LINES,
        overflow=ft.TextOverflow.ELLIPSIS,
    )
