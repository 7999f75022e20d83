"""The devices of the plant, and the versions of the checklists, for administrators."""

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import devices
from app.use_cases.devices import DeviceCard, FormVersion
from domain.errors import FieldError
from screens import parts, parts_table, parts_work
from screens.context import Desk, use_desk, use_value
from screens.parts import Action
from screens.parts_table import TableColumn, TableRow
from screens.taken_along import Allot


@dataclass(eq=False)
class DevicesModel(ft.Observable):
    """All devices, and the one that is about to be shut out or let in."""

    desk: Desk
    cards: tuple[DeviceCard, ...] | None = None
    refused: FieldError | None = None
    query: str = ""
    chosen: str = ""
    reason: str = ""

    async def load(self) -> None:
        """Read the devices."""
        desk = self.desk
        found = await desk.run(devices.cards, desk.signed_in)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.cards = tuple(found or ())

    def search(self, query: str) -> None:
        """Narrow the list."""
        self.query = query

    def choose(self, device_id: str) -> None:
        """Open a device, or close it again."""
        self.chosen, self.reason = "" if self.chosen == device_id else device_id, ""

    async def turn(self, card: DeviceCard) -> None:
        """Shut a device out, or let it in again."""
        desk = self.desk
        state = "active" if card.state == "blocked" else "blocked"
        before = desk.notice
        await desk.run(devices.turn, desk.signed_in, card.device_id, state, self.reason)
        if desk.notice is None or desk.notice is before:
            self.chosen, self.reason = "", ""
            desk.changed()
            desk.tell(desk.t("admin.done.waiting"))


