"""Work permits: not in this version; the place says so, and what to do meanwhile."""

import flet as ft

from screens import parts, parts_work
from screens.context import use_desk


@ft.component
def Permits() -> ft.Control:
    """Say what is not here yet and how to go on."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    return parts_work.page(
        tokens,
        parts_work.page_head(tokens, t("place.permits")),
        [
            parts.empty_state(
                tokens,
                ft.Icons.ASSIGNMENT_LATE_OUTLINED,
                t("permits.none"),
                detail=t("permits.none.detail"),
            )
        ],
    )
