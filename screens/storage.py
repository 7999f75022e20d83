"""Storage: how full this device is, what is safe to do about it, and what a damage has cost.

Nothing offered here can lose what the server does not have.
"""

from dataclasses import dataclass

import flet as ft

from app.use_cases import storage, take_along
from app.use_cases.storage import SalvageReport, StorageView, Warnings
from app.use_cases.take_along import TakeAlong
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_link, use_value
from screens.parts_clip import size_text
from screens.sending import SendingModel, sending_bar
from screens.taken_along import taken_card


@dataclass(eq=False)
class StorageModel(SendingModel):
    """Room on this device, and the three things to do about it."""

    view: StorageView | None = None
    taken: TakeAlong | None = None

    async def load(self) -> None:
        """Read how full the disk is and what could go."""
        found = await self.desk.run(storage.view)
        if found is not None:
            self.view = found
        if self.desk.field.identity and self.desk.field.pack:
            self.taken = await self.desk.run(take_along.view)

    async def free(self) -> None:
        """Remove copies of large files that the server has confirmed."""
        if self.busy:  # a second tap lands before the button is greyed out
            return
        self.busy = True
        freed = await self.desk.run(storage.free_copies)
        if freed is not None:
            t = self.desk.t
            self.desk.tell(t("storage.freed", size=size_text(t, freed)))
            await self.load()
        self.busy = False

    async def understood(self) -> None:
        """Take the note about a damage away."""
        await self.desk.run(storage.understood)
        self.desk.changed()
        await self.load()


@ft.component
def Storage() -> ft.Control:
    """Room, what waits, what may go; sending is the first thing to try."""
    desk, link = use_desk(), use_link()
    model, _ = use_value(lambda: StorageModel(desk))
    picker = ft.use_memo(ft.FilePicker, [])
    ft.use_effect(model.load, [desk.version, link.waiting], cleanup=lambda: None)
    use_keys(enter=model.send)
    tokens, t = desk.tokens, desk.t

    head = parts_work.page_head(
        tokens,
        t("storage.title"),
        t("storage.safe"),
        on_back=desk.back,
        back_label=t("do.back"),
    )
    waiting = model.view.waiting if model.view else 0
    sends = desk.field.engine is not None and bool(waiting)
    footer = sending_bar(model, picker, exports=bool(waiting), sends=sends)
    whole = parts_work.page(tokens, head, _rows(model, desk), footer)
    return parts_work.one_column(desk, whole)


def _rows(model: StorageModel, desk: Desk) -> list[ft.Control]:
    tokens, t, view = desk.tokens, desk.t, model.view
    if view is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    rows: list[ft.Control] = []
    if view.damage:
        rows.append(_damage_note(desk, view.damage, model))
    room = view.room
    rows.append(
        parts.note(
            tokens,
            "mind" if room.scarce else "good",
            t("storage.room", used=room.used_percent, free=size_text(t, room.free_bytes)),
            detail=t("storage.scarce" if room.scarce else "storage.enough", warn=room.warn_percent),
            icon=ft.Icons.SD_STORAGE,
            key="room",
        )
    )
    rows.append(
        parts.row_card(
            tokens,
            # with nothing to send the buttons below are greyed out: this says why
            t("storage.waiting", n=view.waiting) if view.waiting else t("storage.waiting.nothing"),
            t("storage.waiting.detail", size=size_text(t, view.waiting_bytes))
            if view.waiting
            else t("storage.waiting.none"),
            key="waiting",
            icon=ft.Icons.CLOUD_UPLOAD,
            on_click=lambda: desk.go("/outbox"),
            lines=2,
        )
    )
    rows.append(_copies(model, desk, view))
    if model.taken is not None:
        rows.append(taken_card(desk, model.taken))
    return rows


def _copies(model: StorageModel, desk: Desk, view: StorageView) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    if not view.copies:
        return parts.row_card(
            tokens,
            t("storage.copies.none"),
            t("storage.copies.none.detail"),
            key="copies",
            icon=ft.Icons.PHOTO_LIBRARY,
            lines=2,
        )
    return parts.note(
        tokens,
        "plain",
        t("storage.copies", n=view.copies, size=size_text(t, view.copies_bytes)),
        detail=t("storage.copies.detail"),
        icon=ft.Icons.PHOTO_LIBRARY,
        key="copies",
        action=parts.Action(
            t("storage.free", size=size_text(t, view.copies_bytes)), model.free, "free"
        ),
    )


def _damage_note(desk: Desk, damage: SalvageReport, model: StorageModel | None) -> ft.Control:
    """What was saved of a damaged store, where the old file is, and what to do."""
    t = desk.t
    saved, lost = damage.changes
    lines = [t("storage.damage.unsent", n=damage.unsent[1])] if damage.unsent[1] else []
    if model is not None:
        lines.append(t("storage.damage.file", file=damage.file))
    lines.append(t("storage.damage.do"))
    action = (
        parts.Action(t("storage.damage.understood"), model.understood, "understood")
        if model
        else parts.Action(t("storage.open"), lambda: desk.go("/storage"), "open-storage")
    )
    return parts.note(
        desk.tokens,
        "stop" if lost else "mind",
        t("storage.damage", saved=saved, total=saved + lost)
        if saved + lost
        else t("storage.damage.unknown"),
        detail="\n".join(lines),
        icon=ft.Icons.HEALING,
        key="damage",
        action=action,
    )


@dataclass(eq=False)
class NoticeModel(ft.Observable):
    """What everybody on this device should know of its storage."""

    desk: Desk
    found: Warnings | None = None

    async def load(self) -> None:
        """Look how full the disk is."""
        self.found = await self.desk.run(storage.warnings)


@ft.component
def StorageNotice() -> ft.Control:
    """The notes of the first screen: nothing while all is well."""
    desk, link = use_desk(), use_link()
    model, _ = use_value(lambda: NoticeModel(desk))
    ft.use_effect(model.load, [desk.version, link.waiting], cleanup=lambda: None)
    tokens, t, found = desk.tokens, desk.t, model.found
    notes: list[ft.Control] = []
    clock = desk.field.clock
    if clock.is_behind:
        notes.append(
            parts.note(
                tokens,
                "mind",
                t("clock.behind", time=t.moment(clock.device_ms)),
                detail=t("clock.behind.detail"),
                icon=ft.Icons.HISTORY_TOGGLE_OFF,
                key="clock-behind",
            )
        )
    if found and found.damage:
        notes.append(_damage_note(desk, found.damage, None))
    if found and found.room.scarce:
        notes.append(
            parts.note(
                tokens,
                "mind",
                t("storage.almost_full", used=found.room.used_percent),
                detail=t("storage.almost_full.detail"),
                icon=ft.Icons.SD_STORAGE,
                key="almost-full",
                action=parts.Action(t("storage.open"), lambda: desk.go("/storage"), "make-room"),
            )
        )
    return ft.Column(spacing=12, visible=bool(notes), controls=notes)
