"""The 72-hour recheck on the page of its hazard: coming, due, with whom, and what came of it."""

from dataclasses import dataclass

import flet as ft

from app.translate import Translator
from app.use_cases import rechecks
from app.use_cases.evidence import EvidenceCard
from app.use_cases.rechecks import RecheckView
from domain.rechecks import DOUBTED
from screens import parts, theme
from screens.context import Desk, use_desk, use_value
from screens.parts_grounds import used_note
from screens.theme import Tokens

KINDS: dict[str, parts.Kind] = {
    "coming": "plain", "due": "plain", "delegated": "plain", "overdue": "stop", "passed": "good",
    "failed": "stop", "doubted": "mind",
}  # fmt: skip


@dataclass(eq=False)
class RecheckCardModel(ft.Observable):
    """The recheck of one hazard."""

    desk: Desk
    record_id: str
    view: RecheckView | None = None

    async def load(self) -> None:
        """Read it."""
        self.view = await self.desk.run(rechecks.of_hazard, self.desk.signed_in, self.record_id)

    def open(self) -> None:
        """Begin the own recheck."""
        if self.view is not None:
            self.desk.go(f"/recheck/{self.view.task_id}")


@ft.component
def RecheckCard(record_id: str) -> ft.Control:
    """One note; the person whom it waits for can begin from here."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: RecheckCardModel(desk, record_id))
    ft.use_effect(model.load, [record_id, desk.version], cleanup=lambda: None)
    view = model.view
    if view is None:
        return ft.Container(visible=False)
    now_ms = desk.field.clock.now_ms()
    at_ms = view.due_ms if view.done_ms is None else view.done_ms
    text = t(f"recheck.state.{view.state}", person=view.who or "—", time=t.moment(at_ms, now_ms))
    offer = parts.Action(t("recheck.begin"), model.open, "recheck-begin") if view.mine else None
    said = parts.note(
        tokens,
        KINDS.get(view.state, "plain"),
        text,
        detail=view.note or t(f"recheck.state.{view.state}.detail"),
        icon=ft.Icons.FACT_CHECK,
        action=offer,
        key="recheck",
    )
    used = [one for one in view.photos if one.used is not None] if view.state == DOUBTED else []
    if not used:
        return said
    beside = [_beside(tokens, t, one) for one in used]
    return ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[said, *beside],
    )


def _beside(tokens: Tokens, t: Translator, photo: EvidenceCard) -> ft.Control:
    """The photo of the recheck, and the other one with it."""
    assert photo.used is not None
    note = used_note(tokens, t, photo.used, key=f"recheck-used-{photo.evidence_id}")
    if photo.thumb is None:
        return note
    side = tokens.tall(96)
    tile = ft.Image(
        src=photo.thumb, width=side, height=side, fit=ft.BoxFit.COVER,
        semantics_label=t("shot.recheck"),
    )  # fmt: skip
    row: list[ft.Control] = [tile, ft.Container(expand=True, content=note)]
    return ft.Row(spacing=theme.GAP_WIDE, controls=row)
