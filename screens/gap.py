"""One management gap: which photo stayed away, the checks behind it, and what was done."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import gaps
from app.use_cases.gaps import GapSheet, GapView
from domain.gaps import NOTE_MAX
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_value


@dataclass(eq=False)
class GapModel(ft.Observable):
    """One gap, and the note being written."""

    desk: Desk
    gap_id: str
    view: GapView | None = None
    gone: bool = False
    note: str = ""
    busy: bool = False

    async def load(self) -> None:
        """Read the gap."""
        found = await self.desk.run(gaps.view, self.desk.signed_in, self.gap_id)
        self.view, self.gone = found or self.view, found is None

    def write(self, note: str) -> None:
        """Keep the note as typed."""
        self.note = note

    async def settle(self) -> None:
        """Say what was done; it is settled then."""
        if self.busy or not self.note.strip():
            return
        self.busy = True
        desk = self.desk
        found = await desk.run(gaps.settle, desk.signed_in, self.gap_id, self.note)
        self.busy = False
        if found is not None:
            self.view = found
            desk.tell(desk.t("gaps.settled.done"))
            desk.changed()


@ft.component
def GapScreen() -> ft.Control:
    """The gap of the route `/gap/:id`."""
    gap_id = ft.use_route_params().get("id", "")
    return cast("Any", GapBody)(gap_id, key=f"gap-{gap_id}")


@ft.component
def GapBody(gap_id: str) -> ft.Control:
    """Facts, checks, and for its owner a field and a button."""
    desk = use_desk()
    model, _ = use_value(lambda: GapModel(desk, gap_id))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    use_keys(enter=model.settle)
    tokens, t, view = desk.tokens, desk.t, model.view
    detail = t("gaps.what", n=len(view.sheets)) if view else ""
    head = parts_work.page_head(
        tokens, t("gaps.title"), detail, on_back=desk.back, back_label=t("page.back")
    )
    if view is None:
        text = t("gaps.gone" if model.gone else "list.loading")
        icon = ft.Icons.SEARCH_OFF if model.gone else ft.Icons.HOURGLASS_EMPTY
        return parts_work.page(tokens, head, [parts.empty_state(tokens, icon, text)])
    footer: list[ft.Control] = []
    if view.may_settle:
        footer.append(
            parts.primary_button(
                tokens,
                t("gaps.settle"),
                key="gap-settle",
                icon=ft.Icons.CHECK,
                on_click=model.settle,
                disabled=model.busy or not model.note.strip(),
                expand=True,
            )
        )
    return parts_work.one_column(
        desk, parts_work.page(tokens, head, _body(model, view, desk), footer)
    )


def _body(model: GapModel, view: GapView, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    facts = [
        (t("gaps.asset"), f"{view.asset_id} {t.of(view.asset)}"),
        (t("gaps.form"), t.of(view.form)),
        (t("gaps.item"), t.of(view.item)),
        (t("gaps.owner"), t.of(view.owner)),
        (t("gaps.raised"), t.moment(view.raised_ms)),
    ]
    rows: list[ft.Control] = [
        parts.facts_card(tokens, facts),
        parts.section(tokens, t("gaps.sheets"), [_sheet(desk, sheet) for sheet in view.sheets]),
    ]
    if view.may_settle:
        rows.append(
            parts.text_field(
                tokens,
                desk,
                t("gaps.note"),
                model.note,
                model.write,
                key="gap-note",
                lines=3,
                limit=NOTE_MAX,
            )
        )
    elif view.is_open:
        rows.append(parts.note(tokens, "mind", t("gaps.not_yours", person=view.owner)))
    else:
        time = t.moment(view.settled_ms or 0)
        by = t("gaps.settled.by", person=view.settled_by, time=time)
        rows.append(parts.note(tokens, "good", by, detail=view.note, key="gap-settled"))
    return rows


def _sheet(desk: Desk, sheet: GapSheet) -> ft.Control:
    t = desk.t
    reason = t.of(sheet.excuse) if sheet.excuse else t("gaps.no_reason")
    said = t("list.pair", what=reason, said=sheet.said) if sheet.said else reason
    who = f"{t.moment(sheet.submitted_ms)} {t.of(sheet.inspector)}"
    return parts.row_card(
        desk.tokens,
        f"{sheet.code} · {who}",
        said,
        key=f"gap-sheet-{sheet.record_id}",
        icon=ft.Icons.NO_PHOTOGRAPHY,
        lines=2,
    )
