"""The first screen: two big actions, progress, what waits for me, then tasks, overdue first."""

from dataclasses import dataclass

import flet as ft

from app.translate import Translator
from app.use_cases import inspections, scan, tasks, upkeep
from app.use_cases.hazards import WAITING_MAX
from app.use_cases.task_cards import RouteStop, TaskCard
from app.use_cases.tasks import Today
from screens import parts, parts_work, theme
from screens.admin_quarantine import QuarantineNotice
from screens.conflict import ConflictNotice
from screens.context import (
    TABS,
    Desk,
    use_desk,
    use_drawn,
    use_here,
    use_keys,
    use_link,
    use_rows,
    use_value,
)
from screens.hazard_row import hazard_row
from screens.hazards import report_hazard, search_button
from screens.kinds import KIND_ICONS
from screens.notices import Bell
from screens.storage import StorageNotice
from screens.theme import Tokens

PLACE = TABS[0]
MINUTE_MS = 60_000


@dataclass(eq=False)
class TodayModel(ft.Observable):
    """What the person has to do now."""

    desk: Desk
    plan: Today | None = None
    now_ms: int = 0  # when it was read: what is late, and how much time is left

    async def load(self) -> None:
        """Read tasks and waiting hazards; the last position decides what is nearest."""
        found = await self.desk.run(tasks.today, self.desk.signed_in, self.desk.fix)
        if found is not None:
            self.now_ms = self.desk.field.clock.now_ms() // MINUTE_MS * MINUTE_MS
            if found != self.plan:
                self.plan = found

    def scan(self) -> None:
        """Open the scanner."""
        self.desk.go("/scan")

    async def report(self) -> None:
        """Begin a hazard report."""
        await report_hazard(self.desk)

    async def open(self, card: TaskCard) -> None:
        """Open the checklist or the maintenance of a task without its label; the page says so."""
        desk = self.desk
        if card.recheck:
            desk.go(f"/recheck/{card.record_id}")
            return
        if card.maintenance:
            draft = await desk.run(upkeep.open_upkeep, desk.signed_in, card.record_id)
            if draft is not None:
                desk.go(f"/upkeep/{draft.draft_id}")
            return
        scanned = await desk.run(scan.by_id, desk.signed_in, card.asset_id, desk.fix, via="list")
        if scanned is None:
            return
        sheet = await desk.run(
            inspections.open_sheet, desk.signed_in, scanned, desk.fix, card.record_id
        )
        if sheet is not None:
            desk.go(f"/sheet/{sheet.draft_id}")


@ft.component
def TodayScreen() -> ft.Control:
    """Home: one column on a phone; on a tablet the actions stay at the left."""
    desk, link = use_desk(), use_link()
    here = use_here(PLACE)
    model, _ = use_value(lambda: TodayModel(desk))

    async def load() -> None:
        if here or model.plan is None:
            await model.load()

    ft.use_effect(load, [desk.version, link.fix, here], cleanup=lambda: None)
    use_keys(enter=model.scan, escape=lambda: None, place=PLACE)
    plan = model.plan
    look = [model.now_ms, desk.look]
    worst = next((card for card in plan.cards if card.overdue), None) if plan else None
    hazards = use_rows(
        plan.hazards if plan else (),
        lambda card: card.record_id,
        lambda card: hazard_row(desk, card),
        look,
    )
    cards = use_rows(
        [(card, card is worst) for card in plan.cards] if plan else (),
        lambda row: row[0].record_id,
        lambda row: _task(model, desk, row[0], worst=row[1]),
        look,
    )
    return use_drawn(lambda: _whole(model, desk, hazards, cards), [plan, *look])


def _whole(
    model: TodayModel, desk: Desk, hazards: list[ft.Control], cards: list[ft.Control]
) -> ft.Control:
    tokens = desk.tokens
    actions = _actions(model, desk)
    waiting = [
        StorageNotice(),
        ConflictNotice(),
        QuarantineNotice(),
        *_waiting(model, desk, hazards),
    ]
    todo = _tasks(model, desk, cards)
    if desk.wide:
        left = parts_work.page(tokens, _head(model, desk), [actions, *waiting])
        tasks_in_view = [ft.Container(height=8), *todo]
        right = parts_work.page(tokens, None, tasks_in_view, key="tasks", lazy=True)
        return parts_work.two_columns(desk, left, right)
    return parts_work.page(tokens, _head(model, desk), [actions, *waiting, *todo], lazy=True)


def _head(model: TodayModel, desk: Desk) -> ft.Control:
    t, person = desk.t, desk.signed_in
    shift = model.plan.shift if model.plan else None
    title = t("today.title_shift", shift=shift) if shift else t("place.today")
    unit = desk.field.definitions.plant.units.get(person.unit)
    detail = " · ".join(fact for fact in (t.of(person.name), t.of(unit and unit.name)) if fact)
    icons = ft.Row(spacing=0, tight=True, controls=[search_button(desk), Bell()])
    return parts_work.page_head(desk.tokens, title, detail, action=icons)


