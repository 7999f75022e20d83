"""A finished inspection: its questions with answer, judgement and photos, and its report."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import flet as ft

from app.use_cases import finished
from app.use_cases.evidence import EvidenceCard
from app.use_cases.finished import FinishedLine, FinishedView
from screens import parts, parts_clip, parts_evidence, parts_pages, parts_work
from screens.context import Desk, use_desk, use_keys, use_value
from screens.evidence_page import page_of
from screens.report_button import ReportButton

KINDS: Final[dict[str, parts.Kind]] = {"bad": "stop", "warn": "mind", "good": "good"}
_TILE = 104.0


@dataclass(eq=False)
class InspectionModel(ft.Observable):
    """One finished inspection, and the photo that is looked at."""

    desk: Desk
    record_id: str
    view: FinishedView | None = None
    gone: bool = False
    looking: EvidenceCard | None = None

    async def load(self) -> None:
        """Read it."""
        desk = self.desk
        found = await desk.run(finished.view, desk.signed_in, self.record_id, desk.t)
        self.view, self.gone = found or self.view, found is None

    def look(self, card: EvidenceCard | None) -> None:
        """Show a photo large; None: go back."""
        self.looking = card

    def leave(self) -> None:
        """Go back one step."""
        if self.looking is not None:
            self.look(None)
        else:
            self.desk.back()


@ft.component
def InspectionScreen() -> ft.Control:
    """The inspection of the route `/inspection/:id`."""
    record_id = ft.use_route_params().get("id", "")
    return cast("Any", InspectionBody)(record_id, key=f"inspection-{record_id}")


@ft.component
def InspectionBody(record_id: str) -> ft.Control:
    """What was found, question by question; a photo takes its place while open."""
    desk = use_desk()
    model, _ = use_value(lambda: InspectionModel(desk, record_id))
    ft.use_effect(model.load, [record_id, desk.version, desk.language], cleanup=lambda: None)
    use_keys(escape=model.leave)
    tokens, t, view = desk.tokens, desk.t, model.view
    if view is None:
        return parts_pages.absent(desk, "inspection", ft.Icons.SEARCH_OFF, gone=model.gone)
    if model.looking is not None:
        card = model.looking
        title = parts_clip.title_of(t, card, _name(desk, view, card))
        page = page_of(card)
        return page(card, title, view.code, lambda: model.look(None), None)
    place = " · ".join(p for p in (f"{view.asset_id} {t.of(view.asset)}", t.of(view.area)) if p)
    head = parts_work.page_head(
        tokens, view.code, place, on_back=desk.back, back_label=t("page.back")
    )
    when = t.moment(view.submitted_ms, desk.field.clock.now_ms())
    by = t("inspection.by", person=t.of(view.inspector), time=when)
    facts = [
        (t("report.fact.form"), t.of(view.form)),
        (t("report.fact.found"), view.found),
        (t("report.fact.inspector"), by),
    ]
    if view.note:
        facts.append((t("report.fact.note"), view.note))
    about: list[ft.Control] = [parts.facts_card(tokens, facts)]
    shown, others = _by_question(view)
    lines: list[ft.Control] = []
    if not view.lines:
        lines.append(parts.note(tokens, "mind", t("report.form_unknown", form=t.of(view.form))))
    else:
        rows = [_line(model, view, one, shown.get(one.item_id, [])) for one in view.lines]
        lines.append(parts.section(tokens, t("report.answers"), rows))
    if others:
        tiles = parts_evidence.wrapped(_tiles(model, view, others))
        lines.append(parts.section(tokens, t("report.photos"), [tiles]))
    button = cast("Any", ReportButton)(record_id, key=f"pdf-{record_id}")
    footer = ft.Container(expand=True, content=button)
    if desk.wide:
        return parts_pages.columns(desk, head, lines, about, [footer])
    return parts_pages.columns(desk, head, about, lines, [footer])


def _by_question(view: FinishedView) -> tuple[dict[str, list[EvidenceCard]], list[EvidenceCard]]:
    """Return the photos of each question, and those of none."""
    asked = {line.item_id for line in view.lines}
    shown, others = defaultdict[str, list[EvidenceCard]](list), list[EvidenceCard]()
    for card in view.photos:
        (shown[card.item_id] if card.item_id and card.item_id in asked else others).append(card)
    return shown, others


def _line(
    model: InspectionModel, view: FinishedView, line: FinishedLine, photos: Sequence[EvidenceCard]
) -> ft.Control:
    """A question with its answer, what was judged, its photos, and the hazard that came of it."""
    desk, tokens = model.desk, model.desk.tokens
    chips: list[ft.Control] = [
        parts.chip(
            tokens, desk.t(f"report.judged.{line.state}"), KINDS.get(line.state, "plain"),
            key=f"judged-{line.item_id}",
        )
    ]  # fmt: skip
    if line.excuse:
        chips.append(parts.chip(tokens, line.excuse, "mind"))
    if line.hazard:
        chips.append(parts.chip(tokens, desk.t("question.reported", code=line.hazard), "mind"))
    return parts.row_card(
        tokens,
        f"{line.number}. {desk.t.of(line.name)}",
        " · ".join(part for part in (line.answer, line.limits) if part),
        key=f"line-{line.item_id}",
        chips=[*chips, *(ft.Container(content=one) for one in _tiles(model, view, photos))],
        on_click=(lambda: desk.go(f"/hazard/{line.hazard_id}")) if line.hazard else None,
        lines=2,
    )


def _tiles(
    model: InspectionModel, view: FinishedView, photos: Sequence[EvidenceCard]
) -> list[ft.Control]:
    """Return small photos that open large."""
    desk = model.desk
    tiles: list[ft.Control] = []
    for card in photos:

        def look(card: EvidenceCard = card) -> None:
            model.look(card)

        tiles.append(
            parts_work.photo_tile(
                desk.tokens,
                card.thumb,
                desk.t("evidence.look", what=_name(desk, view, card)),
                key=f"photo-{card.evidence_id}",
                on_tap=look,
                grade=card.grade,
                width=desk.tokens.tall(_TILE),
                height=desk.tokens.tall(_TILE * 3 / 4),
            )
        )
    return tiles


def _name(desk: Desk, view: FinishedView, card: EvidenceCard) -> str:
    """Return the question that a photo answers, else what kind of photo it is."""
    line = next((one for one in view.lines if one.item_id == card.item_id), None)
    return desk.t.of(line.name) if line else desk.t(f"shot.{card.shot}")
