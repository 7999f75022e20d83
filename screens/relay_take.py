"""Taking in what another device shows or has written into a file; what it changed, in words."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import flet as ft

from app.use_cases import relay, scan
from app.use_cases.relay import Line, Taken
from domain.errors import FieldError
from media import relay_frames
from media.ports import Camera
from media.relay_frames import Gatherer
from screens import parts, parts_evidence, parts_work, theme
from screens.capture import camera_view
from screens.context import Desk, use_desk, use_keys, use_value
from screens.file_picker import AnyFilePicker, use_files
from screens.theme import Tokens

PAUSE_S = 0.03  # between two frames: the page keeps time for everything else
VIEW = 340.0  # px, height of the camera's picture
STATE_KIND: dict[str, parts.Kind] = {"counts": "good", "refused": "stop"}


@dataclass(eq=False)
class TakeModel(ft.Observable):
    """One message on its way in. `phase`: "opening", "looking", "reading", "done", "blind"."""

    desk: Desk
    camera: Camera
    phase: str = "opening"
    have: int = 0
    total: int = 0
    frame: bytes | None = None
    error: FieldError | None = None
    taken: Taken | None = None
    attempt: int = 0
    gathered: Gatherer = field(default_factory=Gatherer)

    async def start(self) -> None:
        """Open the camera and read codes until the message is whole or the page goes."""
        try:
            await self.camera.open("scan")
        except FieldError as error:
            self.error, self.phase = error, "blind"
            return
        self.phase = "looking"
        while self.phase == "looking":
            await self._look()
            await asyncio.sleep(PAUSE_S)

    async def stop(self) -> None:
        """Put the camera away."""
        if self.phase == "looking":
            self.phase = "opening"
        await self.camera.close()

    async def _look(self) -> None:
        try:
            frame = await self.camera.take()
        except FieldError as error:
            self.error, self.phase = error, "blind"
            return
        if self.camera.control is None:
            self.frame = frame
        texts = await asyncio.to_thread(scan.decode, self.desk.field, frame, live=True)
        if self.phase == "looking":
            await self.add([text for text in texts if relay_frames.is_frame(text)])

    async def add(self, texts: list[str]) -> None:
        """Take what was read; once it is whole, take the message in."""
        for text in texts:
            try:
                self.gathered.add(text)
            except FieldError:  # half a code: the same one comes again
                continue
        if (self.gathered.have, self.gathered.total) != (self.have, self.total):
            self.have, self.total = self.gathered.have, self.gathered.total
        if not self.gathered.whole:
            return
        self.phase = "reading"
        desk, gathered = self.desk, self.gathered
        self.gathered = Gatherer()
        try:
            data = gathered.data()
            taken = await desk.in_thread(relay.take, desk.signed_in, data)
        except FieldError as error:
            self._refuse(error)
            return
        self._done(taken)

    async def file(self, path: Path) -> None:
        """Take a file in."""
        self.phase, self.error = "reading", None
        try:
            taken = await self.desk.in_thread(relay.take_file, self.desk.signed_in, path)
        except FieldError as error:
            self._refuse(error)
            return
        self._done(taken)

    def _refuse(self, error: FieldError) -> None:
        self.error, self.phase = error, "done"

    def _done(self, taken: Taken) -> None:
        self.taken, self.error, self.phase = taken, None, "done"
        self.desk.changed()

    def again(self) -> None:
        """Read another message."""
        self.taken, self.error, self.have, self.total = None, None, 0, 0
        self.gathered = Gatherer()
        self.phase = "opening"
        self.attempt += 1


@ft.component
def TakeInScreen() -> ft.Control:
    """The route `/take-in`: the camera looks for codes; a file is the other way."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: TakeModel(desk, desk.field.devices.camera()))
    picker = use_files(model.file)
    # also while it is checked: what ends the look would end the checking with it
    looking = model.phase in ("opening", "looking", "reading")

    async def look() -> None:
        if looking:
            await model.start()

    ft.use_effect(look, [model.attempt, looking], cleanup=model.stop)
    use_keys(enter=model.again if model.phase == "done" else None, escape=desk.back)
    head = parts_work.page_head(
        tokens, t("relay.take.title"), t("relay.take.detail"), on_back=desk.back,
        back_label=t("page.back"),
    )  # fmt: skip
    whole = parts_work.page(tokens, head, _rows(model, desk), _footer(model, desk, picker))
    return parts_work.one_column(desk, whole)


def _rows(model: TakeModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = []
    if model.error is not None:
        rows.append(parts.refusal(tokens, t, model.error, key="relay-refused"))
    if model.taken is not None:
        rows += _result(model.taken, desk)
    elif model.phase == "reading":
        rows.append(parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("relay.reading")))
    elif model.phase in ("opening", "looking"):
        rows.append(_sight(model))
        if model.total:
            rows.append(parts.progress_line(tokens, t("relay.progress"), model.have, model.total))
        else:
            rows.append(parts.note(tokens, "plain", t("relay.aim"), key="aim"))
    return rows