def _actions(model: TodayModel, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    return ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            parts.big_action(
                tokens,
                t("today.scan"),
                key="scan",
                icon=ft.Icons.QR_CODE_SCANNER,
                on_click=model.scan,
                strong=True,
            ),
            parts.big_action(
                tokens,
                t("today.report"),
                key="report",
                icon=ft.Icons.REPORT,
                on_click=model.report,
            ),
        ],
    )


def _waiting(model: TodayModel, desk: Desk, rows: list[ft.Control]) -> list[ft.Control]:
    """Hazards that wait for a step of this person."""
    tokens, t = desk.tokens, desk.t
    plan = model.plan
    if plan is None or not plan.hazards:
        return []
    count = f"{plan.waiting}+" if plan.waiting == WAITING_MAX else plan.waiting
    if plan.waiting > len(plan.hazards):
        label = t("today.all_hazards", n=count)
        way = parts.quiet_button(
            tokens, label, key="all-hazards", on_click=lambda: desk.go("/hazards")
        )
        rows = [*rows, way]
    return [parts.section(tokens, t("today.for_you", n=count), rows)]


def _tasks(model: TodayModel, desk: Desk, cards: list[ft.Control]) -> list[ft.Control]:
    tokens, t, plan = desk.tokens, desk.t, model.plan
    if plan is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    if not plan.total and not plan.cards:
        if plan.hazards:
            return []
        return [
            parts.empty_state(
                tokens,
                ft.Icons.EVENT_AVAILABLE,
                t("today.none"),
                detail=t("today.none.detail"),
            )
        ]
    rows: list[ft.Control] = [parts.progress_line(tokens, t("today.done"), plan.done, plan.total)]
    if not plan.cards:
        rows.append(parts.note(tokens, "good", t("today.all_done"), icon=ft.Icons.TASK_ALT))
    return [*rows, *cards]


def _task(model: TodayModel, desk: Desk, card: TaskCard, *, worst: bool) -> ft.Control:
    """One task. Only the worst one is filled with red: a wall of red says nothing."""
    tokens, t = desk.tokens, desk.t
    chips: list[ft.Control] = []
    if card.open_findings:
        text = t("today.findings", n=card.open_findings)
        chips.append(parts.chip(tokens, text, "mind", ft.Icons.FLAG))
    if card.stop is not None:
        chips.append(_stop_chip(tokens, t, card.stop))
    if card.missed:
        text = t("today.missed", n=card.missed)
        chips.append(parts.chip(tokens, text, "mind", ft.Icons.HISTORY))
    if card.started:
        chips.append(parts.chip(tokens, t("today.started"), "primary", ft.Icons.EDIT))

    async def open_task() -> None:
        await model.open(card)

    return parts.row_card(
        tokens,
        f"{card.asset_id} {t('recheck.title') if card.recheck else t.of(card.form)}",
        _task_detail(t, card, model.now_ms),
        key=f"task-{card.record_id}",
        icon_color=tokens.stop if card.overdue and not worst else None,
        detail_color=tokens.stop if card.overdue and not worst else None,
        icon=_icon(card),
        chips=chips,
        on_click=open_task,
        kind="stop" if worst else None,
        lines=2,
    )


def _icon(card: TaskCard) -> ft.IconData:
    """Maintenance has its own icon; a checklist shows its equipment, or that it is late."""
    if card.maintenance:
        return ft.Icons.BUILD
    if card.recheck:
        return ft.Icons.FACT_CHECK
    return ft.Icons.ALARM if card.overdue else KIND_ICONS.get(card.kind, ft.Icons.CHECKLIST)


def _stop_chip(tokens: Tokens, t: Translator, stop: RouteStop) -> ft.Control:
    """Which stop of its route a task is; the next one stands out."""
    key = "today.stop.next" if stop.next else "today.stop"
    text = t(key, route=stop.name, number=stop.number, of=stop.of)
    return parts.chip(tokens, text, "primary" if stop.next else "plain", ft.Icons.ROUTE)


def _task_detail(t: Translator, card: TaskCard, now_ms: int) -> str:
    due = (
        t("today.overdue", span=t.span(now_ms - card.due_ms))
        if card.overdue
        else t("today.due", time=t.moment(card.due_ms, now_ms))
    )
    facts = [due, t.of(card.area)] if card.overdue else [t.of(card.area), due]
    if card.maintenance:
        facts.insert(0, t("today.maintenance"))
    if card.distance_m is not None:
        facts.append(t("today.distance", n=card.distance_m))
    return " · ".join(facts)
