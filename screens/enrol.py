"""A device that no server has taken yet: where the server is, and the code for this device."""

from dataclasses import dataclass

import flet as ft

from app.use_cases import enrolment
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_link, use_value


@dataclass(eq=False)
class EnrolModel(ft.Observable):
    """What is typed, and whether it is being tried."""

    desk: Desk
    address: str
    code: str
    trying: bool = False

    def write_address(self, text: str) -> None:
        """Take over the address as typed."""
        self.address, self.trying = text, False

    def write_code(self, text: str) -> None:
        """Take over the code as typed."""
        self.code, self.trying = text, False

    async def connect(self) -> None:
        """Let the link try this server from now on; what it says is shown here."""
        self.trying = False
        await self.desk.run(enrolment.set_server, self.address, self.code)
        self.trying = self.desk.notice is None


@ft.component
def Enrol() -> ft.Control:
    """Two fields and one button; how it goes on stands above them."""
    desk, _ = use_desk(), use_link()
    settings = desk.field.settings
    model, _ = use_value(lambda: EnrolModel(desk, desk.field.server_url, settings.enrol_code))
    use_keys(enter=model.connect, escape=lambda: None)
    tokens, t, trouble = desk.tokens, desk.t, desk.field.trouble
    rows: list[ft.Control] = []
    if trouble:
        rows.append(parts.refusal(tokens, t, trouble))
    elif model.trying:
        rows.append(parts.note(tokens, "plain", t("enrol.trying"), icon=ft.Icons.CLOUD_DOWNLOAD))
    fields: list[ft.Control] = [
        parts.text_field(
            tokens, desk, t("enrol.address"), model.address, model.write_address,
            key="server-address", icon=ft.Icons.DNS, limit=enrolment.ADDRESS_MAX,
        ),
        parts.text_field(
            tokens, desk, t("enrol.code"), model.code, model.write_code,
            key="enrol-code", icon=ft.Icons.KEY, limit=enrolment.CODE_MAX,
        ),
    ]  # fmt: skip
    connect = parts.primary_button(
        tokens,
        t("enrol.connect"),
        key="connect",
        icon=ft.Icons.LINK,
        on_click=model.connect,
        expand=True,
    )
    body = [
        *rows,
        parts.note(tokens, "plain", t("enrol.why"), icon=ft.Icons.INFO),
        parts.section(tokens, t("enrol.title"), fields),
    ]
    return parts_work.page(tokens, _head(desk), body, [connect])


def _head(desk: Desk) -> ft.Control:
    language = parts.text_button(
        desk.tokens,
        desk.language_name(desk.next_language),
        key="language",
        icon=ft.Icons.LANGUAGE,
        on_click=desk.other_language,
    )
    return parts_work.page_head(desk.tokens, desk.t("app.name"), desk.field.name, action=language)
