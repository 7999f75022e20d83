"""A one-time code for a new device, shown once; and the report that a device was lost."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import devices, local_times
from app.use_cases.devices import DeviceCard, Invited
from domain.devices import named
from domain.errors import FieldError
from screens import parts, theme
from screens.admin_frame import framed
from screens.context import Desk, use_desk, use_value

CODE_PX = 300  # large enough to be scanned from the hand of the other
_HOUR_MS = 3_600_000


@dataclass(eq=False)
class InviteModel(ft.Observable):
    """Name and address as typed, then the code; it is kept nowhere but on this page."""

    desk: Desk
    server: str
    name: str = ""
    made: Invited | None = None
    picture: bytes = b""
    busy: bool = False

    async def make(self) -> None:
        """Make the code."""
        if self.busy or not self.name.strip():
            return
        self.busy, desk = True, self.desk
        found = await desk.run(devices.invite, desk.signed_in, self.name, self.server)
        if found is not None:
            self.made, self.picture = found, found.picture()
            desk.changed()
        self.busy = False


@ft.component
def AdminInvite() -> ft.Control:
    """The page of the route `/admin/devices/new`."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: InviteModel(desk, desk.field.server_url))
    title, detail = t("admin.devices.new"), t("admin.devices.new.detail")
    if model.made is not None:
        made = model.made
        done = parts.primary_button(
            tokens,
            t("do.understood"),
            key="done",
            icon=ft.Icons.CHECK,
            on_click=desk.back,
            expand=True,
        )
        return framed(desk, model.name, detail, None, lambda: _code(model, made, desk), [done])
    make = parts.primary_button(
        tokens, t("admin.devices.make_code"), key="make-code", icon=ft.Icons.QR_CODE_2,
        on_click=model.make, disabled=model.busy or not model.name.strip(), expand=True,
    )  # fmt: skip
    return framed(desk, title, detail, None, lambda: _fields(model, desk), [make])


