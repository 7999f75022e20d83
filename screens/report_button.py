"""The button that makes a record's report as PDF and hands it out as the platform does."""

from dataclasses import dataclass

import flet as ft

from app.use_cases import papers
from screens import parts, theme
from screens.context import Desk, use_desk, use_value


@dataclass(eq=False)
class ReportModel(ft.Observable):
    """One record, and whether its report is being made."""

    desk: Desk
    record_id: str
    busy: bool = False

    async def make(self, picker: ft.FilePicker) -> None:
        """Make it in the language of this screen, and save it."""
        if self.busy:  # a second tap lands before the button is greyed out
            return
        self.busy, desk = True, self.desk
        made = await desk.run(papers.make, desk.signed_in, self.record_id, desk.t)
        if made is not None:
            await picker.save_file(file_name=made.name, src_bytes=made.data)
            desk.tell(desk.t("report.saved", name=made.name))
        self.busy = False


@ft.component
def ReportButton(record_id: str) -> ft.Control:
    """A quiet button; a bar while it works."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ReportModel(desk, record_id))
    picker = ft.use_memo(ft.FilePicker, [])

    async def make() -> None:
        await model.make(picker)

    button = parts.quiet_button(
        tokens,
        t("report.making" if model.busy else "report.make"),
        key="report-pdf",
        icon=ft.Icons.PICTURE_AS_PDF,
        on_click=make,
        disabled=model.busy,
        height=theme.TARGET,
    )
    return ft.Column(horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=[button])
