"""Colours, sizes and the Material theme. Screens name a meaning; only this module knows its colour.

Values are those of the design: body text 18, secondary 15, touch targets 56 and more. `scale` is
the text size the person chose (1.0 to 1.5); it multiplies every size that text decides.
"""

from dataclasses import dataclass, replace

import flet as ft

FONT = "SafeSC"
FONT_FILE = "assets/fonts/SafeSC.otf"  # no leading slash: the app may be mounted under a prefix
SCALES = (1.0, 1.15, 1.3, 1.5)
LARGE = 1.3

TARGET = 56  # least height of anything to tap, in px
PRIMARY = 64  # height of the next step
MARGIN = 16
PAD = 14
GAP = 8
GAP_WIDE = 12
CARD_RADIUS = 14
BUTTON_RADIUS = 16
STATUS_HEIGHT = 40

RAIL_FROM = 600  # px: a rail instead of the bottom bar
TABLET_FROM = 840  # px: two columns


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours by meaning, and text sizes in px. One instance is light, one dark."""

    dark: bool
    background: str
    surface: str
    surface2: str
    ink: str
    ink2: str
    line: str
    primary: str
    on_primary: str
    primary_container: str
    on_primary_container: str
    stop: str
    stop_container: str
    on_stop: str
    mind: str
    mind_container: str
    on_mind: str
    good: str
    good_container: str
    on_good: str
    offline: str
    on_offline: str
    sending: str  # the status line while something is on its way
    on_sending: str
    synced: str
    on_synced: str
    scale: float = 1.0

    @property
    def small(self) -> float:
        """Size of secondary text."""
        return 15 * self.scale

    @property
    def body(self) -> float:
        """Size of body text."""
        return 18 * self.scale

    @property
    def strong(self) -> float:
        """Size of the name of a card and of a button."""
        return 19 * self.scale

    @property
    def title(self) -> float:
        """Size of a page title."""
        return 22 * self.scale

    @property
    def figure(self) -> float:
        """Size of a key number."""
        return 32 * self.scale

    @property
    def large(self) -> bool:
        """Whether text is so large that what stands side by side should stand one below another."""
        return self.scale >= LARGE

    def tall(self, height: float) -> float:
        """Return the height of a box of text that is `height` px at scale 1."""
        return height * self.scale


LIGHT = Tokens(
    dark=False,
    background="#F4F6F8",
    surface="#FFFFFF",
    surface2="#EAEEF1",
    ink="#0E1A22",
    ink2="#43525D",
    line="#C3CDD4",
    primary="#00566B",
    on_primary="#FFFFFF",
    primary_container="#CFE9F1",
    on_primary_container="#00323F",
    stop="#B3261E",
    stop_container="#FFE1DD",
    on_stop="#5E0F0A",
    mind="#8A5000",
    mind_container="#FFE8C7",
    on_mind="#3F2500",
    good="#1A6B38",
    good_container="#D7F2DF",
    on_good="#0B3A1C",
    offline="#3B4852",
    on_offline="#FFFFFF",
    sending="#00566B",
    on_sending="#FFFFFF",
    synced="#1A6B38",
    on_synced="#FFFFFF",
)

DARK = Tokens(
    dark=True,
    background="#0E1418",
    surface="#172027",
    surface2="#212C34",
    ink="#EEF4F7",
    ink2="#B4C2CB",
    line="#3A4851",
    primary="#7FD2E8",
    on_primary="#00323F",
    primary_container="#0C4657",
    on_primary_container="#CFE9F1",
    stop="#FFB4AB",
    stop_container="#5A1510",
    on_stop="#FFDAD6",
    mind="#FFC680",
    mind_container="#4B2F05",
    on_mind="#FFE2BC",
    good="#8FDBA6",
    good_container="#12401F",
    on_good="#CFF2D8",
    offline="#2A353D",
    on_offline="#FFFFFF",
    sending="#0C4657",
    on_sending="#CFE9F1",
    synced="#12401F",
    on_synced="#CFF2D8",
)


def tokens_of(*, dark: bool, scale: float) -> Tokens:
    """Return the tokens of a brightness with the person's text size."""
    return replace(DARK if dark else LIGHT, scale=scale)


def theme(tokens: Tokens) -> ft.Theme:
    """Map the tokens to Material's scheme, so that stock controls fit in too."""
    label = ft.TextStyle(size=tokens.small, color=tokens.ink2)
    return ft.Theme(
        font_family=FONT,
        scaffold_bgcolor=tokens.background,
        color_scheme=ft.ColorScheme(
            primary=tokens.primary,
            on_primary=tokens.on_primary,
            primary_container=tokens.primary_container,
            on_primary_container=tokens.on_primary_container,
            secondary_container=tokens.primary_container,
            on_secondary_container=tokens.on_primary_container,
            surface=tokens.surface,
            on_surface=tokens.ink,
            on_surface_variant=tokens.ink2,
            outline=tokens.line,
            error=tokens.stop,
            error_container=tokens.stop_container,
            on_error_container=tokens.on_stop,
        ),
        navigation_bar_theme=ft.NavigationBarTheme(
            label_text_style={
                ft.ControlState.SELECTED: ft.TextStyle(
                    size=tokens.small, color=tokens.ink, weight=ft.FontWeight.W_600
                ),
                ft.ControlState.DEFAULT: label,
            }
        ),
    )
