"""The outbox: item by item what the server has, what waits, what it refused and why."""

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from app import media_choice
from app.translate import Translator
from app.use_cases import enrolment, outbox
from app.use_cases.outbox import Bundle, OutboxItem, OutboxView
from domain.errors import OfflineError
from screens import outbox_link, parts, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_link, use_value
from screens.parts import Action
from screens.parts_clip import size_text
from screens.relay_rows import relay_rows
from screens.sending import SendingModel, sending_bar
from screens.theme import Tokens

PAGE = 60  # rows drawn at once
NO_BREAK = "\N{NON-BREAKING HYPHEN}"
FOR_GOOD = ("blob.damaged", "blob.removed")  # sending the file again cannot help
INDENT = ft.Padding.only(left=24)  # files below their photo
ICONS = {
    "received": ft.Icons.CHECK_CIRCLE_OUTLINE,
    "sending": ft.Icons.ARROW_CIRCLE_UP,
    "waiting": ft.Icons.WATCH_LATER,
    "refused": ft.Icons.ERROR,
}


@dataclass(eq=False)
class OutboxModel(SendingModel):
    """What waits on this device, and the two things to do about it."""

    view: OutboxView | None = None
    left: int = 0  # of the time before this device joined anew
    choice: media_choice.Choice | None = None
    shown: int = PAGE
    turned: frozenset[str] = frozenset()  # photos that stand otherwise than at first

    async def load(self) -> None:
        """Read the outbox; a device that no server has taken yet has none."""
        if self.desk.field.engine is None:
            return
        found = await self.desk.run(outbox.view)
        if found is not None:
            self.view, self.choice = found, await self.desk.run(media_choice.choice)
        self.left = await self.desk.run(enrolment.left_behind) or 0

    async def originals_now(self, now: bool) -> None:
        """Send originals over any link, or let them wait for a better one."""
        await self.desk.run(media_choice.send_originals_now, now=now)
        await self.load()

    async def limit(self, kbit_s: int) -> None:
        """Choose how much of the link photos and clips may take."""
        await self.desk.run(media_choice.limit, kbit_s)
        await self.load()

    async def retry(self, item: OutboxItem) -> None:
        """Queue a refused file again."""
        await self.desk.run(outbox.retry, item.item_id)
        self.desk.tell(self.desk.t("outbox.retried"))
        self.desk.changed()
        await self.load()

    def more(self) -> None:
        """Draw the next rows."""
        self.shown += PAGE

    def is_unfolded(self, line: Bundle) -> bool:
        """Say whether the files of a photo are shown: on a tap, or when one was refused."""
        return (line.state == "refused") != (line.first.item_id in self.turned)

    def fold(self, item_id: str) -> None:
        """Show the files of a photo, or hide them."""
        self.turned = self.turned ^ {item_id}

    @property
    def exports(self) -> bool:
        """Whether there is anything to hand over as a file."""
        here = self.view is not None and bool(self.view.waiting or self.view.refused)
        return here or bool(self.left) or self.desk.field.key_trouble is not None

    def item(self, item_id: str) -> OutboxItem | None:
        """Return one item; None once it is no longer listed."""
        items = self.view.items if self.view else ()
        return next((item for item in items if item.item_id == item_id), None)


@ft.component
def Outbox() -> ft.Control:
    """The list with progress on top, export and send at the bottom."""
    desk, link = use_desk(), use_link()
    model, _ = use_value(lambda: OutboxModel(desk))
    picker = ft.use_memo(ft.FilePicker, [])
    ft.use_effect(model.load, [desk.version, link.waiting, link.status], cleanup=lambda: None)
    use_keys(enter=model.send)
    tokens, t = desk.tokens, desk.t

    head = parts_work.page_head(
        tokens,
        t("outbox.title"),
        t("outbox.order"),
        on_back=desk.back,
        back_label=t("do.back"),
    )
    sends = desk.field.engine is not None
    footer = sending_bar(model, picker, exports=model.exports, sends=sends)
    whole = parts_work.page(tokens, head, _rows(model, desk), footer)
    return parts_work.one_column(desk, whole)


