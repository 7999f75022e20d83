"""Conflicts: two who did not know of each other. A list, and a page that shows both sides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import conflicts, settled
from app.use_cases.conflicts import END, KEPT, LIFT, NOTE_MAX, OTHER, ConflictCard, Side
from app.use_cases.settled import SettledCard
from domain.errors import FieldError
from domain.holds import STATE
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_value

_ICONS = {
    LIFT: ft.Icons.LOCK_OPEN,
    END: ft.Icons.CANCEL,
    KEPT: ft.Icons.CHECK,
    OTHER: ft.Icons.SWAP_HORIZ,
}


@dataclass(eq=False)
class ConflictsModel(ft.Observable):
    """The open conflicts that concern this person."""

    desk: Desk
    cards: tuple[ConflictCard, ...] | None = None

    async def load(self) -> None:
        """Read them."""
        found = await self.desk.run(conflicts.cards, self.desk.signed_in)
        if found is not None:
            self.cards = tuple(found)


@ft.component
def ConflictsScreen() -> ft.Control:
    """One row per conflict, latest first."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ConflictsModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    head = parts_work.page_head(
        tokens, t("conflict.list"), t("conflict.list.detail"),
        on_back=desk.back, back_label=t("page.back"),
    )  # fmt: skip
    if model.cards is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, head, [wait])
    rows = [_row(desk, card) for card in model.cards]
    if not rows:
        rows = [parts.empty_state(tokens, ft.Icons.CHECK, t("conflict.none"))]
    return parts_work.one_column(desk, parts_work.page(tokens, head, rows))


def _row(desk: Desk, card: ConflictCard) -> ft.Control:
    t = desk.t
    what = t("conflict.title.decision") if card.decides else _what(desk, card)
    sides = t("conflict.sides", a=t.of(card.kept.person), b=t.of(card.other.person))
    facts = [sides, t.moment(card.at_ms, desk.field.clock.now_ms())]
    chips = [parts.chip(desk.tokens, t("conflict.yours"), "mind")] if card.ways else []
    return parts.row_card(
        desk.tokens,
        f"{_title(desk, card)} · {what}",
        " · ".join(facts),
        key=f"conflict-{card.conflict_id}",
        icon=ft.Icons.CALL_SPLIT,
        chips=chips,
        lines=2,
        on_click=lambda: desk.go(f"/conflict/{card.conflict_id}"),
    )


@ft.component
def ConflictNotice() -> ft.Control:
    """On the first screen: how many conflicts wait, and the way to them; nothing without any."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ConflictsModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    if not model.cards:
        return ft.Container(visible=False)
    one = len(model.cards) == 1
    route = f"/conflict/{model.cards[0].conflict_id}" if one else "/conflicts"
    return parts.row_card(
        tokens,
        t("conflict.notice", n=len(model.cards)),
        _title(desk, model.cards[0]),
        key="conflicts",
        icon=ft.Icons.CALL_SPLIT,
        kind="stop",
        on_click=lambda: desk.go(route),
    )


@ft.component
def ConflictLine(record_id: str) -> ft.Control:
    """On the page of a record: that two disagree about it, and the way to both sides."""
    desk = use_desk()
    model, _ = use_value(lambda: ConflictsModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    card = next((one for one in model.cards or () if one.record_id == record_id), None)
    if card is None:
        return ft.Container(visible=False)
    t, here = desk.t, f"/conflict/{card.conflict_id}"
    way = parts.Action(t("conflict.open"), lambda: desk.go(here), "open-conflict")
    title = t("conflict.title.decision" if card.decides else "conflict.title.value")
    return parts.note(
        desk.tokens, "stop", title if card.decides else f"{title} · {_what(desk, card)}",
        icon=ft.Icons.CALL_SPLIT, action=way, key="has-conflict",
    )  # fmt: skip


@dataclass(eq=False)
class ConflictModel(ft.Observable):
    """One conflict, the way chosen to settle it, and the reason being written."""

    desk: Desk
    conflict_id: str
    card: ConflictCard | None = None
    settled: bool = False
    after: SettledCard | None = None  # what became of it
    refused: FieldError | None = None
    way: str = ""
    note: str = ""
    busy: bool = False

    async def load(self) -> None:
        """Read it; one that somebody settled meanwhile says so."""
        desk = self.desk
        before = desk.notice
        found = await desk.run(conflicts.card, desk.signed_in, self.conflict_id)
        if found is None and desk.notice is not before:
            self.refused, desk.notice = desk.notice, before
        else:
            self.settled = found is None
        self.card = found or self.card
        if self.settled:
            await self._look_back()

    async def _look_back(self) -> None:
        self.settled = True
        self.after = await self.desk.run(settled.card, self.desk.signed_in, self.conflict_id)

    def choose(self, way: str) -> None:
        """Ask for the reason of a way to settle."""
        self.way = way

    def write(self, note: str) -> None:
        """Keep the reason as typed."""
        self.note = note

    def leave(self) -> None:
        """Put the question away."""
        self.way, self.note = "", ""

    async def settle(self) -> None:
        """Settle it by the way chosen."""
        desk = self.desk
        if self.busy or not self.way or not self.note.strip():
            return
        self.busy = True
        try:
            await desk.in_thread(
                conflicts.settle, desk.signed_in, self.conflict_id, self.way, self.note
            )
        except FieldError as error:
            desk.refuse(error)
        else:
            await self._look_back()
            self.leave()
            desk.tell(desk.t("conflict.done"))
            desk.changed()
        finally:
            self.busy = False


@ft.component
def ConflictScreen() -> ft.Control:
    """The conflict of the route `/conflict/:id`."""
    conflict_id = ft.use_route_params().get("id", "")
    return cast("Any", ConflictBody)(conflict_id, key=f"conflict-{conflict_id}")


@ft.component
def ConflictBody(conflict_id: str) -> ft.Control:
    """What was decided, both sides, what both had seen, what comes next, and the ways to settle."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ConflictModel(desk, conflict_id))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    card = model.card
    number = t("conflict.number", n=conflict_id[:4].upper())
    about = card or model.after
    decides = about is None or about.field == STATE
    title = t("conflict.title.decision" if decides else "conflict.title.value")
    detail = f"{_title(desk, about)} · {number}" if about else number
    head = parts_work.page_head(tokens, title, detail, on_back=desk.back, back_label=t("page.back"))
    if model.refused is not None:
        return parts_work.page(tokens, head, [parts.refusal(tokens, t, model.refused)])
    if model.settled:
        body, footer = _after(desk, model.after)
        return parts_work.one_column(desk, parts_work.page(tokens, head, body, footer))
    if card is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, head, [wait])
    if model.way:
        body, footer = _asking(model, desk)
    else:
        body, footer = _body(desk, card), _footer(model, desk, card)
    return parts_work.one_column(desk, parts_work.page(tokens, head, body, footer))


