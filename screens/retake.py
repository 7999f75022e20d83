"""A photo of a repair that could not be laid on the one before: said at once, with the way out."""

import flet as ft

from app.translate import Translator
from app.use_cases.hazard_views import HazardView
from screens import parts
from screens.hazard_model import AFTER, RECTIFY, HazardModel
from screens.theme import Tokens

# what another photo from the same place can mend; the rest is for a person to decide
UNLIKE = ("rectify.other_place", "rectify.scene_differs", "rectify.region_hidden", "rectify.aside")
FLAW = "rectify.flaw."


def retake_note(
    model: HazardModel, view: HazardView, tokens: Tokens, t: Translator
) -> list[ft.Control]:
    """Offer to take it again, while it was not handed in; a person will decide otherwise."""
    check = view.check.check if view.check else None
    move = model.primary
    if check is None or move is None or move.action != RECTIFY or model.capture.open:
        return []
    keys = [reason.key for reason in check.reasons]
    mends = any(key in UNLIKE or key.startswith(FLAW) for key in keys)
    if check.outcome != "needs_person" or not mends:
        return []
    again = parts.Action(t("ghost.again"), lambda: model.shoot(AFTER), "retake-after")
    return [
        parts.note(
            tokens,
            "mind",
            t("ghost.unregistered"),
            detail=t("ghost.unregistered.detail"),
            icon=ft.Icons.FLIP_CAMERA_ANDROID,
            action=again,
            key="unregistered",
        )
    ]