def _sight(model: TakeModel) -> ft.Control:
    """What the camera sees."""
    inside: ft.Control | None = None
    if model.camera.control is not None:
        inside = camera_view(model.camera)
    elif model.frame is not None:
        inside = ft.Image(
            src=model.frame, fit=ft.BoxFit.COVER, gapless_playback=True,
            exclude_from_semantics=True,
        )  # fmt: skip
    return ft.Container(
        height=VIEW, bgcolor=parts_evidence.NIGHT, border_radius=16, content=inside,
        clip_behavior=ft.ClipBehavior.HARD_EDGE,
    )  # fmt: skip


def _result(taken: Taken, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = []
    stopped = [line for line in taken.lines if line.stops and line.state == "counts"]
    if stopped:
        rows.append(
            parts.note(
                tokens, "stop", t("relay.stopped", n=len(stopped)),
                detail=t("relay.from", device=taken.sender), icon=ft.Icons.PAN_TOOL, key="stopped",
            )
        )  # fmt: skip
    elif taken.lines:
        rows.append(
            parts.note(
                tokens, "good", t("relay.taken", n=len(taken.lines)),
                detail=t("relay.from", device=taken.sender), icon=ft.Icons.CHECK_CIRCLE,
                key="taken",
            )
        )  # fmt: skip
    elif taken.known or not (taken.time or taken.asked):
        rows.append(parts.note(tokens, "plain", t("relay.known", n=taken.known), key="known"))
    if taken.time:
        rows.append(
            parts.note(
                tokens, "good", t("relay.time"), detail=t("relay.from", device=taken.sender),
                icon=ft.Icons.SCHEDULE, key="time",
            )
        )  # fmt: skip
    elif taken.asked:
        rows.append(parts.note(tokens, "plain", t("relay.asked"), key="asked"))
    if taken.photos:
        rows.append(parts.words(t("relay.photos", n=taken.photos), tokens, color=tokens.ink2))
    rows += [parts.refusal(tokens, t, error) for error in taken.trouble]
    rows += [line_row(desk, line, at) for at, line in enumerate(taken.lines)]
    return rows


def line_row(desk: Desk, line: Line, at: int) -> ft.Control:
    """One entry that came by relay: what, by whom, from which device, and whether it counts."""
    t = desk.t
    kind = t.texts.get(f"outbox.kind.{line.type}", line.type)
    what = " ".join(part for part in (t.of(line.action) or kind, line.code, line.title) if part)
    who = t("relay.line", person=t.of(line.person), device=line.device, time=t.moment(line.at_ms))
    hazard = line.type == "hazard" and line.state != "missing"
    return parts.row_card(
        desk.tokens,
        what,
        who,
        key=f"line-{at}",
        icon=ft.Icons.PAN_TOOL if line.stops else ft.Icons.SYNC_ALT,
        chips=[
            parts.chip(
                desk.tokens, t(f"relay.state.{line.state}"), STATE_KIND.get(line.state, "mind")
            )
        ],
        on_click=(lambda: desk.go(f"/hazard/{line.record_id}")) if hazard else None,
        lines=2,
    )


def _footer(model: TakeModel, desk: Desk, picker: AnyFilePicker) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    footer: list[ft.Control] = [
        parts_evidence.pick_button(
            tokens, t("relay.file"), key="relay-file", action=picker.action, expand=True
        )
    ]
    if model.phase in ("done", "blind"):
        footer.append(
            parts.primary_button(
                tokens, t("relay.again"), key="again", icon=ft.Icons.QR_CODE_SCANNER,
                on_click=model.again, expand=True,
            )
        )  # fmt: skip
    return footer


def note_of(desk: Desk, lines: list[Line], tokens: Tokens) -> ft.Control | None:
    """The note on a record that entries of it came by relay; None where none did."""
    if not lines:
        return None
    t, last = desk.t, lines[-1]
    what = t.of(last.action) or desk.t.texts.get(f"outbox.kind.{last.type}", last.type)
    return parts.note(
        tokens,
        "stop" if any(line.stops for line in lines) else "mind",
        t("relay.note", n=len(lines)),
        detail=t("relay.note.detail", what=what, person=t.of(last.person), device=last.device),
        icon=ft.Icons.SYNC_ALT,
        key="relayed",
    )


@ft.component
def RelayNote(record_id: str) -> ft.Control:
    """What came by relay about a record, and the way to pass the record on."""
    desk = use_desk()
    found, set_found = use_value(cast_lines())

    async def load() -> None:
        set_found(await desk.run(relay.waiting, record_id) or [])

    ft.use_effect(load, [record_id, desk.version], cleanup=lambda: None)
    on = parts.row_card(
        desk.tokens, desk.t("relay.pass_on"), desk.t("relay.pass_on.detail"), key="pass-on",
        icon=ft.Icons.QR_CODE_2, on_click=lambda: desk.go(f"/relay/{record_id}"), lines=2,
    )  # fmt: skip
    note = note_of(desk, found, desk.tokens)
    inside = [note, on] if note else [on]
    return ft.Column(
        spacing=theme.GAP,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=inside,
    )


def cast_lines() -> list[Line]:
    """Return no lines, of the right type."""
    return []
