"""What the product told this person: reminders, escalations, answers; a tap opens its subject."""

from dataclasses import dataclass

import flet as ft

from app.translate import Translator
from app.use_cases import notices
from app.use_cases.notices import NOTHING, Inbox, NoticeCard
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_value
from screens.parts import Kind, words

PAGE = 50  # rows drawn at once
APART_MS = 60_000  # the clocks differ if people would see it
MANY = 99
ICONS: dict[str, ft.IconData] = {
    "reminder": ft.Icons.ALARM,
    "escalation": ft.Icons.TRENDING_UP,
    "copy": ft.Icons.FILE_COPY,
    "answer": ft.Icons.MARK_CHAT_READ,
    "gap": ft.Icons.NO_PHOTOGRAPHY,
    "security": ft.Icons.GPP_BAD,
}
KINDS: dict[str, Kind] = {
    "escalation": "stop",
    "security": "stop",
    "reminder": "mind",
    "gap": "mind",
}


@dataclass(eq=False)
class NoticesModel(ft.Observable):
    """The inbox of the person signed in."""

    desk: Desk
    inbox: Inbox | None = None
    shown: int = PAGE

    async def load(self) -> None:
        """Read it as this device knows it."""
        found = await self.desk.run(notices.inbox, self.desk.signed_in)
        if found is not None:
            self.inbox = found

    async def open(self, card: NoticeCard) -> None:
        """Note that it was seen, and open what it is about."""
        desk = self.desk
        if not card.seen:
            await desk.run(notices.mark_seen, desk.signed_in, card.notice_id)
            desk.changed()
        if card.opens is not None:
            desk.go(f"/{card.place}/{card.opens}")
        elif card.about_type == "task":
            desk.go("/")

    async def see_all(self) -> None:
        """Note that all were seen."""
        await self.desk.run(notices.mark_seen, self.desk.signed_in)
        self.desk.changed()

    def more(self) -> None:
        """Draw the next rows."""
        self.shown += PAGE


@dataclass(eq=False)
class BellModel(ft.Observable):
    """How many notices are new."""

    desk: Desk
    unread: int = 0

    async def load(self) -> None:
        """Count them."""
        found = await self.desk.run(notices.unread, self.desk.signed_in)
        if found is not None:
            self.unread = found

    def open(self) -> None:
        """Open the inbox."""
        self.desk.go("/notices")


@ft.component
def Bell() -> ft.Control:
    """The way to the inbox, with the number of new notices on it."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: BellModel(desk))
    ft.use_effect(model.load, [desk.version, desk.person], cleanup=lambda: None)
    new = model.unread
    icon = ft.Icons.NOTIFICATIONS_ACTIVE if new else ft.Icons.NOTIFICATIONS_NONE
    label = t("notices.bell", n=new) if new else t("notices.title")
    bell = parts.icon_button(tokens, icon, label, key="notices", on_click=model.open)
    if not new:
        return bell
    count = str(new) if new <= MANY else f"{MANY}+"
    mark = ft.Container(
        key="unread",
        right=2,
        top=2,
        padding=ft.Padding.symmetric(horizontal=6, vertical=1),
        border_radius=theme.CARD_RADIUS,
        bgcolor=tokens.stop,
        content=words(count, tokens, size=tokens.small, color=tokens.surface, strong=True),
    )
    return ft.Stack(width=theme.TARGET, height=theme.TARGET, controls=[bell, mark])


@ft.component
def Notices() -> ft.Control:
    """The inbox: latest first, new ones with an edge."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: NoticesModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    use_keys()
    found = model.inbox
    as_of = found.as_of_ms if found else None
    now_ms = desk.field.clock.now_ms()
    detail = t("notices.as_of", time=t.moment(as_of, now_ms)) if as_of else t("status.no_data")
    head = parts_work.page_head(
        tokens, t("notices.title"), detail, on_back=desk.back, back_label=t("page.back")
    )
    footer: list[ft.Control] = []
    if found and found.unread:
        label = t("notices.see_all", n=found.unread)
        footer.append(
            parts.quiet_button(
                tokens,
                label,
                key="see-all",
                icon=ft.Icons.DONE_ALL,
                on_click=model.see_all,
                expand=True,
            )
        )
    return parts_work.page(tokens, head, _rows(model, desk), footer)


def _rows(model: NoticesModel, desk: Desk) -> list[ft.Control]:
    tokens, t, found = desk.tokens, desk.t, model.inbox
    if found is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    if not found.cards:
        none, detail = t("notices.none"), t("notices.none.detail")
        return [parts.empty_state(tokens, ft.Icons.NOTIFICATIONS_NONE, none, detail=detail)]
    rows = [_row(model, desk, card) for card in found.cards[: model.shown]]
    left = len(found.cards) - model.shown
    if left > 0:
        more = t("list.more", n=left)
        rows.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    return rows


def _row(model: NoticesModel, desk: Desk, card: NoticeCard) -> ft.Control:
    """One notice: its sentence, the note of who decided, and when."""
    tokens, t = desk.tokens, desk.t
    look = parts.colours(tokens, KINDS.get(card.rule, "primary"))
    now_ms = desk.field.clock.now_ms()
    lines: list[ft.Control] = [
        words(sentence(t, card, now_ms), tokens, size=tokens.strong, strong=not card.seen)
    ]
    if card.note:
        lines.append(words(t("notices.note", note=card.note), tokens, size=tokens.body))
    lines.append(words(times(desk, card), tokens, size=tokens.small, color=tokens.ink2))
    row: list[ft.Control] = [
        ft.Icon(ICONS.get(card.rule, ft.Icons.INFO), size=28, color=look.ink),
        ft.Column(spacing=4, expand=True, controls=lines),
    ]
    leads = card.opens is not None or card.about_type == "task"
    if leads:
        row.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=26, color=tokens.ink))

    async def open_it() -> None:
        await model.open(card)

    return parts.card(
        tokens,
        ft.Row(spacing=theme.GAP_WIDE, controls=row),
        key=f"notice-{card.notice_id}",
        on_click=open_it if leads or not card.seen else None,
        kind=None if card.seen else KINDS.get(card.rule, "primary"),
        edge=True,
    )


def sentence(t: Translator, card: NoticeCard, now_ms: int) -> str:
    """Return what a notice says, in plain words."""
    shown = {
        name: t.moment(value, now_ms) if isinstance(value, int) and name.endswith("_ms") else value
        for name, value in card.params.items()
    }
    if shown.get("place") == NOTHING:  # a report may be sent before anybody knows where it is
        shown["place"] = t("hazard.place.unknown")
    return t(card.key, **shown)


def times(desk: Desk, card: NoticeCard) -> str:
    """Return when it was told and to whom, and both clocks where they are apart.

    A time that the sentence or this line has said already is not said again.
    """
    t, now_ms = desk.t, desk.field.clock.now_ms()
    told = t.moment(card.told_ms, now_ms)
    facts = [told]
    if card.level is not None:
        facts.append(t("notices.level", level=card.level))
    if card.counted_ms - card.captured_ms > APART_MS:
        said = {told}
        if isinstance(since_ms := card.params.get("since_ms"), int):
            said.add(t.moment(since_ms, now_ms))
        for clock, at_ms in (("captured", card.captured_ms), ("counted", card.counted_ms)):
            if (time := t.moment(at_ms, now_ms)) not in said:
                facts.append(t(f"notices.{clock}", time=time))
    return " · ".join(facts)
