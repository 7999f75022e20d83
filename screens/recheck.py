"""The recheck of a closed hazard: scan its label, photograph, say whether it holds."""

from typing import Any, cast

import flet as ft

from app.use_cases.rechecks import Recheck
from domain.rechecks import RecheckUsedError
from domain.repair_checks import Region
from screens import parts, parts_compare, parts_evidence, parts_pages, parts_work, theme
from screens.capture import Viewfinder, capture_bar
from screens.context import Desk, use_desk, use_keys, use_value
from screens.drawing import drawing
from screens.parts import words
from screens.parts_grounds import used_note
from screens.pictures import PicturePicker, use_pictures
from screens.recheck_model import RecheckModel
from screens.scan import ScanPage

SHEER = 0.5  # opacity of the drawing on the photo
LOOKS: dict[str, parts.Kind] = {"changed": "good", "unchanged": "stop", "unsure": "mind"}


@ft.component
def RecheckScreen() -> ft.Control:
    """The recheck of the route `/recheck/:id`."""
    task_id = ft.use_route_params().get("id", "")
    return cast("Any", RecheckBody)(task_id, key=f"recheck-{task_id}")


@ft.component
def RecheckBody(task_id: str) -> ft.Control:
    """The scanner first; then photo and answer on one page."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: RecheckModel(desk, task_id))
    use_value(model.capture)
    picker = use_pictures(model.capture.choose)
    ft.use_effect(model.load, [task_id, desk.version])
    use_keys(enter=model.enter, escape=model.escape)
    work = model.work
    if model.over is not None:
        return _over(model, desk)
    if work is None:
        return parts_pages.absent(desk, "recheck", ft.Icons.FACT_CHECK, gone=False)
    if model.scanning:
        return ScanPage(model.scanned, model.leave_scan)
    head = _head(desk, work, model.leave)
    what = [_asked(model, work, desk)]
    if model.elsewhere is not None:
        where = parts_evidence.refused(tokens, t, model.elsewhere, key="elsewhere")
        return parts_pages.columns(desk, head, [*what, where], [], [_again(model, desk)])
    picture = _picture(model, work, desk)
    hints = [*_hint(model, desk), *_words(model, desk)]
    return parts_pages.columns(
        desk, head, [*picture, *hints], what, _footer(model, desk, picker), share=4
    )


def _head(desk: Desk, work: Recheck, on_back: parts.Tap) -> ft.Control:
    t = desk.t
    place = f"{work.asset_id} {t.of(work.place)}" if work.asset_id else t.of(work.place)
    return parts_work.page_head(
        desk.tokens,
        t("recheck.title"),
        " · ".join(part for part in (place, work.hazard.code) if part),
        on_back=on_back,
        back_label=t("page.back"),
    )


def _over(model: RecheckModel, desk: Desk) -> ft.Control:
    """Why it cannot be done: the own work, somebody else did it, not asked."""
    tokens, t = desk.tokens, desk.t
    assert model.over is not None
    head = (
        _head(desk, model.work, desk.back)
        if model.work
        else parts_work.page_head(
            tokens, t("recheck.title"), on_back=desk.back, back_label=t("page.back")
        )
    )
    back = parts.primary_button(
        tokens, t("page.back"), key="recheck-back", on_click=desk.back, expand=True
    )
    said = parts_evidence.refused(tokens, t, model.over, key="recheck-refused")
    return parts_work.one_column(desk, parts_work.page(tokens, head, [said], [back]))


def _asked(model: RecheckModel, work: Recheck, desk: Desk) -> ft.Control:
    """What was wrong, in the words of who reported it, and until when."""
    t, now_ms = desk.t, desk.field.clock.now_ms()
    card = work.hazard
    late = work.state == "overdue"
    due = (
        t("today.overdue", span=t.span(now_ms - work.due_ms))
        if late
        else t("today.due", time=t.moment(work.due_ms, now_ms))
    )
    said = t("hazard.quote", words=card.words) if card.words else t("hazard.no_words")
    return parts.note(
        desk.tokens, "stop" if late else "plain", said, detail=due,
        icon=ft.Icons.FACT_CHECK, key="recheck-asked",
    )  # fmt: skip


def _again(model: RecheckModel, desk: Desk) -> ft.Control:
    return parts.primary_button(
        desk.tokens,
        desk.t("scan.again"),
        key="recheck-scan",
        icon=ft.Icons.QR_CODE_SCANNER,
        on_click=model.scan,
        expand=True,
    )


def _picture(model: RecheckModel, work: Recheck, desk: Desk) -> list[ft.Control]:
    """The viewfinder with the ghost; then the still with what belongs there drawn on it."""
    tokens, t = desk.tokens, desk.t
    if model.capture.open:
        return [Viewfinder(model.capture, tokens, t, t("shot.recheck.hint"))]
    sight = model.sight
    if sight is None and not model.comparing:  # put away without a photo
        return []
    if sight is None:
        text = t("check.running")
        return [words(text, tokens, size=tokens.small), ft.ProgressBar(semantics_label=text)]
    width, height = parts_compare.room(desk, sight.width, sight.height, 0.55)
    layers = [parts_compare.layer(sight.picture, t("shot.recheck"), width, height)]
    if work.drawing is not None and model.drawn:
        plan = work.drawing
        across = min(width, height * plan.width / plan.height)
        said = t("documents.of", name=plan.name, version=plan.version, date=plan.issued)
        drawn = drawing(tokens, plan, across, said)
        layers.append(
            ft.Container(left=(width - across) / 2, top=0, opacity=SHEER, key="standard",
                         content=drawn)
        )  # fmt: skip
    if work.region is not None:
        layers.append(_box(model, work.region, width, height))
    stage = ft.Stack(controls=layers, width=width, height=height)
    rows: list[ft.Control] = [ft.Row(alignment=ft.MainAxisAlignment.CENTER, controls=[stage])]
    if work.drawing is not None:
        rows.append(
            parts.quiet_button(
                tokens,
                t("recheck.drawing.hide" if model.drawn else "recheck.drawing"),
                key="recheck-drawing",
                icon=ft.Icons.SCHEMA,
                on_click=model.draw,
                height=theme.TARGET,
            )
        )
    return rows


def _box(model: RecheckModel, region: Region, width: float, height: float) -> ft.Control:
    """The marked region on the still: red where what belongs there is missing."""
    if not model.missing:
        return parts_compare.frame(region, width, height)
    made = parts_compare.frame(region, width, height)
    made = cast("ft.Container", made)
    made.key = "missing-box"
    made.border = ft.Border.all(parts_compare.LINE * 2, parts_compare.MISSING)
    made.content = ft.Container(border=ft.Border.all(2, parts_evidence.SNOW))
    return made


def _hint(model: RecheckModel, desk: Desk) -> list[ft.Control]:
    """What the comparison says: a hint, the person answers."""
    sight, tokens, t = model.sight, desk.tokens, desk.t
    if sight is None or model.capture.open:
        return []
    if model.failing:
        return [parts.note(tokens, "stop", t("recheck.missing"), icon=ft.Icons.WARNING_AMBER,
                           key="recheck-looks")]  # fmt: skip
    album: list[ft.Control] = []
    if model.album:
        detail = t("recheck.album.detail")
        album.append(parts.note(tokens, "mind", t("recheck.album"), detail=detail, key="album"))
    used = model.work.used if model.work else None
    if used is not None and used.used is not None:
        refusal = parts.refusal(tokens, t, RecheckUsedError(), key="recheck-photo-used")
        album += [refusal, used_note(tokens, t, used.used)]
    if sight.looks is None:
        none = t("recheck.looks.none")
        return [*album, parts.note(tokens, "plain", none, key="recheck-looks")]
    text = t(f"recheck.looks.{sight.looks}")
    detail = "" if sight.registered else t("compare.unregistered")
    kind = LOOKS[sight.looks]
    return [*album, parts.note(tokens, kind, text, detail=detail, key="recheck-looks")]


def _words(model: RecheckModel, desk: Desk) -> list[ft.Control]:
    if not model.failing:
        return []
    t = desk.t
    return [
        parts.text_field(
            desk.tokens, desk, t("recheck.why"), model.note, model.write, key="recheck-note",
            lines=3, limit=500, autofocus=True,
        )
    ]  # fmt: skip


def _footer(model: RecheckModel, desk: Desk, picker: PicturePicker) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    if model.capture.open:
        return capture_bar(model.capture, tokens, t, picker, t("capture.shoot"))
    again = parts.icon_button(
        tokens, ft.Icons.CAMERA_ALT, t("ghost.again"), key="recheck-again", on_click=model.shoot
    )
    if model.work is None or not model.work.photos:
        take = parts.primary_button(
            tokens, t("capture.shoot"), key="recheck-take", icon=ft.Icons.CAMERA_ALT,
            on_click=model.shoot, expand=True,
        )  # fmt: skip
        return [take]
    if model.failing:
        send = parts.primary_button(
            tokens, t("recheck.reopen"), key="recheck-reopen", icon=ft.Icons.REPLAY,
            on_click=model.failed, disabled=model.busy or not model.note.strip(), expand=True,
        )  # fmt: skip
        return [again, send]
    no = parts.quiet_button(
        tokens, t("recheck.fail"), key="recheck-fail", kind="stop", on_click=model.fail,
        disabled=model.busy, expand=True,
    )  # fmt: skip
    yes = parts.primary_button(
        tokens, t("recheck.pass"), key="recheck-pass", icon=ft.Icons.CHECK, on_click=model.passed,
        disabled=model.busy or model.album or model.used, expand=True,
    )  # fmt: skip
    return parts_evidence.bottom_bar(no, yes, lead=again)
