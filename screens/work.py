"""One work under control: what stands, what keeps it stopped, what may be done now and why not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import work_ends, works
from app.use_cases.work_views import HoldCard, Line, Reading, Step, WorkCard, WorkView
from screens import parts, parts_work
from screens.alarm import end_note
from screens.context import Desk, use_desk, use_value

_KINDS = {
    "approved": "good", "started": "good", "suspended": "stop", "retest": "mind",
    "rejected": "stop", "expired": "stop", "void": "stop",
}  # fmt: skip
_RUNS = ("approved", "started", "suspended", "retest", "expired")  # states that an end concerns
_PLAIN = ("permit.stop", "permit.reject")  # steps that stop something stand out
_MINUTE_MS = 60_000
TICK_S = 15.0  # how often what is left is drawn anew


@dataclass(eq=False)
class WorkModel(ft.Observable):
    """One work, the step that waits for its reason, and the value being typed."""

    desk: Desk
    record_id: str
    view: WorkView | None = None
    gone: bool = False
    step: Step | None = None
    note: str = ""
    cell: str = ""
    value: str = ""
    busy: bool = False
    ticks: int = 0
    ticking: "asyncio.Future[None] | None" = None

    async def load(self) -> None:
        """Read it; one whose approval is over has expired by then."""
        found = await self.desk.run(works.view, self.desk.signed_in, self.record_id)
        self.view, self.gone = found or self.view, found is None

    async def tick(self) -> None:
        """Let the time that is left go on while somebody looks; never ends by itself."""
        self.ticking = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.ticks += 1

    def rest(self) -> None:
        """Stop ticking."""
        if self.ticking is not None:
            self.ticking.cancel()

    def write(self, note: str) -> None:
        """Keep the reason as typed."""
        self.note = note

    def type_value(self, value: str) -> None:
        """Keep the measured value as typed."""
        self.value = value

    def leave(self) -> None:
        """Put the question away."""
        self.step, self.cell, self.note, self.value = None, "", "", ""

    async def begin(self, step: Step) -> None:
        """Do a step, or ask for its reason first; what time forbids says so."""
        if step.blocked is not None:
            self.desk.refuse(step.blocked)
        elif step.needs_note:
            self.step = step
        else:
            self.step = step
            await self.do()

    async def do(self) -> None:
        """Do the step that was chosen."""
        step, desk = self.step, self.desk
        if step is None or self.busy or (step.needs_note and not self.note.strip()):
            return
        self.busy = True
        found = await desk.run(
            works.act, desk.signed_in, self.record_id, step.action, step.target, self.note
        )
        self.busy = False
        self._took(found, desk.t("work.done"))

    def measure(self, reading: Reading) -> None:
        """Ask for a measured value; without a trusted time it says why not."""
        if reading.blocked is not None:
            self.desk.refuse(reading.blocked)
        else:
            self.cell, self.value = reading.cell, ""

    async def keep_value(self) -> None:
        """Keep the measured value, sampled now."""
        desk = self.desk
        if self.busy or not self.value.strip():
            return
        self.busy = True
        now = desk.field.clock.now_ms()
        found = await desk.run(
            works.measure, desk.signed_in, self.record_id, self.cell, self.value.strip(), now
        )
        self.busy = False
        self._took(found, desk.t("work.done"))

    async def check_in(self) -> None:
        """Say that the person is there."""
        found = await self.desk.run(works.check_in, self.desk.signed_in, self.record_id)
        self._took(found, self.desk.t("work.checked_in"))

    def _took(self, found: WorkView | None, told: str) -> None:
        if found is None:
            return
        self.view = found
        self.leave()
        self.desk.tell(told)
        self.desk.changed()


def state_chip(desk: Desk, card: WorkCard) -> ft.Control:
    """The state of a work in its colour."""
    kind = cast("Any", _KINDS.get(card.state, "plain"))
    return parts.chip(desk.tokens, desk.t.of(card.state_words), kind, key=f"state-{card.state}")


@ft.component
def WorkScreen() -> ft.Control:
    """The work of the route `/works/:id`."""
    record_id = ft.use_route_params().get("id", "")
    return cast("Any", WorkBody)(record_id, key=f"work-{record_id}")


@ft.component
def WorkBody(record_id: str) -> ft.Control:
    """Everything about one work, the steps at the foot."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: WorkModel(desk, record_id))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    ft.use_effect(model.tick, [], cleanup=model.rest)
    view = model.view
    title = (view.card.title or view.card.code) if view else t("place.permits")
    detail = f"{view.card.code} · {t.of(view.kind)}" if view else ""
    head = parts_work.page_head(tokens, title, detail, on_back=desk.back, back_label=t("page.back"))
    if view is None:
        text = t("work.gone" if model.gone else "list.loading")
        icon = ft.Icons.SEARCH_OFF if model.gone else ft.Icons.HOURGLASS_EMPTY
        return parts_work.page(tokens, head, [parts.empty_state(tokens, icon, text)])
    if model.step is not None:
        body, footer = _asking(model, desk, t.of(model.step.words), model.do)
    elif model.cell:
        body, footer = _measuring(model, desk)
    else:
        body, footer = _body(model, view, desk), _footer(model, view, desk)
    return parts_work.one_column(desk, parts_work.page(tokens, head, body, footer))


