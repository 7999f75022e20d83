"""What the outbox says of relay: pass on what waits here, and what came from others."""

import flet as ft

from screens import parts
from screens.context import Desk
from screens.relay_show import ALL


def relay_rows(desk: Desk, *, waiting: bool) -> list[ft.Control]:
    """Return the ways: to pass on where something waits, and to take in."""
    t = desk.t
    rows: list[ft.Control] = []
    if waiting:
        rows.append(
            parts.row_card(
                desk.tokens, t("relay.outbox"), t("relay.pass_on.detail"), key="relay-all",
                icon=ft.Icons.QR_CODE_2, on_click=lambda: desk.go(f"/relay/{ALL}"), lines=2,
            )
        )  # fmt: skip
    return rows
