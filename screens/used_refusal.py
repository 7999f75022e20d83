"""Why a photo was turned away that was used before, with the other picture below the words."""

import flet as ft

from app.use_cases import used_photos
from app.use_cases.used_photos import UsedView
from domain.used_photos import PhotoUsedError
from screens import parts_evidence
from screens.context import use_desk
from screens.parts_grounds import used_note


@ft.component
def UsedRefusal(error: PhotoUsedError) -> ft.Control:
    """Say it at once; the other picture follows where this device has it."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    other, set_other = ft.use_state(UsedView("block", "", None))

    async def load() -> None:
        set_other(await desk.in_thread(used_photos.refused_for, error))

    ft.use_effect(load, [error])
    beside = [used_note(tokens, t, other, key="refused-other")] if other.thumb else []
    return parts_evidence.refused(tokens, t, error, *beside)