def _asking(
    model: WorkModel, desk: Desk, label: str, do: Callable[[], Any]
) -> tuple[list[ft.Control], list[ft.Control]]:
    tokens, t = desk.tokens, desk.t
    field = parts.text_field(
        tokens, desk, t("work.note"), model.note, model.write,
        key="work-note", lines=3, limit=works.NOTE_MAX, autofocus=True,
    )  # fmt: skip
    return [field], _pair(model, desk, label, do, ready=bool(model.note.strip()))


def _measuring(model: WorkModel, desk: Desk) -> tuple[list[ft.Control], list[ft.Control]]:
    tokens, t = desk.tokens, desk.t
    field = parts.text_field(
        tokens, desk, t(f"work.cell.{model.cell}"), model.value, model.type_value,
        key="work-value", limit=12, autofocus=True,
    )  # fmt: skip
    now = t("work.sampled_now")
    rows = [field, parts.words(now, tokens, size=tokens.small, color=tokens.ink2)]
    ready = bool(model.value.strip())
    return rows, _pair(model, desk, t("work.keep_value"), model.keep_value, ready=ready)


def _pair(
    model: WorkModel, desk: Desk, label: str, do: Callable[[], Any], *, ready: bool
) -> list[ft.Control]:
    tokens = desk.tokens
    cancel = desk.t("page.cancel")
    return [
        parts.quiet_button(tokens, cancel, key="work-cancel", on_click=model.leave),
        parts.primary_button(
            tokens, label, key="work-do", on_click=do, disabled=model.busy or not ready,
            expand=True,
        ),
    ]  # fmt: skip


