"""Parts around photos and the bottom of a page: viewfinder, photos, panels, bars."""

from collections.abc import Sequence

import flet as ft

from app.translate import Translator
from app.use_cases.evidence import EvidenceCard
from domain.errors import FieldError
from screens import parts, parts_clip, parts_grounds, parts_work, theme
from screens.parts import Tap, words
from screens.theme import Tokens

RATIO = 4 / 3  # of the viewfinder: what a phone's sensor sees
WIDEST = 520  # px: a viewfinder never grows beyond what still leaves its question in view
NIGHT = "#11181D"  # ground of a camera picture, in light and dark alike
SNOW = "#FFFFFF"
SHADE = "#B3000000"  # 70 % black behind white text on a picture


def bottom_bar(*controls: ft.Control, lead: ft.Control | None = None) -> list[ft.Control]:
    """Return the footer of a page: small things first, the next step last and widest."""
    row = [lead] if lead is not None else []
    return [*row, *controls]


def long_page(
    tokens: Tokens,
    head: ft.Control,
    body: Sequence[ft.Control],
    footer: Sequence[ft.Control],
    *,
    ref: ft.Ref[ft.Column],
    panel: ft.Control | None = None,
) -> ft.Control:
    """A page whose body can be scrolled to one of its rows; `panel` rises over the footer."""
    column = ft.Column(
        key="body",
        ref=ref,
        spacing=theme.GAP_WIDE,
        scroll=ft.ScrollMode.AUTO,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[*body, ft.Container(height=theme.GAP)],
    )
    side = ft.Padding.symmetric(horizontal=theme.MARGIN)
    controls: list[ft.Control] = [head, ft.Container(expand=True, padding=side, content=column)]
    if footer:
        row = ft.Row(spacing=theme.GAP_WIDE, controls=list(footer))
        edge = ft.Padding.only(left=theme.MARGIN, right=theme.MARGIN, top=8, bottom=16)
        controls.append(ft.Container(padding=edge, content=row))
    if panel is not None:
        controls.append(panel)
    return ft.Column(
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=controls,
    )


def bottom_panel(tokens: Tokens, title: str, controls: Sequence[ft.Control]) -> ft.Control:
    """A panel that rises over the bottom of a page, for one short question."""
    heading = ft.Semantics(
        header=True, content=words(title, tokens, size=tokens.title, strong=True)
    )
    return ft.Container(
        bgcolor=tokens.surface,
        border=ft.Border(top=ft.BorderSide(1, tokens.line)),
        border_radius=ft.BorderRadius.only(top_left=20, top_right=20),
        padding=ft.Padding.only(left=theme.MARGIN, right=theme.MARGIN, top=14, bottom=16),
        content=ft.Column(
            tight=True,
            spacing=theme.GAP_WIDE,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=[heading, *controls],
        ),
    )


def wrapped(controls: Sequence[ft.Control], *, spacing: float = theme.GAP) -> ft.Control:
    """Chips side by side, on as many lines as they need."""
    # A child with `expand`, False too, would be a grey box in a wrapping row: hide it.
    boxes: list[ft.Control] = [ft.Container(content=control) for control in controls]
    return ft.Row(wrap=True, spacing=spacing, run_spacing=theme.GAP, controls=boxes)


def pick_button(
    tokens: Tokens,
    label: str,
    *,
    key: str,
    action: ft.PickFiles,
    strong: bool = False,
    expand: bool | int = False,
) -> ft.Control:
    """A button that opens the file picker inside the tap, as browsers demand."""
    draw = parts.primary_button if strong else parts.quiet_button
    button = draw(tokens, label, key=key, icon=ft.Icons.IMAGE_OUTLINED, expand=expand)
    assert isinstance(button, ft.FilledButton | ft.OutlinedButton)
    button.action = action
    return button


def viewfinder(
    tokens: Tokens,
    *,
    preview: ft.Control | None,
    caption: str,
    busy: str,
    share: float | None,
    widest: float | None = None,
    over: ft.Control | None = None,
) -> ft.Control:
    """What the camera sees with the shot asked for; `busy` and `share` cover it while it works.

    It is as wide as its column, or `widest`. `over` lies on the preview.
    """
    layers: list[ft.Control] = [
        ft.Container(left=0, right=0, top=0, bottom=0, bgcolor=NIGHT, content=preview)
    ]
    if over is not None:  # the preview stays the first layer: a camera must keep its place
        layers.append(ft.Container(left=0, right=0, top=0, bottom=0, content=over))
    if caption:
        layers.append(
            ft.Container(
                left=10,
                right=10,
                top=10,
                content=ft.Row(  # as wide as its words, and no wider than the picture
                    controls=[
                        ft.Container(
                            expand=True,
                            expand_loose=True,
                            bgcolor=SHADE,
                            border_radius=8,
                            padding=ft.Padding.symmetric(horizontal=10, vertical=6),
                            content=words(caption, tokens, size=tokens.small, color=SNOW),
                        )
                    ]
                ),
            )
        )
    if busy:
        layers.append(_at_work(tokens, busy, share))
    picture = ft.Container(
        aspect_ratio=RATIO,
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        content=ft.Stack(controls=layers, expand=True),
    )
    return ft.Semantics(
        identifier="viewfinder",
        container=True,
        content=ft.Row(
            alignment=ft.MainAxisAlignment.CENTER,
            controls=[ft.Container(picture, expand=None if widest else True, width=widest)],
        ),
    )


