"""Reporting a hazard: a photo or a few words are enough; place, category and grade are proposed."""

from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases.evidence import EvidenceCard
from app.use_cases.reports import HazardDraft
from screens import parts, parts_clip, parts_evidence, parts_pages, parts_work, theme
from screens.asset_picker import AssetPicker
from screens.capture import Viewfinder, capture_bar
from screens.context import Desk, use_desk, use_keys, use_value
from screens.documents import documents_card
from screens.evidence_page import page_of
from screens.hazard_fields import FieldsPage, fields_card
from screens.kind_choices import category_choices, element_choices, grade_choices
from screens.parts import words
from screens.pictures import PicturePicker, use_pictures
from screens.region import RegionPage
from screens.report_model import SHOTS, ReportModel
from screens.scan import ScanPage
from screens.theme import Tokens


@ft.component
def ReportScreen() -> ft.Control:
    """The report of the route `/report/:draft`."""
    draft_id = ft.use_route_params().get("draft", "")
    return cast("Any", ReportBody)(draft_id, key=f"report-{draft_id}")


@ft.component
def ReportBody(draft_id: str) -> ft.Control:
    """One report; a photo, the list of places or the scanner takes its place while open."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ReportModel(desk, draft_id))
    use_value(model.capture)
    picker = use_pictures(model.capture.choose, model.capture.choose_clip)
    ft.use_effect(model.load, [draft_id])
    use_keys(enter=model.enter, escape=model.escape)
    draft = model.draft
    if draft is None:
        return parts_pages.absent(desk, "report", ft.Icons.SEARCH_OFF, gone=model.gone)
    if model.looking is not None:
        return _photo_page(model, model.looking, t)
    if model.marking:
        return RegionPage(
            model.marking, draft.region, draft.code, model.keep_mark, model.leave_mark
        )
    if model.scanning:
        return ScanPage(model.scanned, model.leave_place)
    if model.placing:
        return AssetPicker(
            t("report.place.title"),
            draft.code,
            model.place,
            model.leave_place,
            False,
            on_area=model.place_area,
            on_scan=model.scan_place,
        )
    if model.answering:
        return FieldsPage(draft.fields, draft.code, model.keep_answers, model.answer)
    head = _head(desk, draft)
    what = [*_source(draft, tokens, t), *_pictures(model, tokens, t), _words(model, tokens, t)]
    where = [_place(model, draft, tokens, t)]
    if draft.asset_id:
        where += documents_card(desk, draft.asset_id)
    where.append(_proposal(model, draft, desk))
    where += fields_card(tokens, t, draft.fields, model.answer)
    where.append(
        parts.quiet_button(
            tokens, t("report.drop"), key="report-drop", icon=ft.Icons.DELETE, on_click=model.drop
        )
    )
    footer = _footer(model, tokens, t, picker)
    return parts_pages.columns(desk, head, what, where, footer, share=4)


def _head(desk: Desk, draft: HazardDraft) -> ft.Control:
    return parts_work.page_head(
        desk.tokens,
        desk.t("report.title"),
        draft.code,
        on_back=desk.back,
        back_label=desk.t("page.back"),
    )


def _source(draft: HazardDraft, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """The failed question that the report comes from."""
    if draft.source_item is None:
        return []
    text = t("report.source", item=draft.source_item)
    return [parts.note(tokens, "stop", text, icon=ft.Icons.CHECKLIST, key="source")]


def _pictures(model: ReportModel, tokens: Tokens, t: Translator) -> list[ft.Control]:
    if model.capture.open:
        shot = model.capture.target.shot if model.capture.target else SHOTS[0]
        return [Viewfinder(model.capture, tokens, t, t(f"shot.{shot}.hint"))]
    tiles = [_tile(model, shot, tokens, t) for shot in SHOTS]
    row = ft.Row(
        spacing=theme.GAP_WIDE, vertical_alignment=ft.CrossAxisAlignment.START, controls=tiles
    )
    return [row, *_mark(model, tokens, t), *_clips(model, tokens, t)]


def _mark(model: ReportModel, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """The way to mark the defect, once there is a photo: the repair is compared with it."""
    if all(model.photo(shot) is None for shot in SHOTS):
        return []
    marked = model.draft is not None and model.draft.region is not None
    return [
        parts.quiet_button(
            tokens,
            t("check.remark" if marked else "check.mark"),
            key="mark",
            icon=ft.Icons.CROP_FREE,
            on_click=model.mark,
            height=theme.TARGET,
        )
    ]


def _clips(model: ReportModel, tokens: Tokens, t: Translator) -> list[ft.Control]:
    """The clips of the report, small below its photos."""
    if not model.clips:
        return []
    return [parts_evidence.wrapped([_clip(model, tokens, t, clip) for clip in model.clips])]


def _clip(model: ReportModel, tokens: Tokens, t: Translator, clip: EvidenceCard) -> ft.Control:
    def look() -> None:
        model.look_at(clip)

    title = parts_clip.title_of(t, clip, t(f"shot.{clip.shot}"))
    return parts_clip.clip_tile(tokens, t, clip, title, look)


def _tile(model: ReportModel, shot: str, tokens: Tokens, t: Translator) -> ft.Control:
    photo = model.photo(shot)
    name = t(f"shot.{shot}")
    if photo is None:

        def shoot() -> None:
            model.shoot(shot)

        return parts_evidence.shot_place(tokens, name, key=f"shoot-{shot}", on_tap=shoot)

    def look() -> None:
        model.look_at(photo)

    caption = f"{name} · {t(f'evidence.grade.{photo.grade}')}"
    return parts_evidence.wide_photo(
        tokens, photo, caption, t("evidence.absent"), key=f"photo-{photo.evidence_id}", on_tap=look
    )


def _words(model: ReportModel, tokens: Tokens, t: Translator) -> ft.Control:
    field = cast(
        "ft.TextField",
        parts.text_field(
            tokens,
            model.desk,
            t("report.words"),
            model.words,
            _unused,
            key="report-words",
            lines=3,
        ),
    )

    async def change(event: ft.Event[ft.TextField]) -> None:
        await model.write(str(event.control.value or ""))

    field.on_change = change
    hint = words(t("report.hint"), tokens, size=tokens.small, color=tokens.ink2)
    return ft.Column(
        spacing=6,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[field, hint],
    )


def _unused(_text: str) -> None:
    """Stand in for the handler that `_words` sets."""


def _place(model: ReportModel, draft: HazardDraft, tokens: Tokens, t: Translator) -> ft.Control:
    known = draft.place is not None
    place = t.of(draft.place)
    title = f"{draft.asset_id} {place}" if draft.asset_id else place
    return parts.row_card(
        tokens,
        title if known else t("report.place.unknown"),
        t("report.place.change" if known else "report.place.ask"),
        key="report-place",
        icon=ft.Icons.LOCATION_ON if known else ft.Icons.LOCATION_OFF,
        on_click=model.find_place,
        kind=None if known else "mind",
        lines=2,
    )


def _proposal(model: ReportModel, draft: HazardDraft, desk: Desk) -> ft.Control:
    """Category and grade as proposed, with the reasons; a tap opens the choice."""
    tokens, t = desk.tokens, desk.t
    proposed = draft.grade == draft.proposal.grade
    grade = t("report.grade.proposed" if proposed else "report.grade.chosen", grade=draft.grade)
    kind: parts.Kind = {"A": "stop", "B": "mind"}.get(draft.grade, "plain")  # type: ignore[assignment]
    category = t.of(draft.category_words) or t("hazard.no_category")
    chips = [
        parts.chip(tokens, grade, kind, key="report-grade"),
        parts.chip(tokens, category, key="report-category"),
    ]
    if draft.element_words is not None:
        chips.append(parts.chip(tokens, t.of(draft.element_words), key="report-element"))
    controls: list[ft.Control] = [parts_evidence.wrapped(chips)]
    if draft.proposal.reasons:
        reasons = " · ".join(t.of(reason.words) for reason in draft.proposal.reasons)
        because = t("report.because", reasons=reasons)
        controls.append(words(because, tokens, size=tokens.small, color=tokens.ink2))
    if model.editing:
        controls += _choices(model, draft, desk)
    label = t("report.edit.close" if model.editing else "report.edit")
    controls.append(
        parts.quiet_button(
            tokens, label, key="report-edit", on_click=model.edit, height=theme.TARGET
        )
    )
    column = ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=controls,
    )
    return parts.card(tokens, column, key="proposal")


def _choices(model: ReportModel, draft: HazardDraft, desk: Desk) -> list[ft.Control]:
    async def grade(code: str) -> None:
        await model.classify(grade=code)

    async def category(code: str) -> None:
        await model.classify(category=code)

    async def element(code: str) -> None:
        await model.classify(element=code)

    return [
        grade_choices(desk, draft.grade, grade),
        category_choices(desk, draft.category, category),
        element_choices(desk, draft.element, element),
    ]


def _footer(
    model: ReportModel, tokens: Tokens, t: Translator, picker: PicturePicker
) -> list[ft.Control]:
    busy = model.capture.phase == "recording"  # ending it comes before sending
    if model.capture.open and (busy or not model.words.strip()):
        return capture_bar(model.capture, tokens, t, picker, t("capture.shoot"))
    footer: list[ft.Control] = []
    shot = model.next_shot
    if model.capture.open:  # words are there too: the camera stays, and so does the keyboard
        footer.append(
            parts.quiet_button(
                tokens,
                t("capture.shoot"),
                key="shutter",
                icon=ft.Icons.CAMERA_ALT,
                on_click=model.capture.shoot,
                disabled=model.capture.phase != "ready",
            )
        )
    elif shot is not None:

        def shoot() -> None:
            model.shoot(shot)

        footer.append(
            parts.quiet_button(
                tokens,
                t("capture.shoot"),
                key="report-shoot",
                icon=ft.Icons.CAMERA_ALT,
                on_click=shoot,
            )
        )
    footer.append(
        parts.primary_button(
            tokens,
            t("report.send"),
            key="report-send",
            icon=ft.Icons.SEND,
            on_click=model.send,
            disabled=not model.can_send or model.sending,
            expand=True,
        )
    )
    return footer


def _photo_page(model: ReportModel, photo: EvidenceCard, t: Translator) -> ft.Control:
    async def again() -> None:
        await model.retake(photo)

    code = model.draft.code if model.draft else ""
    title = parts_clip.title_of(t, photo, t(f"shot.{photo.shot}"))
    return page_of(photo)(photo, title, code, model.look_away, again, key=photo.evidence_id)
