"""What the server holds in quarantine: the list, and a page for each to release or refuse it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import quarantine
from app.use_cases.quarantine import ItemCard, QuarantineCard
from domain.errors import FieldError
from domain.quarantine import HELD, LET, NEVER, NOTE_MAX, REFUSED
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_value

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
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: QuarantinesModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    head = parts_work.page_head(
        tokens, t("admin.section.quarantine"), t("quarantine.detail"),
        on_back=desk.back, back_label=t("page.back"),
    )  # fmt: skip
    if model.refused is not None:
        return parts_work.page(tokens, head, [parts.refusal(tokens, t, model.refused)])
    if model.cards is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, head, [wait])
    body = [_row(desk, card) for card in model.cards]
    if not body:
        body = [parts.empty_state(tokens, ft.Icons.CHECK, t("quarantine.none"))]
    return parts_work.one_column(desk, parts_work.page(tokens, head, body))


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
    busy: bool = False

    async def load(self) -> None:
        """Read it."""
        desk = self.desk
        found = await desk.run(quarantine.card, desk.signed_in, self.record_id)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.card = found or self.card

    def write(self, note: str) -> None:
        """Keep the reason as typed."""
        self.note = note

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
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: QuarantineModel(desk, record_id))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    card = model.card
    head = parts_work.page_head(
        tokens, card.name if card else t("admin.section.quarantine"),
        t("quarantine.count", n=card.count) if card else "",
        on_back=desk.back, back_label=t("page.back"),
    )  # fmt: skip
    if model.refused is not None:
        return parts_work.page(tokens, head, [parts.refusal(tokens, t, model.refused)])
    if card is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, head, [wait])
    whole = parts_work.page(tokens, head, _body(model, card, desk), _footer(model, card, desk))
    return parts_work.one_column(desk, whole)


def _body(model: QuarantineModel, card: QuarantineCard, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    facts = [
        (t("quarantine.device"), f"{card.name} ({card.device})"),
        (t("quarantine.numbers"), t("quarantine.range", first=card.first, last=card.last)),
        (t("quarantine.received"), t.moment(card.at_ms)),
    ]
    rows: list[ft.Control] = [
        parts.note(
            tokens, "mind", t(f"quarantine.why.{card.why}.short"),
            detail=t(f"quarantine.why.{card.why}"), key="why",
        ),
        parts.facts_card(tokens, facts),
        parts.section(
            tokens, t("quarantine.items"), [_item(desk, card, one) for one in card.items]
        ),
    ]  # fmt: skip
    if card.count > len(card.items):
        left = t("quarantine.more", n=card.count - len(card.items))
        rows.append(parts.words(left, tokens, size=tokens.small, color=tokens.ink2))
    if card.may_release or card.may_refuse:
        rows.append(
            parts.text_field(
                tokens, desk, t("admin.reason.needed"), model.note, model.write,
                key="reason", lines=3, limit=NOTE_MAX,
            )
        )  # fmt: skip
    if card.state != HELD:
        rows.append(_settled(desk, card))
    return rows


def _item(desk: Desk, card: QuarantineCard, one: ItemCard) -> ft.Control:
    t, item = desk.t, one.item
    kind = t.texts.get(f"outbox.kind.{item.type}", item.type)
    said = f"{t('quarantine.claimed', person=t.of(one.person), time=t.moment(item.at))}"
    barred = bool(one.barred) and card.state == LET
    chips = [parts.chip(desk.tokens, t("quarantine.barred"), "stop")] if barred else []
    return parts.row_card(
        desk.tokens,
        f"{item.number} · {kind}" + (f": {item.words}" if item.words else ""),
        said,
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
        said.append(t("quarantine.let_in", n=card.let_in, total=card.count))
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
