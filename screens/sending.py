"""What can be done about all that waits on this device: send it, or write it into a file."""

from dataclasses import dataclass
from pathlib import Path

import flet as ft

from app.use_cases import outbox
from screens import parts
from screens.context import Desk

HAND_OVER_MAX = 64 * 1024 * 1024  # bytes that go to a browser or a phone in one piece


@dataclass(eq=False)
class SendingModel(ft.Observable):
    """The two things to do; the screens that offer them add what they show."""

    desk: Desk
    busy: bool = False

    def send(self) -> None:
        """Try now instead of at the next turn; without a link that is said, not "sending"."""
        desk, engine = self.desk, self.desk.field.engine
        wait_s = outbox.next_try_s(engine.status) if engine else None
        (engine.hurry if engine else desk.field.nudge)()
        if wait_s is None:
            desk.tell(desk.t("outbox.trying"))
        else:
            desk.tell(desk.t("outbox.trying.offline", n=wait_s), good=False)

    async def export(self, picker: ft.FilePicker) -> None:
        """Write everything unconfirmed into a file, to hand over by other means.

        In a window of its own it goes straight where the person chose. Browsers and phones get it
        through memory, in as many files as it takes, so that nothing stays on this device in clear.
        """
        if self.busy:  # a second tap lands before the button is greyed out
            return
        self.busy = True
        try:
            await self._export(picker)
        finally:
            self.busy = False

    async def _export(self, picker: ft.FilePicker) -> None:
        desk, page = self.desk, ft.context.page
        if not page.web and page.platform and not page.platform.is_mobile():
            chosen = await picker.save_file(file_name=outbox.export_name(desk.field))
            if chosen and await desk.run(outbox.export_to, Path(chosen)) is not None:
                desk.tell(desk.t("outbox.exported"))
            return
        plan = await desk.run(outbox.parts, HAND_OVER_MAX)
        if plan is None:
            return
        for number, files in enumerate(plan.files):
            data = await desk.run(outbox.export, files)
            if data is None:
                return
            name = outbox.export_name(desk.field, number)
            await picker.save_file(file_name=name, src_bytes=data)
        if plan.too_large:
            desk.tell(desk.t("outbox.exported.left", n=plan.too_large))
        elif len(plan.files) > 1:
            desk.tell(desk.t("outbox.exported.parts", n=len(plan.files)))
        else:
            desk.tell(desk.t("outbox.exported"))


def sending_bar(
    model: SendingModel, picker: ft.FilePicker, *, exports: bool, sends: bool
) -> list[ft.Control]:
    """The footer that offers both; `exports` and `sends` say whether there is something to do."""
    tokens, t = model.desk.tokens, model.desk.t

    async def export() -> None:
        await model.export(picker)

    return [
        parts.quiet_button(
            tokens,
            t("outbox.export"),
            key="export",
            icon=ft.Icons.IOS_SHARE,
            on_click=export,
            disabled=model.busy or not exports,
            expand=True,
        ),
        parts.primary_button(
            tokens,
            t("outbox.send"),
            key="send",
            icon=ft.Icons.REFRESH,
            on_click=model.send,
            disabled=not sends,
            expand=True,
        ),
    ]
