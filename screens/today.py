"""The first screen: two big actions, progress, what waits for me, then tasks, overdue first."""

from dataclasses import dataclass

import flet as ft

from app.translate import Translator
from app.use_cases import inspections, scan, tasks
from app.use_cases.tasks import TaskCard, Today
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_link, use_value
from screens.hazard_row import hazard_row
from screens.hazards import report_hazard
from screens.kinds import KIND_ICONS

HAZARDS_SHOWN = 3  # the rest is one tap away, so that the tasks stay in view


@dataclass(eq=False)
class TodayModel(ft.Observable):
    """What the person has to do now."""

    desk: Desk
    plan: Today | None = None

    async def load(self) -> None:
        """Read tasks and waiting hazards; the last position decides what is nearest."""
        found = await self.desk.run(tasks.today, self.desk.signed_in, self.desk.fix)
        if found is not None:
            self.plan = found

    def scan(self) -> None:
        """Open the scanner."""
        self.desk.go("/scan")

    async def report(self) -> None:
        """Begin a hazard report."""
        await report_hazard(self.desk)

    async def open(self, card: TaskCard) -> None:
        """Open the checklist of a task without its label; the sheet says so."""
        desk = self.desk
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
    model, _ = use_value(lambda: TodayModel(desk))
    ft.use_effect(model.load, [desk.version, link.fix], cleanup=lambda: None)
    use_keys(enter=model.scan, escape=lambda: None)
    tokens = desk.tokens
    actions = _actions(model, desk)
    waiting = _waiting(model, desk)
    todo = _tasks(model, desk)
    if desk.wide:
        left = parts_work.page(tokens, _head(model, desk), [actions, *waiting])
        right = parts_work.page(tokens, None, [ft.Container(height=8), *todo], key="tasks")
        return parts_work.two_columns(desk, left, right)
    return parts_work.page(tokens, _head(model, desk), [actions, *waiting, *todo])


def _head(model: TodayModel, desk: Desk) -> ft.Control:
    t, person = desk.t, desk.signed_in
    shift = model.plan.shift if model.plan else None
    title = t("today.title_shift", shift=shift) if shift else t("place.today")
    unit = desk.field.definitions.plant.units.get(person.unit)
    detail = " · ".join(fact for fact in (t.of(person.name), t.of(unit and unit.name)) if fact)
    return parts_work.page_head(desk.tokens, title, detail)


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


def _waiting(model: TodayModel, desk: Desk) -> list[ft.Control]:
    """Hazards that wait for a step of this person."""
    tokens, t = desk.tokens, desk.t
    cards = model.plan.hazards if model.plan else ()
    if not cards:
        return []
    rows: list[ft.Control] = [hazard_row(desk, card) for card in cards[:HAZARDS_SHOWN]]
    if len(cards) > HAZARDS_SHOWN:
        label = t("today.all_hazards", n=len(cards))
        rows.append(
            parts.quiet_button(
                tokens, label, key="all-hazards", on_click=lambda: desk.go("/hazards")
            )
        )
    return [parts.section(tokens, t("today.for_you", n=len(cards)), rows)]


def _tasks(model: TodayModel, desk: Desk) -> list[ft.Control]:
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
    worst = next((card for card in plan.cards if card.overdue), None)
    rows.extend(_task(model, desk, card, worst=card is worst) for card in plan.cards)
    return rows


def _task(model: TodayModel, desk: Desk, card: TaskCard, *, worst: bool) -> ft.Control:
    """One task. Only the worst one is filled with red: a wall of red says nothing."""
    tokens, t = desk.tokens, desk.t
    chips: list[ft.Control] = []
    if card.open_findings:
        text = t("today.findings", n=card.open_findings)
        chips.append(parts.chip(tokens, text, "mind", ft.Icons.FLAG))
    if card.started:
        chips.append(parts.chip(tokens, t("today.started"), "primary", ft.Icons.EDIT))

    async def open_task() -> None:
        await model.open(card)

    return parts.row_card(
        tokens,
        f"{card.asset_id} {t.of(card.form)}",
        _task_detail(t, card, desk.field.clock.now_ms()),
        key=f"task-{card.record_id}",
        icon_color=tokens.stop if card.overdue and not worst else None,
        detail_color=tokens.stop if card.overdue and not worst else None,
        icon=ft.Icons.ALARM if card.overdue else KIND_ICONS.get(card.kind, ft.Icons.CHECKLIST),
        chips=chips,
        on_click=open_task,
        kind="stop" if worst else None,
        lines=2,
    )


def _task_detail(t: Translator, card: TaskCard, now_ms: int) -> str:
    due = (
        t("today.overdue", span=t.span(now_ms - card.due_ms))
        if card.overdue
        else t("today.due", time=t.moment(card.due_ms, now_ms))
    )
    facts = [due, t.of(card.area)] if card.overdue else [t.of(card.area), due]
    if card.distance_m is not None:
        facts.append(t("today.distance", n=card.distance_m))
    return " · ".join(facts)
