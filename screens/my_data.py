"""My data: what is stored about me, where and until when; consent; asking for removal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import my_data
from app.use_cases.my_data import MediaItem, MyData, PurposeView, Request
from domain.privacy import NOTE_MAX
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_value

STATE_KIND: dict[str, parts.Kind] = {"removed": "good", "asked": "mind", "approved": "mind"}
SHOWN = 40  # media drawn at once
Act = Callable[[], Awaitable[None]]


@dataclass(eq=False)
class MyDataModel(ft.Observable):
    """What is shown, and the words of a decision as written."""

    desk: Desk
    view: MyData | None = None
    note: str = ""
    busy: bool = False
    shown: int = SHOWN

    async def load(self) -> None:
        """Read it."""
        found = await self.desk.run(my_data.view, self.desk.signed_in)
        if found is not None:
            self.view = found

    def write(self, note: str) -> None:
        """Keep the reason as typed."""
        self.note = note

    def more(self) -> None:
        """Draw the next media."""
        self.shown += SHOWN

    async def declare(self, purpose: str, *, given: bool) -> None:
        """Give or withdraw consent."""
        desk = self.desk
        await desk.run(my_data.declare, desk.signed_in, purpose, given=given)
        desk.changed()

    async def ask(self, item: MediaItem) -> None:
        """Ask for a removal."""
        desk = self.desk
        before = desk.notice
        await desk.run(my_data.ask, desk.signed_in, item.evidence_id, self.note)
        if desk.notice is before:
            desk.tell(desk.t("mydata.asked"))
        desk.changed()

    async def decide(self, request: Request, *, remove: bool) -> None:
        """Settle a request."""
        desk = self.desk
        before = desk.notice
        await desk.run(my_data.decide, desk.signed_in, request.record_id, self.note, remove=remove)
        if desk.notice is before:
            self.note = ""
            desk.tell(desk.t("mydata.decided"))
        desk.changed()

    async def export(self, picker: ft.FilePicker) -> None:
        """Hand out a table of all of it."""
        if self.busy:
            return
        self.busy, desk = True, self.desk
        data = await desk.run(my_data.export, desk.signed_in)
        if data is not None:
            await picker.save_file(file_name="anshao-my-data.csv", src_bytes=data)
            desk.tell(desk.t("mydata.exported"))
        self.busy = False


@ft.component
def MyDataScreen() -> ft.Control:
    """The route `/my-data`."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: MyDataModel(desk))
    picker = ft.use_memo(ft.FilePicker, [])
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    use_keys(escape=desk.back)
    head = parts_work.page_head(
        tokens, t("mydata.title"), t("mydata.detail"), on_back=desk.back, back_label=t("page.back")
    )

    async def export() -> None:
        await model.export(picker)

    footer: list[ft.Control] = [
        parts.quiet_button(
            tokens, t("mydata.export"), key="export", icon=ft.Icons.SAVE_ALT, on_click=export,
            disabled=model.busy or model.view is None, expand=True,
        )
    ]  # fmt: skip
    view = model.view
    if view is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, head, [wait])
    whole = parts_work.page(tokens, head, _rows(model, view, desk), footer)
    return parts_work.one_column(desk, whole)


