"""What this device took along, shown where its room is; for administrators: who uses a device."""

import re
from dataclasses import dataclass

import flet as ft

from app.use_cases import take_along
from app.use_cases.take_along import TakeAlong
from domain.devices import ALLOTTED
from domain.scopes import Allotment
from screens import parts
from screens.context import Desk, use_desk, use_value
from screens.parts import Action
from screens.parts_clip import size_text

SHOWN = ("hazard", "task", "inspection", "maintenance", "evidence")
NAMES = 6  # people or places shown by name; more are counted
_BETWEEN = re.compile(r"[\s,;，；、]+")


def taken_card(desk: Desk, taken: TakeAlong) -> ft.Control:
    """Say what is here, how large it is, for whom, and how long it lasts."""
    t, held = desk.t, taken.held
    counts = [t(f"taken.{kind}", n=held.records[kind]) for kind in SHOWN if held.records.get(kind)]
    facts = [
        (t("taken.size"), t(
            "taken.size.parts", size=size_text(t, held.bytes),
            records=size_text(t, held.record_bytes), pictures=size_text(t, held.picture_bytes),
            definitions=size_text(t, held.definition_bytes),
        )),
        (t("taken.what"), " · ".join(counts) or t("taken.nothing")),
        (t("taken.for"), _for(desk, taken)),
    ]  # fmt: skip
    if held.open_tasks and held.last_due_ms:
        ahead = t("taken.tasks", n=held.open_tasks, day=t.day(held.last_due_ms))
        facts.append((t("taken.ahead"), ahead))
    facts.append((t("taken.lasts"), t("taken.days", n=taken.days)))
    return parts.section(desk.tokens, t("taken.title"), [parts.facts_card(desk.tokens, facts)])


def _for(desk: Desk, taken: TakeAlong) -> str:
    t = desk.t
    lines = [t("taken.everybody")]
    for names, more in ((taken.people, "taken.people"), (taken.places, "taken.places")):
        if not names:
            continue
        shown = t.listed(t.of(one) for one in names[:NAMES])
        line = t(more, names=shown)
        if len(names) > NAMES:
            line = t("taken.more", line=line, n=len(names) - NAMES)
        lines = [line] if more == "taken.people" else [*lines, line]
    return " · ".join(lines)


@dataclass(eq=False)
class AllotModel(ft.Observable):
    """Who uses one device, as it is typed."""

    desk: Desk
    device_id: str
    people: str = ""
    areas: str = ""
    units: str = ""
    loaded: bool = False

    async def load(self) -> None:
        """Read who uses it now."""
        found = await self.desk.run(take_along.allotted, self.device_id)
        if found is not None and not self.loaded:
            self.people, self.areas = ", ".join(found.people), ", ".join(found.areas)
            self.units, self.loaded = ", ".join(found.units), True

    async def save(self) -> None:
        """Say who uses it from now on."""
        desk = self.desk
        wanted = Allotment(*(_codes(one) for one in (self.people, self.areas, self.units)))
        before = desk.notice
        await desk.run(take_along.allot, desk.signed_in, self.device_id, wanted)
        if desk.notice is None or desk.notice is before:
            desk.changed()
            desk.tell(desk.t("admin.done.waiting"))


@ft.component
def Allot(device_id: str) -> ft.Control:
    """Three fields and a button: people, areas and units of a device."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: AllotModel(desk, device_id))
    ft.use_effect(model.load, [device_id, desk.version], cleanup=lambda: None)
    fields = [
        parts.text_field(
            tokens, desk, t(f"admin.devices.{name}"), getattr(model, name),
            lambda text, name=name: setattr(model, name, text), key=f"allot-{name}", limit=1000,
        )
        for name in ALLOTTED
    ]  # fmt: skip
    return parts.note(
        tokens, "plain", t("admin.devices.allot.ask"), detail=t("admin.devices.allot.detail"),
        inside=fields, action=Action(t("admin.devices.allot"), model.save, "allot"),
        key="allot-ask",
    )  # fmt: skip


def _codes(text: str) -> tuple[str, ...]:
    return tuple(one for one in _BETWEEN.split(text.strip()) if one)
