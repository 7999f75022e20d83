"""Whole pages that several screens draw: in one or two columns, one piece of evidence, nothing."""

from collections.abc import Sequence

import flet as ft

from screens import parts, parts_work
from screens.context import Desk


def columns(
    desk: Desk,
    head: ft.Control,
    left: Sequence[ft.Control],
    right: Sequence[ft.Control],
    footer: Sequence[ft.Control] = (),
    *,
    share: int = 5,
) -> ft.Control:
    """One column on a phone; on a tablet `right` stands beside it, with the next step below."""
    tokens = desk.tokens
    if not desk.wide:
        return parts_work.page(tokens, head, [*left, *right], footer)
    main = parts_work.page(tokens, head, left)
    side = parts_work.page(tokens, None, [ft.Container(height=4), *right], footer, key="side")
    return parts_work.two_columns(desk, main, side, share=share)


def close_up(
    desk: Desk,
    title: str,
    detail: str,
    picture: Sequence[ft.Control],
    proof: Sequence[ft.Control],
    *,
    on_back: parts.Tap,
    retake: parts.Action | None,
) -> ft.Control:
    """A photo or a clip large and how much it proves; back, or take it again where that is left."""
    tokens, t = desk.tokens, desk.t
    footer = [
        parts.primary_button(
            tokens, t("evidence.back"), key="evidence-back", on_click=on_back, expand=True
        )
    ]
    if retake is not None:
        again = parts.quiet_button(
            tokens, retake.label, key=retake.key, icon=ft.Icons.REPLAY, on_click=retake.on_click
        )
        footer.insert(0, again)
    head = parts_work.page_head(tokens, title, detail, on_back=on_back, back_label=t("page.back"))
    return columns(desk, head, picture, proof, footer, share=4)


def absent(desk: Desk, what: str, icon: ft.IconData, *, gone: bool) -> ft.Control:
    """The page of what is not there: still being opened, or gone; its texts begin with `what`."""
    tokens, t = desk.tokens, desk.t
    title = t(f"{what}.gone" if gone else f"{what}.opening")
    head = parts_work.page_head(tokens, title, on_back=desk.back, back_label=t("page.back"))
    if not gone:
        return parts_work.page(tokens, head, [ft.ProgressBar(semantics_label=title)])
    back = parts.quiet_button(tokens, t("page.back"), key="gone-back", on_click=desk.back)
    state = parts.empty_state(tokens, icon, title, detail=t(f"{what}.gone.detail"), action=back)
    return parts_work.page(tokens, head, [state])


def with_panel(whole: ft.Control, panel: ft.Control | None) -> ft.Control:
    """A page with what rises over its bottom; the page below stays where it was scrolled to."""
    rows = [ft.Container(whole, key="under", expand=True), *([panel] if panel else [])]
    return ft.Column(rows, expand=True, spacing=0)
