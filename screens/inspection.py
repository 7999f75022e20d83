"""A finished inspection: its questions with answer and judgement, its photos, its report."""

from dataclasses import dataclass
from typing import Any, Final, cast

import flet as ft

from app.use_cases import finished
from app.use_cases.evidence import EvidenceCard
from app.use_cases.finished import FinishedLine, FinishedView
from screens import parts, parts_clip, parts_evidence, parts_pages, parts_work, theme
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
    facts = [(t("report.fact.form"), t.of(view.form)), (t("report.fact.inspector"), by)]
    if view.note:
        facts.append((t("report.fact.note"), view.note))
    left: list[ft.Control] = [parts.facts_card(tokens, facts)]
    if not view.lines:
        left.append(parts.note(tokens, "mind", t("report.form_unknown", form=t.of(view.form))))
    else:
        left.append(
            parts.section(tokens, t("report.answers"), [_line(desk, o) for o in view.lines])
        )
    button = cast("Any", ReportButton)(record_id, key=f"pdf-{record_id}")
    footer = ft.Container(expand=True, content=button)
    return parts_pages.columns(desk, head, left, _photos(model, view), [footer])


def _line(desk: Desk, line: FinishedLine) -> ft.Control:
    """A reading with its limits and a chip; where the judgement says it all, that alone."""
    tokens, kind = desk.tokens, KINDS.get(line.state, "plain")
    judged = desk.t(f"report.judged.{line.state}")
    colours = {"good": tokens.good, "mind": tokens.mind, "stop": tokens.stop}
    said = " · ".join(part for part in (line.answer, line.limits) if part)
    return parts.row_card(
        tokens,
        f"{line.number}. {desk.t.of(line.name)}",
        said or judged,
        key=f"line-{line.item_id}",
        chips=[parts.chip(tokens, judged, kind, key=f"judged-{line.item_id}")] if said else [],
        detail_color=None if said else colours.get(kind),
        lines=2,
    )


def _photos(model: InspectionModel, view: FinishedView) -> list[ft.Control]:
    desk = model.desk
    if not view.photos:
        return []
    tiles: list[ft.Control] = []
    for card in view.photos:

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
    wrapped = parts_evidence.wrapped(tiles)
    column = ft.Column(spacing=theme.GAP, controls=[wrapped])
    return [parts.section(desk.tokens, desk.t("report.photos"), [column])]


def _name(desk: Desk, view: FinishedView, card: EvidenceCard) -> str:
    """Return the question that a photo answers, else what kind of photo it is."""
    line = next((one for one in view.lines if one.item_id == card.item_id), None)
    return desk.t.of(line.name) if line else desk.t(f"shot.{card.shot}")