def _rows(model: OutboxModel, desk: Desk) -> list[ft.Control]:
    tokens, t, view = desk.tokens, desk.t, model.view
    rows: list[ft.Control] = []
    status = desk.status
    if status and status.phase == "sending":
        rows.append(parts.progress_line(tokens, t("outbox.sending"), status.done, status.total))
    if desk.field.key_trouble:
        join = Action(t("enrol.again"), lambda: desk.go("/enrol"), "enrol-again")
        trouble = desk.field.key_trouble
        rows.append(parts.refusal(tokens, t, trouble, action=join, key="key-trouble"))
    if model.left:
        text = t("outbox.left_behind", n=model.left)
        detail = t("outbox.left_behind.detail")
        rows.append(parts.note(tokens, "plain", text, detail=detail, key="left-behind"))
    if status and status.error:
        # No network is no fault of anybody: grey, with what happens to the data meanwhile.
        if type(status.error) is OfflineError:  # who answers in its place is said below
            rows.append(
                parts.note(
                    tokens,
                    "plain",
                    t("outbox.offline"),
                    detail=t("outbox.offline.detail"),
                    icon=ft.Icons.CLOUD_OFF,
                )
            )
        else:
            rows.append(parts.refusal(tokens, t, status.error, key="sync-error"))
    if view is None:
        rows.append(parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading")))
        return rows
    if view.refused:
        rows.append(
            parts.note(
                tokens,
                "mind",
                t("outbox.refused", n=view.refused),
                detail=t("outbox.refused.detail"),
                key="refused",
            )
        )
    rows.extend(outbox_link.forecast(desk, view, model.choice, model.originals_now))
    if not view.items:
        rows.append(
            parts.empty_state(
                tokens, ft.Icons.CLOUD_DONE, t("outbox.none"), detail=t("outbox.none.detail")
            )
        )
    rows += relay_rows(desk, waiting=view.passes_on)
    rows += _counted(desk, view)
    lines = outbox.bundles(view.items)
    for line in lines[: model.shown]:
        rows.extend(_lines(model, desk, line))
    left = len(lines) - model.shown
    if left > 0:
        more = t("list.more", n=left)
        rows.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    rows.extend(outbox_link.limits(desk, model.choice, model.limit))
    return rows


def _counted(desk: Desk, view: OutboxView) -> list[ft.Control]:
    """What the number at the top counts: a photo is one row here and several files."""
    counts = {"n": view.waiting, "entries": view.entries, "files": view.files}
    return [_small(desk, desk.t("outbox.counted", **counts))] if view.files else []


def _lines(model: OutboxModel, desk: Desk, line: Bundle) -> list[ft.Control]:
    """A record in one line; a photo in one line too, unfolded on a tap into its files."""
    if len(line.items) == 1:
        return [_row(desk, line.first)]
    tokens, t, first = desk.tokens, desk.t, line.first
    unfolded = model.is_unfolded(line)

    def fold() -> None:
        model.fold(first.item_id)

    files = t("outbox.files", n=len(line.items) - 1, size=size_text(t, line.size))
    row = parts.row_card(
        tokens,
        photo_title(t, first),
        f"{line_text(t, line)} · {files}",
        key=f"photo-{first.item_id}",
        icon=ICONS[line.state],
        icon_color=_state_colour(tokens, line.state),
        on_click=fold,
        lines=2,
        tail=_at(desk, first),
        arrow=ft.Icons.EXPAND_LESS if unfolded else ft.Icons.EXPAND_MORE,
    )
    if not unfolded:
        return [row]
    inside = [ft.Container(_row(desk, item), padding=INDENT) for item in line.items]
    return [row, *inside]


def photo_title(t: Translator, item: OutboxItem) -> str:
    """Return what a photo shows, and of which record."""
    shot = t(f"shot.{item.shot}.short") if item.shot else ""
    what = t("outbox.clip" if item.is_clip else "outbox.photo")
    return " · ".join(part for part in (what, shot, item.code) if part)


def line_text(t: Translator, line: Bundle) -> str:
    """Return where a photo with its files stands; a file that was refused before all else."""
    if line.state == "refused":
        return next(state_text(t, item) for item in line.items if item.state == "refused")
    if line.awaited or line.held:
        return queued_text(t, line.sent, line.size, awaited=line.awaited)
    if line.state == "sending" and line.size:
        return t("outbox.state.part", share=line.sent * 100 // line.size)
    return t(f"outbox.state.{line.state}")


def _row(desk: Desk, item: OutboxItem) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    sized = item.size if item.kind in outbox.PHOTO_KINDS and item.state != "received" else 0
    return parts.row_card(
        tokens,
        item_title(t, item),
        state_text(t, item),
        key=f"item-{item.item_id}",
        icon=ICONS[item.state],
        icon_color=_state_colour(tokens, item.state),
        tail=_small(desk, size_text(t, sized)) if sized else _at(desk, item),
        on_click=_opening(desk, item.item_id),
        lines=3,
    )


def _at(desk: Desk, item: OutboxItem) -> ft.Control:
    """When the server received it, else when it was made."""
    return _small(desk, desk.t.moment(item.at_ms, desk.field.clock.now_ms()))


def _small(desk: Desk, text: str) -> ft.Control:
    return parts.words(text, desk.tokens, size=desk.tokens.small, color=desk.tokens.ink2)


def _opening(desk: Desk, item_id: str) -> Callable[[], None]:
    return lambda: desk.go(f"/outbox/{item_id}")


def _state_colour(tokens: Tokens, state: str) -> str:
    return {
        "received": tokens.good,
        "sending": tokens.primary,
        "refused": tokens.stop,
    }.get(state, tokens.ink2)


def item_title(t: Translator, item: OutboxItem) -> str:
    """Return what an item is: its kind or the step done, its code, its own words."""
    kind = t.of(item.action) if item.action else t(f"outbox.kind.{item.kind}")
    facts = (kind, item.code, t.of(item.title))
    return " ".join(fact for fact in facts if fact)


def state_text(t: Translator, item: OutboxItem) -> str:
    """Return where an item stands: on the way how far, received with which receipt, refused why."""
    if item.state == "received":
        if item.receipt:
            return t("outbox.state.receipt", receipt=receipt_text(item.receipt))
        return t("outbox.no_receipt")
    if item.state == "refused":
        return t("outbox.state.refused", reason=reason_text(t, item.reason))
    if item.awaited or item.held:
        return queued_text(t, item.sent or 0, item.size or 0, awaited=item.awaited)
    if item.reason:
        return t("outbox.state.trouble", reason=reason_text(t, item.reason))
    if item.size and item.sent:
        return t("outbox.state.part", share=item.sent * 100 // item.size)
    return t(f"outbox.state.{item.state}")


def receipt_text(receipt: str) -> str:
    """Return a receipt that no line breaks in the middle."""
    return receipt.replace("-", NO_BREAK)


def queued_text(t: Translator, sent: int, size: int, *, awaited: bool) -> str:
    """Return where a file stands for which others wait, or which waits for a better link."""
    key = "outbox.state.awaited" if awaited else "outbox.state.held"
    return t(f"{key}.part", share=sent * 100 // size) if sent and size else t(key)


def reason_text(t: Translator, reason: str | None) -> str:
    """Word the code of a refusal; a code of a newer server is shown as it is."""
    key = f"outbox.reason.{reason}"
    return t(key) if key in t.texts else t("outbox.reason.other", code=reason or "")


def remedy_text(t: Translator, reason: str | None) -> str:
    """Return what to do about a refusal: what is said of its code, else what always helps."""
    key = f"outbox.do.{reason}"
    return t(key if key in t.texts else "outbox.refused.detail")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


@ft.component
def OutboxDetail() -> ft.Control:
    """One item: where it stands, why it was refused, and what to do."""
    desk, link = use_desk(), use_link()
    model, _ = use_value(lambda: OutboxModel(desk))
    item_id = ft.use_route_params().get("id", "")
    picker = ft.use_memo(ft.FilePicker, [])
    ft.use_effect(model.load, [desk.version, link.waiting, link.status], cleanup=lambda: None)
    use_keys()
    tokens, t = desk.tokens, desk.t

    item = model.item(item_id)
    title = item_title(t, item) if item else t("outbox.title")
    head = parts_work.page_head(tokens, title, on_back=desk.back, back_label=t("do.back"))
    if item is None:
        key = "list.loading" if model.view is None else "outbox.gone"
        return parts_work.page(
            tokens, head, [parts.empty_state(tokens, ft.Icons.CLOUD_DONE, t(key))]
        )
    footer = sending_bar(model, picker, exports=model.exports, sends=item.state != "received")
    whole = parts_work.page(tokens, head, _facts(model, desk, item), footer)
    return parts_work.one_column(desk, whole)


def _facts(model: OutboxModel, desk: Desk, item: OutboxItem) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = []
    if item.state == "refused":
        rows.append(
            parts.note(
                tokens,
                "stop",
                _sentence(reason_text(t, item.reason)),
                detail=remedy_text(t, item.reason),
                icon=ft.Icons.BLOCK,
                key="why",
                action=_retrying(model, desk, item),
            )
        )
    facts = [
        (t("outbox.fact.state"), state_text(t, item)),
    ]
    for key, at_ms in (("made", item.made_ms), ("received", item.received_ms)):
        if at_ms:
            facts.append((t(f"outbox.fact.{key}"), t.moment(at_ms)))
    if item.size:
        facts.append((t("outbox.fact.size"), size_text(t, item.size)))
    if item.state == "received":
        receipt = receipt_text(item.receipt) if item.receipt else t("outbox.fact.receipt.none")
        facts.append((t("outbox.fact.receipt"), receipt))
    rows.append(parts.facts_card(tokens, facts))
    if item.opens:
        rows.append(
            parts.quiet_button(
                tokens, t("outbox.open"), key="open-record", icon=ft.Icons.OPEN_IN_NEW,
                on_click=lambda: desk.go(item.opens), height=theme.TARGET,
            )
        )  # fmt: skip
    if item.state in ("waiting", "sending"):
        rows.append(parts.note(tokens, "plain", t("outbox.kept"), icon=ft.Icons.SAVE, key="kept"))
    return rows


def _retrying(model: OutboxModel, desk: Desk, item: OutboxItem) -> parts.Action | None:
    """Offer to send a refused file again; a refused entry is done again, not sent again."""
    if item.kind not in outbox.PHOTO_KINDS or item.reason in FOR_GOOD:
        return None

    async def retry() -> None:
        await model.retry(item)

    return parts.Action(desk.t("outbox.retry"), retry, "retry")