def _body(model: WorkModel, view: WorkView, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    now = desk.field.clock.now_ms()
    rows: list[ft.Control] = _end(desk, view)
    if view.conflict_ids:
        first = view.conflict_ids[0]
        way = parts.Action(
            t("conflict.open"), lambda: desk.go(f"/conflict/{first}"), key="open-conflict"
        )
        rows.append(
            parts.note(tokens, "stop", t("conflict.on_record"), action=way, key="has-conflict")
        )
    if not view.trusted:
        rows.append(
            parts.note(
                tokens, "mind", t("time.uncalibrated"), detail=t("remedy.time.untrusted"),
                icon=ft.Icons.MORE_TIME, key="time-unknown",
            )
        )  # fmt: skip
    facts = [(t("work.state"), t.of(view.card.state_words))]
    if view.place:
        facts.append((t("work.place"), t.of(view.place)))
    if view.card.expires_ms is not None:
        left = view.card.expires_ms - now
        key = "work.valid_left" if left > 0 else "work.valid_over"
        span = t.span(max(_MINUTE_MS, abs(left)))
        ends = t("work.until", time=t.moment(view.card.expires_ms, now))
        known = t(key, span=span) if view.trusted else t("work.valid_unknown")
        facts.append((t("work.validity"), f"{ends} · {known}"))
    facts += [(t(f"work.role.{role}"), t.of(name)) for role, name in view.people]
    rows += [_hold(desk, one) for one in view.holds]
    rows.append(parts.facts_card(tokens, facts))
    rows.append(_measured(model, view, desk))
    there = [(t.of(name), t.moment(at, now)) for name, at in view.check_ins]
    if there:
        rows.append(parts.section(tokens, t("work.check_ins"), [parts.facts_card(tokens, there)]))
    rows.append(parts.section(tokens, t("work.history"), [_line(desk, one) for one in view.lines]))
    return rows


def _end(desk: Desk, view: WorkView) -> list[ft.Control]:
    """A work that is over says so before all else, and one that ends soon how long it has."""
    card = view.card
    end, left = card.expires_ms, ends_in_ms(desk, card)
    if not view.trusted or end is None or left is None or left > work_ends.warn_ms(desk.field):
        return []
    ending = work_ends.Ending(card.record_id, card.code, "", end, left < 0)
    return [end_note(desk, ending, key="work-end")]


def ends_in_ms(desk: Desk, card: WorkCard) -> int | None:
    """Return how long a running or expired work has, below 0 after its end; None for others."""
    if card.expires_ms is None or card.state not in _RUNS:
        return None
    return card.expires_ms - desk.field.clock.now_ms()


def _hold(desk: Desk, one: HoldCard) -> ft.Control:
    t = desk.t
    by = t("work.hold.by", person=t.of(one.by), time=t.moment(one.at_ms))
    told = t("list.said", who=by, said=t("work.hold.mine" if one.mine else "work.hold.theirs"))
    return parts.note(
        desk.tokens, "stop", t(f"work.hold.{one.kind}"), detail=told,
        icon=ft.Icons.PAUSE_CIRCLE, key=f"hold-{one.kind}",
    )  # fmt: skip


def _measured(model: WorkModel, view: WorkView, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t

    def row(one: Reading) -> ft.Control:
        sampled = t("work.unmeasured")
        if one.sampled_ms:
            sampled = t("work.sampled", time=t.moment(one.sampled_ms))
        chips = []
        if one.blocked is not None and one.may:
            chips = [parts.chip(tokens, t("time.uncalibrated"), "mind", ft.Icons.LOCK_CLOCK)]
        tap = (lambda: model.measure(one)) if one.may else None
        value = one.value or "—"
        return parts.row_card(
            tokens, t("list.pair", what=t(f"work.cell.{one.cell}"), said=value), sampled,
            key=f"measure-{one.cell}", icon=ft.Icons.AIR, chips=chips, on_click=tap,
        )  # fmt: skip

    return parts.section(tokens, t("work.measured"), [row(one) for one in view.readings])


def _line(desk: Desk, one: Line) -> ft.Control:
    t, tokens = desk.t, desk.tokens
    facts = [t.of(one.person), t.moment(one.at_ms)]
    if one.note:
        facts.append(f"“{one.note}”")
    chips: list[ft.Control] = []
    if one.corrected:
        text = t("time.corrected", time=t.moment(one.device_ms), s=_seconds(one.unc_ms))
        chips.append(parts.chip(tokens, text, "mind", ft.Icons.HISTORY_TOGGLE_OFF))
    elif one.unc_ms is None:
        chips.append(parts.chip(tokens, t("time.uncalibrated"), "mind", ft.Icons.MORE_TIME))
    if one.verdict in {"refused", "quarantined"}:
        chips.append(parts.chip(tokens, t("work.line.refused"), "stop", ft.Icons.BLOCK))
    elif one.code in {"duplicate", "duplicate_signature"}:
        chips.append(parts.chip(tokens, t("work.line.duplicate"), "plain", ft.Icons.COPY_ALL))
    elif one.verdict == "conflict":
        chips.append(parts.chip(tokens, t("work.line.beside"), "mind", ft.Icons.CALL_SPLIT))
    return parts.row_card(
        tokens, _said(desk, one), " · ".join(facts), key=f"line-{one.at_ms}-{one.device_ms}",
        chips=chips, lines=2, arrow=None,
    )  # fmt: skip


def _said(desk: Desk, one: Line) -> str:
    """Word what an entry did: what was measured, who came, or the step taken."""
    t = desk.t
    if one.readings:
        pairs = (
            t("list.pair", what=t(f"work.cell.{cell}"), said=value) for cell, value in one.readings
        )
        return t.listed(pairs)
    return t("work.check_ins") if one.arrived else t.of(one.words)


def _seconds(unc_ms: int | None) -> int:
    return max(1, -(-(unc_ms or 0) // 1000))


def _footer(model: WorkModel, view: WorkView, desk: Desk) -> list[ft.Control]:
    """The steps, what stops something first; one that time forbids has a lock, and says why."""
    tokens, t = desk.tokens, desk.t

    def button(step: Step) -> ft.Control:
        async def tap() -> None:
            await model.begin(step)

        stops = step.action in _PLAIN
        key = f"step-{step.action}-{step.target}"
        label = t.of(step.words)
        if stops or step.blocked is not None:
            icon = ft.Icons.LOCK_CLOCK if step.blocked is not None else ft.Icons.PAN_TOOL
            return parts.quiet_button(
                tokens, label, key=key, icon=icon, on_click=tap, disabled=model.busy,
                expand=True, kind="stop" if stops else "plain",
            )  # fmt: skip
        return parts.primary_button(
            tokens, label, key=key, on_click=tap, disabled=model.busy, expand=True
        )

    shown = [button(step) for step in view.steps if step.target != "void"]
    if view.may_check_in and view.card.state in {"approved", "started", "suspended", "expired"}:
        shown.append(
            parts.quiet_button(
                tokens, t("work.check_in"), key="check-in", icon=ft.Icons.HOW_TO_REG,
                on_click=model.check_in, expand=True,
            )
        )  # fmt: skip
    return shown
