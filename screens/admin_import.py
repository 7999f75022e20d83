"""Taking a list over: choose a file, look at what would happen, mend or go on, then write."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import flet as ft

from app.use_cases import imports
from app.use_cases.imports import ImportPlan, ImportProblem
from domain.errors import FieldError, ListTooLargeError
from media.sheets import FILE_MAX, MIB
from screens import admin_words, parts, parts_evidence, parts_work
from screens.context import Desk, use_desk, use_value

SHOWN_MAX = 50  # problems drawn at once
MISSING_SHOWN = 20  # rows named that the file does not have; the others are counted
COUNTED = ("new", "changed", "unchanged", "bad")


@dataclass(eq=False)
class ImportModel(ft.Observable):
    """One list on its way in."""

    desk: Desk
    table: str
    plan: ImportPlan | None = None
    refused: FieldError | None = None
    busy: bool = False
    shown: int = SHOWN_MAX

    async def read(self, name: str, data: bytes) -> None:
        """Look at a file; nothing is written."""
        desk = self.desk
        self.plan, self.refused, self.busy, self.shown = None, None, True, SHOWN_MAX
        self.plan = await desk.run(imports.preview, desk.signed_in, self.table, name, data)
        if self.plan is None:
            self.refused, desk.notice = desk.notice, None
        self.busy = False

    def refuse(self, error: FieldError) -> None:
        """Show why a file was not even read."""
        self.plan, self.refused = None, error

    async def take(self) -> None:
        """Write the good rows, and go back to the table."""
        desk, plan = self.desk, self.plan
        if plan is None or self.busy:
            return
        self.busy = True
        count = await desk.run(imports.take, desk.signed_in, plan, only_good=bool(plan.problems))
        self.busy = False
        if count is not None:
            desk.changed()
            desk.back()
            desk.tell(desk.t("admin.import.done", n=count))

    def more(self) -> None:
        """Draw the next problems."""
        self.shown += SHOWN_MAX

    async def template(self, picker: ft.FilePicker) -> None:
        """Hand out a list to fill in."""
        desk = self.desk
        data = await desk.run(imports.template, desk.signed_in, self.table, desk.language)
        if data is not None:
            await picker.save_file(file_name=f"{self.table}.csv", src_bytes=data)


@ft.component
def AdminImport() -> ft.Control:
    """The list of the route `/admin/import/:table`."""
    table = ft.use_route_params().get("table", "")
    return cast("Any", ImportBody)(table, key=f"import-{table}")


@ft.component
def ImportBody(table: str) -> ft.Control:
    """What to choose, what was found, and the way on."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ImportModel(desk, table))
    action = ft.use_memo(lambda: _picking(model), [])
    saver = ft.use_memo(ft.FilePicker, [])
    head = parts_work.page_head(
        tokens,
        t("admin.import"),
        t(f"admin.section.{table}") if table in imports.LISTS else "",
        on_back=desk.back,
        back_label=t("page.back"),
    )
    if table not in imports.lists_for(desk.field, desk.signed_in):
        none = parts.empty_state(
            tokens, ft.Icons.LOCK_OUTLINE, t("admin.no_right"), detail=t("admin.no_right.how")
        )
        return parts_work.page(tokens, head, [none])
    plan = model.plan
    body: list[ft.Control] = [_how(desk, table)] if plan is None else _found(model, desk, plan)
    if model.refused is not None:
        body.insert(0, parts.refusal(tokens, t, model.refused, key="list-refused"))
    if model.busy:
        body.insert(0, ft.ProgressBar(semantics_label=t("list.loading")))

    async def template() -> None:
        await model.template(saver)

    body.append(
        parts.text_button(
            tokens, t("admin.import.template"), key="template", icon=ft.Icons.DOWNLOAD,
            on_click=template,
        )
    )  # fmt: skip
    choose = parts_evidence.pick_button(
        tokens, t("admin.import.choose" if plan is None else "admin.import.other"),
        key="choose-file", action=action, strong=plan is None, expand=True,
    )  # fmt: skip
    cast("Any", choose).icon = ft.Icons.UPLOAD_FILE
    footer = [choose]
    if plan is not None and plan.to_write:
        word = "admin.import.take_good" if plan.problems else "admin.import.take"
        footer.append(
            parts.primary_button(
                tokens, t(word, n=len(plan.to_write)), key="take", icon=ft.Icons.CHECK,
                on_click=model.take, disabled=model.busy, expand=True,
            )
        )  # fmt: skip
    return parts_work.one_column(desk, parts_work.page(tokens, head, body, footer))


