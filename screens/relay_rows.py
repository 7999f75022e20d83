"""What the outbox says of relay: pass on what waits here, and what came from others."""

import flet as ft

from app.use_cases import relaying
from screens import parts
from screens.context import Desk
from screens.relay_show import ALL


def relay_rows(desk: Desk, *, waiting: bool) -> list[ft.Control]:
    """Return the way to pass on: where something waits, or the time is to be asked or told."""
    t = desk.t
    rows: list[ft.Control] = []
    clock = desk.field.pack is not None and relaying.time_wanted(desk.field)
    if waiting or clock:
        what = "relay.outbox" if waiting else "relay.clock"
        rows.append(
            parts.row_card(
                desk.tokens, t(what), t("relay.pass_on.detail"), key="relay-all",
                icon=ft.Icons.QR_CODE_2, on_click=lambda: desk.go(f"/relay/{ALL}"), lines=2,
            )
        )  # fmt: skip
    return rows
