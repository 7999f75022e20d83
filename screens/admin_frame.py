"""The frame that the lists and pages of administration share: head, refusal, waiting, body."""

from collections.abc import Callable, Sequence

import flet as ft

from domain.errors import FieldError
from screens import parts, parts_work
from screens.context import Desk


def framed(
    desk: Desk,
    title: str,
    detail: str,
    refused: FieldError | None,
    body: Callable[[], Sequence[ft.Control]] | None,
    footer: Sequence[ft.Control] = (),
) -> ft.Control:
    """One column under its head; `body` None: still being read, a refusal stands instead of it."""
    tokens, t = desk.tokens, desk.t
    head = parts_work.page_head(tokens, title, detail, on_back=desk.back, back_label=t("page.back"))
    if refused is not None:
        return parts_work.one_column(
            desk, parts_work.page(tokens, head, [parts.refusal(tokens, t, refused)])
        )
    if body is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.one_column(desk, parts_work.page(tokens, head, [wait]))
    return parts_work.one_column(desk, parts_work.page(tokens, head, list(body()), list(footer)))