def _picking(model: ImportModel) -> ft.PickFiles:
    """Return what opens the file picker inside the tap, as browsers demand."""

    async def picked(event: ft.FilePickerResultEvent) -> None:
        if not event.files:
            return
        file = event.files[0]
        if file.size > FILE_MAX:
            model.refuse(ListTooLargeError(limit=f"{FILE_MAX // MIB} MB"))
            return
        data = cast("bytes | None", file.bytes)
        if data is None and file.path is not None and not ft.context.page.web:
            data = Path(file.path).read_bytes()
        if data is not None:
            await model.read(file.name, data)

    return ft.PickFiles(
        ft.FilePicker(on_result=picked),
        file_type=ft.FilePickerFileType.CUSTOM,
        allowed_extensions=["xlsx", "csv", "txt"],
        with_data=True,
        cancel_upload_on_window_blur=False,
    )


def _how(desk: Desk, table: str) -> ft.Control:
    t = desk.t
    columns = ", ".join(admin_words.column_name(desk, name) for name in imports.LISTS[table])
    return parts.note(
        desk.tokens, "primary", t("admin.import.how"),
        detail=t("admin.import.columns", columns=columns), icon=ft.Icons.TABLE_VIEW, key="how",
    )  # fmt: skip


def _found(model: ImportModel, desk: Desk, plan: ImportPlan) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    facts = [(t(f"admin.import.{word}"), str(plan.count(word))) for word in COUNTED]
    second = sum(row.proposed for row in plan.to_write)
    if second:
        facts.append((t("admin.import.second"), str(second)))
    facts.append((t("admin.import.missing"), str(len(plan.missing))))
    counts: list[ft.Control] = [
        ft.Container(
            key=f"count-{at}",
            width=150,
            content=_figure(desk, label, number),
        )
        for at, (label, number) in enumerate(facts)
    ]
    body: list[ft.Control] = [
        parts.words(plan.name, tokens, strong=True),
        ft.Row(spacing=8, run_spacing=8, wrap=True, controls=counts),
    ]
    if plan.problems:
        rows = [_problem(desk, one, at) for at, one in enumerate(plan.problems[: model.shown])]
        body.append(parts.section(tokens, t("admin.import.problems", n=len(plan.problems)), rows))
        if len(plan.problems) > model.shown:
            more = t("list.more", n=len(plan.problems) - model.shown)
            body.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    elif not plan.to_write:
        body.append(parts.note(tokens, "good", t("admin.import.nothing"), key="nothing"))
    else:
        body.append(parts.note(tokens, "good", t("admin.import.clean"), key="clean"))
    if plan.missing:
        body.append(
            parts.note(
                tokens, "plain", t("admin.import.missing.kept"),
                detail=_missing(desk, plan), key="missing",
            )
        )  # fmt: skip
    return body


def _missing(desk: Desk, plan: ImportPlan) -> str:
    """Return the first rows that the file does not have, people by name, and how many follow."""
    people = desk.field.definitions.plant.people
    shown = [
        f"{key} {desk.t.of(people[key].name)}" if plan.table == "people" and key in people else key
        for key in plan.missing[:MISSING_SHOWN]
    ]
    said = ", ".join(shown)
    rest = len(plan.missing) - len(shown)
    return f"{said} {desk.t('admin.import.missing.more', n=rest)}" if rest else said


def _figure(desk: Desk, label: str, number: str) -> ft.Control:
    tokens = desk.tokens
    inside: list[ft.Control] = [
        parts.words(number, tokens, size=tokens.title, strong=True),
        parts.words(label, tokens, size=tokens.small, color=tokens.ink2),
    ]
    return parts.card(tokens, ft.Column(spacing=0, controls=inside))


def _problem(desk: Desk, one: ImportProblem, at: int) -> ft.Control:
    what, mend = admin_words.problem(desk, one.code, one.value)
    column = admin_words.column_name(desk, one.column)
    where = desk.t("admin.import.where", row=one.number, column=column)
    return parts.row_card(
        desk.tokens, f"{where} {what}", mend, key=f"problem-{at}", kind="stop", lines=3
    )
