"""The outline of an earlier photo over the camera's preview, to take the next from its place."""

import flet as ft

from app.translate import Translator
from screens import parts, theme
from screens.capture_model import CaptureModel
from screens.theme import Tokens

OPACITY = 0.75  # the scene stays readable below the lines
_TAKING = ("opening", "ready")


def ghost_layer(model: CaptureModel, t: Translator) -> ft.Control | None:
    """Return the outline, cut like the preview below it; None where there is none to show."""
    if model.ghost is None or not model.ghost_on or model.phase not in _TAKING:
        return None
    return ft.Image(
        src=model.ghost.picture,
        key="ghost",
        fit=ft.BoxFit.COVER,
        opacity=OPACITY,
        gapless_playback=True,
        semantics_label=t("ghost.name"),
    )


def ghost_switch(model: CaptureModel, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """Return the way to hide the outline, and what it is for."""
    if model.ghost is None or model.phase not in _TAKING:
        return []
    return [
        parts.quiet_button(
            tokens,
            t("ghost.hide" if model.ghost_on else "ghost.show"),
            key="ghost-switch",
            icon=ft.Icons.LAYERS_CLEAR if model.ghost_on else ft.Icons.LAYERS,
            on_click=model.switch_ghost,
            height=theme.TARGET,
        )
    ]
