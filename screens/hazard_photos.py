"""What was reported of a hazard: the own words, who and when, photos before and after."""

import flet as ft

from app.translate import Translator
from app.use_cases.evidence import EvidenceCard
from app.use_cases.hazard_views import OPEN_ENDS, HazardView
from screens import parts, parts_clip, parts_evidence, parts_work, theme
from screens.capture import Viewfinder
from screens.challenge import doubts
from screens.check_card import check_card
from screens.hazard_model import AFTER, HazardModel
from screens.parts import words
from screens.retake import retake_note
from screens.theme import Tokens


def report_card(model: HazardModel, view: HazardView, tokens: Tokens, t: Translator) -> ft.Control:
    """The reporter's words as said, and the pictures; while it is open the camera alone."""
    card, now_ms = view.card, model.desk.field.clock.now_ms()
    said = t("hazard.quote", words=card.words) if card.words else t("hazard.no_words")
    who = t("hazard.reported", person=card.reporter, time=t.moment(card.reported_ms, now_ms))
    controls: list[ft.Control] = [
        words(said, tokens, size=tokens.strong, key="words"),
        words(who, tokens, size=tokens.small, color=tokens.ink2),
    ]
    if model.capture.open:
        shot = model.capture.target.shot if model.capture.target else AFTER
        controls.append(Viewfinder(model.capture, tokens, t, t(f"shot.{shot}")))
    else:
        controls.append(_photos(model, tokens, t))
    column = ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=controls,
    )
    return parts.card(tokens, column, key="report")


def repair_cards(
    model: HazardModel, view: HazardView, tokens: Tokens, t: Translator
) -> list[ft.Control]:
    """What the check of the repair found, and the ways to compare and to mark the defect."""
    buttons: list[ft.Control] = []
    if view.check is not None and view.check.region is not None:
        buttons.append(
            parts.quiet_button(
                tokens,
                t("check.compare"),
                key="compare",
                icon=ft.Icons.COMPARE,
                on_click=model.compare,
                height=theme.TARGET,
            )
        )
    if model.may_mark and view.card.state not in OPEN_ENDS:
        buttons.append(
            parts.quiet_button(
                tokens,
                t("check.remark" if view.region else "check.mark"),
                key="mark",
                icon=ft.Icons.CROP_FREE,
                on_click=model.mark,
                height=theme.TARGET,
            )
        )
    last = next(reversed(model.after), None)
    second = next((one for one in model.seconds if last and _is_second(last, one)), None)
    told = doubts(tokens, t, last, second, model.desk.field.definitions.trust) if last else []
    if view.check is None:
        return [*told, *buttons]
    again = retake_note(model, view, tokens, t)
    card = check_card(tokens, t, view.check, running=model.checking, buttons=buttons)
    return [*told, *again, *card]


def _is_second(first: EvidenceCard, photo: EvidenceCard) -> bool:
    return first.challenge is not None and first.challenge.photo == photo.evidence_id


def _photos(model: HazardModel, tokens: Tokens, t: Translator) -> ft.Control:
    """Before at the left, after at the right; more photos of either small below."""
    before, after = model.before, model.after
    pair = ft.Row(
        spacing=theme.GAP_WIDE,
        vertical_alignment=ft.CrossAxisAlignment.START,
        controls=[
            _photo(model, tokens, t, next(iter(before), None), t("hazard.before")),
            _photo(model, tokens, t, next(reversed(after), None), t("hazard.after")),
        ],
    )
    more = [*before[1:], *after[:-1], *model.seconds, *model.clips]
    if not more:
        return pair
    tiles = parts_evidence.wrapped([_small_photo(model, tokens, t, photo) for photo in more])
    return ft.Column(spacing=theme.GAP_WIDE, controls=[pair, tiles])


def _small_photo(
    model: HazardModel, tokens: Tokens, t: Translator, photo: EvidenceCard
) -> ft.Control:
    def look() -> None:
        model.look_at(photo)

    when = t.moment(photo.taken_ms, model.desk.field.clock.now_ms())
    title = t("hazard.photo", shot=t(f"shot.{photo.shows}"), time=when)
    if photo.is_clip:
        return parts_clip.clip_tile(tokens, t, photo, parts_clip.title_of(t, photo, title), look)
    tile = parts_work.photo_tile(
        tokens,
        photo.thumb,
        title,
        key=f"photo-{photo.evidence_id}",
        on_tap=look,
        grade=photo.grade,
        height=tokens.tall(84),
    )
    below = [words(t(f"shot.{photo.shows}.short"), tokens, size=tokens.small, color=tokens.ink2)]
    if photo.used is not None:
        known = t(f"check.reuse.{photo.used.how}")
        below.append(words(known, tokens, size=tokens.small, color=tokens.mind))
    return ft.Column(tight=True, spacing=2, controls=[tile, *below])


def _photo(
    model: HazardModel, tokens: Tokens, t: Translator, photo: EvidenceCard | None, empty: str
) -> ft.Control:
    if photo is None:
        return parts_evidence.empty_photo(tokens, t("hazard.no_photo", which=empty))

    def look() -> None:
        model.look_at(photo)

    when = t.moment(photo.taken_ms, model.desk.field.clock.now_ms())
    caption = t("hazard.photo", shot=t(f"shot.{photo.shows}.short"), time=when)
    if photo.used is not None:
        caption = f"{caption} · {t(f'check.reuse.{photo.used.how}')}"
    return parts_evidence.wide_photo(
        tokens, photo, caption, t("evidence.absent"), key=f"photo-{photo.evidence_id}", on_tap=look
    )