def _fields(model: InviteModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    hours = desk.field.definitions.defaults.whole("device.code_h")
    return [
        ft.Container(height=2),
        parts.text_field(
            tokens, desk, t("admin.devices.name"), model.name,
            lambda text: setattr(model, "name", text), key="device-name",
            icon=ft.Icons.PHONE_ANDROID, limit=devices.NAME_MAX,
        ),
        parts.text_field(
            tokens, desk, t("enrol.address"), model.server,
            lambda text: setattr(model, "server", text), key="server-address",
            icon=ft.Icons.DNS, limit=200,
        ),
        parts.note(tokens, "plain", t("admin.devices.new.how", n=hours), key="how"),
    ]  # fmt: skip


def _code(model: InviteModel, made: Invited, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    code = ft.Container(
        alignment=ft.Alignment.CENTER,
        content=ft.Container(
            bgcolor=ft.Colors.WHITE,  # a scanner needs dark on light, whatever the look
            border_radius=12,
            padding=8,
            content=ft.Image(
                src=model.picture, width=CODE_PX, height=CODE_PX, fit=ft.BoxFit.CONTAIN,
                semantics_label=t("admin.devices.code_picture"),
            ),
        ),
    )  # fmt: skip
    facts = [
        (t("enrol.code"), made.code),
        (t("enrol.address"), made.invitation.server),
        (t("admin.devices.good_until"), t.moment(made.until_ms)),
    ]
    if made.invitation.key:
        facts.append((t("enrol.print"), made.print))
    once = parts.note(tokens, "mind", t("admin.devices.once"), key="once")
    told = [once, parts.facts_card(tokens, facts)]
    if not desk.wide:
        return [code, *told]
    beside = ft.Column(
        spacing=theme.GAP_WIDE,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=told,
    )
    return [
        ft.Row(
            spacing=theme.GAP_WIDE,
            vertical_alignment=ft.CrossAxisAlignment.START,
            controls=[code, beside],
        )
    ]


@dataclass(eq=False)
class LostModel(ft.Observable):
    """When a device was lost and how, as typed."""

    desk: Desk
    device_id: str
    when: str = ""
    reason: str = ""
    card: DeviceCard | None = None
    refused: FieldError | None = None
    asking: bool = False  # whether it is really meant: nobody can take it back
    busy: bool = False

    async def load(self) -> None:
        """Read the device; the time begins with now."""
        desk = self.desk
        found = await desk.run(devices.cards, desk.signed_in)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.card = next((one for one in found or () if one.device_id == self.device_id), None)
        if not self.when:
            self.when = local_times.text(desk.field, desk.field.clock.now_ms())

    def ago(self, hours: int) -> None:
        """Take a time so many hours ago."""
        at_ms = self.desk.field.clock.now_ms() - hours * _HOUR_MS
        self.when = local_times.text(self.desk.field, at_ms)

    async def ask(self) -> None:
        """Ask once more before it is said, as soon as the time is one."""
        self.asking = await self.desk.run(local_times.read, self.when) is not None

    def leave(self) -> None:
        """Put the question away."""
        self.asking = False

    async def report(self) -> None:
        """Say that it was lost."""
        if self.busy:
            return
        self.busy, desk, before = True, self.desk, self.desk.notice
        lost_ms = await desk.run(local_times.read, self.when)
        if lost_ms is not None:
            await desk.run(devices.revoke, desk.signed_in, self.device_id, lost_ms, self.reason)
            if desk.notice is None or desk.notice is before:
                desk.changed()
                desk.tell(desk.t("admin.done.waiting"))
                desk.back()
        self.busy = self.asking = False


@ft.component
def AdminLost() -> ft.Control:
    """The page of the route `/admin/devices/lost/:id`."""
    device_id = ft.use_route_params().get("id", "")
    return cast("Any", LostBody)(device_id, key=f"lost-{device_id}")


@ft.component
def LostBody(device_id: str) -> ft.Control:
    """Since when, how it came, and what follows from it."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: LostModel(desk, device_id))
    ft.use_effect(model.load, [device_id], cleanup=lambda: None)
    name = named(model.card.name, device_id) if model.card else ""
    sure = parts.note(
        tokens, "stop", t("admin.devices.lose.sure", name=name, time=model.when),
        detail=t("admin.devices.lose.what"), icon=ft.Icons.GPP_BAD, key="sure",
    )  # fmt: skip
    body = [sure] if model.asking else _lost_fields(model, desk)
    footer = _lost_footer(model, desk)
    ready = model.card is not None
    return framed(
        desk, t("admin.devices.lose"), name, model.refused, (lambda: body) if ready else None,
        footer if ready else [],
    )  # fmt: skip


def _lost_footer(model: LostModel, desk: Desk) -> list[ft.Control]:
    """First what it is about, then whether it is meant: it cannot be undone."""
    tokens, t = desk.tokens, desk.t
    idle = model.busy or not model.reason.strip()
    if not model.asking:
        return [
            parts.quiet_button(
                tokens, t("admin.devices.lose"), key="lose", icon=ft.Icons.GPP_BAD,
                on_click=model.ask, disabled=idle, expand=True, kind="stop",
            )
        ]  # fmt: skip
    return [
        parts.quiet_button(
            tokens, t("page.cancel"), key="lose-cancel", on_click=model.leave
        ),
        parts.quiet_button(
            tokens, t("admin.devices.lose.do"), key="lose-do", icon=ft.Icons.GPP_BAD,
            on_click=model.report, disabled=idle, expand=True, kind="stop",
        ),
    ]  # fmt: skip


def _lost_fields(model: LostModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t

    def chip(hours: int) -> ft.Control:
        word = t("admin.devices.ago", n=hours) if hours else t("admin.devices.now")
        return parts.choice_chip(
            tokens, word, key=f"ago-{hours}", selected=False, on_click=lambda: model.ago(hours)
        )

    return [
        ft.Container(height=2),
        parts.text_field(
            tokens, desk, t("admin.devices.lost_at"), model.when,
            lambda text: setattr(model, "when", text), key="lost-at", icon=ft.Icons.SCHEDULE,
            limit=20,
        ),
        ft.Row(wrap=True, spacing=8, run_spacing=8, controls=[chip(n) for n in (0, 1, 4, 12, 24)]),
        parts.text_field(
            tokens, desk, t("admin.reason.needed"), model.reason,
            lambda text: setattr(model, "reason", text), key="reason", limit=300,
        ),
        parts.note(
            tokens, "mind", t("admin.devices.lose.what"), detail=t("admin.devices.lose.forever"),
            key="what",
        ),
    ]  # fmt: skip
