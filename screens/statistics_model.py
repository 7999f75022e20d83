"""State of the statistics: the question asked, its figures, and what is being explained."""

from dataclasses import dataclass, field, replace

import flet as ft

from app.use_cases import exports, gaps, statistics
from app.use_cases.exports import ExportFile, Format
from app.use_cases.gaps import GapView
from app.use_cases.statistics import Asked, StatisticsView
from screens.context import Desk


@dataclass(eq=False)
class StatisticsModel(ft.Observable):
    """One question and its answer."""

    desk: Desk
    asked: Asked = field(default_factory=Asked)
    view: StatisticsView | None = None
    gaps: tuple[GapView, ...] = ()
    explained: str = ""  # the key of the words in view
    whole: frozenset[str] = frozenset()  # groups of which everything is shown
    exporting: bool = False  # the ways to export are in view
    busy: bool = False

    def __post_init__(self) -> None:
        """Go on with what was asked last in this session."""
        self.asked, _ = statistics.asked_of(self.desk.backstage.asked)

    async def load(self) -> None:
        """Count anew."""
        asked = self.asked
        found = await self.desk.run(statistics.view, self.desk.signed_in, asked)
        if asked == self.asked:  # another question was asked meanwhile
            self.view = found or self.view
        self.gaps = tuple(await self.desk.run(gaps.listed, self.desk.signed_in) or ())

    async def ask(self, **changes: str | int) -> None:
        """Narrow or widen the question."""
        self.asked = replace(self.asked, **changes)  # type: ignore[arg-type]
        self.desk.backstage.asked = self.asked.route()
        self.view = None
        await self.load()

    def explain(self, key: str) -> None:
        """Say how something is counted."""
        self.explained = "" if key == self.explained else key

    def unfold(self, name: str) -> None:
        """Show all of a group."""
        self.whole = self.whole | {name}

    def open(self, key: str) -> None:
        """Show the records behind a figure."""
        self.desk.go(f"/statistics/records/{self.asked.route(key)}")

    def offer(self) -> None:
        """Show the ways to export, or hide them."""
        self.exporting = not self.exporting

    async def export(self, picker: ft.FilePicker, kind: Format) -> None:
        """Save the figures as a file."""
        if self.busy:  # a second tap lands before the button is greyed out
            return
        self.busy = True
        made = await self.desk.run(exports.of_figures, self.desk.signed_in, self.asked, kind)
        await save(self.desk, picker, made)
        self.busy = self.exporting = False


async def save(desk: Desk, picker: ft.FilePicker, made: ExportFile | None) -> None:
    """Hand a file out through the platform's own dialog; None: it was refused."""
    if made is not None:
        await picker.save_file(file_name=made.name, src_bytes=made.data)
        desk.tell(desk.t("statistics.exported", n=made.rows))
