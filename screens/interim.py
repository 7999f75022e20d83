"""The interim control of a hazard: what is in place, by when it had to be, and how to say so."""

from dataclasses import dataclass

import flet as ft

from app.use_cases import interim
from app.use_cases.interim import InterimView
from screens import parts, theme
from screens.context import Desk, use_desk, use_value


@dataclass(eq=False)
class InterimModel(ft.Observable):
    """The interim control of one hazard."""

    desk: Desk
    record_id: str
    view: InterimView | None = None
    writing: bool = False
    text: str = ""
    busy: bool = False

    async def load(self) -> None:
        """Read it."""
        self.view = await self.desk.run(interim.interim, self.desk.signed_in, self.record_id)

    def begin(self) -> None:
        """Open the field, with what stands there now."""
        self.text, self.writing = self.view.text if self.view else "", True

    def leave(self) -> None:
        """Close the field."""
        self.writing, self.text = False, ""

    def write(self, text: str) -> None:
        """Keep the words typed."""
        self.text = text

    async def save(self) -> None:
        """Record it."""
        if self.busy or not self.text.strip():
            return
        self.busy = True
        desk = self.desk
        await desk.run(interim.record_interim, desk.signed_in, self.record_id, self.text)
        self.busy = False
        if desk.notice is None:
            self.leave()
            await self.load()
            desk.changed()


@ft.component
def InterimCard(record_id: str, *, look: bool = False) -> ft.Control:
    """What is in place; with a button for who may record it, unless it is only looked at."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: InterimModel(desk, record_id))
    ft.use_effect(model.load, [record_id, desk.version], cleanup=lambda: None)
    view = model.view
    if view is None:
        return ft.Container(visible=False)
    if model.writing:
        return _form(model, desk)
    now_ms = desk.field.clock.now_ms()
    offer = None
    if view.may and not look:
        label = t("interim.change" if view.standing else "interim.record")
        offer = parts.Action(label, model.begin, "interim-record")
    if view.standing:
        when = t.moment(view.at_ms, now_ms) if view.at_ms else "—"
        detail = t("interim.by", person=view.by or "—", time=when)
        return parts.note(
            tokens,
            "good",
            t("interim.stands", text=view.text),
            detail=detail,
            icon=ft.Icons.SHIELD,
            action=offer,
            key="interim",
        )
    return parts.note(
        tokens,
        "stop" if view.due_ms is not None and view.due_ms <= now_ms else "mind",
        t("interim.none"),
        detail=_until(desk, view, now_ms),
        icon=ft.Icons.GPP_MAYBE,
        action=offer,
        key="interim",
    )


def _until(desk: Desk, view: InterimView, now_ms: int) -> str:
    t, due_ms = desk.t, view.due_ms
    if due_ms is None:
        return t("interim.old", text=view.text)
    if due_ms <= now_ms:
        return t("interim.over", time=t.moment(due_ms, now_ms))
    return t("interim.until", time=t.moment(due_ms, now_ms))


def _form(model: InterimModel, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    field = parts.text_field(
        tokens,
        desk,
        t("interim.field"),
        model.text,
        model.write,
        key="interim-text",
        lines=3,
        limit=500,
        autofocus=True,
    )
    buttons = ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            parts.quiet_button(
                tokens, t("page.cancel"), key="interim-cancel", on_click=model.leave
            ),
            parts.primary_button(
                tokens,
                t("interim.save"),
                key="interim-save",
                on_click=model.save,
                disabled=model.busy or not model.text.strip(),
                expand=True,
            ),
        ],
    )
    column = ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[field, buttons],
    )
    return parts.card(tokens, column, key="interim-form")
