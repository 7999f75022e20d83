"""One row of administration as it is being changed: what was typed, and what may be done."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as part

import flet as ft

from app.use_cases import administration, people, register_history
from app.use_cases.administration import RowCard
from app.use_cases.register_history import HistoryStep
from domain.errors import FieldError, RegisterRowError
from domain.records import Value
from domain.registers import Row
from screens.context import Desk

# what a person may change of a row, and how it is typed
FIELDS: Mapping[str, Sequence[tuple[str, str]]] = {
    "people": (
        ("zh", "text"), ("en", "text"), ("roles", "many"), ("unit", "one"), ("areas", "many"),
        ("id_no", "text"),
    ),
    "inspection_plans": (
        ("owner", "one"), ("times", "times"), ("due_min", "number"), ("paused", "flag"),
    ),
    "maintenance_plans": (
        ("owner", "one"), ("every_d", "number"), ("remind_before_d", "number"), ("paused", "flag"),
    ),
    "roster": (("people", "many"),),
    "whitelist": (("id_no", "text"), ("from", "text"), ("to", "text"), ("areas", "many")),
    "labels": (),
}  # fmt: skip
ENDING = frozenset({"roster", "whitelist", "inspection_plans", "maintenance_plans"})


@dataclass(eq=False)
class RowModel(ft.Observable):
    """A row, its changes so far, and its history."""

    desk: Desk
    table: str
    key: str
    fresh: bool = False
    card: RowCard | None = None
    refused: FieldError | None = None
    draft: dict[str, Value] = part(default_factory=dict[str, Value])
    reason: str = ""
    history: tuple[HistoryStep, ...] = ()
    raw: dict[str, str] = part(default_factory=dict[str, str])  # as typed, commas and all
    opened: str = ""  # the field whose choices are shown
    query: str = ""  # narrows the choices
    asking: str = ""  # what is to be confirmed: "end", "retire", "back", "pin", "raise"
    pin: str = ""  # for one time; shown until the page is left
    has_pin: bool = True  # somebody new has none, and cannot sign in
    wrong: RegisterRowError | None = None  # the last try: what is wrong in which field
    busy: bool = False

    async def load(self) -> None:
        """Read the row and its history; what was typed stays."""
        desk = self.desk
        if self.fresh:
            self.card = self.card or RowCard(self.table, "", {}, "held")
            return
        found = await desk.run(administration.row, desk.signed_in, self.table, self.key)
        if found is None:
            self.refused, desk.notice = desk.notice, None
            return
        self.card = found
        steps = await desk.run(register_history.history, desk.signed_in, self.table, self.key)
        self.history = tuple(steps or ())
        if self.table == "people":
            self.has_pin = await desk.run(people.has_pin, self.key) is not False

    def now(self, column: str) -> Value:
        """Return a value as it stands on the screen."""
        held = self.card.row.get(column) if self.card else None
        return self.draft.get(column, held)

    @property
    def changed(self) -> Row:
        """What differs from the row."""
        held = self.card.row if self.card else {}
        return {name: value for name, value in self.draft.items() if value != held.get(name)}

    def put(self, column: str, value: Value) -> None:
        """Take what was typed or chosen."""
        self.draft = {**self.draft, column: value}

    def typed(self, column: str, kind: str, text: str) -> None:
        """Take a text: a number, times of the day with commas, or words."""
        value: Value = text
        self.raw = {**self.raw, column: text}
        if kind == "number" and text.strip().isdecimal():
            value = int(text.strip()[:6])
        if kind == "times":
            value = [
                part.strip() for part in text.replace("\uff0c", ",").split(",") if part.strip()
            ]
        self.put(column, value)

    def toggle(self, column: str, code: str, *, many: bool) -> None:
        """Choose a code, or take it away where several may be chosen."""
        if not many:
            self.put(column, code)
            self.opened = ""
            return
        now = self.now(column)
        chosen = [str(one) for one in now] if isinstance(now, list) else []
        left = [one for one in chosen if one != code]
        self.put(column, [*left] if len(left) < len(chosen) else [*chosen, code])

    def open(self, column: str) -> None:
        """Show the choices of a field, or hide them."""
        self.opened, self.query = "" if self.opened == column else column, ""

    def ask(self, what: str) -> None:
        """Ask before something that is not taken back easily; the same again: never mind."""
        self.asking = "" if self.asking == what else what

    async def save(self) -> None:
        """Write what was changed."""
        key = self.key
        if self.fresh:
            key = str(self.draft.get("id", "")).strip()
        changed = {name: value for name, value in self.changed.items() if name != "id"}
        if not self.fresh and not changed:
            return
        if self.fresh:
            changed.setdefault("areas", [])
        await self._do(lambda: self._change(key, changed), key if self.fresh else "")

    async def confirm(self) -> None:
        """Do what was asked about."""
        what, desk = self.asking, self.desk
        if what in ("end", "raise") and not self.reason.strip():
            self.wrong = RegisterRowError(
                table=self.table, key=self.key, column="reason", problem="missing", value=""
            )
            return
        self.asking = ""
        if what == "pin":
            await self._new_pin()
            return
        rows: dict[str, Row | None] = {
            "end": None,
            "retire": {"retired_ms": desk.field.clock.now_ms()},
            "back": {"retired_ms": None},
        }
        if what == "raise":
            version = self.card.row.get("version") if self.card else None
            rows["raise"] = {"version": (version if isinstance(version, int) else 0) + 1}
        await self._do(lambda: self._change(self.key, rows[what]), "")

    async def settle(self, *, agree: bool) -> None:
        """Confirm the proposal of somebody else, or reject it."""

        async def answer() -> str | None:
            desk = self.desk
            before = desk.notice
            await desk.run(
                administration.settle, desk.signed_in, self.table, self.key,
                agree=agree, reason=self.reason,
            )  # fmt: skip
            refused = desk.notice is not None and desk.notice is not before
            return None if refused else "agreed" if agree else "rejected"

        await self._do(answer, "")

    async def _change(self, key: str, row: Row | None) -> str | None:
        desk = self.desk
        return await desk.run(
            administration.change, desk.signed_in, self.table, key, row, reason=self.reason,
            fresh=self.fresh,
        )  # fmt: skip

    async def _do(self, act: Callable[[], Awaitable[str | None]], made: str) -> None:
        if self.busy:
            return
        self.busy, desk = True, self.desk
        self.wrong = None
        state = await act()
        self.busy = False
        if state is None:
            if isinstance(desk.notice, RegisterRowError):  # said on the page, with how to mend it
                self.wrong, desk.notice = desk.notice, None
            return
        self.draft, self.raw, self.reason, self.opened = {}, {}, "", ""
        desk.changed()
        desk.tell(desk.t(f"admin.done.{state}"))
        if made:
            desk.go(f"/admin/row/{self.table}/{made}", instead=True)

    async def _new_pin(self) -> None:
        desk = self.desk
        pin = await desk.run(administration.reset_pin, desk.signed_in, self.key)
        if pin is not None:
            self.pin = pin
            desk.changed()
