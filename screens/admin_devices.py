"""The devices of the plant, and the versions of the checklists, for administrators."""

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import devices
from app.use_cases.devices import DeviceCard, FormVersion
from domain.devices import named
from domain.errors import FieldError
from screens import parts, parts_table, parts_work
from screens.admin_device import facts_of, state_chips
from screens.admin_frame import framed
from screens.context import Desk, use_desk, use_value
from screens.parts_table import TableColumn, TableRow


@dataclass(eq=False)
class DevicesModel(ft.Observable):
    """All devices."""

    desk: Desk
    cards: tuple[DeviceCard, ...] | None = None
    refused: FieldError | None = None
    query: str = ""

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


@ft.component
def AdminDevices() -> ft.Control:
    """One card for each device, which leads to its page, and the way to enrol one more."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: DevicesModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    new = parts.primary_button(
        tokens, t("admin.devices.new"), key="new-device", icon=ft.Icons.QR_CODE_2,
        on_click=lambda: desk.go("/admin/devices/new"), expand=True,
    )  # fmt: skip
    return framed(
        desk,
        t("admin.section.devices"),
        t("admin.devices.detail"),
        model.refused,
        None if model.cards is None else lambda: _listed(model, desk),
        [new],
    )


def _listed(model: DevicesModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    body: list[ft.Control] = [
        ft.Container(height=2),
        parts.search_field(
            tokens, desk, t("admin.search"), model.query, model.search, key="search"
        ),
    ]
    wanted = model.query.strip().casefold()
    found = [card for card in model.cards or () if wanted in f"{card.name} {card.short}".casefold()]
    body += [_card(desk, card) for card in found]
    if not found:
        body.append(parts.empty_state(tokens, ft.Icons.SEARCH_OFF, t("admin.nothing_found")))
    return body


def _card(desk: Desk, card: DeviceCard) -> ft.Control:
    return parts.row_card(
        desk.tokens,
        named(card.name, card.device_id),
        facts_of(desk, card),
        key=f"device-{card.device_id}",
        icon=ft.Icons.PHONE_ANDROID,
        chips=state_chips(desk, card),
        on_click=_opening(desk, card),
    )


def _opening(desk: Desk, card: DeviceCard) -> Callable[[], None]:
    return lambda: desk.go(f"/admin/devices/one/{card.device_id}")


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