@ft.component
def AdminDevices() -> ft.Control:
    """One card for each device; the one tapped shows how to shut it out."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: DevicesModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    head = parts_work.page_head(
        tokens, t("admin.section.devices"), t("admin.devices.detail"),
        on_back=desk.back, back_label=t("page.back"),
    )  # fmt: skip
    if model.refused is not None:
        return parts_work.page(tokens, head, [parts.refusal(tokens, t, model.refused)])
    if model.cards is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, head, [wait])
    body: list[ft.Control] = [
        ft.Container(height=2),
        parts.search_field(
            tokens, desk, t("admin.search"), model.query, model.search, key="search"
        ),
    ]
    wanted = model.query.strip().casefold()
    found = [card for card in model.cards if wanted in f"{card.name} {card.short}".casefold()]
    for card in found:
        body.append(_card(model, desk, card))
        if card.device_id == model.chosen:
            body += _chosen(model, desk, card)
    if not found:
        body.append(parts.empty_state(tokens, ft.Icons.SEARCH_OFF, t("admin.nothing_found")))
    return parts_work.one_column(desk, parts_work.page(tokens, head, body))


def _card(model: DevicesModel, desk: Desk, card: DeviceCard) -> ft.Control:
    tokens, t, now = desk.tokens, desk.t, desk.field.clock.now_ms()
    facts = [card.short]
    if card.enrolled_ms:
        facts.append(t("admin.devices.enrolled", time=t.moment(card.enrolled_ms, now)))
    if card.received_ms:
        facts.append(t("admin.devices.seen", time=t.moment(card.received_ms, now)))
    facts.append(t("admin.devices.entries", n=card.entries))
    chips = [parts.chip(tokens, t("admin.devices.here"), "primary")] if card.here else []
    if card.state == "blocked":
        chips.append(parts.chip(tokens, t("admin.devices.blocked"), "stop", ft.Icons.BLOCK))
    return parts.row_card(
        tokens,
        card.name or card.short,
        " · ".join([*facts, *filter(None, [card.reason])]),
        key=f"device-{card.device_id}",
        icon=ft.Icons.PHONE_ANDROID,
        chips=chips,
        on_click=_choosing(model, card),
        arrow=ft.Icons.EXPAND_LESS if card.device_id == model.chosen else ft.Icons.EXPAND_MORE,
    )


def _choosing(model: DevicesModel, card: DeviceCard) -> Callable[[], None]:
    return lambda: model.choose(card.device_id)


def _chosen(model: DevicesModel, desk: Desk, card: DeviceCard) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    if card.here:
        return [
            Allot(card.device_id),
            parts.note(tokens, "plain", t("admin.devices.not_here"), key="not-here"),
        ]
    word = "unblock" if card.state == "blocked" else "block"

    async def turn() -> None:
        await model.turn(card)

    return [
        Allot(card.device_id),
        parts.text_field(
            tokens, desk, t("admin.reason.needed"), model.reason,
            lambda text: setattr(model, "reason", text), key="reason", limit=300,
        ),
        parts.note(
            tokens, "mind", t(f"admin.devices.{word}.ask"),
            detail=t(f"admin.devices.{word}.detail"),
            action=Action(t(f"admin.devices.{word}"), turn, word), key=f"{word}-ask",
        ),
    ]  # fmt: skip


@dataclass(eq=False)
class DefinitionsModel(ft.Observable):
    """The versions of all checklists."""

    desk: Desk
    versions: tuple[FormVersion, ...] | None = None
    refused: FieldError | None = None
    sorted_by: str = "code"
    descending: bool = False

    async def load(self) -> None:
        """Read them."""
        desk = self.desk
        found = await desk.run(devices.form_versions, desk.signed_in)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.versions = tuple(found or ())

    def sort(self, column: str) -> None:
        """Sort by a column; by the same one again, the other way round."""
        self.descending = column == self.sorted_by and not self.descending
        self.sorted_by = column


@ft.component
def AdminDefinitions() -> ft.Control:
    """Which definitions are in force, and which versions of each checklist were used."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: DefinitionsModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    head = parts_work.page_head(
        tokens, t("admin.section.definitions"), on_back=desk.back, back_label=t("page.back")
    )
    if model.refused is not None:
        return parts_work.page(tokens, head, [parts.refusal(tokens, t, model.refused)])
    pack = desk.field.pack
    facts: list[tuple[str, str]] = []
    if pack is not None:
        facts = [
            (t("me.definitions"), pack.definitions.version),
            (t("me.definitions.received"), t.moment(pack.received_ms)),
        ]
    body: list[ft.Control] = [parts.facts_card(tokens, facts)]
    if model.versions is None:
        body.append(parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading")))
    elif desk.wide:
        body.append(_versions(model, desk))
    else:
        body += [
            parts.row_card(
                tokens, f"{one.code} · {one.version}", _facts(desk, one),
                key=f"form-{one.code}-{one.version}",
            )
            for one in model.versions
        ]  # fmt: skip
    return parts_work.page(tokens, head, body)


def _versions(model: DefinitionsModel, desk: Desk) -> ft.Control:
    names = (("code", 2), ("version", 1), ("name", 4), ("status", 2), ("sheets", 2), ("used", 3))
    columns = [TableColumn(name, desk.t(f"column.{name}"), share) for name, share in names]
    drawn = [(one, _cells(desk, one)) for one in model.versions or ()]
    at = [name for name, _ in names].index(model.sorted_by)
    drawn.sort(key=lambda pair: pair[1][at].rjust(12) if at in (1, 4) else pair[1][at].casefold())
    rows = [TableRow(f"form-{one.code}-{one.version}", cells) for one, cells in drawn]
    return parts_table.data_table(
        desk.tokens,
        columns,
        rows[::-1] if model.descending else rows,
        sorted_by=model.sorted_by,
        descending=model.descending,
        on_sort=model.sort,
    )


def _facts(desk: Desk, one: FormVersion) -> str:
    _, _, name, status, _, used = _cells(desk, one)
    sheets = desk.t("admin.forms.sheets", n=one.sheets)
    return " · ".join(fact for fact in (name, status, sheets, used) if fact)


def _cells(desk: Desk, one: FormVersion) -> list[str]:
    t = desk.t
    used = ""
    if one.first_ms is not None and one.last_ms is not None:
        used = t("admin.forms.used", first=t.day(one.first_ms), last=t.day(one.last_ms))
    status = t("admin.forms.newest") if one.newest else t("admin.forms.earlier")
    return [one.code, str(one.version), t.of(one.name), status, str(one.sheets), used]
