"""One device of the plant: whose it is, what the server lacks of it, and how to shut it out."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import devices
from app.use_cases.devices import DeviceCard
from domain.devices import named
from domain.errors import FieldError
from domain.invitations import ACTIVE, BLOCKED, INVITED, WITHDRAWN
from screens import parts
from screens.admin_frame import framed
from screens.context import Desk, use_desk, use_value
from screens.parts import Action
from screens.taken_along import Allot

_WORD_OF = {ACTIVE: "block", BLOCKED: "unblock", INVITED: "withdraw"}
_NEXT = {ACTIVE: BLOCKED, BLOCKED: ACTIVE, INVITED: WITHDRAWN}


@dataclass(eq=False)
class DeviceModel(ft.Observable):
    """One device, and the reason being written for what is done to it."""

    desk: Desk
    device_id: str
    card: DeviceCard | None = None
    refused: FieldError | None = None
    gone: bool = False
    reason: str = ""
    busy: bool = False

    async def load(self) -> None:
        """Read it."""
        desk = self.desk
        found = await desk.run(devices.cards, desk.signed_in)
        if found is None:
            self.refused, desk.notice = desk.notice, None
            return
        self.card = next((one for one in found if one.device_id == self.device_id), None)
        self.gone = self.card is None

    def write(self, reason: str) -> None:
        """Keep the reason as typed."""
        self.reason = reason

    async def turn(self) -> None:
        """Shut it out, let it in again, or withdraw its code."""
        card, desk = self.card, self.desk
        if card is None or self.busy:
            return
        self.busy, before = True, desk.notice
        state = _NEXT[card.state]
        await desk.run(devices.turn, desk.signed_in, card.device_id, state, self.reason)
        self.busy = False
        if desk.notice is None or desk.notice is before:
            self.reason = ""
            desk.changed()
            desk.tell(desk.t("admin.done.waiting"))


@ft.component
def AdminDevice() -> ft.Control:
    """The page of the route `/admin/devices/one/:id`."""
    device_id = ft.use_route_params().get("id", "")
    return cast("Any", DeviceBody)(device_id, key=f"device-{device_id}")


@ft.component
def DeviceBody(device_id: str) -> ft.Control:
    """What is known of it; a loss first, as it is urgent; who uses it last."""
    desk = use_desk()
    t = desk.t
    model, _ = use_value(lambda: DeviceModel(desk, device_id))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    card = model.card
    title = named(card.name, card.device_id) if card else t("admin.section.devices")
    rows = (lambda: _rows(model, desk, card)) if card else None
    if model.gone:
        rows = lambda: [  # noqa: E731 -- one line would be longer as a function
            parts.empty_state(desk.tokens, ft.Icons.SEARCH_OFF, t("admin.devices.gone"))
        ]
    return framed(desk, title, facts_of(desk, card) if card else "", model.refused, rows)


def facts_of(desk: Desk, card: DeviceCard) -> str:
    """Return when it joined, what came from it, and why it was shut out, in one line."""
    t, now = desk.t, desk.field.clock.now_ms()
    facts: list[str] = []
    if card.state == INVITED and card.until_ms is not None:
        facts.append(t("admin.devices.until", time=t.moment(card.until_ms, now)))
    if card.enrolled_ms:
        facts.append(t("admin.devices.enrolled", time=t.moment(card.enrolled_ms, now)))
    if card.received_ms:
        facts.append(t("admin.devices.seen", time=t.moment(card.received_ms, now)))
    if card.enrolled_ms:
        facts.append(t("admin.devices.entries", n=card.entries))
    return " · ".join([*facts, *filter(None, [card.reason])])


def state_chips(desk: Desk, card: DeviceCard) -> list[ft.Control]:
    """Return what is out of the ordinary about a device."""
    tokens, t, now = desk.tokens, desk.t, desk.field.clock.now_ms()
    chips = [parts.chip(tokens, t("admin.devices.here"), "primary")] if card.here else []
    if card.revoked_ms is not None:
        lost = t("admin.devices.lost", time=t.moment(card.revoked_ms, now))
        chips.append(parts.chip(tokens, lost, "stop", ft.Icons.GPP_BAD))
    elif card.state == BLOCKED:
        chips.append(parts.chip(tokens, t("admin.devices.blocked"), "stop", ft.Icons.BLOCK))
    elif card.state == WITHDRAWN:
        chips.append(parts.chip(tokens, t("admin.devices.withdrawn"), "plain"))
    elif card.state == INVITED:
        over = card.until_ms is not None and card.until_ms <= now
        word = "admin.devices.over" if over else "admin.devices.invited"
        chips.append(parts.chip(tokens, t(word), "plain" if over else "mind"))
    if card.lacks is not None:
        lacks = t("admin.devices.lacks", n=card.lacks.count)
        chips.append(parts.chip(tokens, lacks, "mind", ft.Icons.HELP_OUTLINE))
    return chips


def _rows(model: DeviceModel, desk: Desk, card: DeviceCard) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    rows = [*_chips_row(desk, card), *_known(desk, card)]
    if card.here:
        here = parts.note(tokens, "plain", t("admin.devices.not_here"), key="not-here")
        return [*rows, here, Allot(card.device_id)]
    if card.revoked_ms is not None:
        return [*rows, parts.note(tokens, "plain", t("admin.devices.lost.over"), key="lost-over")]
    word = _WORD_OF.get(card.state)
    if word is None:
        return [*rows, parts.note(tokens, "plain", t("admin.devices.withdrawn.over"))]
    if word != "withdraw":
        rows.append(_losing(desk, card))
    reason = parts.text_field(
        tokens, desk, t("admin.reason.needed"), model.reason, model.write, key="reason", limit=300
    )
    rows.append(
        parts.note(
            tokens, "mind", t(f"admin.devices.{word}.ask"),
            detail=t(f"admin.devices.{word}.detail"), inside=[reason],
            action=Action(t(f"admin.devices.{word}"), model.turn, word), key=f"{word}-ask",
        )
    )  # fmt: skip
    if word != "withdraw":
        rows.append(Allot(card.device_id))
    return rows


def _chips_row(desk: Desk, card: DeviceCard) -> list[ft.Control]:
    chips = state_chips(desk, card)
    return [ft.Row(wrap=True, spacing=8, run_spacing=8, controls=chips)] if chips else []


def _losing(desk: Desk, card: DeviceCard) -> ft.Control:
    t = desk.t
    lost = Action(
        t("admin.devices.lose"), lambda: desk.go(f"/admin/devices/lost/{card.device_id}"), "lose"
    )
    return parts.note(
        desk.tokens, "stop", t("admin.devices.lose.ask"), detail=t("admin.devices.lose.detail"),
        action=lost, key="lose-ask",
    )  # fmt: skip


def _known(desk: Desk, card: DeviceCard) -> list[ft.Control]:
    """What the server has of a device, and what it lacks, where it said so."""
    tokens, t = desk.tokens, desk.t
    if card.lacks is not None:
        lack = card.lacks
        text = t("admin.devices.lacks.which", n=lack.count, first=lack.first, last=lack.last)
        detail = t("admin.devices.lacks.detail", have=card.have or 0, time=t.moment(lack.told_ms))
        return [parts.note(tokens, "mind", text, detail=detail, key="lacks")]
    if card.revoked_ms is not None and card.have is not None:
        return [parts.note(tokens, "plain", t("admin.devices.have", n=card.have), key="have")]
    return []
