"""What can be done about all that waits on this device: send it, or write it into a file."""

from dataclasses import dataclass

import flet as ft

from app.use_cases import outbox
from screens import parts
from screens.context import Desk

EXPORT_NAME = "anshao-outbox.zip"


@dataclass(eq=False)
class SendingModel(ft.Observable):
    """The two things to do; the screens that offer them add what they show."""

    desk: Desk
    busy: bool = False

    def send(self) -> None:
        """Try now instead of at the next turn; what happens shows in the status line."""
        self.desk.field.nudge()
        self.desk.tell(self.desk.t("outbox.trying"))

    async def export(self, picker: ft.FilePicker) -> None:
        """Write everything unconfirmed into a file, to hand over by other means."""
        if self.busy:  # a second tap lands before the button is greyed out
            return
        self.busy = True
        data = await self.desk.run(outbox.export)
        if data is not None:
            await picker.save_file(file_name=EXPORT_NAME, src_bytes=data)
            self.desk.tell(self.desk.t("outbox.exported"))
        self.busy = False


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
