"""What the server holds in quarantine: the list, and a page for each to release or refuse it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import local_times, quarantine
from app.use_cases.quarantine import ItemCard, QuarantineCard
from domain.errors import FieldError
from domain.quarantine import HELD, LET, NEVER, NOTE_MAX, REFUSED, REVOKED
from screens import parts
from screens.admin_frame import framed
from screens.context import Desk, use_desk, use_value

PAGE = 20  # entries drawn at once
_KINDS = {HELD: "mind", LET: "good", REFUSED: "stop"}


@dataclass(eq=False)
class QuarantinesModel(ft.Observable):
    """All quarantines."""

    desk: Desk
    cards: tuple[QuarantineCard, ...] | None = None
    refused: FieldError | None = None

    async def load(self) -> None:
        """Read them."""
        desk = self.desk
        found = await desk.run(quarantine.cards, desk.signed_in)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.cards = tuple(found or ())


@ft.component
def AdminQuarantine() -> ft.Control:
    """One card for each quarantine, those that wait first."""
    desk = use_desk()
    t = desk.t
    model, _ = use_value(lambda: QuarantinesModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    return framed(
        desk,
        t("admin.section.quarantine"),
        t("quarantine.detail"),
        model.refused,
        None if model.cards is None else lambda: _rows(model, desk),
    )


@dataclass(eq=False)
class WaitingModel(ft.Observable):
    """What is held and waits for this person."""

    desk: Desk
    cards: tuple[QuarantineCard, ...] = ()

    async def load(self) -> None:
        """Read it."""
        found = await self.desk.run(quarantine.waiting, self.desk.signed_in)
        if found is not None:
            self.cards = tuple(found)


@ft.component
def QuarantineNotice() -> ft.Control:
    """On the first screen: how many held records wait for this person, and the way to them."""
    desk = use_desk()
    t = desk.t
    model, _ = use_value(lambda: WaitingModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    if not model.cards:
        return ft.Container(visible=False)
    first = model.cards[0]
    route = f"/admin/quarantine/{first.record_id}" if len(model.cards) == 1 else "/admin/quarantine"
    return parts.row_card(
        desk.tokens,
        t("quarantine.notice", n=sum(card.count for card in model.cards)),
        " · ".join((first.name, t(f"quarantine.why.{first.why}.short"))),
        key="held",
        icon=ft.Icons.FRONT_HAND,
        kind="mind",
        lines=2,
        on_click=lambda: desk.go(route),
    )


def _rows(model: QuarantinesModel, desk: Desk) -> list[ft.Control]:
    body = [_row(desk, card) for card in model.cards or ()]
    return body or [parts.empty_state(desk.tokens, ft.Icons.CHECK, desk.t("quarantine.none"))]


def _row(desk: Desk, card: QuarantineCard) -> ft.Control:
    t, now = desk.t, desk.field.clock.now_ms()
    facts = [
        t("quarantine.count", n=card.count),
        t(f"quarantine.why.{card.why}.short"),
        t.moment(card.at_ms, now),
    ]
    return parts.row_card(
        desk.tokens,
        card.name,
        " · ".join(facts),
        key=f"quarantine-{card.record_id}",
        icon=ft.Icons.FRONT_HAND,
        chips=[_chip(desk, card)],
        lines=2,
        on_click=_opening(desk, card),
    )


def _chip(desk: Desk, card: QuarantineCard) -> ft.Control:
    state = card.state if card.state == HELD or card.done else f"{card.state}.waiting"
    kind = cast("Any", _KINDS.get(card.state, "plain"))
    return parts.chip(desk.tokens, desk.t(f"quarantine.state.{state}"), kind)


def _opening(desk: Desk, card: QuarantineCard) -> Callable[[], None]:
    return lambda: desk.go(f"/admin/quarantine/{card.record_id}")


@dataclass(eq=False)
class QuarantineModel(ft.Observable):
    """One quarantine, and the reason being written."""

    desk: Desk
    record_id: str
    card: QuarantineCard | None = None
    refused: FieldError | None = None
    note: str = ""
    when: str = ""
    shown: int = PAGE
    busy: bool = False

    async def load(self) -> None:
        """Read it."""
        desk = self.desk
        found = await desk.run(quarantine.card, desk.signed_in, self.record_id)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.card = found or self.card
        if not self.when and found and found.lost_ms is not None:
            self.when = local_times.text(desk.field, found.lost_ms)

    def write(self, note: str) -> None:
        """Keep the reason as typed."""
        self.note = note

    def more(self) -> None:
        """Draw the next entries."""
        self.shown += PAGE

    async def release_before(self) -> None:
        """Let in what was written before the time that stands there, whichever card it is on."""
        card, desk = self.card, self.desk
        if card is None or self.busy or not self.note.strip():
            return
        self.busy = True
        at_ms = await desk.run(local_times.read, self.when)
        if at_ms is not None:
            done = await desk.run(
                quarantine.release_before, desk.signed_in, card.device, at_ms, self.note
            )
            if done is not None:
                desk.tell(desk.t("admin.done.waiting"))
                desk.changed()
        self.busy = False

    async def release(self) -> None:
        """Let the entries count."""
        await self._settle(LET)

    async def refuse(self) -> None:
        """Turn the entries down for good."""
        await self._settle(REFUSED)

    async def _settle(self, state: str) -> None:
        if self.busy or not self.note.strip():
            return
        self.busy, desk = True, self.desk
        found = await desk.run(quarantine.settle, desk.signed_in, self.record_id, state, self.note)
        self.busy = False
        if found is not None:
            self.card = found
            desk.tell(desk.t("admin.done.waiting"))
            desk.changed()


@ft.component
def QuarantineScreen() -> ft.Control:
    """The quarantine of the route `/admin/quarantine/:id`."""
    record_id = ft.use_route_params().get("id", "")
    return cast("Any", QuarantineBody)(record_id, key=f"quarantine-{record_id}")


@ft.component
def QuarantineBody(record_id: str) -> ft.Control:
    """What came, from where, why it does not count; and the two ways to settle it."""
    desk = use_desk()
    t = desk.t
    model, _ = use_value(lambda: QuarantineModel(desk, record_id))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    card = model.card
    return framed(
        desk,
        card.name if card else t("admin.section.quarantine"),
        t("quarantine.count", n=card.count) if card else "",
        model.refused,
        None if card is None else lambda: _body(model, card, desk),
        _footer(model, card, desk) if card else [],
    )


def _body(model: QuarantineModel, card: QuarantineCard, desk: Desk) -> list[ft.Control]:
    """Why, then the reason to write and what it does, then all that came: above the fold first."""
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = [
        parts.note(
            tokens, "mind", t(f"quarantine.why.{card.why}.short"),
            detail=t(f"quarantine.why.{card.why}"), key="why",
        ),
    ]  # fmt: skip
    if card.may_release or card.may_refuse:
        rows.append(
            parts.text_field(
                tokens, desk, t("admin.reason.needed"), model.note, model.write,
                key="reason", lines=2, limit=NOTE_MAX,
            )
        )  # fmt: skip
    if card.own and card.may_release:
        own = parts.note(tokens, "mind", t("quarantine.own"), icon=ft.Icons.PERSON, key="own")
        rows.append(own)
    if card.may_release and card.why == REVOKED:
        rows += _by_time(model, card, desk)
    if card.state != HELD:
        rows.append(_settled(desk, card))
    rows.append(parts.facts_card(tokens, _facts(desk, card)))
    if not card.items:  # nobody can read them: there is nothing to list
        return rows
    shown = card.items[: model.shown]
    title = t("quarantine.items")
    if card.count > len(shown):
        title = t("quarantine.items.some", n=len(shown), total=card.count)
    rows.append(parts.section(tokens, title, [_item(desk, card, one) for one in shown]))
    left = len(card.items) - len(shown)
    if left > 0:
        more = t("list.more", n=left)
        rows.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    elif card.count > len(card.items):
        hidden = t("quarantine.more", n=card.count - len(card.items))
        rows.append(parts.words(hidden, tokens, size=tokens.small, color=tokens.ink2))
    return rows


def _facts(desk: Desk, card: QuarantineCard) -> list[tuple[str, str]]:
    t = desk.t
    one = card.first == card.last
    key = "quarantine.range.one" if one else "quarantine.range"
    numbers = t(key, first=card.first, last=card.last)
    facts = [
        (t("quarantine.device"), f"{card.name} · {card.device}"),
        (t("quarantine.numbers"), numbers),
        (t("quarantine.received"), t.moment(card.at_ms)),
    ]
    if card.lost_ms is not None:
        facts.append((t("admin.devices.lost_at"), t.moment(card.lost_ms)))
    return facts


def _by_time(model: QuarantineModel, card: QuarantineCard, desk: Desk) -> list[ft.Control]:
    """Release what was written before a time, on all open cards of the device at once."""
    tokens, t = desk.tokens, desk.t
    before = parts.quiet_button(
        tokens, t("quarantine.release.before", time=model.when), key="release-before",
        icon=ft.Icons.HISTORY, on_click=model.release_before,
        disabled=model.busy or not model.note.strip(), kind="primary",
    )  # fmt: skip
    return [
        parts.text_field(
            tokens, desk, t("quarantine.before"), model.when,
            lambda text: setattr(model, "when", text), key="before", icon=ft.Icons.SCHEDULE,
            limit=20,
        ),
        before,
        parts.words(
            t("quarantine.before.detail", n=card.before, total=card.count), tokens,
            size=tokens.small, color=tokens.ink2,
        ),
    ]  # fmt: skip


def _item(desk: Desk, card: QuarantineCard, one: ItemCard) -> ft.Control:
    t, item = desk.t, one.item
    kind = t.texts.get(f"outbox.kind.{item.type}", item.type)
    claimed = t("quarantine.claimed", person=t.of(one.person), time=t.moment(item.at))
    title = f"{item.number} · {kind}"
    barred = bool(one.barred) and card.state == LET
    chips = [parts.chip(desk.tokens, t("quarantine.barred"), "stop")] if barred else []
    return parts.row_card(
        desk.tokens,
        t("list.pair", what=title, said=one.said) if one.said else title,
        claimed,
        key=f"item-{item.number}",
        chips=chips,
        lines=2,
        arrow=None,
    )


def _settled(desk: Desk, card: QuarantineCard) -> ft.Control:
    t = desk.t
    by = t("gaps.settled.by", person=card.settled_by, time=t.moment(card.settled_ms or 0))
    said = [card.note]
    if not card.done:
        said.append(t("quarantine.pending"))
    elif card.state == LET:
        key = "quarantine.let_in.all" if card.let_in == card.count else "quarantine.let_in"
        said.append(t(key, n=card.let_in, total=card.count))
    state = t(f"quarantine.state.{card.state}")
    kind = "good" if card.state == LET else "stop"
    return parts.note(
        desk.tokens, kind, f"{state} · {by}", detail="\n".join(said), key=f"settled-{card.state}"
    )


def _footer(model: QuarantineModel, card: QuarantineCard, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    idle = model.busy or not model.note.strip()
    footer: list[ft.Control] = []
    if card.may_refuse:
        known = card.why in NEVER
        footer.append(
            parts.quiet_button(
                tokens, t("quarantine.seen" if known else "quarantine.refuse"), key="refuse",
                icon=ft.Icons.BLOCK, on_click=model.refuse, disabled=idle, expand=True,
                kind="stop",
            )
        )  # fmt: skip
    if card.may_release:
        footer.append(
            parts.primary_button(
                tokens, t("quarantine.release"), key="release", icon=ft.Icons.CHECK,
                on_click=model.release, disabled=idle, expand=True,
            )
        )  # fmt: skip
    return footer
