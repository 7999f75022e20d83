"""Taking a photo or a clip inside another screen: viewfinder in place, shutter in the bottom bar.

One tap on the shutter takes the photo and keeps it; nothing asks whether to keep it, "retake" comes
afterwards. A clip is begun below the picture and ends by a tap or by itself. Without a camera the
same place offers to choose a file. The screen that embeds this
draws `Viewfinder` where the photo belongs and `capture_bar` instead of its own bottom bar.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases import rechecks
from domain.errors import FieldError
from domain.used_photos import PhotoUsedError
from media.clips import length_text
from media.ports import Camera
from screens import parts, parts_evidence, theme
from screens.capture_model import TASKS, CaptureModel
from screens.challenge import task_bar, task_sign
from screens.ghost import ghost_layer, ghost_switch
from screens.pictures import PicturePicker
from screens.theme import Tokens
from screens.used_refusal import UsedRefusal


@ft.component
def _CameraView(control: ft.Control) -> ft.Control:
    """Hold the control of a camera.

    Flet 1.0.5 forgets the parent of a control that is drawn again within new parents, and its
    methods then fail; a memoised component of its own keeps it in place.
    """
    return control


_HELD = cast("Callable[[ft.Control], ft.Control]", ft.memo(_CameraView))


def camera_view(camera: Camera) -> ft.Control:
    """Return the preview of a camera that has one."""
    return _HELD(cast("ft.Control", camera.control))


@ft.component
def Viewfinder(model: CaptureModel, tokens: Tokens, t: Translator, caption: str) -> ft.Control:
    """Draw the camera; before a photo of a person, what that person is asked."""
    if model.phase == "asking":
        return _asking(model, tokens, t)
    return cast("Any", _Sight)(model, tokens, t, caption)


def _asking(model: CaptureModel, tokens: Tokens, t: Translator) -> ft.Control:
    asked = model.asked
    if asked is None:
        return parts.note(tokens, "plain", t("list.loading"), key="consent-loading")
    instead = t("mydata.instead", words=asked.purpose.instead)
    if asked.refused is not None:
        text = t("capture.consent.refused", person=asked.refused)
        return parts.note(tokens, "stop", text, detail=instead, key="consent-refused")
    rows = [
        t.of(asked.purpose.need),
        instead,
        t("capture.consent.kept", days=asked.keep_days),
    ]
    return parts.note(
        tokens,
        "mind",
        t("capture.consent", what=asked.purpose.name),
        detail="\n".join(rows),
        icon=ft.Icons.PRIVACY_TIP,
        key="consent",
    )


@ft.component
def _Sight(model: CaptureModel, tokens: Tokens, t: Translator, caption: str) -> ft.Control:
    """Draw what the camera sees, the shot asked for, and the progress of the photo just taken."""

    def gone() -> None:
        if model.phase in ("opening", "ready", *TASKS):
            asyncio.get_running_loop().create_task(model.close())
        elif model.phase == "recording":  # what the camera still gives is kept
            asyncio.get_running_loop().create_task(model.stop())

    ft.use_effect(model.start, [model.camera], cleanup=gone)
    if model.error is not None and model.phase == "failed":
        return _refused(model.error, tokens, t)
    sign = task_sign(model, tokens, t)
    view = parts_evidence.viewfinder(
        tokens,
        preview=_preview(model),
        caption="" if sign else caption,
        busy=_busy(model, t),
        share=_share(model),
        widest=parts_evidence.WIDEST if model.desk.wide else None,
        over=sign or ghost_layer(model, t),
    )
    # the view stays the first: one that moves is built anew, and its camera gives nothing more
    rows = [view, *ghost_switch(model, tokens, t)]
    if model.error is not None:  # the camera is still good
        rows.append(_refused(model.error, tokens, t))
    if model.phase == "ready" and model.camera is not None and model.camera.records:
        rows.append(
            parts.quiet_button(
                tokens,
                t("capture.record", limit_s=model.limit_s),
                key="capture-record",
                icon=ft.Icons.VIDEOCAM,
                on_click=model.record,
                height=theme.TARGET,
            )
        )
    return ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=rows,
    )


def _refused(error: FieldError, tokens: Tokens, t: Translator) -> ft.Control:
    if isinstance(error, PhotoUsedError):
        return cast("Any", UsedRefusal)(error)
    return parts_evidence.refused(tokens, t, error)


def _preview(model: CaptureModel) -> ft.Control | None:
    camera = model.camera
    if camera is not None and camera.control is not None:
        return camera_view(camera)
    if model.frame is not None:
        return ft.Image(src=model.frame, fit=ft.BoxFit.COVER, gapless_playback=True)
    return None


def _busy(model: CaptureModel, t: Translator) -> str:
    match model.phase:
        case "opening":
            return t("capture.opening")
        case "keeping":
            return t("capture.keeping_clip" if model.of_clip else "capture.keeping")
        case "recording":
            return t("capture.recording", left=length_text(model.left_s))
        case _:
            return ""


def _share(model: CaptureModel) -> float | None:
    """How far it is: of a photo its work, of a recording its time; of keeping a clip unknown."""
    match model.phase:
        case "keeping":
            return None if model.of_clip else model.share
        case "recording":
            return 1 - model.left_s / max(1, model.limit_s)
        case _:
            return None


def capture_bar(
    model: CaptureModel,
    tokens: Tokens,
    t: Translator,
    picker: PicturePicker,
    label: str,
) -> list[ft.Control]:
    """Return the footer while the viewfinder is open: put away, choose a file, shutter.

    For a recheck a file is offered only where no camera opens: it can say that something is wrong.

    While a clip is recorded there is one thing to do: end it.
    """
    if model.phase == "asking":
        return _consent_bar(model, tokens, t)
    if model.phase in TASKS:
        return task_bar(model, tokens, t)
    if model.phase == "recording":
        stop = parts.primary_button(
            tokens,
            t("capture.stop"),
            key="capture-stop",
            icon=ft.Icons.STOP,
            on_click=model.stop,
            expand=True,
        )
        return parts_evidence.bottom_bar(stop)
    away = parts.icon_button(
        tokens, ft.Icons.CLOSE, t("capture.away"), key="capture-away", on_click=model.leave
    )
    choose = parts_evidence.pick_button(
        tokens,
        t("capture.file" if tokens.large else "capture.choose"),
        key="capture-choose",
        action=picker.action,
        strong=model.phase == "failed",
        expand=model.phase == "failed",
    )
    if model.phase == "failed":
        return parts_evidence.bottom_bar(away, choose)
    shutter = parts.primary_button(
        tokens,
        label,
        key="shutter",
        icon=ft.Icons.CAMERA_ALT,
        on_click=model.shoot,
        disabled=model.phase != "ready",
        expand=True,
    )
    if model.target is not None and model.target.shot == rechecks.SHOT:  # shows how it is now
        return parts_evidence.bottom_bar(shutter, lead=away)
    return parts_evidence.bottom_bar(choose, shutter, lead=away)


def _consent_bar(model: CaptureModel, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """The two answers of the person who is to be shown."""
    alone = model.asked is None or model.asked.refused is not None
    no = parts.quiet_button(
        tokens, t("capture.consent.no"), key="consent-no", on_click=model.leave, expand=alone
    )
    if alone:
        return parts_evidence.bottom_bar(no)
    yes = parts.primary_button(
        tokens, t("capture.consent.yes"), key="consent-yes", icon=ft.Icons.CHECK,
        on_click=model.agreed, expand=True,
    )  # fmt: skip
    return parts_evidence.bottom_bar(no, yes)