def _at_work(tokens: Tokens, text: str, share: float | None) -> ft.Control:
    bar = ft.ProgressBar(value=share, height=8, border_radius=4, color=SNOW, bgcolor="#66FFFFFF")
    return ft.Container(
        left=0,
        right=0,
        bottom=0,
        bgcolor=SHADE,
        padding=14,
        content=ft.Column(
            spacing=theme.GAP,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=[words(text, tokens, color=SNOW), bar],
        ),
    )


def photo_row(
    tokens: Tokens,
    t: Translator,
    card: EvidenceCard,
    title: str,
    *,
    on_look: Tap,
    retake: Tap | None,
) -> ft.Control:
    """A photo just kept: picture, grade in words, and the way to take it again."""
    tile = parts_work.photo_tile(
        tokens,
        card.thumb,
        t("evidence.look", what=title),
        key=f"photo-{card.evidence_id}",
        on_tap=on_look,
        grade=card.grade,
        width=tokens.tall(104),
        height=tokens.tall(78),
    )
    column: list[ft.Control] = [
        words(title, tokens, strong=True),
        words(t(f"evidence.grade.{card.grade}"), tokens, size=tokens.small, color=tokens.ink2),
    ]
    if card.used is not None:
        column.append(parts_grounds.used_line(tokens, t, card.used))
    if card.is_clip:
        said = parts_clip.clip_text(t, card)
        column.append(words(said, tokens, size=tokens.small, color=tokens.ink2))
    row: list[ft.Control] = [tile, ft.Column(spacing=2, expand=True, controls=column)]
    picture = ft.Row(spacing=theme.GAP_WIDE, controls=row)
    if retake is None:
        return picture
    again = parts.quiet_button(
        tokens,
        t("evidence.retake"),
        key=f"retake-{card.evidence_id}",
        icon=ft.Icons.REPLAY,
        on_click=retake,
        height=theme.TARGET,
    )
    if not tokens.large:
        row.append(again)
        return picture
    return ft.Column(  # large words leave no room beside them
        spacing=theme.GAP,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[picture, again],
    )


def refused(
    tokens: Tokens, t: Translator, error: FieldError, *ways: ft.Control, key: str = "refused"
) -> ft.Control:
    """A refusal in place, with the ways on below it."""
    note = parts.refusal(tokens, t, error, key=key)
    if not ways:
        return note
    return ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[note, *ways],
    )


def empty_photo(tokens: Tokens, label: str) -> ft.Control:
    """The place of a photo that is not there, as wide as its neighbour."""
    inside = words(label, tokens, size=tokens.small, color=tokens.ink2) if label else None
    return ft.Container(
        expand=True,
        aspect_ratio=RATIO,
        border=ft.Border.all(2, tokens.line) if label else None,
        border_radius=theme.CARD_RADIUS,
        alignment=ft.Alignment.CENTER,
        padding=theme.GAP,
        content=inside,
    )


def wide_photo(
    tokens: Tokens,
    photo: EvidenceCard,
    caption: str,
    absent: str,
    *,
    key: str,
    on_tap: Tap,
    spoken: str = "",
) -> ft.Control:
    """A photo as wide as its column, its grade on it, what it shows below.

    `spoken`: what a screen reader says instead of the caption, where the picture says more.
    """
    if photo.thumb is None:
        inside: ft.Control = words(absent, tokens, size=tokens.small, color=tokens.ink2)
    else:
        inside = ft.Image(src=photo.thumb, fit=ft.BoxFit.COVER, gapless_playback=True, expand=True)
    ground = ft.Container(
        left=0,
        right=0,
        top=0,
        bottom=0,
        bgcolor=tokens.surface2,
        alignment=ft.Alignment.CENTER,
        content=inside,
    )
    picture = ft.Container(
        key=key,
        aspect_ratio=RATIO,
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        ink=True,
        on_click=parts.handler(on_tap),
        content=ft.Stack(
            controls=[ground, parts_work.grade_mark(tokens, photo.grade)], expand=True
        ),
    )
    text = words(caption, tokens, size=tokens.small, color=tokens.ink2)
    return ft.Column(
        expand=True,
        spacing=4,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[parts.tappable(picture, spoken or caption, key), text],
    )


def shot_place(tokens: Tokens, label: str, *, key: str, on_tap: Tap) -> ft.Control:
    """The place of a photo still to be taken: a tap opens the camera for it."""
    box = ft.Container(
        key=key,
        aspect_ratio=None if tokens.large else RATIO,  # large words need more height than that
        padding=theme.GAP,
        bgcolor=tokens.surface,
        border=ft.Border.all(2, tokens.line),
        border_radius=theme.CARD_RADIUS,
        alignment=ft.Alignment.CENTER,
        ink=True,
        on_click=parts.handler(on_tap),
        content=ft.Column(
            tight=True,
            spacing=4,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            controls=[
                ft.Icon(ft.Icons.CAMERA_ALT, size=30, color=tokens.primary),
                ft.Text(
                    label,
                    size=tokens.body,
                    color=tokens.ink,
                    weight=ft.FontWeight.W_600,
                    text_align=ft.TextAlign.CENTER,
                ),
            ],
        ),
    )
    return parts.tappable(box, "", key, expand=True)