def _rows(model: MyDataModel, view: MyData, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = []
    if view.requests:
        inside: list[ft.Control] = [
            parts.text_field(
                tokens, desk, t("mydata.reason"), model.note, model.write, key="reason", lines=2,
                limit=NOTE_MAX,
            )
        ]  # fmt: skip
        for one in view.requests:
            inside += _request(model, one, desk)
        rows.append(parts.section(tokens, t("mydata.requests", n=len(view.requests)), inside))
    media = [_media(model, one, desk) for one in view.media[: model.shown]]
    if len(view.media) > model.shown:
        more = t("list.more", n=len(view.media) - model.shown)
        media.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    if not media:
        media = [parts.note(tokens, "good", t("mydata.media.none"), key="no-media")]
    rows.append(parts.section(tokens, t("mydata.media"), media))
    asked = [_purpose(model, one, desk) for one in view.purposes]
    rows.append(parts.section(tokens, t("mydata.consent"), asked))
    facts = [(t(f"mydata.account.{name}"), value) for name, value in view.account]
    rows.append(parts.section(tokens, t("mydata.account"), [parts.facts_card(tokens, facts)]))
    written = [
        (t.texts.get(f"outbox.kind.{type}", type), str(number)) for type, number in view.written
    ]
    written.append((t("mydata.positions"), str(view.positions)))
    rows.append(
        parts.section(
            tokens, t("mydata.written"),
            [
                parts.facts_card(tokens, written),
                parts.note(tokens, "plain", t("mydata.where"), detail=t("mydata.where.detail")),
            ],
        )
    )  # fmt: skip
    return rows


def _media(model: MyDataModel, item: MediaItem, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    open_ = t("mydata.until.open", n=item.keep_days)
    until = t.moment(item.until_ms) if item.until_ms else open_
    said = t(f"mydata.state.{item.state}", until=until)
    if item.state == "removed" and item.removed_ms:
        why = t(f"mydata.why.{item.why}")
        said = t("mydata.removed", time=t.moment(item.removed_ms), why=why)
    where = t("mydata.here" if item.here else "mydata.not_here")

    async def ask() -> None:
        await model.ask(item)

    row = parts.row_card(
        tokens, " ".join(part for part in (t.of(item.kind), item.code) if part),
        f"{t.moment(item.taken_ms)} · {t.of(item.person)} · {where}",
        key=f"media-{item.evidence_id}", icon=ft.Icons.PERSON, lines=2,
        chips=[parts.chip(tokens, said, STATE_KIND.get(item.state, "plain"))],
    )  # fmt: skip
    if item.state not in ("kept", "declined"):
        return row
    button = parts.quiet_button(
        tokens, t("mydata.ask"), key=f"ask-{item.evidence_id}", icon=ft.Icons.DELETE_OUTLINE,
        on_click=ask, height=theme.TARGET,
    )  # fmt: skip
    return ft.Column(
        spacing=theme.GAP,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[row, button],
    )


def _purpose(model: MyDataModel, one: PurposeView, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    said = "none" if one.given is None else "given" if one.given else "withdrawn"

    async def turn() -> None:
        await model.declare(one.purpose.code, given=one.given is not True)

    words = t("mydata.withdraw" if one.given else "mydata.give")
    return parts.note(
        tokens,
        "good" if one.given else "plain",
        t("list.pair", what=one.purpose.name, said=t(f"mydata.consent.{said}")),
        detail=f"{t.of(one.purpose.need)}\n{t('mydata.instead', words=t.of(one.purpose.instead))}",
        icon=ft.Icons.CHECK_CIRCLE if one.given else ft.Icons.PRIVACY_TIP,
        action=parts.Action(words, turn, f"consent-{one.purpose.code}"),
        key=f"purpose-{one.purpose.code}",
    )


def _request(model: MyDataModel, one: Request, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t

    async def remove() -> None:
        await model.decide(one, remove=True)

    async def keep() -> None:
        await model.decide(one, remove=False)

    asked = t("mydata.asked.by", person=t.of(one.asked_by), time=t.moment(one.asked_ms))
    row = parts.row_card(
        tokens, " ".join(part for part in (t.of(one.item.kind), one.item.code) if part),
        t("list.said", who=asked, said=one.note) if one.note else asked,
        key=f"request-{one.record_id}", icon=ft.Icons.DELETE_OUTLINE, lines=3,
    )  # fmt: skip
    buttons = ft.Row(
        spacing=theme.GAP,
        controls=[
            parts.quiet_button(
                tokens, t("mydata.decline"), key=f"decline-{one.record_id}", on_click=keep,
                expand=True, height=theme.TARGET, disabled=not model.note.strip(),
            ),
            parts.quiet_button(
                tokens, t("mydata.remove"), key=f"remove-{one.record_id}", kind="stop",
                on_click=remove, expand=True, height=theme.TARGET,
            ),
        ],
    )  # fmt: skip
    return [row, buttons]