def _after(desk: Desk, after: SettledCard | None) -> tuple[list[ft.Control], list[ft.Control]]:
    """What stands now, who settled it and when, and the way to the record."""
    tokens, t = desk.tokens, desk.t
    if after is None:
        return [parts.empty_state(tokens, ft.Icons.CHECK, t("conflict.settled"))], []
    stands = t("conflict.settled.stands", what=_what(desk, after), value=t.of(after.value))
    by = " · ".join((t.of(after.person), t.moment(after.at_ms)))
    rows: list[ft.Control] = [
        parts.note(tokens, "good", t("conflict.settled"), detail=stands, key="settled"),
        _told(desk, t("conflict.settled.by"), by, "settled-by"),
    ]
    if after.note:
        rows.append(_told(desk, t("conflict.note"), after.note, "settled-note"))
    return rows, _to_record(desk, after)


def _to_record(desk: Desk, card: ConflictCard | SettledCard) -> list[ft.Control]:
    if not card.work and card.type != "hazard":
        return []
    route = f"/works/{card.record_id}" if card.work else f"/hazard/{card.record_id}"
    return [
        parts.primary_button(
            desk.tokens, desk.t("conflict.record"), key="open-record", icon=ft.Icons.ARROW_FORWARD,
            on_click=lambda: desk.go(route), expand=True,
        )
    ]  # fmt: skip


def _title(desk: Desk, card: ConflictCard | SettledCard) -> str:
    kind = desk.t.texts.get(f"outbox.kind.{card.type}", "")
    return " ".join(part for part in (card.code, card.title or kind) if part)


def _what(desk: Desk, card: ConflictCard | SettledCard) -> str:
    texts, t = desk.t.texts, desk.t
    for key in (f"work.cell.{card.field}", f"proof.field.{card.field}"):
        if key in texts:
            return t(key)
    return card.field


def _body(desk: Desk, card: ConflictCard) -> list[ft.Control]:
    t = desk.t
    rows: list[ft.Control] = [_verdict(desk, card), *_own_side(desk, card)]
    rows += [_side(desk, card, card.kept, "kept"), _side(desk, card, card.other, "other")]
    base = t.of(card.base) if card.base else t("conflict.base.none")
    rows.append(_told(desk, t("conflict.base"), base, "base"))
    rows.append(_told(desk, t("conflict.next"), _next(desk, card), "next"))
    return rows


def _own_side(desk: Desk, card: ConflictCard) -> list[ft.Control]:
    """Say to who may settle it that one of the two sides is their own."""
    if not card.ways or not (card.kept.mine or card.other.mine):
        return []
    key = "conflict.own.both" if card.kept.mine and card.other.mine else "conflict.own"
    return [parts.note(desk.tokens, "mind", desk.t(key), icon=ft.Icons.PERSON, key="own-side")]


