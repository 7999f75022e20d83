"""Parts for video clips: their length and size in words, the tile, the player."""

import flet as ft
import flet_video as fv  # pyright: ignore[reportMissingTypeStubs]

from app.translate import Translator
from app.use_cases.evidence import EvidenceCard
from media.clips import length_text
from screens import parts, parts_work, theme
from screens.parts import Tap, words
from screens.theme import Tokens

MEGABYTE = 1_000_000
GIGABYTE = 1000 * MEGABYTE
SHAPE = 16 / 9  # of the place in which a clip of any shape plays
BLACK = "#000000"


def size_text(t: Translator, size: int) -> str:
    """Return a size in GB or MB with one digit, below that in kB."""
    if size >= GIGABYTE:
        return t("size.gb", n=f"{size / GIGABYTE:.1f}")
    if size >= MEGABYTE:
        return t("size.mb", n=f"{size / MEGABYTE:.1f}")
    return t("size.kb", n=max(1, size // 1000))


def clip_text(t: Translator, card: EvidenceCard) -> str:
    """Return length and size of a clip: "0:23 · 4.1 MB"."""
    return f"{length_text(card.seconds)} · {size_text(t, card.size)}"


def title_of(t: Translator, card: EvidenceCard, shot: str) -> str:
    """Return what evidence is: the words of its shot, and of a clip that it is one."""
    return t("clip.of", what=shot) if card.is_clip else shot


def clip_tile(
    tokens: Tokens, t: Translator, card: EvidenceCard, title: str, on_tap: Tap | None
) -> ft.Control:
    """A clip with its play mark, its grade, and length and size below."""
    height = tokens.tall(84)
    tile = parts_work.photo_tile(
        tokens,
        card.thumb,
        title,
        key=f"photo-{card.evidence_id}",
        on_tap=on_tap,
        grade=card.grade,
        width=height * 4 / 3,
        height=height,
    )
    said = words(clip_text(t, card), tokens, size=tokens.small, color=tokens.ink2)
    return ft.Column(tight=True, spacing=2, width=height * 4 / 3, controls=[tile, said])


def player(address: str, title: str) -> ft.Control:
    """A player with the controls of its platform; it starts by a tap, as browsers demand."""
    video = fv.Video(
        playlist=[fv.VideoMedia(address)],
        title=title,
        autoplay=False,
        wakelock=False,  # a page that is not in view may not ask for it, and says so as an error
        fit=ft.BoxFit.CONTAIN,
        fill_color=BLACK,
        expand=True,
    )
    return ft.Container(
        key="player",
        aspect_ratio=SHAPE,
        bgcolor=BLACK,
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        content=video,
    )


def fetch_button(
    tokens: Tokens, t: Translator, card: EvidenceCard, share: float | None, on_tap: Tap
) -> ft.Control:
    """The way to a clip that others made: how much it is, or how far it has come."""
    if share is not None:
        bar = ft.ProgressBar(value=share, height=8, border_radius=4, color=tokens.primary)
        text = words(t("clip.fetching", share=round(share * 100)), tokens, size=tokens.small)
        return ft.Column(spacing=theme.GAP, key="clip-fetching", controls=[text, bar])
    return parts.quiet_button(
        tokens,
        t("clip.fetch", size=size_text(t, card.size)),
        key="clip-fetch",
        icon=ft.Icons.DOWNLOAD,
        on_click=on_tap,
    )
