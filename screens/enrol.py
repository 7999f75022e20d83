"""Joining a plant: scan the administrator's code, or type where the server is and the code.

The same page lets a device join anew that was lost, or whose key is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import enrolment
from domain.errors import EnrolError, FieldError, OfflineError
from domain.invitations import Invitation, spaced
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_link, use_value
from screens.enrol_scan import EnrolScan


@dataclass(eq=False)
class EnrolModel(ft.Observable):
    """What is typed or was scanned, and whether it is being tried."""

    desk: Desk
    address: str
    code: str
    trying: bool = False
    scanning: bool = False
    scanned: Invitation | None = None
    left: int = 0

    async def load(self) -> None:
        """Count what this device has not sent of the time before."""
        if self.desk.field.identity is not None:
            self.left = await self.desk.run(enrolment.unsent) or 0

    def write_address(self, text: str) -> None:
        """Take over the address as typed."""
        self.address, self.trying = text, False

    def write_code(self, text: str) -> None:
        """Take over the code as typed."""
        self.code, self.trying = text, False

    def scan(self) -> None:
        """Open the camera."""
        self.scanning, self.trying = True, False

    def close_scan(self) -> None:
        """Go back to the fields."""
        self.scanning = False

    def found(self, invitation: Invitation) -> None:
        """Fill in all that the code says; one look at it, and one tap to join."""
        self.scanning, self.scanned = False, invitation
        self.address, self.code = invitation.server, spaced(invitation.code)

    async def connect(self) -> None:
        """Let the link try this server from now on; what it says is shown here."""
        self.trying = False
        await self.desk.run(enrolment.set_server, self.address, self.code, self.scanned)
        self.trying = self.desk.notice is None


@ft.component
def Enrol() -> ft.Control:
    """The page of a device that no server has taken yet."""
    return cast("Any", EnrolPage)(None)


@ft.component
def EnrolAgain() -> ft.Control:
    """The route `/enrol`: this device joins anew, with a new key."""
    return cast("Any", EnrolPage)(use_desk().back)


@ft.component
def EnrolPage(on_back: Callable[[], None] | None) -> ft.Control:
    """Scan or type, and one button; how it goes on stands above them."""
    desk, _ = use_desk(), use_link()
    field = desk.field
    again = field.identity is not None
    model, _ = use_value(
        lambda: EnrolModel(desk, field.server_url, "" if again else field.settings.enrol_code)
    )
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    use_keys(enter=model.connect, escape=on_back or (lambda: None))
    if model.scanning:
        return cast("Any", EnrolScan)(model.found, model.close_scan)
    untried = not again and not model.code.strip() and field.invitation is None
    trouble = None if untried and isinstance(field.trouble, EnrolError) else field.trouble
    body = [*_said(model, desk, trouble), _scan_or_type(model, desk)]
    connect = parts.primary_button(
        desk.tokens,
        desk.t("enrol.connect"),
        key="connect",
        icon=ft.Icons.LINK,
        on_click=model.connect,
        expand=True,
    )
    whole = parts_work.page(desk.tokens, _head(desk, on_back), body, [connect])
    return parts_work.one_column(desk, whole)


def _said(model: EnrolModel, desk: Desk, trouble: FieldError | None) -> list[ft.Control]:
    tokens, t, again = desk.tokens, desk.t, desk.field.identity is not None
    rows: list[ft.Control] = []
    if type(trouble) is OfflineError and not again:  # there is no work to go on with here
        why, _ = t.error(trouble)
        help_, address = t("enrol.offline"), desk.field.server_url
        rows.append(
            parts.note(
                tokens, "stop", t("enrol.offline.where", why=why, address=address), detail=help_,
                key="refusal",
            )
        )  # fmt: skip
    elif trouble:
        rows.append(parts.refusal(tokens, t, trouble))
    elif model.trying:
        rows.append(parts.note(tokens, "plain", t("enrol.trying"), icon=ft.Icons.CLOUD_DOWNLOAD))
    if model.scanned is not None and not trouble:
        key = model.scanned.key
        prints = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
        rows.append(
            parts.facts_card(
                tokens, [(t("enrol.plant"), model.scanned.plant), (t("enrol.print"), prints)]
            )
        )
    else:
        if not again:
            why = t("enrol.why")
        elif model.left:
            why = t("enrol.again.why", n=model.left)
        else:
            why = t("enrol.again.why.none")
        rows.append(parts.note(tokens, "plain", why, icon=ft.Icons.INFO))
    return rows


def _scan_or_type(model: EnrolModel, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    scan = parts.quiet_button(
        tokens, t("enrol.scan"), key="scan-code", icon=ft.Icons.QR_CODE_SCANNER,
        on_click=model.scan, kind="primary",
    )  # fmt: skip
    fields: list[ft.Control] = [
        scan,
        ft.Container(height=2),
        parts.text_field(
            tokens, desk, t("enrol.address"), model.address, model.write_address,
            key="server-address", icon=ft.Icons.DNS, limit=enrolment.ADDRESS_MAX,
        ),
        parts.text_field(
            tokens, desk, t("enrol.code"), model.code, model.write_code,
            key="enrol-code", icon=ft.Icons.KEY, limit=enrolment.CODE_MAX,
        ),
    ]  # fmt: skip
    return parts.section(tokens, t("enrol.title"), fields)


def _head(desk: Desk, on_back: Callable[[], None] | None) -> ft.Control:
    language = parts.text_button(
        desk.tokens,
        desk.language_name(desk.next_language),
        key="language",
        icon=ft.Icons.LANGUAGE,
        on_click=desk.other_language,
    )
    title = desk.t("app.name") if on_back is None else desk.t("enrol.again")
    return parts_work.page_head(
        desk.tokens,
        title,
        desk.field.name,
        action=language,
        on_back=on_back,
        back_label=desk.t("page.back"),
    )