def _verdict(desk: Desk, card: ConflictCard) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    state = t.of(card.state) if card.state else ""
    if card.decides and card.work:
        key = "held" if card.holds else "safer"
        text = t(f"conflict.verdict.{key}", state=state)
        kind, icon = "stop", ft.Icons.PAUSE_CIRCLE
        detail = t("conflict.verdict.both")
    elif card.decides:
        text, detail = t("conflict.verdict.first", state=state), t("conflict.verdict.both")
        kind, icon = "mind", ft.Icons.LOW_PRIORITY
    else:
        text = t("conflict.verdict.value", value=t.of(card.kept.value))
        detail = t("conflict.verdict.asked", what=_what(desk, card))
        kind, icon = "mind", ft.Icons.QUESTION_MARK
    return parts.note(tokens, cast("Any", kind), text, detail=detail, icon=icon, key="verdict")


def _side(desk: Desk, card: ConflictCard, side: Side, which: str) -> ft.Control:
    """One side: what, when and where at the top, who, the words said, and the signature."""
    tokens, t = desk.tokens, desk.t
    stands = which == "kept"
    said = t.of(side.action) if side.action else t.of(side.value)
    safe = card.decides and card.work
    kind = ("stop" if stands else "good") if safe else ("good" if stands else "plain")
    icon = ft.Icons.CLOSE if stands is safe else ft.Icons.CHECK
    when = [t.moment(side.at_ms, desk.field.clock.now_ms()), side.device]
    if side.offline:
        when.append(t("conflict.offline"))
    told = " · ".join(part for part in when if part)
    top = ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            parts.chip(tokens, said, cast("Any", kind), icon),
            parts.words(told, tokens, size=tokens.small, color=tokens.ink2, expand=True),
        ],
    )
    who = t("conflict.me", person=t.of(side.person)) if side.mine else t.of(side.person)
    lines: list[ft.Control] = [top, parts.words(who, tokens, size=tokens.strong, strong=True)]
    if side.note:
        lines.append(parts.words(f"“{side.note}”", tokens))
    if card.decides and side.action:
        lines.append(parts.words(t("conflict.to", state=side.value), tokens, size=tokens.small))
    facts = [t("conflict.stands" if stands else "conflict.beside")]
    if side.signed:
        facts.append(t("conflict.signed"))
    if side.corrected:
        seconds = max(1, -(-(side.unc_ms or 0) // 1000))
        facts.append(t("time.corrected", time=t.moment(side.device_ms), s=seconds))
    elif side.unc_ms is None:
        facts.append(t("time.uncalibrated"))
    lines.append(parts.words(" · ".join(facts), tokens, size=tokens.small, color=tokens.ink2))
    return parts.card(tokens, ft.Column(spacing=6, controls=lines), key=f"side-{which}")


def _told(desk: Desk, label: str, text: str, key: str) -> ft.Control:
    tokens = desk.tokens
    lines: list[ft.Control] = [
        parts.words(label, tokens, size=tokens.small, color=tokens.ink2),
        parts.words(text, tokens),
    ]
    return parts.card(tokens, ft.Column(spacing=6, controls=lines), key=f"told-{key}")


def _next(desk: Desk, card: ConflictCard) -> str:
    t = desk.t
    if card.ways:
        ways = [t(f"conflict.way.{way}.detail") for way in card.ways]
        return "\n".join(ways)
    people = t.listed(t.of(one) for one in card.settlers) or t("conflict.somebody")
    return t("conflict.waits", people=people)


def _asking(model: ConflictModel, desk: Desk) -> tuple[list[ft.Control], list[ft.Control]]:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = [
        parts.note(tokens, "mind", t(f"conflict.way.{model.way}.detail"), key="way"),
        parts.text_field(
            tokens, desk, t("conflict.note"), model.note, model.write,
            key="conflict-note", lines=3, limit=NOTE_MAX, autofocus=True,
        ),
    ]  # fmt: skip
    rows += _own_side(desk, model.card) if model.card else []
    footer = [
        parts.quiet_button(tokens, t("page.cancel"), key="conflict-cancel", on_click=model.leave),
        parts.primary_button(
            tokens, t(f"conflict.way.{model.way}"), key="conflict-do", on_click=model.settle,
            disabled=model.busy or not model.note.strip(), expand=True,
        ),
    ]  # fmt: skip
    return rows, footer


def _footer(model: ConflictModel, desk: Desk, card: ConflictCard) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t

    def choosing(way: str) -> Callable[[], None]:
        return lambda: model.choose(way)

    shown: list[ft.Control] = []
    last = card.ways[-1] if card.ways else ""
    for way in card.ways:
        make = parts.primary_button if way == last and way != END else parts.quiet_button
        shown.append(
            make(
                tokens, t(f"conflict.way.{way}"), key=f"way-{way}", icon=_ICONS[way],
                on_click=choosing(way), expand=True,
            )
        )  # fmt: skip
    return shown or _to_record(desk, card)
