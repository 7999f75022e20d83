"""Passing records on without a network: pictures on this screen for the other device, or a file."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import relaying
from app.use_cases.relaying import Offered
from domain.errors import FieldError
from domain.relay import RelayNothingError
from media import relay_frames
from offline_store.relay_files import SUFFIX
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_value

ALL = "all"  # the route's word for everything that waits here
WIDEST = 560.0  # px: larger codes are read no better
SIDES = 2 * theme.MARGIN + 8
BELOW = 340.0  # px: what stands above and below the code on a tablet


@dataclass(eq=False)
class ShowModel(ft.Observable):
    """What is passed on, and the picture that stands there now."""

    desk: Desk
    record_id: str | None
    offered: Offered | None = None
    refused: FieldError | None = None
    number: int = 0
    picture: bytes | None = None
    busy: bool = False

    async def load(self) -> None:
        """Gather what there is, and begin to show it."""
        desk = self.desk
        found = await desk.run(relaying.offer, desk.signed_in, self.record_id)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.offered = found

    async def play(self) -> None:
        """Show one picture after the other, on and on, until the page goes."""
        offered = self.offered
        if offered is None or offered.packed is None:
            return
        while True:
            text = relay_frames.frame(offered.packed, self.number)
            self.picture = relay_frames.picture(text)
            await asyncio.sleep(relay_frames.FRAME_S)
            self.number = (self.number + 1) % relay_frames.FRAMES_MAX

    async def save(self, picker: ft.FilePicker) -> None:
        """Write the file to hand over."""
        if self.busy:
            return
        self.busy, desk = True, self.desk
        data = await desk.run(relaying.file_of, desk.signed_in, self.record_id)
        if data is not None:
            await picker.save_file(file_name=f"anshao{SUFFIX}", src_bytes=data)
            desk.tell(desk.t("relay.saved"))
        self.busy = False


@ft.component
def RelayScreen() -> ft.Control:
    """The record of the route `/relay/:id`, or all that waits."""
    named = ft.use_route_params().get("id", ALL)
    return cast("Any", RelayBody)(None if named == ALL else named, key=f"relay-{named}")


@ft.component
def RelayBody(record_id: str | None) -> ft.Control:
    """The pictures large, what they tell below, and the file as the other way."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ShowModel(desk, record_id))
    picker = ft.use_memo(ft.FilePicker, [])
    ft.use_effect(model.load, [], cleanup=lambda: None)
    playing, _ = use_value(cast("list[asyncio.Task[None]]", []))

    def stop() -> None:
        for task in playing:
            task.cancel()

    async def play() -> None:
        if model.offered is not None:
            playing.append(asyncio.ensure_future(model.play()))

    ft.use_effect(play, [model.offered], cleanup=stop)
    use_keys(escape=desk.back)
    head = parts_work.page_head(
        tokens, t("relay.show.title"), t("relay.show.detail"), on_back=desk.back,
        back_label=t("page.back"),
    )  # fmt: skip
    whole = parts_work.page(tokens, head, _rows(model, desk), _footer(model, desk, picker))
    return parts_work.one_column(desk, whole)


def _rows(model: ShowModel, desk: Desk) -> list[ft.Control]:
    tokens, t, offered = desk.tokens, desk.t, model.offered
    if isinstance(
        model.refused, RelayNothingError
    ):  # all is sent: nothing that anybody has to mend
        none, why = t("error.relay.nothing"), t("remedy.relay.nothing")
        return [parts.empty_state(tokens, ft.Icons.CLOUD_DONE, none, detail=why)]
    if model.refused is not None:
        return [parts.refusal(tokens, t, model.refused)]
    if offered is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    if offered.packed is None:
        size = -(-len(offered.message) // 1024)
        return [
            parts.note(
                tokens, "mind", t("relay.too_large", n=offered.entries, size=size),
                detail=t("relay.too_large.detail"), icon=ft.Icons.QR_CODE_2, key="too-large",
            )
        ]  # fmt: skip
    rows = [_code(model, desk)]
    told = t("relay.frames", n=offered.frames, entries=offered.entries)
    rows.append(
        parts.note(
            tokens, "primary", told, detail=t("relay.hold"), icon=ft.Icons.QR_CODE_SCANNER,
            key="hold",
        )
    )  # fmt: skip
    if offered.short:
        rows.append(
            parts.note(
                tokens, "mind", t("relay.short"), detail=t("relay.short.detail"), key="short"
            )
        )
    return rows


def _code(model: ShowModel, desk: Desk) -> ft.Control:
    """The code on white whatever the colours are: cameras read dark on light."""
    room = min(desk.width, desk.height - BELOW) if desk.wide else desk.width - SIDES
    side = max(240.0, min(WIDEST, room))
    inside: ft.Control | None = None
    if model.picture is not None:
        inside = ft.Image(
            src=model.picture, width=side, height=side, fit=ft.BoxFit.CONTAIN,
            gapless_playback=True, filter_quality=ft.FilterQuality.NONE,
            exclude_from_semantics=True,
        )  # fmt: skip
    code = ft.Container(
        width=side, height=side, bgcolor=ft.Colors.WHITE, border_radius=8, content=inside
    )
    named = ft.Semantics(identifier="relay-code", container=True, content=code)
    return ft.Row(alignment=ft.MainAxisAlignment.CENTER, controls=[named])


def _footer(model: ShowModel, desk: Desk, picker: ft.FilePicker) -> list[ft.Control]:
    async def save() -> None:
        await model.save(picker)

    return [
        parts.quiet_button(
            desk.tokens, desk.t("relay.save"), key="save", icon=ft.Icons.SAVE_ALT, on_click=save,
            disabled=model.busy or model.offered is None, expand=True,
        )
    ]  # fmt: skip
